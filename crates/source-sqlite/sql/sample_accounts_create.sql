-- The source's account of how it was made.
CREATE TABLE estadisticas_migracion (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    total_procesados INTEGER,
    total_validos INTEGER,
    total_duplicados INTEGER,
    total_con_ciudad INTEGER,
    ladas_encontradas INTEGER,
    ladas_faltantes INTEGER,
    tiempo_procesamiento_segundos REAL,
    archivo_origen TEXT,
    fecha_migracion TIMESTAMP
);
CREATE TABLE ladas_faltantes (
    lada TEXT PRIMARY KEY,
    cantidad_registros INTEGER,
    ejemplos_numeros TEXT,
    fecha_detectado TIMESTAMP
);
