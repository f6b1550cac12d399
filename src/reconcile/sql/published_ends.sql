-- Where what was published left the topic-partitions, by their lanes of today: the last `published`
-- row of each, or the log that was accepted since. Primary keys of `published` and `accepted_logs`.
SELECT e.topic, e.partition, e.last_offset
  FROM lane_layout n
 CROSS JOIN generate_series(0, n.lanes - 1) AS l (lane)
  LEFT JOIN LATERAL (SELECT * FROM published WHERE published.lane = l.lane
                      ORDER BY to_id DESC LIMIT 1) p ON true
  LEFT JOIN LATERAL (SELECT * FROM (SELECT * FROM accepted_logs
                                     WHERE accepted_logs.lane = l.lane
                                     ORDER BY accepted_at DESC LIMIT 1) last
                      WHERE last.published_to = coalesce(p.to_id, 0)) a ON true
 CROSS JOIN LATERAL unnest(coalesce(a.topics, p.topics), coalesce(a.partitions, p.partitions),
                           coalesce(a.offsets, p.offsets)) AS e (topic, partition, last_offset)
 WHERE e.partition % n.lanes = l.lane;
