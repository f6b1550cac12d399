-- Planned windows of a lane whose rows or bundled rows are not as many as were planned. Primary
-- keys of `windows`, `outbox` and `bundles`. Windows that begin below $4 are left out: some of
-- their rows are dropped.
-- $1 lane, $2 after id, $3 up to id, $4 lowest id kept
SELECT w.from_id, w.to_id
  FROM windows w
 WHERE w.lane = $1 AND w.to_id > $2 AND w.to_id <= $3 AND w.from_id >= $4
   AND (w.row_count <> (SELECT count(*) FROM outbox o
                         WHERE o.lane = w.lane AND o.id > w.from_id AND o.id <= w.to_id)
     OR w.row_count <> (SELECT coalesce(sum(cardinality(b.ids)), 0) FROM bundles b
                         WHERE b.lane = w.lane AND b.first_id > w.from_id AND b.first_id <= w.to_id
                           AND b.window_to = w.to_id))
 ORDER BY w.to_id;
