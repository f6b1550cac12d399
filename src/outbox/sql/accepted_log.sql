-- The log that was accepted last for a lane: where the lane was published to then, where its
-- topic-partitions stood; the highest id that any accepted log held; and up to where all was
-- published when the layout changed last, which each lane accepts its log at. Primary key.
-- $1 lane
SELECT published_to, topics, partitions, offsets, sequences,
       (SELECT max(log_to) FROM accepted_logs WHERE lane = $1),
       (SELECT max(from_id) FROM lane_layouts)
  FROM accepted_logs
 WHERE lane = $1
 ORDER BY accepted_at DESC
 LIMIT 1;
