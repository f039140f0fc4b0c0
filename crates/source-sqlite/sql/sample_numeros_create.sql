-- The table of contacts as its maker declared it.
CREATE TABLE numeros (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    numero TEXT NOT NULL UNIQUE,
    campo1_original TEXT,
    nombre TEXT,
    campo3 TEXT,
    direccion TEXT,
    colonia TEXT,
    municipio_csv TEXT,
    estado_sep TEXT,
    municipio_sep TEXT,
    estado_cof TEXT,
    municipio_cof TEXT,
    lada TEXT,
    ciudad_por_lada TEXT,
    es_valido BOOLEAN DEFAULT 1,
    fecha_migracion TIMESTAMP
)
