-- A lead that the old list of area codes had not.
INSERT INTO ladas_faltantes VALUES (?1, ?2, ?3, ?4)
