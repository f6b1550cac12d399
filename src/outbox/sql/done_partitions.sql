-- Partitions in which everything is published; takes every lane's lock for a moment, or answers
-- nothing.
-- $1 ids a partition
SELECT d.low FROM done_partitions($1) d
 WHERE EXISTS (SELECT FROM id_partitions('staged') s WHERE s.low = d.low)
 ORDER BY d.low;
