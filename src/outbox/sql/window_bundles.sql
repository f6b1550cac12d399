-- The bundles of planned windows after $2. Primary key of `bundles` (lane, first_id).
-- $1 lane, $2 after id
SELECT bucket, key, sha256, size, ids, lengths, source, window_to
  FROM bundles
 WHERE lane = $1 AND first_id > $2
 ORDER BY first_id;
