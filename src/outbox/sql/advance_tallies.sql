-- Counts on, so that read_conservation never counts more than $1 ids a lane. Takes each lane's lock
-- for a moment if it is free.
-- $1 ids a step
SELECT advance_tallies($1);
