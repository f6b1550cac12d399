-- Appends published rows again that the log does not hold; the function takes the lane's lock and
-- is its own transaction.
-- $1 lane, $2 outbox ids, $3 bodies (null: staged), $4 actor, $5 reason
SELECT old_id, new_id FROM republish($1, $2, $3, $4, $5);
