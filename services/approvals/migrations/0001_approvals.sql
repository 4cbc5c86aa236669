-- what waits for whom
-- depends:

-- migrate: apply

-- One row per report: what submissions' log has told, and beside it what was decided here.
CREATE TABLE item (
    report_id           uuid PRIMARY KEY,
    template            text NOT NULL,
    version             integer NOT NULL DEFAULT 0,
    period              text NOT NULL,
    unit_id             uuid NOT NULL,
    unit_code           text NOT NULL,
    unit_name           text NOT NULL,
    province            text NOT NULL,
    sector              text NOT NULL,
    owner_id            uuid,
    assigned_by         uuid,
    entered_by          uuid,
    due_on              date,
    revision            integer NOT NULL DEFAULT 0,
    figures_hash        text NOT NULL DEFAULT '',
    route               jsonb NOT NULL DEFAULT '[]',
    route_units         uuid[] NOT NULL DEFAULT '{}',
    submitted_by        text NOT NULL DEFAULT '',
    submitted_at        timestamptz,
    submitted_event     uuid,
    has_note            boolean NOT NULL DEFAULT false,
    warnings            text[] NOT NULL DEFAULT '{}',
    changed             text[] NOT NULL DEFAULT '{}',
    is_cancelled        boolean NOT NULL DEFAULT false,
    is_closed           boolean NOT NULL DEFAULT false,
    approved_revision   integer NOT NULL DEFAULT 0,
    last_route          jsonb NOT NULL DEFAULT '[]',
    voided_revision     integer NOT NULL DEFAULT 0,
    corrections_ended   integer NOT NULL DEFAULT 0,
    -- the first send that was not rejected, returned or withdrawn since, and its revision
    first_sent_at       timestamptz,
    first_sent_revision integer NOT NULL DEFAULT 0,
    -- decided here
    state               text NOT NULL DEFAULT '',
    awaited_action      text,
    awaited_role        text,
    awaited_unit        uuid,
    awaited_step        integer,
    actors              text[] NOT NULL DEFAULT '{}',
    folded              text NOT NULL DEFAULT ''
);
CREATE INDEX item_awaited ON item (awaited_unit, awaited_role) WHERE awaited_unit IS NOT NULL;
CREATE INDEX item_by_period ON item (template, period);

CREATE TABLE template_copy (
    code     text NOT NULL,
    version  integer NOT NULL,
    name     text NOT NULL,
    sector   text NOT NULL,
    owner_id uuid NOT NULL,
    cells    text[] NOT NULL,
    PRIMARY KEY (code, version)
);

CREATE TABLE seat (
    user_id uuid NOT NULL,
    role    text NOT NULL,
    unit_id uuid NOT NULL,
    PRIMARY KEY (user_id, role, unit_id)
);
CREATE INDEX seat_by_unit ON seat (unit_id, role);

CREATE TABLE reopening (
    reopening_id uuid PRIMARY KEY,
    report_id    uuid NOT NULL REFERENCES item,
    state        text NOT NULL CHECK (state IN ('requested', 'granted', 'refused')),
    revision     integer NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    event_id     uuid NOT NULL,
    decided_by   text,
    decided_at   timestamptz,
    decision_event_id uuid,
    cells        text[] NOT NULL DEFAULT '{}',
    effect       text
);
CREATE INDEX reopening_by_report ON reopening (report_id);
CREATE INDEX reopening_by_time ON reopening (requested_at, reopening_id);

CREATE TABLE decision (
    event_id   uuid PRIMARY KEY,
    report_id  uuid NOT NULL,
    revision   integer NOT NULL,
    kind       text NOT NULL,
    step       integer,
    unit_id    uuid,
    role       text,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    has_reason boolean NOT NULL,
    cells      text[] NOT NULL DEFAULT '{}',
    due_on     date,
    effect     text
);
CREATE INDEX decision_by_report ON decision (report_id, decided_at);

CREATE TABLE reminder (
    event_id   uuid PRIMARY KEY,
    report_id  uuid NOT NULL,
    to_unit    uuid NOT NULL,
    to_role    text NOT NULL,
    sent_by    text NOT NULL,
    sent_at    timestamptz NOT NULL
);
CREATE INDEX reminder_by_report ON reminder (report_id, sent_at);

-- migrate: rollback
DROP TABLE reminder, decision, reopening, seat, template_copy, item;
