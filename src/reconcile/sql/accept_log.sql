-- Lets a lane go on from where its log stands. Takes the locks of all lanes; its own transaction.
-- $1 lane, $2 highest id, $3 highest epoch, $4 topics, $5 partitions, $6 offsets, $7 sequences,
-- $8 rows looked at, $9 ids to append again, $10 actor, $11 reason
SELECT accept_log($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
