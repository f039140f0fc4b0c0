-- Who is signed in: the truth, of which caches keep copies.
--
-- A session is a family of refresh tokens. Of the secret that they share and of the current one's own a SHA-256 is kept:
-- the first finds the session, and a token whose own does not match was used before. Renewals touch no indexed column.

CREATE TABLE sessions (
    id             uuid NOT NULL,
    user_id        uuid NOT NULL,
    family_sha256  bytea NOT NULL,
    refresh_sha256 bytea NOT NULL,
    created_at     timestamptz NOT NULL,
    last_used_at   timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    ended_reason   text COLLATE "C",
    user_agent     text,
    remote_addr    inet,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_family_key UNIQUE (family_sha256),
    CONSTRAINT sessions_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT sessions_digests_are_sha256 CHECK (octet_length(family_sha256) = 32 AND octet_length(refresh_sha256) = 32),
    CONSTRAINT sessions_ended_for_a_reason CHECK ((ended_at IS NULL) = (ended_reason IS NULL)),
    CONSTRAINT sessions_reason_known CHECK (ended_reason IN ('logged_out', 'token_reused', 'revoked'))
) WITH (fillfactor = 70);
CREATE INDEX sessions_user_idx ON sessions (user_id, created_at);
