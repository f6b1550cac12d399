-- Takes a lane whose lease has run out, or that we already hold under this owner name, and starts a
-- new epoch; no row means another owner holds it. Locks one row of `lanes` by its primary key. The
-- clock is the server's: owners' clocks never meet.
-- Whoever knows another layout than the lane is of gets none either.
-- $1 lane, $2 ttl (interval), $3 owner, $4 version of the layout
UPDATE lanes
   SET epoch = epoch + 1,
       owner = $3,
       expires_at = clock_timestamp() + $2
 WHERE lane = $1
   AND layout = $4
   AND (expires_at < clock_timestamp() OR owner = $3)
RETURNING epoch;
