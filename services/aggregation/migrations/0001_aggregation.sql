-- generations of figures, and what a rebuild leaves alone
-- depends: 0002_tree

-- migrate: apply

-- Everything that comes from the log lives in a schema of its own, `g<number>`; readers and the consumer find theirs here.
CREATE TABLE generation (
    number     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    dropped_at timestamptz
);

CREATE TABLE live (
    is_live    boolean PRIMARY KEY DEFAULT true CHECK (is_live),
    generation integer NOT NULL REFERENCES generation,
    former     integer REFERENCES generation
);

CREATE TABLE rebuild (
    id          uuid PRIMARY KEY,
    only_verify boolean NOT NULL,
    state       text NOT NULL CHECK (state IN ('running', 'done', 'differs', 'cancelled', 'failed')),
    step        text NOT NULL,
    generation  integer NOT NULL REFERENCES generation,
    target_seq  bigint NOT NULL,
    reached_seq bigint NOT NULL DEFAULT 0,
    asked_by    text NOT NULL,
    started_at  timestamptz NOT NULL,
    beat_at     timestamptz NOT NULL,
    ended_at    timestamptz,
    wants_end   boolean NOT NULL DEFAULT false,
    result      text NOT NULL DEFAULT '{}',
    why         text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX one_rebuild_at_a_time ON rebuild (state) WHERE state = 'running';

CREATE TABLE notification (
    id        uuid PRIMARY KEY,
    place     bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    unit_id   uuid NOT NULL,
    role      text NOT NULL,
    kind      text NOT NULL,
    report_id uuid NOT NULL,
    template  text NOT NULL,
    period    text NOT NULL,
    of_unit   uuid NOT NULL,
    at        timestamptz NOT NULL,
    event_id  uuid,
    due_on    date
);
CREATE INDEX notification_by_addressee ON notification (unit_id, role, place);

CREATE TABLE notification_read (
    user_id         text NOT NULL,
    notification_id uuid NOT NULL REFERENCES notification ON DELETE CASCADE,
    read_at         timestamptz NOT NULL,
    PRIMARY KEY (user_id, notification_id)
);

CREATE TABLE release (
    id          uuid PRIMARY KEY,
    template    text NOT NULL,
    version     integer NOT NULL,
    name        text NOT NULL,
    sector      text NOT NULL,
    period      text NOT NULL,
    level       text NOT NULL,
    columns     text[] NOT NULL,
    public_from timestamptz NOT NULL,
    seq         bigint NOT NULL,
    source      text NOT NULL,
    licence     text NOT NULL,
    released_by text NOT NULL,
    released_at timestamptz NOT NULL,
    revision    integer NOT NULL,
    withdrawn_at timestamptz,
    body        text NOT NULL
);
CREATE INDEX release_by_form ON release (template, period, level);

CREATE FUNCTION create_generation(p_number integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', 'g' || p_number);
    PERFORM set_config('search_path', 'g' || p_number || ',public', true);

    -- The last seq that this generation has taken in, up to where its rebuild has read the log, and when each seq was.
    CREATE TABLE reach (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only), seq bigint NOT NULL DEFAULT 0, passed bigint NOT NULL DEFAULT 0
    );
    INSERT INTO reach DEFAULT VALUES;
    CREATE TABLE moment (seq bigint PRIMARY KEY, at timestamptz NOT NULL);
    CREATE INDEX moment_by_time ON moment (at);

    CREATE TABLE unit_event (seq bigint PRIMARY KEY, kind text NOT NULL, body text NOT NULL);
    CREATE TABLE template (
        code text, version integer, seq bigint NOT NULL, sector text NOT NULL, name text NOT NULL, kind text NOT NULL,
        period_type text NOT NULL, source_of_record boolean NOT NULL, owner_id uuid NOT NULL, body text NOT NULL,
        PRIMARY KEY (code, version)
    );
    CREATE TABLE indicator (code text, seq bigint, body text NOT NULL, PRIMARY KEY (code, seq));
    CREATE TABLE cell (
        no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, template text NOT NULL, key text NOT NULL, UNIQUE (template, key)
    );
    -- Only cells that are not simply summed: by which other cell they are weighed, or whether the least or the greatest counts.
    CREATE TABLE rule (
        template text, version integer, cell_no integer, kind text NOT NULL, weight_no integer,
        PRIMARY KEY (template, version, cell_no)
    );
    CREATE TABLE form (
        template text, period text, version integer NOT NULL, first_day date NOT NULL, last_day date NOT NULL, PRIMARY KEY (template, period)
    );

    CREATE TABLE report (
        id uuid PRIMARY KEY, template text NOT NULL, version integer NOT NULL, period text NOT NULL, unit_id uuid NOT NULL,
        first_day date NOT NULL, last_day date NOT NULL, due_on date, closes_on date, assigned_by uuid, entered_by uuid,
        assignment_id uuid, state text NOT NULL, is_expected boolean NOT NULL, is_closed boolean NOT NULL, revision integer NOT NULL,
        origin bigint NOT NULL, approved bigint, approved_revision integer, sent bigint, sent_revision integer,
        first_sent bigint, first_sent_at timestamptz, updated_at timestamptz NOT NULL, seq bigint NOT NULL
    );
    CREATE INDEX report_by_form ON report (template, period);
    CREATE INDEX report_by_unit ON report (unit_id, period);
    CREATE INDEX report_by_period ON report (period);
    CREATE INDEX report_by_due ON report (due_on) WHERE first_sent_at IS NULL AND is_expected;

    -- A report was expected, in this version, from one seq until before another.
    CREATE TABLE span (
        report_id uuid, version integer NOT NULL, from_seq bigint NOT NULL, to_seq bigint NOT NULL DEFAULT 9223372036854775807,
        PRIMARY KEY (report_id, from_seq)
    );
    -- What happened to a report, with the event's id, for lineage and for the stream.
    CREATE TABLE happening (
        seq bigint PRIMARY KEY, report_id uuid NOT NULL, event_id uuid NOT NULL, name text NOT NULL, revision integer NOT NULL,
        actor text NOT NULL, at timestamptz NOT NULL
    );
    CREATE INDEX happening_by_report ON happening (report_id, seq);

    -- A revision is named by the seq of the event that made it.
    CREATE TABLE revision (
        seq bigint PRIMARY KEY, report_id uuid NOT NULL, number integer NOT NULL, template text NOT NULL, version integer NOT NULL,
        figures text NOT NULL, is_spread boolean NOT NULL DEFAULT false
    );
    CREATE INDEX revision_by_report ON revision (report_id);
    -- kind: 0 number, 1 nil, 2 partial sum, 3 text, 4 missing, 5 not applicable
    CREATE TABLE figure (revision bigint NOT NULL, cell_no integer NOT NULL, kind smallint NOT NULL, number numeric);
    -- lens: 0 approved, 1 sent. All figures of a revision stand in a lens over one and the same interval.
    CREATE TABLE stand (
        report_id uuid, lens smallint, revision bigint NOT NULL, from_seq bigint NOT NULL,
        to_seq bigint NOT NULL DEFAULT 9223372036854775807, PRIMARY KEY (report_id, lens, from_seq)
    );
    CREATE VIEW fact AS
        SELECT r.report_id, c.template, c.key AS cell, r.number AS revision, s.lens, f.number, f.kind, s.from_seq, s.to_seq
        FROM stand s JOIN revision r ON r.seq = s.revision JOIN figure f ON f.revision = s.revision JOIN cell c ON c.no = f.cell_no;

    -- A node of the period's tree, and the reports that are added up in it.
    CREATE TABLE place (
        no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, template text NOT NULL, period text NOT NULL, node_id uuid NOT NULL,
        UNIQUE (template, period, node_id)
    );
    CREATE INDEX place_by_node ON place (node_id, template);
    CREATE TABLE report_place (report_id uuid, place_no integer, PRIMARY KEY (report_id, place_no));
    CREATE INDEX report_place_by_place ON report_place (place_no);
    CREATE TABLE rollup (
        place_no integer NOT NULL, lens smallint NOT NULL, cell_no integer NOT NULL,
        present integer NOT NULL, given integer NOT NULL, nils integer NOT NULL, excused integer NOT NULL, total numeric NOT NULL,
        weight numeric NOT NULL DEFAULT 0, weighted numeric NOT NULL DEFAULT 0, low numeric, high numeric
    );
    -- What formulas and carried cells come to at a node; value is JSON where it is not a plain number.
    CREATE TABLE computed (place_no integer NOT NULL, lens smallint NOT NULL, cell_no integer NOT NULL, number numeric, value text);
END $$;

-- After the numeric pass of a rebuild, or at once for a new service.
CREATE FUNCTION index_generation(p_number integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('search_path', 'g' || p_number || ',public', true);
    ALTER TABLE figure ADD PRIMARY KEY (revision, cell_no);
    ALTER TABLE rollup ADD PRIMARY KEY (place_no, lens, cell_no);
    ALTER TABLE computed ADD PRIMARY KEY (place_no, lens, cell_no);
END $$;

-- The service's role makes the schemas of its generations itself, so they are its own; role and database have one name.
DO $$ BEGIN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_database());
END $$;

-- migrate: rollback
DROP FUNCTION index_generation(integer);
DROP FUNCTION create_generation(integer);
DROP TABLE release, notification_read, notification, rebuild, live, generation;
