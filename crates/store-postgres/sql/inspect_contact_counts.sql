-- What is counted over the contacts of one import: a scan of the table.
SELECT lada,
       count(*) AS contacts,
       count(*) FILTER (WHERE is_valid) AS valid,
       ARRAY[count(phone_original), count(full_name), count(address), count(neighborhood), count(municipality),
             count(state_code), count(state_text), count(city), count(migrated_at)] AS filled
FROM contacts
WHERE import_id = $1
GROUP BY lada
