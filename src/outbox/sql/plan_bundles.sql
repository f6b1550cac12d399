-- The bundles of the window planned in the same transaction (and only if it was: the epoch
-- decides). Member ids and lengths come as one array each, cut at $9[k] members a bundle.
-- $1 lane, $2 window_to, $3 bucket, $4 sources, $5 keys, $6 sha256s, $7 sizes, $8 first ids,
-- $9 member counts, $10 ids, $11 lengths
INSERT INTO bundles (first_id, last_id, lane, source, bucket, key, sha256, size, ids, lengths,
                     window_to)
SELECT b.first_id,
       ($10::bigint[])[b.upto],
       $1, b.source, $3, b.key, b.sha256, b.size,
       ($10::bigint[])[b.upto - b.members + 1 : b.upto],
       ($11::integer[])[b.upto - b.members + 1 : b.upto],
       $2
  FROM (SELECT u.*, (sum(u.members) OVER (ORDER BY u.ordinal))::integer AS upto
          FROM unnest($4::text[], $5::text[], $6::bytea[], $7::bigint[], $8::bigint[],
                      $9::integer[])
               WITH ORDINALITY AS u (source, key, sha256, size, first_id, members, ordinal)) b
 WHERE EXISTS (SELECT FROM windows w WHERE w.lane = $1 AND w.to_id = $2);
