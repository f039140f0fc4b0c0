-- Forgets the failures with an address from a place (login_failures_pkey). $1 the address, $2 the place, NULL where that is not known.
DELETE FROM login_failures
WHERE kind = 'pair' AND key_sha256 = sha256(convert_to(concat_ws(' ', $1::text, host($2::inet)), 'UTF8'))
