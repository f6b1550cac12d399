-- Appends published rows again that the log does not hold; the function takes the lane's lock and
-- is its own transaction.
-- $1 version of the layout, $2 lane, $3 outbox ids, $4 bodies (null: staged), $5 actor, $6 reason
SELECT old_id, new_id FROM republish($1, $2, $3, $4, $5, $6);
