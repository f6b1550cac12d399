-- Orphans marked longer than $1 ago, in key order. Primary key.
-- $1 grace, $2 after key, $3 rows
SELECT key
  FROM orphans
 WHERE key > $2 AND marked_at <= clock_timestamp() - $1::interval
 ORDER BY key
 LIMIT $3;
