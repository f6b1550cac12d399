-- Later rows of the same record that wait for a row in quarantine. Index of `quarantine` on
-- record_id.
-- $1 outbox id
SELECT ARRAY(SELECT outbox_id FROM rows_held_by($1));
