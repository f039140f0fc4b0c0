-- Makes the version of the contacts another, for who changes what is counted of them past the notes.
SELECT nextval(pg_get_serial_sequence('contact_count_changes', 'id'))
