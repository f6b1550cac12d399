-- $1 the lock's key
SELECT pg_advisory_unlock($1);
