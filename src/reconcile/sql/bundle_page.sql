-- A page of bundles, in the order of their keys. One of a window that is not published may not be
-- stored yet. Primary keys of `bundles` and `published`.
-- $1 after lane, $2 after first id, $3 rows
SELECT lane, first_id, bucket, key, size, sha256,
       EXISTS (SELECT FROM published p
                WHERE p.lane = bundles.lane AND p.to_id >= bundles.window_to) AS owed
  FROM bundles
 WHERE (lane, first_id) > ($1, $2)
 ORDER BY lane, first_id
 LIMIT $3;
