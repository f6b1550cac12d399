-- Windows of a lane that were planned and not recorded as published, in order.
-- $1 lane, $2 after id
SELECT from_id, to_id, row_count
  FROM windows
 WHERE lane = $1 AND to_id > $2
 ORDER BY to_id;
