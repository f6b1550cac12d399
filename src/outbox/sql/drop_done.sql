-- $1 ids a partition, $2 how long what is published stays
SELECT drop_done($1, $2);
