-- Moves the ids on to the next partition when the one being filled holds rows and no lane is busy.
-- $1 ids a partition
SELECT close_partition($1);
