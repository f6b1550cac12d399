-- Gives the lane back at once, if it is still ours. One row of `lanes` by its primary key.
-- $1 lane, $2 epoch
UPDATE lanes
   SET owner = '',
       expires_at = '-infinity'
 WHERE lane = $1
   AND epoch = $2;
