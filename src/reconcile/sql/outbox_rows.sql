-- A page of outbox rows, and whether each is to be found in the log: not while it is in quarantine,
-- nor once another row took its place. Primary keys of `outbox`, `quarantine` and `resolutions`.
-- $1 after id, $2 up to id, $3 rows
SELECT o.id, o.topic, o.record_id, o.event_id, o.lane,
       EXISTS (SELECT FROM quarantine q WHERE q.outbox_id = o.id)
       OR EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = o.id)
  FROM outbox o
 WHERE o.id > $1 AND o.id <= $2
 ORDER BY o.id
 LIMIT $3;
