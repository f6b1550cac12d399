-- Where the last published windows left the topic-partitions, by their lanes of today. Primary key
-- of `published`, newest partition first.
SELECT e.topic, e.partition, e.last_offset
  FROM lane_layout n
 CROSS JOIN generate_series(0, n.lanes - 1) AS l (lane)
 CROSS JOIN LATERAL (SELECT topics, partitions, offsets FROM published p WHERE p.lane = l.lane
                      ORDER BY to_id DESC LIMIT 1) last
 CROSS JOIN LATERAL unnest(last.topics, last.partitions, last.offsets)
                    AS e (topic, partition, last_offset);
