-- Every row after an id, by id: a walk along the table itself, carried by its rowid and no index.
SELECT id, numero, campo1_original, nombre, campo3, direccion, colonia, municipio_csv, estado_sep, municipio_sep,
       estado_cof, municipio_cof, lada, ciudad_por_lada, es_valido, fecha_migracion
  FROM numeros
 WHERE id > ?1
 ORDER BY id
