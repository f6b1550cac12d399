-- One group of one lane; the function takes the lane's advisory lock and is its own transaction.
-- Uses the unique (source, key) index of each `idempotency` partition.
SELECT ordinal, outcome, record_id, correlation_id
  FROM append_records($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);
