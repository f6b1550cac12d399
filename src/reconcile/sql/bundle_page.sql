-- A page of bundles, in the order of their keys. Primary key of `bundles`.
-- $1 after lane, $2 after first id, $3 rows
SELECT lane, first_id, bucket, key, size, sha256
  FROM bundles
 WHERE (lane, first_id) > ($1, $2)
 ORDER BY lane, first_id
 LIMIT $3;
