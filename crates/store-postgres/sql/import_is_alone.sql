-- Whether every contact came with one import: ends at the first that did not, otherwise a scan.
SELECT NOT EXISTS (SELECT FROM contacts WHERE import_id IS DISTINCT FROM $1) AS is_alone
