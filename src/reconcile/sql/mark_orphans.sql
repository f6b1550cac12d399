-- Remembers since when objects are known as orphans. Answers how many are new.
-- $1 keys, $2 sizes
SELECT mark_orphans($1, $2);
