-- Where the numbers of an extract are gathered while it is made; gone with its transaction.
CREATE TEMPORARY TABLE picked (
    id             bigint,
    phone_national bigint NOT NULL,
    place          text COLLATE "C",
    is_seed        boolean NOT NULL DEFAULT false
) ON COMMIT DROP
