-- Says that a window is in Kafka and where the lane's topic-partitions stand now. Answers one
-- row, or none when the lane has another owner, or Postgres another timeline, by now.
-- $1 lane, $2 epoch, $3 to id, $4 rows, $5 topics, $6 partitions, $7 offsets, $8 sequences
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
INSERT INTO published (lane, to_id, epoch, row_count, topics, partitions, offsets, sequences)
SELECT lane, $3, epoch, $4, $5, $6, $7, $8 FROM owner
RETURNING to_id;
