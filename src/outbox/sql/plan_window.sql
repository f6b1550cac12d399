-- Commits to publish rows ($3, $4] of a lane under our epoch. Answers one row, or none when the
-- lane has another owner by now: the share lock makes a takeover wait for this commit.
-- $1 lane, $2 epoch, $3 from, $4 to, $5 rows
WITH owner AS (
    SELECT lane, epoch FROM lanes WHERE lane = $1 AND epoch = $2 FOR SHARE
)
INSERT INTO windows (lane, from_id, to_id, epoch, row_count)
SELECT lane, $3, $4, epoch, $5 FROM owner
RETURNING to_id;
