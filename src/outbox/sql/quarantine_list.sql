-- Rows in quarantine after $1 in id order, each with the row of its record that it waits for (0:
-- none) and what was decided. Primary keys; the index of `quarantine` on record_id.
-- $1 after id, $2 rows, $3 lane (-1: any), $4 code (empty: any), $5 record id or null, $6 decided
-- rows too
SELECT q.outbox_id, q.lane, q.record_id, q.code, q.detail, q.quarantined_at,
       coalesce((SELECT e.outbox_id FROM quarantine e
                  WHERE e.record_id = q.record_id
                    AND origin_of(e.outbox_id) < origin_of(q.outbox_id)
                    AND NOT EXISTS (SELECT FROM resolutions d WHERE d.outbox_id = e.outbox_id)
                  ORDER BY origin_of(e.outbox_id) LIMIT 1), 0),
       coalesce(r.kind, ''),
       coalesce(r.new_outbox_id, 0)
  FROM quarantine q
  LEFT JOIN resolutions r ON r.outbox_id = q.outbox_id
 WHERE q.outbox_id > $1
   AND ($3 < 0 OR q.lane = $3)
   AND ($4 = '' OR q.code = $4)
   AND ($5::uuid IS NULL OR q.record_id = $5)
   AND ($6 OR r.kind IS NULL)
 ORDER BY q.outbox_id
 LIMIT $2;
