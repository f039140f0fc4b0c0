-- Forgets some of the questions that were to be asked again so many months ago, by record_questions_again_at_idx.
-- $1 months, $2 the most questions.
DELETE FROM record_questions
WHERE (campaign_id, seq, attempt) IN (
    SELECT campaign_id, seq, attempt FROM record_questions
    WHERE again_at < now() - make_interval(months => $1::integer)
    ORDER BY again_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
