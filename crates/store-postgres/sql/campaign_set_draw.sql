-- Keeps the draw of a campaign that is being prepared, once. By campaigns_pkey.
UPDATE campaigns SET draw_max = $2 WHERE id = $1 AND state = 'preparing' AND draw_max IS NULL
