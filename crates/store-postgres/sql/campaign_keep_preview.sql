-- Keeps what a preview said of a version of a campaign, by campaigns_pkey.
-- $1 campaign, $2 version, $3 the preview.
UPDATE campaigns SET previewed = $3::text::jsonb WHERE id = $1 AND version = $2
