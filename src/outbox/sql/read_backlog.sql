-- How far behind each lane in use is: where it stands, rows waiting and their raw bytes (exact up
-- to $1 rows, beyond that estimated from the ids), and the age in seconds of the oldest. Primary
-- keys only.
-- $1 most rows to count
SELECT l.lane,
       r.rows::int8,
       coalesce(extract(epoch FROM clock_timestamp() - b.oldest), 0)::float8,
       (b.bytes * (r.rows / greatest(b.rows, 1)::float8))::float8
  FROM lanes l
 CROSS JOIN outbox_id s
 CROSS JOIN lane_layout n
 CROSS JOIN LATERAL (SELECT greatest((SELECT to_id FROM published WHERE published.lane = l.lane
                                       ORDER BY to_id DESC LIMIT 1),
                                     (SELECT max(from_id) FROM lane_layouts)) AS to_id) p
 CROSS JOIN LATERAL (SELECT count(*) AS rows, min(w.created_at) AS oldest,
                            coalesce(sum(w.size::int8), 0)::float8 AS bytes
                       FROM (SELECT created_at, size FROM outbox
                              WHERE outbox.lane = l.lane AND id > p.to_id
                              ORDER BY id LIMIT $1) w) b
 CROSS JOIN LATERAL (SELECT CASE WHEN b.rows < $1 THEN b.rows
                                 ELSE greatest(b.rows, (s.last_value - p.to_id)
                                                       / n.lanes) END AS rows) r
 WHERE l.lane < n.lanes
 ORDER BY l.lane;
