-- A relay process ends: the others take its share of the lanes at once.
-- $1 owner
DELETE FROM relays WHERE owner = $1;
