-- What stands in the way of a restore: tables that are there, and other sessions. What kind of
-- session another role has is not told to everybody.
SELECT current_database()::text,
       (SELECT count(*) FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')),
       (SELECT count(*) FROM pg_stat_activity a
         WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
           AND a.usesysid IS NOT NULL
           AND coalesce(a.backend_type, 'client backend') = 'client backend');
