-- How many contacts of an import have a city that is spelled in no known way; it is kept as written.
ALTER TABLE imports ADD COLUMN cities_unmapped bigint NOT NULL DEFAULT 0;
