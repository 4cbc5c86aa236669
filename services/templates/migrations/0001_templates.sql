-- indicators, templates and their versions, assignments, schedules, groups, holidays
-- depends: 0002_tree

-- migrate: apply

CREATE TABLE indicator (
    code       text PRIMARY KEY,
    definition json NOT NULL,
    name       text NOT NULL,
    folded     text NOT NULL,
    sort_key   text NOT NULL,
    sector     text NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX indicator_in_order ON indicator (sort_key, code);

-- `etag` counts the times the draft was saved; 0 in answers means that only a published version is there.
CREATE TABLE draft (
    code     text PRIMARY KEY,
    etag     integer NOT NULL,
    document json NOT NULL,
    saved_at timestamptz NOT NULL,
    saved_by text NOT NULL
);

-- What lists need of a template: of its newest version, else of its draft (`latest` = 0).
CREATE TABLE template (
    code         text PRIMARY KEY,
    latest       integer NOT NULL,
    name         text NOT NULL,
    folded       text NOT NULL,
    sort_key     text NOT NULL,
    sector       text NOT NULL,
    kind         text NOT NULL,
    period_type  text NOT NULL,
    form_number  text NOT NULL,
    owner_id     uuid,
    published_at timestamptz
);
CREATE INDEX template_in_order ON template (sort_key, code);

CREATE TABLE template_version (
    code         text NOT NULL,
    version      integer NOT NULL,
    document     json NOT NULL,
    event_id     uuid NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    PRIMARY KEY (code, version)
);

-- The version of a period is fixed by its first assignment.
CREATE TABLE pinned_version (
    template text NOT NULL,
    period   text NOT NULL,
    version  integer NOT NULL,
    PRIMARY KEY (template, period)
);

CREATE TABLE assignment (
    assignment_id uuid PRIMARY KEY,
    template      text NOT NULL,
    period        text NOT NULL,
    first_day     date NOT NULL,
    last_day      date NOT NULL,
    province      text NOT NULL,
    assigned_by   uuid NOT NULL,
    assigned_at   timestamptz NOT NULL,
    schedule_id   uuid
);
CREATE INDEX assignment_by_period ON assignment (template, period);

-- A report as it was last assigned.
CREATE TABLE expected_report (
    report_id     uuid PRIMARY KEY,
    assignment_id uuid NOT NULL,
    template      text NOT NULL,
    period        text NOT NULL,
    unit_id       uuid NOT NULL,
    version       integer NOT NULL,
    due_on        date NOT NULL,
    closes_on     date,
    last_day      date NOT NULL,
    entered_by    uuid,
    is_cancelled  boolean NOT NULL DEFAULT false,
    is_closed     boolean NOT NULL DEFAULT false
);
CREATE INDEX expected_report_by_assignment ON expected_report (assignment_id);
CREATE INDEX expected_report_by_period ON expected_report (template, period);
CREATE INDEX expected_report_by_unit ON expected_report (unit_id);
CREATE INDEX expected_report_to_close ON expected_report (closes_on) WHERE NOT is_closed AND NOT is_cancelled AND closes_on IS NOT NULL;

-- What the log has said of a report: whether an approved revision of it exists.
CREATE TABLE approved_report (
    report_id uuid PRIMARY KEY,
    template  text NOT NULL,
    period    text NOT NULL,
    revision  integer NOT NULL
);
CREATE INDEX approved_report_by_period ON approved_report (template, period);

-- Where an assignment was cancelled and a unit was assigned anew, the older assignment still shows it.
CREATE TABLE cancellation (
    assignment_id uuid NOT NULL,
    report_id     uuid NOT NULL,
    unit_id       uuid NOT NULL,
    event_id      uuid NOT NULL,
    cancelled_at  timestamptz NOT NULL,
    PRIMARY KEY (assignment_id, report_id)
);

CREATE TABLE schedule (
    schedule_id  uuid PRIMARY KEY,
    template     text NOT NULL,
    units        json NOT NULL,
    anchor       text NOT NULL CHECK (anchor IN ('start', 'end')),
    days         integer NOT NULL,
    first_period text NOT NULL,
    last_period  text,
    assigned_by  uuid NOT NULL,
    entered_by   uuid,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    stopped_at   timestamptz
);

-- One row per period that was opened, also where the rule found no unit on that day.
CREATE TABLE schedule_opening (
    schedule_id   uuid NOT NULL REFERENCES schedule,
    period        text NOT NULL,
    stated_day    date NOT NULL,
    opened_at     timestamptz NOT NULL,
    assignment_id uuid,
    PRIMARY KEY (schedule_id, period)
);

CREATE TABLE unit_group (
    group_id   uuid PRIMARY KEY,
    province   text NOT NULL,
    name       text NOT NULL,
    folded     text NOT NULL,
    sort_key   text NOT NULL,
    units      uuid[] NOT NULL,
    changed_at timestamptz NOT NULL,
    UNIQUE (province, folded)
);

CREATE TABLE holiday (
    day    date PRIMARY KEY,
    name   text NOT NULL,
    kind   text NOT NULL CHECK (kind IN ('holiday', 'makeup')),
    source text NOT NULL DEFAULT ''
);

-- One row: how often the list was changed, and whether it was ever filled.
CREATE TABLE holiday_list (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL
);
INSERT INTO holiday_list (version) VALUES (0);

-- Own copy of who may do what, for warnings only; permission comes from tokens.
CREATE TABLE user_grant (
    user_id uuid NOT NULL,
    role    text NOT NULL,
    unit_id uuid NOT NULL,
    sectors text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (user_id, role, unit_id)
);
CREATE INDEX user_grant_by_unit ON user_grant (unit_id, role);

-- migrate: rollback
DROP TABLE user_grant, holiday_list, holiday, unit_group, schedule_opening, schedule, cancellation, approved_report, expected_report,
    assignment, pinned_version, template_version, template, draft, indicator;
