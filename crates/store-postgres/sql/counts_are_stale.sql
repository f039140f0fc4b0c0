-- Whether contacts come in uncounted, as while an empty table is loaded.
SELECT tgenabled = 'D' AS are_stale
FROM pg_trigger
WHERE tgrelid = 'contacts'::regclass AND tgname = 'contacts_counted_insert'
