-- the reports as they are now, their revisions, the forms, and what proofs need
-- depends: 0002_tree

-- migrate: apply

CREATE TABLE template_version (
    code      text NOT NULL,
    version   integer NOT NULL,
    name      text NOT NULL,
    folded    text NOT NULL,
    sector    text NOT NULL,
    kind      text NOT NULL,
    owner_id  uuid NOT NULL,
    body      bytea NOT NULL,  -- TemplateV1 as JSON
    PRIMARY KEY (code, version)
);

-- One row per report; its cells are the fold of its stream.
CREATE TABLE report (
    report_id         uuid PRIMARY KEY,
    template          text NOT NULL,
    form_version      integer NOT NULL,
    template_name     text NOT NULL,
    sector            text NOT NULL,
    period            text NOT NULL,
    unit_id           uuid NOT NULL,
    unit_code         text NOT NULL,
    unit_name         text NOT NULL,
    province          text NOT NULL,
    owner_id          uuid NOT NULL,
    assigned_by       uuid,
    entered_by        uuid,
    holder            uuid NOT NULL,
    assignment_id     uuid,
    first_day         date NOT NULL,
    last_day          date NOT NULL,
    due_on            date,
    due_end           timestamptz,
    is_closed         boolean NOT NULL,
    is_history        boolean NOT NULL,
    state             text NOT NULL,
    next_action       text NOT NULL,
    revision          integer NOT NULL,
    approved_revision integer NOT NULL,
    standing_revision integer NOT NULL,  -- sent and neither rejected, returned nor withdrawn since
    sent_revision     integer NOT NULL,  -- the newest that others may see
    first_sent_at     timestamptz,
    route_units       uuid[] NOT NULL,
    version           integer NOT NULL,
    updated_at        timestamptz NOT NULL,
    updated_by        text NOT NULL,
    folded            text NOT NULL,
    sort_key          text NOT NULL
);
CREATE INDEX report_by_unit ON report (unit_id);
CREATE INDEX report_by_holder ON report (holder);
CREATE INDEX report_by_form ON report (template, period);
CREATE INDEX report_by_province ON report (province, sector);
CREATE INDEX report_by_due ON report (due_end, sort_key, report_id);
CREATE INDEX report_by_route ON report USING gin (route_units);

-- The figures of a revision are in its event.
CREATE TABLE revision (
    report_id      uuid NOT NULL,
    revision       integer NOT NULL,
    event_id       uuid NOT NULL,
    form_version   integer NOT NULL,
    hash           text NOT NULL,
    submitted_at   timestamptz NOT NULL,
    submitted_by   text NOT NULL,
    sent_event     uuid,
    sent_at        timestamptz,
    approved_event uuid,
    approved_at    timestamptz,
    is_void        boolean NOT NULL DEFAULT false,
    PRIMARY KEY (report_id, revision)
);

-- Refused workbooks, for as long as their marked copy may be asked for.
CREATE TABLE refused_workbook (
    token    text PRIMARY KEY,
    user_id  text NOT NULL,
    kept_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    name     text NOT NULL,
    body     bytea NOT NULL,
    errors   bytea NOT NULL
);

-- Roots of whole aligned runs of 1024 log entries, so that a proof need not read them all.
CREATE TABLE merkle_tile (
    place integer PRIMARY KEY,
    root  bytea NOT NULL
);

-- migrate: rollback
DROP TABLE merkle_tile, refused_workbook, revision, report, template_version;
