-- Where a lane stands. Primary key of `published`, newest partition first.
-- $1 lane
SELECT to_id, topics, partitions, offsets, sequences
  FROM published
 WHERE lane = $1
 ORDER BY to_id DESC
 LIMIT 1;
