-- Passes rows over for good, and with each the later planned rows of its record: they must not
-- overtake it. Answers one row a quarantined row; none when the lane has another owner, or Postgres
-- another timeline, by now. Reads only rows of unfinished windows, by the primary key of `outbox`.
-- $1 lane, $2 epoch, $3 outbox ids, $4 record ids, $5 codes, $6 details
WITH owner AS (
    SELECT lane
      FROM lanes
     WHERE lane = $1 AND epoch = $2
       -- A session that was opened again may lead to a promoted standby: see own_lane.
       AND NOT EXISTS (SELECT FROM pins
                        WHERE name = 'postgres_timeline'
                          AND lpad(to_hex(value::int), 8, '0')
                              <> lower(left(pg_walfile_name(pg_current_wal_lsn()), 8)))
       FOR SHARE
), asked AS (
    SELECT u.outbox_id, u.record_id, u.code, u.detail
      FROM unnest($3::bigint[], $4::uuid[], $5::text[], $6::text[])
           AS u (outbox_id, record_id, code, detail)
), behind AS (
    SELECT o.id, o.record_id
      FROM outbox o
     WHERE o.lane = $1
       AND o.id > (SELECT min(outbox_id) FROM asked)
       AND o.id <= (SELECT to_id FROM windows WHERE lane = $1 ORDER BY to_id DESC LIMIT 1)
       AND EXISTS (SELECT FROM asked a
                    WHERE a.record_id = o.record_id AND a.outbox_id < o.id
                      AND origin_of(a.outbox_id) < origin_of(o.id))
       AND NOT EXISTS (SELECT FROM asked a WHERE a.outbox_id = o.id)
)
INSERT INTO quarantine (outbox_id, lane, record_id, code, detail)
SELECT u.outbox_id, owner.lane, u.record_id, u.code, u.detail
  FROM owner, (SELECT * FROM asked
               UNION ALL
               SELECT id, record_id, 'key_held', 'an earlier event of this record is in quarantine'
                 FROM behind) u
    ON CONFLICT (outbox_id) DO NOTHING
RETURNING outbox_id;
