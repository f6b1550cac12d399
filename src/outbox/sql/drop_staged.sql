-- Locks the parent against readers for the moment of the drop; lock_timeout bounds the wait.
-- $1 low, $2 ids a partition
SELECT drop_staged($1, $2);
