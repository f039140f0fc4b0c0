-- Has the server look at the partition of a campaign's messages. Only its owner may, and the applications ask their owner for it.
-- Until then it knows the table by other campaigns: it holds that a new one has hardly a message, and takes any index of it.
CREATE FUNCTION analyze_messages(campaign uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    partition regclass;
BEGIN
    SELECT tableoid INTO partition FROM public.messages WHERE campaign_id = campaign LIMIT 1;
    IF partition IS NOT NULL THEN
        EXECUTE format('ANALYZE %s', partition);
    END IF;
END
$$;
