-- Users, who did what, and the answers that repeated requests get.

CREATE TABLE users (
    id                   uuid NOT NULL,
    email                text COLLATE "C" NOT NULL,
    role                 text COLLATE "C" NOT NULL,
    password_hash        text NOT NULL,
    must_change_password boolean NOT NULL,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL DEFAULT now(),
    disabled_at          timestamptz,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_email_lower CHECK (email = lower(email)),
    CONSTRAINT users_role_known CHECK (role IN ('viewer', 'operator', 'manager', 'admin'))
);

-- Append-only: the trigger refuses everybody, the grants refuse the applications before it.
CREATE TABLE audit_log (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL DEFAULT now(),
    actor       text NOT NULL,
    action      text COLLATE "C" NOT NULL,
    object_kind text COLLATE "C" NOT NULL,
    object_id   text COLLATE "C" NOT NULL,
    request_id  text COLLATE "C",
    remote_addr inet,
    details     jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT audit_log_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_log_object_idx ON audit_log (object_kind, object_id, id);

CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();

-- The answer to a request that carried an Idempotency-Key, committed with what the request did.
CREATE TABLE idempotency_keys (
    actor       text NOT NULL,
    key         text COLLATE "C" NOT NULL,
    body_sha256 bytea NOT NULL,
    status      smallint,
    response    jsonb,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);
