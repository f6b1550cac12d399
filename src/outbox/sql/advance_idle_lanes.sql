-- Lanes that published nothing for $1 ids say anew where they stand.
-- $1 ids of a partition
SELECT advance_idle_lanes($1);
