-- Bars some numbers of a list, in their order, and counts those that it did not have. What is there already is touched only
-- where it would end sooner. By suppressions_pkey.
-- $1 phones, $2 source, $3 listed on, $4 until when, $5 who.
WITH written AS (
    INSERT INTO suppressions AS barred (phone_national, source, created_by, listed_at, expires_at)
    SELECT DISTINCT entry.phone, $2, $5, $3::date, $4::timestamptz
    FROM unnest($1::bigint[]) AS entry (phone)
    ORDER BY entry.phone
    ON CONFLICT (phone_national, source) DO UPDATE
    SET listed_at = excluded.listed_at, expires_at = excluded.expires_at
    WHERE barred.expires_at < coalesce(excluded.expires_at, 'infinity')
    RETURNING xmax = 0 AS is_new
)
SELECT count(*) FROM written WHERE is_new
