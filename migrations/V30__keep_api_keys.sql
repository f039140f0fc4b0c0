-- Keys with which programs ask. Of a key's secret, 256 random bits, a SHA-256 is kept; the id in front of it finds the row.

CREATE TABLE api_keys (
    id             uuid NOT NULL,
    name           text NOT NULL,
    role           text COLLATE "C" NOT NULL,
    secret_sha256  bytea NOT NULL,
    allowed_from   cidr[] NOT NULL,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    revoked_at     timestamptz,
    last_used_at   timestamptz,
    last_used_from inet,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_role_known CHECK (role IN ('viewer', 'operator', 'manager', 'admin')),
    CONSTRAINT api_keys_digest_is_sha256 CHECK (octet_length(secret_sha256) = 32)
) WITH (fillfactor = 70);

-- A name is free again once its key was revoked.
CREATE UNIQUE INDEX api_keys_name_key ON api_keys (name) WHERE revoked_at IS NULL;
