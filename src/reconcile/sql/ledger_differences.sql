-- Rows of the ledger without outbox row and the other way round, among ids [$1, $2). Both are
-- written in one transaction, so one snapshot suffices. Primary key of `outbox`, BRIN index of
-- `records`.
-- $1 low, $2 high
SELECT coalesce(o.id, r.outbox_id), coalesce(o.record_id, r.record_id), o.id IS NULL
  FROM (SELECT id, record_id FROM outbox
         WHERE id >= $1 AND id < $2
           AND NOT EXISTS (SELECT FROM resolutions x WHERE x.new_outbox_id = outbox.id)) o
  FULL JOIN (SELECT outbox_id, record_id FROM records
              WHERE outbox_id >= $1 AND outbox_id < $2) r
         ON r.outbox_id = o.id AND r.record_id = o.record_id
 WHERE o.id IS NULL OR r.record_id IS NULL
 ORDER BY 1;
