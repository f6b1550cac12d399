-- One outbox row in quarantine, without identity: its raw bytes are only told to be there. Primary
-- keys. Answers no row when neither the outbox nor what was set aside holds it.
-- $1 outbox id
SELECT o.topic, o.event_id, o.source, o.kind, o.schema_hint, o.api, encode(o.sha256, 'hex'), o.size,
       o.correlation_id, o.traceparent, o.created_at,
       EXISTS (SELECT FROM staged s WHERE s.id = o.id) AS staged,
       ARRAY(SELECT outbox_id FROM rows_held_by($1))
  FROM (SELECT * FROM outbox WHERE outbox.id = $1
        UNION ALL SELECT * FROM set_aside WHERE set_aside.id = $1
        LIMIT 1) o;
