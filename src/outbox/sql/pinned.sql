-- A pinned value, if there is one.
-- $1 name
SELECT value FROM pins WHERE name = $1;
