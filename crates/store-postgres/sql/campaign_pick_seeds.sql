-- Takes seed numbers for a campaign: the least used of those that are not among its messages already and whom nobody
-- barred. They are counted as used. By seed_numbers_pkey, messages_phone_key; they are few.
-- $1 campaign, $2 how many.
UPDATE seed_numbers SET times_used = times_used + 1, last_used_at = now()
WHERE phone_national IN (
    SELECT seed_numbers.phone_national
    FROM seed_numbers
    WHERE NOT EXISTS (SELECT FROM messages
                      WHERE messages.campaign_id = $1 AND messages.phone = seed_numbers.phone_national)
      AND NOT EXISTS (SELECT FROM suppressions
                      WHERE suppressions.phone_national = seed_numbers.phone_national
                        AND (suppressions.expires_at IS NULL OR suppressions.expires_at > now()))
    ORDER BY seed_numbers.times_used, seed_numbers.last_used_at NULLS FIRST, seed_numbers.phone_national
    LIMIT $2
    FOR UPDATE)
RETURNING phone_national
