-- what the toy service of the kernel's tests keeps
-- depends: 0001_events

-- migrate: apply

CREATE TABLE tally (
    name  text PRIMARY KEY,
    total bigint NOT NULL
);

CREATE TABLE heard (
    place   bigint GENERATED ALWAYS AS IDENTITY,
    subject text NOT NULL,
    seq     bigint NOT NULL,
    PRIMARY KEY (subject, seq)
);

-- migrate: rollback
DROP TABLE heard, tally;
