-- Decides about a row in quarantine; the function takes its lane's lock and is its own transaction.
-- $1 released or discarded, $2 outbox id, $3 later rows too, $4 rows to append again, $5 their
-- bodies (null: staged), $6 actor, $7 reason
SELECT old_id, new_id FROM resolve_quarantined($1, $2, $3, $4, $5, $6, $7);
