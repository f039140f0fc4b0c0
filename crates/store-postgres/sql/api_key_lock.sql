-- Has those who add keys come one after the other, so that no two count the same keys before either is there. Readers go on.
LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE
