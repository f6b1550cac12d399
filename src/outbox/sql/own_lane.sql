-- One row when our epoch owns the lane, none when another does. Waits for a takeover or a commit of
-- the lane that is under way. One row of `lanes` by its primary key.
-- $1 lane, $2 epoch
SELECT epoch FROM lanes WHERE lane = $1 AND epoch = $2 FOR SHARE;
