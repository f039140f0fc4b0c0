-- Counts one more failure of an address, a place and both (login_failures_pkey), anew where the count began too long ago, and forgets
-- some that count no more (login_failures_first_idx), which keeps the table as small as what failed of late. $1 the address, $2 the
-- place, NULL where that is not known, $3 when, $4 counts that began by then begin anew.
WITH failed (kind, key_sha256) AS (
    VALUES ('account', sha256(convert_to($1::text, 'UTF8'))),
           ('pair', sha256(convert_to(concat_ws(' ', $1::text, host($2::inet)), 'UTF8'))),
           ('place', sha256(convert_to(coalesce(host($2::inet), ''), 'UTF8')))
), forgotten AS (
    DELETE FROM login_failures
    WHERE (kind, key_sha256) IN (
        SELECT old.kind, old.key_sha256 FROM login_failures AS old
        WHERE old.first_at <= $4 AND (old.kind, old.key_sha256) NOT IN (SELECT failed.kind, failed.key_sha256 FROM failed)
        ORDER BY old.first_at
        LIMIT 20
        FOR UPDATE SKIP LOCKED)
)
INSERT INTO login_failures AS kept (kind, key_sha256, failures, first_at)
SELECT failed.kind, failed.key_sha256, 1, $3 FROM failed ORDER BY failed.kind
ON CONFLICT ON CONSTRAINT login_failures_pkey DO UPDATE
SET failures = CASE WHEN kept.first_at <= $4 THEN 1 ELSE least(kept.failures, 1000000) + 1 END,
    first_at = CASE WHEN kept.first_at <= $4 THEN excluded.first_at ELSE kept.first_at END
