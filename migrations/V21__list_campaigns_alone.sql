-- Single messages and tests are campaigns, too, and may be many; people list the others.
CREATE INDEX campaigns_listed_idx ON campaigns (id) WHERE kind = 'campaign';
