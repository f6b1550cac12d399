-- All pins, by name.
SELECT name, value, pinned_at FROM pins ORDER BY name;
