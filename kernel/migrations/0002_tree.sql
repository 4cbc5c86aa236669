-- the local copy of the dated tree
-- depends: 0001_events

-- migrate: apply

CREATE TABLE tree_node (
    node_id       uuid NOT NULL,
    valid_from    date NOT NULL,
    valid_to      date,
    parent_id     uuid,
    code          text NOT NULL,
    name          text NOT NULL,
    sort_key      text NOT NULL,
    folded        text NOT NULL,
    level         text NOT NULL,
    kind          text NOT NULL,
    province_code text NOT NULL,
    sectors       text[] NOT NULL,
    latitude      double precision,
    longitude     double precision,
    PRIMARY KEY (node_id, valid_from)
);
CREATE INDEX tree_node_by_code ON tree_node (code);

CREATE TABLE tree_succession (
    from_node    uuid NOT NULL,
    to_node      uuid NOT NULL,
    effective_on date NOT NULL,
    whole        boolean NOT NULL,
    weight       numeric,
    acts         boolean NOT NULL,
    PRIMARY KEY (from_node, to_node)
);

-- migrate: rollback
DROP TABLE tree_succession, tree_node;
