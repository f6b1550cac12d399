-- The rows of a planned window with their raw bytes: its bundles may not be stored yet. Primary
-- keys of `outbox` and `staged`; no locks. A row in quarantine is passed over, whatever was decided
-- about it since: its event is another row then.
-- $1 lane, $2 after id, $3 to id
SELECT o.id, o.topic, o.record_id, o.event_id, o.source, o.kind, o.schema_hint, o.api, o.sha256,
       o.correlation_id, o.traceparent,
       coalesce((SELECT r.occurred_at FROM resolutions r WHERE r.new_outbox_id = o.id),
                o.created_at) AS created_at,
       o.size, coalesce(s.body, ''::bytea) AS body,
       EXISTS (SELECT FROM quarantine q WHERE q.outbox_id = o.id) AS held
  FROM outbox o
  LEFT JOIN LATERAL (SELECT body FROM staged WHERE staged.id = o.id LIMIT 1) s ON true
 WHERE o.lane = $1 AND o.id > $2 AND o.id <= $3
 ORDER BY o.id;
