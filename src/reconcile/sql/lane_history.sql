-- What the database says of each lane's log: how far it is published and planned, the highest id of
-- a log that was accepted, where the topic-partitions stand, and where the layout changed last.
-- Primary keys of
-- `published`, `windows` and `accepted_logs`.
SELECT l.lane, coalesce(p.to_id, 0), greatest(coalesce(w.to_id, 0), coalesce(p.to_id, 0)),
       coalesce((SELECT max(log_to) FROM accepted_logs a WHERE a.lane = l.lane), 0),
       coalesce(a.topics, p.topics, '{}'), coalesce(a.partitions, p.partitions, '{}'),
       coalesce(a.offsets, p.offsets, '{}'), coalesce(a.sequences, p.sequences, '{}'),
       (SELECT max(from_id) FROM lane_layouts)
  FROM lanes l
  LEFT JOIN LATERAL (SELECT * FROM published WHERE published.lane = l.lane
                      ORDER BY to_id DESC LIMIT 1) p ON true
  LEFT JOIN LATERAL (SELECT to_id FROM windows WHERE windows.lane = l.lane
                      ORDER BY to_id DESC LIMIT 1) w ON true
  LEFT JOIN LATERAL (SELECT * FROM (SELECT * FROM accepted_logs
                                     WHERE accepted_logs.lane = l.lane
                                     ORDER BY accepted_at DESC LIMIT 1) last
                      WHERE last.published_to = coalesce(p.to_id, 0)) a ON true
 ORDER BY l.lane;
