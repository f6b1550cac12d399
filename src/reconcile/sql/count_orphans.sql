-- Orphans that are marked now.
SELECT count(*) FROM orphans;
