-- Where the bundles of an unfinished window belong from now on. Primary key of `bundles`.
-- $1 lane, $2 epoch, $3 window_to, $4 bucket, $5 first ids, $6 keys
SELECT move_planned_bundles($1, $2, $3, $4, $5, $6);
