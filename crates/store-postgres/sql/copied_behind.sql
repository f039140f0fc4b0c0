-- Tells which import is written down, and from behind which of its source rows on.
SELECT set_config('pregon.copied_import', $1::uuid::text, false), set_config('pregon.copied_after', $2::bigint::text, false)
