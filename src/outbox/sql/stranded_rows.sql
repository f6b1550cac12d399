-- Rows that wait for an event about which something was decided meanwhile: they were appended or
-- planned around that very moment. `quarantine` is small.
-- $1 after id, $2 rows at most
SELECT q.outbox_id
  FROM quarantine q
 WHERE q.code = 'key_held' AND q.outbox_id > $1
   AND NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id)
   AND NOT EXISTS (SELECT FROM quarantine e
                    WHERE e.record_id = q.record_id
                      AND origin_of(e.outbox_id) < origin_of(q.outbox_id)
                      AND NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = e.outbox_id))
   AND EXISTS (SELECT FROM published p WHERE p.lane = q.lane AND p.to_id >= q.outbox_id)
 ORDER BY q.outbox_id
 LIMIT $2;
