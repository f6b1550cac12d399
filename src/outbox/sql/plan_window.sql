-- Commits to publish rows ($3, $4] of a lane under our epoch. Answers one row, or none when the
-- lane has another owner, or Postgres another timeline, by now: the share lock makes a takeover
-- wait for this commit.
-- $1 lane, $2 epoch, $3 from, $4 to, $5 rows
WITH owner AS (
    SELECT lane, epoch
      FROM lanes
     WHERE lane = $1 AND epoch = $2
       -- A session that was opened again may lead to a promoted standby: see own_lane.
       AND NOT EXISTS (SELECT FROM pins
                        WHERE name = 'postgres_timeline'
                          AND lpad(to_hex(value::int), 8, '0')
                              <> lower(left(pg_walfile_name(pg_current_wal_lsn()), 8)))
       FOR SHARE
)
INSERT INTO windows (lane, from_id, to_id, epoch, row_count)
SELECT lane, $3, $4, epoch, $5 FROM owner
RETURNING to_id;
