-- The objects that hold the raw bytes of ids [$2, $3) of a lane, in key order. Primary key of
-- `bundles`; a bundle may begin below the partition, but never a whole partition below it.
-- $1 lane, $2 low, $3 high
SELECT key, size
  FROM bundles
 WHERE lane = $1 AND first_id >= 2 * $2 - $3 AND first_id < $3 AND last_id >= $2
 ORDER BY first_id;
