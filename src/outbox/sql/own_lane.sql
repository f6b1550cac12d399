-- One row when our epoch owns the lane and Postgres still is on the pinned timeline, else none.
-- Waits for a takeover or a commit of the lane that is under way. One row of `lanes` and of `pins`
-- by their primary keys.
-- $1 lane, $2 epoch
SELECT epoch
  FROM lanes
 WHERE lane = $1 AND epoch = $2
   AND NOT EXISTS (SELECT FROM pins
                    WHERE name = 'postgres_timeline'
                      AND lpad(to_hex(value::int), 8, '0')
                          <> lower(left(pg_walfile_name(pg_current_wal_lsn()), 8)))
   FOR SHARE;
