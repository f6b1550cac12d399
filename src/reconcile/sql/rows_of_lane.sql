-- A page of a lane's outbox rows, and whether each is to be found in the log: not while it is in
-- quarantine, nor once another row took its place. Primary keys of `outbox`, `quarantine` and
-- `resolutions`.
-- $1 lane, $2 after id, $3 up to id, $4 rows
SELECT o.id, o.topic, o.record_id, o.event_id,
       EXISTS (SELECT FROM quarantine q WHERE q.outbox_id = o.id)
       OR EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = o.id)
  FROM outbox o
 WHERE o.lane = $1 AND o.id > $2 AND o.id <= $3
 ORDER BY o.id
 LIMIT $4;
