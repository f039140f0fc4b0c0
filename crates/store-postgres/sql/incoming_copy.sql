-- Loads a batch into its waiting place; the columns are those of contact_copy.sql.
COPY incoming_contacts FROM STDIN (FORMAT binary)
