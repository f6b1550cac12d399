-- The log that was accepted last for a lane: where the lane was published to then, where its
-- topic-partitions stood; and the highest id that any accepted log held. Primary key.
-- $1 lane
SELECT published_to, topics, partitions, offsets, sequences,
       (SELECT max(log_to) FROM accepted_logs WHERE lane = $1)
  FROM accepted_logs
 WHERE lane = $1
 ORDER BY accepted_at DESC
 LIMIT 1;
