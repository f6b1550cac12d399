-- One migrator at a time. Held by the session, over several transactions. $1 the lock's key
SELECT pg_advisory_lock($1);
