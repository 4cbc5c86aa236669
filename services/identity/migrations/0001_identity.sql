-- units, users, sessions, keys
-- depends:

-- migrate: apply

-- A unit as it was from valid_from until the day before valid_to.
CREATE TABLE unit_version (
    unit_id        uuid NOT NULL,
    valid_from     date NOT NULL,
    valid_to       date,
    registered_on  date NOT NULL,
    code           text NOT NULL,
    name           text NOT NULL,
    full_name      text NOT NULL,
    level          text NOT NULL,
    kind           text NOT NULL,
    parent_id      uuid,
    province_code  text NOT NULL,
    sectors        text[] NOT NULL,
    latitude       double precision,
    longitude      double precision,
    legal_document text NOT NULL,
    sort_key       text NOT NULL,
    folded         text NOT NULL,
    folded_name    text NOT NULL,
    slug           text NOT NULL,
    PRIMARY KEY (unit_id, valid_from),
    CHECK (valid_to IS NULL OR valid_to > valid_from)
);
CREATE INDEX unit_version_by_code ON unit_version (code);
CREATE INDEX unit_version_by_parent ON unit_version (parent_id);
CREATE INDEX unit_version_by_slug ON unit_version (slug);

CREATE TABLE reorganisation (
    reorganisation_id uuid PRIMARY KEY,
    effective_on      date NOT NULL,
    legal_document    text NOT NULL,
    ended             uuid[] NOT NULL
);

CREATE TABLE succession (
    reorganisation_id uuid NOT NULL REFERENCES reorganisation,
    from_unit         uuid NOT NULL,
    to_unit           uuid NOT NULL,
    effective_on      date NOT NULL,
    whole             boolean NOT NULL,
    weight            numeric,
    acts              boolean NOT NULL,
    PRIMARY KEY (reorganisation_id, from_unit, to_unit)
);
CREATE INDEX succession_by_successor ON succession (to_unit) WHERE acts;

-- What signs in. Nothing of it ever enters an event but the user's id.
CREATE TABLE account (
    user_id        uuid PRIMARY KEY,
    username       text NOT NULL UNIQUE,
    password_hash  text NOT NULL,
    must_change    boolean NOT NULL,
    is_disabled    boolean NOT NULL DEFAULT false,
    created_at     timestamptz NOT NULL,
    last_login_at  timestamptz
);

-- The people behind the accounts: the only table with their names.
CREATE TABLE person (
    user_id  uuid PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    name     text NOT NULL,
    sort_key text NOT NULL,
    folded   text NOT NULL,
    phone    text NOT NULL DEFAULT '',
    language text NOT NULL DEFAULT 'vi'
);

CREATE TABLE user_grant (
    user_id uuid NOT NULL,
    place   integer NOT NULL,
    role    text NOT NULL,
    unit_id uuid NOT NULL,
    sectors text[] NOT NULL,
    PRIMARY KEY (user_id, place)
);
CREATE INDEX user_grant_by_unit ON user_grant (unit_id, role);
CREATE INDEX user_grant_by_role ON user_grant (role);

-- A session is the family of refresh tokens that one sign-in began.
CREATE TABLE session (
    session_id   uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    ended_at     timestamptz,
    ended_why    text
);
CREATE INDEX session_by_user ON session (user_id) WHERE ended_at IS NULL;

CREATE TABLE refresh_token (
    digest     bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
    issued_at  timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX refresh_token_by_session ON refresh_token (session_id);

-- `sealed` is the private part, encrypted by a key derived from the system's secret.
CREATE TABLE signing_key (
    key_id     text PRIMARY KEY,
    public_jwk text NOT NULL,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL,
    signs_from timestamptz NOT NULL,
    retired_at timestamptz
);

CREATE TABLE captcha (
    captcha_id uuid PRIMARY KEY,
    digest     bytea NOT NULL,
    created_at timestamptz NOT NULL
);

-- By account name as typed (whether it exists or not) and by address, both only as keyed digests.
CREATE TABLE login_failure (
    key           bytea PRIMARY KEY,
    failures      integer NOT NULL,
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);

-- Printable first passwords until they are fetched, once. The key to `sealed` is in the address that was handed out.
CREATE TABLE first_passwords (
    digest     bytea PRIMARY KEY,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL
);

-- Another department's system. Its id is a user's id: role `subscriber`.
CREATE TABLE client (
    client_id     uuid PRIMARY KEY,
    name          text NOT NULL,
    secret_digest bytea NOT NULL,
    unit_id       uuid NOT NULL,
    sectors       text[] NOT NULL,
    created_at    timestamptz NOT NULL,
    revoked_at    timestamptz
);

-- migrate: rollback
DROP TABLE client, first_passwords, login_failure, captcha, signing_key, refresh_token, session, user_grant, person, account,
    succession, reorganisation, unit_version;
