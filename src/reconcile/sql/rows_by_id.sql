-- Outbox rows by their ids. Primary key.
-- $1 ids
SELECT o.id, o.topic, o.record_id, o.event_id, o.lane
  FROM outbox o
 WHERE o.id = ANY ($1::bigint[]);
