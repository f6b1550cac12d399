-- A page of bundles, in the order of their keys. One of a window that is not published may not be
-- stored yet; of windows that were dropped the tallies know. Primary keys of `bundles`, `published`
-- and `tallies`.
-- $1 after lane, $2 after first id, $3 rows
SELECT lane, first_id, bucket, key, size, sha256,
       EXISTS (SELECT FROM published p
                WHERE p.lane = bundles.lane AND p.to_id >= bundles.window_to)
       OR EXISTS (SELECT FROM tallies t
                   WHERE t.lane = bundles.lane AND t.kind = 'published'
                     AND t.up_to_id >= bundles.window_to) AS owed
  FROM bundles
 WHERE (lane, first_id) > ($1, $2)
 ORDER BY lane, first_id
 LIMIT $3;
