-- What this database takes on its server's disk, in bytes; without WAL, temporary files and other
-- databases. Looks at the size of each of its files.
SELECT pg_database_size(current_database());
