-- Makes partitions ahead of need; takes an advisory lock of its own, and locks that let readers and
-- writers of the parents go on.
-- $1 ids a partition, $2 partitions ahead
SELECT ensure_partitions($1, $2);
