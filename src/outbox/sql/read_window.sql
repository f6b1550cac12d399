-- The next rows of a lane with their raw bytes, in id order: at most $3 rows, and no more bytes
-- than
-- $4 unless one row alone has more. Primary keys of `outbox` and `staged`; no locks. Rows of other
-- lanes that lie between are read and left out: lanes fill evenly, so that costs a factor of the
-- lane count on an index that is in memory, where a second index would cost every insert.
-- `held`: an earlier row of the same record is in quarantine.
-- $1 lane, $2 after id, $3 rows, $4 bytes
WITH waiting AS MATERIALIZED (
    SELECT o.*, sum(o.size) OVER (ORDER BY o.id) AS bytes
      FROM (SELECT * FROM outbox WHERE lane = $1 AND id > $2 ORDER BY id LIMIT $3) o
)
SELECT w.id, w.topic, w.record_id, w.event_id, w.source, w.kind, w.schema_hint, w.api, w.sha256,
       w.correlation_id, w.traceparent, w.created_at, w.size, s.body,
       EXISTS (SELECT FROM quarantine q WHERE q.record_id = w.record_id) AS held
  FROM waiting w
 CROSS JOIN LATERAL (SELECT body FROM staged WHERE staged.id = w.id LIMIT 1) s
 WHERE w.bytes <= $4 OR w.bytes = w.size
 ORDER BY w.id;
