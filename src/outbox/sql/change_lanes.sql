-- Spreads keys and partitions over another number of lanes; false when they are so many already.
-- $1 lanes, $2 how long to wait for what is not published (interval), $3 who, $4 reason
SELECT change_lanes($1, $2, $3, $4);
