-- Indexes that keep the primary key: none when the key is the rowid itself.
SELECT count(*) FROM pragma_index_list(?1) WHERE origin = 'pk'
