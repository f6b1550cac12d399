-- Topics of a lane's undecided rows that wait for the right to write; of the first of them, since a
-- denial may last. Mostly none: `quarantine` holds what was passed over only.
-- $1 lane
SELECT DISTINCT o.topic
  FROM (SELECT outbox_id
          FROM quarantine q
         WHERE q.code = 'topic_denied'
           AND q.lane = $1
           AND NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id)
         ORDER BY outbox_id
         LIMIT 1000) q
 CROSS JOIN LATERAL (SELECT topic FROM outbox WHERE outbox.id = q.outbox_id
                     UNION ALL
                     SELECT topic FROM set_aside WHERE set_aside.id = q.outbox_id
                      LIMIT 1) o
 ORDER BY o.topic;
