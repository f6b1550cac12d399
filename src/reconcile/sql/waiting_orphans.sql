-- How many of these objects are marked as orphans, and for less long than the grace. Primary key.
-- $1 keys, $2 grace
SELECT count(*)
  FROM orphans
 WHERE key = ANY ($1) AND marked_at > clock_timestamp() - $2::interval;
