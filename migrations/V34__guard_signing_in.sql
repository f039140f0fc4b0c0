-- Second factors, and the failures to sign in of all programs together.

-- An authenticator's secret (TOTP). One that is not confirmed is asked for by nobody. The codes of steps of time up to the last
-- one that was used are used up.
CREATE TABLE second_factors (
    user_id      uuid NOT NULL,
    secret       bytea NOT NULL,
    offered_at   timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step    bigint,
    CONSTRAINT second_factors_pkey PRIMARY KEY (user_id),
    CONSTRAINT second_factors_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT second_factors_secret_is_160_bits CHECK (octet_length(secret) = 20),
    CONSTRAINT second_factors_confirmed_by_a_code CHECK ((confirmed_at IS NULL) = (last_step IS NULL))
) WITH (fillfactor = 70);

-- SHA-256 of the codes that stand in for it, once each; a code that was used is gone.
CREATE TABLE recovery_codes (
    user_id     uuid NOT NULL,
    code_sha256 bytea NOT NULL,
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, code_sha256),
    CONSTRAINT recovery_codes_factor_fkey FOREIGN KEY (user_id) REFERENCES second_factors (user_id) ON DELETE CASCADE,
    CONSTRAINT recovery_codes_are_sha256 CHECK (octet_length(code_sha256) = 32)
);

-- Failures to sign in: of an address, of a place, and of both. The key is the SHA-256 of what they are of, for people type their
-- password where their address should be.
CREATE TABLE login_failures (
    kind       text COLLATE "C" NOT NULL,
    key_sha256 bytea NOT NULL,
    failures   integer NOT NULL,
    first_at   timestamptz NOT NULL,
    CONSTRAINT login_failures_pkey PRIMARY KEY (kind, key_sha256),
    CONSTRAINT login_failures_kind_known CHECK (kind IN ('account', 'pair', 'place')),
    CONSTRAINT login_failures_key_is_sha256 CHECK (octet_length(key_sha256) = 32)
);
CREATE INDEX login_failures_first_idx ON login_failures (first_at);

ALTER TABLE sessions
    DROP CONSTRAINT sessions_reason_known,
    ADD CONSTRAINT sessions_reason_known CHECK (ended_reason IN
        ('logged_out', 'token_reused', 'revoked', 'password_changed', 'role_lowered', 'disabled', 'second_factor_changed'));
