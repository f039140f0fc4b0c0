-- Contacts of one import by state, area code, line type, carrier and unmapped spellings, in one scan. Each row has one of
-- them; `dimension` says which.
SELECT CASE grouping(state_code, lada, line_type, carrier, state_text)
           WHEN 15 THEN 'state' WHEN 23 THEN 'lada' WHEN 27 THEN 'line_type' WHEN 29 THEN 'carrier' ELSE 'state_text'
       END AS dimension,
       coalesce(state_code, lada, line_type, carrier, state_text) AS value,
       count(*) AS contacts
FROM contacts
WHERE import_id = $1
GROUP BY GROUPING SETS ((state_code), (lada), (line_type), (carrier), (state_text))
ORDER BY dimension, contacts DESC, value
