-- Whether a word is one that many names or addresses have.
SELECT in_names, in_addresses FROM is_frequent_word($1)
