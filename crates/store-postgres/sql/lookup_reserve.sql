-- Sets calls to a provider's lookup aside: as many as the day has left and the pace allows now, committed before any is made. Two
-- who ask at once are one after the other, by the row that both lock. By lookup_budgets_pkey.
-- $1 the provider, $2 the most calls, $3 the most of a day, $4 calls a second, $5 seconds of pace that are sold ahead, $6 the zone
-- whose days count.
WITH held AS (
    SELECT budget.provider, budget.day, budget.calls, budget.next_free_at, budget.not_before
    FROM lookup_budgets AS budget
    WHERE budget.provider = $1
    FOR UPDATE
),
clocked AS MATERIALIZED (
    -- The clock is read when the row is held: whoever waited for it is later.
    SELECT held.*, clock_timestamp() AS at FROM held
),
reckoned AS (
    SELECT clocked.*, (clocked.at AT TIME ZONE $6::text)::date AS today,
           extract(epoch FROM greatest(clocked.next_free_at, clocked.at) - clocked.at)::float8 AS sold_s,
           extract(epoch FROM greatest(clocked.not_before, clocked.at) - clocked.at)::float8 AS held_off_s
    FROM clocked
),
counted AS (
    SELECT reckoned.*, CASE WHEN reckoned.day = reckoned.today THEN reckoned.calls ELSE 0 END AS calls_today
    FROM reckoned
),
granted AS (
    SELECT counted.*, greatest(0, $3::bigint - counted.calls_today) AS left_today,
           CASE WHEN counted.held_off_s > 0 THEN 0
                ELSE greatest(0, least($2::bigint, $3::bigint - counted.calls_today, greatest(
                    -- A call fits also where rounding to microseconds took a part of its time.
                    floor(($5::float8 - counted.sold_s) * $4::float8 + 0.002)::bigint,
                    CASE WHEN counted.sold_s <= 0 THEN 1 ELSE 0 END))) END AS calls_now
    FROM counted
),
debited AS (
    UPDATE lookup_budgets AS budget
    SET day = granted.today, calls = granted.calls_today + granted.calls_now,
        next_free_at = greatest(granted.next_free_at, granted.at) + make_interval(secs => granted.calls_now / $4::float8)
    FROM granted
    WHERE budget.provider = granted.provider AND granted.calls_now > 0
)
SELECT calls_now, left_today, greatest(0, held_off_s, sold_s - greatest(0, $5::float8 - 1 / $4::float8))::float8 AS wait_s,
       (today + 1)::timestamp AT TIME ZONE $6::text AS day_ends_at
FROM granted
