-- Where the raw bytes of rows are: staged, or a range of a bundle (empty bucket: in none). Primary
-- keys; a bundle is found from its first id, which is at most a window below the row's.
-- $1 outbox ids
SELECT a.id, o.size,
       EXISTS (SELECT FROM staged s WHERE s.id = a.id),
       coalesce(b.bucket, ''), coalesce(b.key, ''),
       coalesce((SELECT sum(l) + count(*) FROM unnest(b.lengths[1 : b.place - 1]) l), 0)::int8
  FROM unnest($1::bigint[]) WITH ORDINALITY AS a (id, ordinal)
 CROSS JOIN LATERAL (SELECT lane, size FROM outbox WHERE outbox.id = a.id
                     UNION ALL SELECT lane, size FROM set_aside WHERE set_aside.id = a.id
                     LIMIT 1) o
  LEFT JOIN LATERAL (SELECT bucket, key, lengths, array_position(ids, a.id) AS place
                       FROM bundles
                      WHERE bundles.lane = o.lane
                        AND first_id <= a.id AND first_id > a.id - 10000000
                        AND last_id >= a.id AND a.id = ANY (ids)
                      ORDER BY first_id DESC LIMIT 1) b ON true
 ORDER BY a.ordinal;
