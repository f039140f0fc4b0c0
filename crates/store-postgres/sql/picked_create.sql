-- Where the numbers of an extract are gathered while it is made; gone with its transaction.
CREATE TEMPORARY TABLE picked (
    id             bigint NOT NULL,
    phone_national bigint NOT NULL,
    place          text COLLATE "C"
) ON COMMIT DROP
