-- The one row of the source's account.
INSERT INTO estadisticas_migracion (total_procesados, total_validos, total_duplicados, total_con_ciudad, ladas_encontradas,
                                    ladas_faltantes, tiempo_procesamiento_segundos, archivo_origen, fecha_migracion)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
