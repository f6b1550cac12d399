-- What objects of the raw store are, in one snapshot: 0 a bundle, 1 not published yet, 2 an orphan.
-- Rows of `bundles` come and move only behind what is published, or what was when the number of
-- lanes changed, so an object that begins at or below that id and has no row will never get one.
-- But one of ids that a restored database does not remember may be named by events in the log: it
-- is left, of whichever lane. Primary keys of `bundles`, `published` and `accepted_logs`.
-- $1 lanes, $2 first ids, $3 keys
SELECT CASE WHEN b.found IS NOT NULL THEN 0
            WHEN EXISTS (SELECT FROM accepted_logs l
                          WHERE a.first_id > l.planned_to AND a.first_id <= l.log_to) THEN 1
            WHEN a.first_id <= up.to_id THEN 2
            ELSE 1 END
  FROM unnest($1::smallint[], $2::bigint[], $3::text[]) WITH ORDINALITY
       AS a (lane, first_id, key, ordinal)
  JOIN (SELECT l.lane,
               greatest((SELECT to_id FROM published p WHERE p.lane = l.lane
                          ORDER BY to_id DESC LIMIT 1),
                        (SELECT max(from_id) FROM lane_layouts)) AS to_id
          FROM lanes l) up ON up.lane = a.lane
  LEFT JOIN LATERAL (SELECT true AS found FROM bundles
                      WHERE bundles.lane = a.lane AND bundles.first_id = a.first_id
                        AND bundles.key = a.key) b ON true
 ORDER BY a.ordinal;
