-- Undecided rows in quarantine whose topic was missing and is there again, or was denied and may be
-- written to, in order. Mostly none: `quarantine` holds what was passed over only.
-- $1 topics that are still missing (without prefix), $2 lanes and $3 topics that these may write to
-- again, pair by pair, $4 after id, $5 rows at most
SELECT q.outbox_id
  FROM quarantine q
 CROSS JOIN LATERAL (SELECT topic FROM outbox WHERE outbox.id = q.outbox_id
                     UNION ALL
                     SELECT topic FROM set_aside WHERE set_aside.id = q.outbox_id
                      LIMIT 1) o
 WHERE q.outbox_id > $4
   AND (q.code = 'topic_missing' AND o.topic <> ALL ($1::text[])
        OR q.code = 'topic_denied'
           AND EXISTS (SELECT FROM unnest($2::smallint[], $3::text[]) AS allowed (lane, topic)
                        WHERE allowed.lane = q.lane AND allowed.topic = o.topic))
   AND NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id)
   AND NOT EXISTS (SELECT FROM quarantine earlier
                    WHERE earlier.record_id = q.record_id
                      AND earlier.outbox_id < q.outbox_id
                      AND NOT EXISTS (SELECT FROM resolutions r
                                       WHERE r.outbox_id = earlier.outbox_id))
 ORDER BY q.outbox_id
 LIMIT $5;
