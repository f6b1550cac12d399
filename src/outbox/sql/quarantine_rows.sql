-- Passes rows over for good. Answers one row a quarantined row; none when the lane has another
-- owner.
-- $1 lane, $2 epoch, $3 outbox ids, $4 record ids, $5 codes, $6 details
WITH owner AS (
    SELECT lane FROM lanes WHERE lane = $1 AND epoch = $2 FOR SHARE
)
INSERT INTO quarantine (outbox_id, lane, record_id, code, detail)
SELECT u.outbox_id, owner.lane, u.record_id, u.code, u.detail
  FROM owner, unnest($3::bigint[], $4::uuid[], $5::text[], $6::text[])
              AS u (outbox_id, record_id, code, detail)
    ON CONFLICT (outbox_id) DO NOTHING
RETURNING outbox_id;
