-- Extends our lease if the row still carries our epoch. One row of `lanes` by its primary key.
-- $1 lane, $2 ttl (interval), $3 epoch
UPDATE lanes
   SET expires_at = clock_timestamp() + $2
 WHERE lane = $1
   AND epoch = $3
RETURNING epoch;
