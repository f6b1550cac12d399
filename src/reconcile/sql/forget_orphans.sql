-- Marks of objects that are gone, or no orphans after all; $2 of them were removed by us.
-- $1 keys, $2 removed, $3 actor, $4 reason
SELECT forget_orphans($1, $2, $3, $4);
