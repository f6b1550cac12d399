-- Pins a value at first sight and answers the one that is pinned.
-- $1 name, $2 value
WITH pinned AS (
    INSERT INTO pins (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING value
)
SELECT value FROM pinned
UNION ALL
SELECT value FROM pins WHERE name = $1
 LIMIT 1;
