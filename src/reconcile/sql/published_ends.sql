-- Where the last published window of each lane left its topic-partitions. Primary key of
-- `published`, newest partition first.
SELECT e.topic, e.partition, e.last_offset
  FROM lanes l
 CROSS JOIN LATERAL (SELECT topics, partitions, offsets FROM published p WHERE p.lane = l.lane
                      ORDER BY to_id DESC LIMIT 1) last
 CROSS JOIN LATERAL unnest(last.topics, last.partitions, last.offsets)
                    AS e (topic, partition, last_offset);
