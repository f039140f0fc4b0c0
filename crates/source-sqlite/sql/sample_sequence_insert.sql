-- Where AUTOINCREMENT goes on.
INSERT INTO sqlite_sequence (name, seq) VALUES ('numeros', ?1)
