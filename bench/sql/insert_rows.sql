-- The rows that append_records would store, without its lock, look-up and answers: what the tables
-- themselves cost.
-- $1 lane, $2 sources, $3 keys, $4 sha256s, $5 record ids, $6 event ids, $7 correlation ids,
-- $8 kinds, $9 bodies
WITH fresh AS MATERIALIZED (
    SELECT a.*, nextval('outbox_id') AS id
      FROM unnest($2::text[], $3::text[], $4::bytea[], $5::uuid[], $6::uuid[], $7::text[],
                  $8::text[], $9::bytea[])
           AS a (source, key, sha256, record_id, event_id, correlation_id, kind, body)
), keys AS (
    INSERT INTO idempotency (source, key, request_sha256, record_id, correlation_id, created_at)
    SELECT source, key, sha256, record_id, correlation_id, now() FROM fresh
), ledger AS (
    INSERT INTO records (record_id, lane, outbox_id, source, kind, schema_hint, api, received_at,
                         sha256, size, correlation_id)
    SELECT record_id, $1::smallint, id, source, kind, '', 1, now(), sha256, length(body),
           correlation_id
      FROM fresh
), events AS (
    INSERT INTO outbox (id, lane, topic, record_id, event_id, source, kind, schema_hint, api,
                        sha256, size, correlation_id, traceparent, created_at)
    SELECT id, $1::smallint, 'record.ingested.v1', record_id, event_id, source, kind, '', 1, sha256,
           length(body), correlation_id, '', now()
      FROM fresh
), bytes AS (
    INSERT INTO staged (id, body) SELECT id, body FROM fresh
)
SELECT count(*) FROM fresh;
