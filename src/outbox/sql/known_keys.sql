-- What is stored under keys, in the order asked: one row each, ids NULL where nothing is. Uses the
-- unique (source, key) index of each `idempotency` partition; takes no lock.
-- $1 sources, $2 keys, $3 SHA-256 of the bodies
SELECT k.record_id, k.correlation_id, k.request_sha256 = a.sha256
  FROM unnest($1::text[], $2::text[], $3::bytea[]) WITH ORDINALITY
       AS a (source, key, sha256, ordinal)
  LEFT JOIN LATERAL (SELECT i.record_id, i.correlation_id, i.request_sha256
                       FROM idempotency i
                      WHERE i.source = a.source AND i.key = a.key
                      LIMIT 1) k ON true
 ORDER BY a.ordinal;
