-- The next rows of a lane with their raw bytes, in id order: at most $3 rows, and no more bytes
-- than $4 unless one row alone has more. Primary keys of `outbox` and `staged`; no locks. Rows of
-- other lanes that lie between are read and left out: lanes fill evenly, so that costs a factor of
-- the lane count on an index in memory, where a second index would cost every insert.
-- `held`: an earlier event of the same record is in quarantine and nothing was decided about it, or
-- it was appended again behind this row. An event that was appended again keeps its place among
-- those of its record, and the time at which it occurred.
-- $1 lane, $2 after id, $3 rows, $4 bytes
WITH waiting AS MATERIALIZED (
    SELECT o.*, sum(o.size) OVER (ORDER BY o.id) AS bytes
      FROM (SELECT * FROM outbox WHERE lane = $1 AND id > $2 ORDER BY id LIMIT $3) o
)
SELECT w.id, w.topic, w.record_id, w.event_id, w.source, w.kind, w.schema_hint, w.api, w.sha256,
       w.correlation_id, w.traceparent, coalesce(again.occurred_at, w.created_at) AS created_at,
       w.size, s.body,
       EXISTS (SELECT FROM quarantine q
                WHERE q.record_id = w.record_id
                  AND origin_of(q.outbox_id) <= coalesce(again.origin_id, w.id)
                  AND NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id))
       OR EXISTS (SELECT FROM resolutions r
                   WHERE r.record_id = w.record_id
                     AND r.new_outbox_id > w.id
                     AND r.origin_id < coalesce(again.origin_id, w.id)) AS held
  FROM waiting w
 CROSS JOIN LATERAL (SELECT body FROM staged WHERE staged.id = w.id LIMIT 1) s
  LEFT JOIN resolutions again ON again.new_outbox_id = w.id
 WHERE w.bytes <= $4 OR w.bytes = w.size
 ORDER BY w.id;
