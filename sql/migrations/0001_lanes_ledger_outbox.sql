-- The tables of ingest and relay (docs/ARCHITECTURE.md, "Postgres"). All but `lanes` are insert-
-- only: what is done is dropped by partition, so vacuum never meets per-row garbage.

-- How keys are spread over lanes and Kafka partitions, and which systems this database belongs to.
-- Changed only under all lane locks; `version` makes a process with an older view read it anew.
CREATE TABLE lane_layout (
    only_row          boolean  PRIMARY KEY DEFAULT true CHECK (only_row),
    version           integer  NOT NULL DEFAULT 1,
    lanes             smallint NOT NULL DEFAULT 2 CHECK (lanes BETWEEN 1 AND 64),
    partitions        smallint NOT NULL DEFAULT 8 CHECK (partitions BETWEEN 1 AND 1024),
    CHECK (partitions % lanes = 0)
);
INSERT INTO lane_layout DEFAULT VALUES;

-- Systems that this database was first used with; another one is refused. Insert-only.
CREATE TABLE pins (
    name      text PRIMARY KEY,
    value     text NOT NULL,
    pinned_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row a lane: who may publish it, and until when.
CREATE TABLE lanes (
    lane       smallint    PRIMARY KEY,
    epoch      bigint      NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    owner      text        NOT NULL DEFAULT '',
    expires_at timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
INSERT INTO lanes (lane) SELECT generate_series(0, 1);

-- Ids of the outbox. CACHE 1: a session must not hold ids back, or a lane's ids would not rise.
CREATE SEQUENCE outbox_id AS bigint CACHE 1;

-- What was sent under a key, for at least the time to live. Each partition has a unique index on
-- (source, key): the second line behind the lane's lock.
CREATE TABLE idempotency (
    source         text        NOT NULL,
    key            text        NOT NULL,
    request_sha256 bytea       NOT NULL CHECK (length(request_sha256) = 32),
    record_id      uuid        NOT NULL,
    correlation_id text        NOT NULL,
    created_at     timestamptz NOT NULL
) PARTITION BY RANGE (created_at);

-- The ledger: every accepted record, for good.
CREATE TABLE records (
    record_id      uuid        NOT NULL,
    lane           smallint    NOT NULL,
    outbox_id      bigint      NOT NULL,
    source         text        NOT NULL,
    kind           text        NOT NULL CHECK (kind IN ('encounter', 'claim', 'lab_result')),
    schema_hint    text        NOT NULL,
    api            smallint    NOT NULL CHECK (api IN (1, 2)),
    received_at    timestamptz NOT NULL,
    sha256         bytea       NOT NULL CHECK (length(sha256) = 32),
    size           integer     NOT NULL CHECK (size > 0),
    correlation_id text        NOT NULL
) PARTITION BY RANGE (received_at);

-- Events to publish, in id order within a lane. Holds no identity.
CREATE TABLE outbox (
    id             bigint      NOT NULL,
    lane           smallint    NOT NULL,
    topic          text        NOT NULL,
    record_id      uuid        NOT NULL,
    event_id       uuid        NOT NULL,
    source         text        NOT NULL,
    kind           text        NOT NULL,
    schema_hint    text        NOT NULL,
    api            smallint    NOT NULL,
    sha256         bytea       NOT NULL,
    size           integer     NOT NULL,
    correlation_id text        NOT NULL,
    traceparent    text        NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);

-- Raw bytes on their way to the raw store. bytea, since jsonb rewrites what it stores; EXTERNAL,
-- since compressing costs more time than it saves on bytes that leave within seconds.
CREATE TABLE staged (
    id   bigint NOT NULL,
    body bytea  NOT NULL,
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
ALTER TABLE staged ALTER COLUMN body SET STORAGE EXTERNAL;

-- A planned window: rows (from_id, to_id] of a lane go out together. Committed before the first of
-- its events leaves.
CREATE TABLE windows (
    lane       smallint    NOT NULL,
    from_id    bigint      NOT NULL,
    to_id      bigint      NOT NULL,
    epoch      bigint      NOT NULL,
    row_count  integer     NOT NULL CHECK (row_count > 0),
    planned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (lane, to_id),
    CHECK (from_id < to_id)
) PARTITION BY RANGE (to_id);

-- One object of the raw store, for good: the bytes of records ids[1..n], newline between, so that
-- record k begins at sum(lengths[1..k-1]) + k - 1.
CREATE TABLE bundles (
    first_id   bigint      NOT NULL,
    last_id    bigint      NOT NULL,
    lane       smallint    NOT NULL,
    source     text        NOT NULL,
    bucket     text        NOT NULL,
    key        text        NOT NULL,
    sha256     bytea       NOT NULL CHECK (length(sha256) = 32),
    size       bigint      NOT NULL CHECK (size > 0),
    ids        bigint[]    NOT NULL CHECK (cardinality(ids) > 0),
    lengths    integer[]   NOT NULL CHECK (cardinality(lengths) = cardinality(ids)),
    window_to  bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (lane, first_id)
);

-- A window that is in Kafka. Each row says where *all* topic-partitions of the lane stand, so the
-- last row alone is enough to go on from.
CREATE TABLE published (
    lane         smallint    NOT NULL,
    to_id        bigint      NOT NULL,
    epoch        bigint      NOT NULL,
    row_count    integer     NOT NULL CHECK (row_count >= 0),
    published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    topics       text[]      NOT NULL,
    partitions   integer[]   NOT NULL,
    offsets      bigint[]    NOT NULL,
    sequences    bigint[]    NOT NULL,
    PRIMARY KEY (lane, to_id)
) PARTITION BY RANGE (to_id);

-- Rows that were passed over: Kafka will never take them as they are. While a record's row stands
-- here unreleased, later rows of the same record are held too.
CREATE TABLE quarantine (
    outbox_id      bigint      PRIMARY KEY,
    lane           smallint    NOT NULL,
    record_id      uuid        NOT NULL,
    code           text        NOT NULL,
    detail         text        NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX quarantine_record ON quarantine (record_id);

-- The runbook's view of the outbox.
CREATE VIEW outbox_events AS
SELECT o.id,
       o.topic,
       o.record_id::text AS key,
       o.created_at,
       CASE WHEN NOT EXISTS (SELECT FROM quarantine q WHERE q.outbox_id = o.id)
            THEN (SELECT p.published_at
                    FROM published p
                   WHERE p.lane = o.lane AND p.to_id >= o.id
                   ORDER BY p.to_id
                   LIMIT 1)
       END AS published_at,
       o.lane,
       o.event_id,
       o.source,
       o.correlation_id
  FROM outbox o;
