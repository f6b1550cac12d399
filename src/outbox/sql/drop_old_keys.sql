-- $1 how long an idempotency key is remembered at least
SELECT drop_old_keys($1);
