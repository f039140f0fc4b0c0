-- Keeps waiting contacts ($1, by their source rows) among the rejects, because their numbers are there already, and answers
-- how many of them were valid. Of the source row only what a contact has of it is known.
WITH late AS (
    SELECT * FROM incoming_contacts WHERE source_row_id = ANY ($1)
),
kept AS (
    INSERT INTO import_rejects (import_id, source_row_id, outcome, reason, detail, source_row)
    SELECT import_id, source_row_id, 'duplicate', 'duplicate_existing', 'restored',
           jsonb_build_object('id', source_row_id, 'numero', phone_original, 'nombre', full_name, 'direccion', address,
                              'colonia', neighborhood, 'municipio_cof', municipality,
                              'estado_cof', coalesce(state_text, state_name), 'lada', lada, 'ciudad_por_lada', city,
                              'es_valido', is_valid, 'fecha_migracion', migrated_at)
    FROM late
)
SELECT count(*) AS contacts, count(*) FILTER (WHERE is_valid) AS valid FROM late
