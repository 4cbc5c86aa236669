-- the event log, its order, and what has come in from other publishers
-- depends:

-- migrate: apply

CREATE TABLE event (
    event_id        uuid PRIMARY KEY,
    stream_id       text NOT NULL,
    stream_version  integer NOT NULL CHECK (stream_version > 0),
    type            text NOT NULL,
    schema_version  integer NOT NULL,
    occurred_at     timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor           text NOT NULL,
    correlation_id  text NOT NULL,
    causation_id    text NOT NULL DEFAULT '',
    trace           text NOT NULL DEFAULT '',
    sector          text NOT NULL,
    province        text NOT NULL,
    unit            text NOT NULL,
    subject         text NOT NULL,
    routing_key     text NOT NULL,
    released        boolean NOT NULL,
    payload         jsonb NOT NULL,
    canonical       bytea NOT NULL,
    request_hash    bytea,
    UNIQUE (stream_id, stream_version)
);

CREATE INDEX event_by_correlation ON event (correlation_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER event_is_append_only BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER event_is_never_truncated BEFORE TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- `place` only orders what one drain finds: within a stream it follows the lock, and nobody reads past a mark of it.
CREATE TABLE unsequenced (
    place    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL
);

CREATE TABLE ledger (
    seq          bigint PRIMARY KEY,
    event_id     uuid NOT NULL UNIQUE,
    sequenced_at timestamptz NOT NULL,
    epoch        bigint NOT NULL,
    sector       text,
    sector_seq   bigint,
    hash         bytea,
    UNIQUE (sector, sector_seq)
);

CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE ON ledger
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER ledger_is_never_truncated BEFORE TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who leads: every new leader counts up, and a former one that wakes is told apart by it.
CREATE TABLE leadership (
    name  text PRIMARY KEY,
    epoch bigint NOT NULL
);
INSERT INTO leadership VALUES ('ledger', 0);

CREATE TABLE relay_cursor (
    name          text PRIMARY KEY,
    published_seq bigint NOT NULL
);
INSERT INTO relay_cursor VALUES ('bus', 0);

CREATE TABLE inbox (
    publisher text PRIMARY KEY,
    last_seq  bigint NOT NULL
);

-- Messages that could not be handled, or wait for another publisher's word.
CREATE TABLE parked (
    publisher   text NOT NULL,
    seq         bigint NOT NULL,
    event_id    uuid NOT NULL,
    type        text NOT NULL,
    subject     text NOT NULL,
    body        bytea NOT NULL,
    waits_for   text,
    reason      text NOT NULL,
    fingerprint text NOT NULL,
    tries       integer NOT NULL,
    parked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    tried_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    ended_how   text CHECK (ended_how IN ('handled', 'dropped')),
    ended_by    text,
    ended_why   text,
    PRIMARY KEY (publisher, seq)
);
CREATE INDEX parked_open ON parked (publisher, subject) WHERE ended_at IS NULL;

-- Tokens of a user issued before this moment have ended.
CREATE TABLE token_not_before (
    user_id    uuid PRIMARY KEY,
    not_before timestamptz NOT NULL
);

-- Free text, one copy; the event holds SHA-256(salt || text). Erasing sets text and salt to NULL.
CREATE TABLE text_kept (
    event_id uuid PRIMARY KEY,
    digest   text NOT NULL,
    salt     bytea,
    text     text,
    subject  text NOT NULL
);

CREATE FUNCTION append_events(
    p_stream text, p_expected integer, p_ids uuid[], p_types text[], p_versions integer[], p_occurred_at timestamptz,
    p_actor text, p_correlation text, p_causation text, p_trace text, p_sectors text[], p_provinces text[], p_units text[],
    p_subjects text[], p_keys text[], p_released boolean[], p_payloads text[], p_canonicals bytea[], p_request bytea
) RETURNS TABLE (outcome text, at_version integer) LANGUAGE plpgsql AS $$
DECLARE
    v_current integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_stream, 0));
    IF EXISTS (SELECT FROM event WHERE event_id = p_ids[1]) THEN
        RETURN QUERY SELECT 'repeated', 0;
        RETURN;
    END IF;
    SELECT coalesce(max(stream_version), 0) INTO v_current FROM event WHERE stream_id = p_stream;
    IF v_current <> p_expected THEN
        RETURN QUERY SELECT 'conflict', v_current;
        RETURN;
    END IF;
    INSERT INTO event (event_id, stream_id, stream_version, type, schema_version, occurred_at, actor, correlation_id, causation_id,
                       trace, sector, province, unit, subject, routing_key, released, payload, canonical, request_hash)
    SELECT p_ids[n], p_stream, p_expected + n, p_types[n], p_versions[n], p_occurred_at, p_actor, p_correlation, p_causation,
           p_trace, p_sectors[n], p_provinces[n], p_units[n], p_subjects[n], p_keys[n], p_released[n],
           p_payloads[n]::jsonb, p_canonicals[n], p_request
    FROM generate_subscripts(p_ids, 1) AS n;
    INSERT INTO unsequenced (event_id) SELECT p_ids[n] FROM generate_subscripts(p_ids, 1) AS n ORDER BY n;
    RETURN QUERY SELECT 'appended', p_expected + cardinality(p_ids);
END $$;

-- migrate: rollback
DROP FUNCTION append_events;
DROP TABLE text_kept, token_not_before, parked, inbox, relay_cursor, leadership, ledger, unsequenced, event;
DROP FUNCTION refuse_change;
