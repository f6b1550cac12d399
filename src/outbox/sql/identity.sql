-- Which Postgres this is, beside what the pins say (NULL: not pinned yet). The timeline is that of
-- the WAL being written: pg_control_checkpoint() names the new one only after the first checkpoint
-- behind a promotion. Every role may call all of these. A standby has no timeline of its own.
SELECT now.name, now.value, pins.value
  FROM (SELECT 'postgres_system_identifier', system_identifier::text FROM pg_control_system()
        UNION ALL
        SELECT 'postgres_timeline',
               ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int::text
         WHERE NOT pg_is_in_recovery()) AS now (name, value)
  LEFT JOIN pins USING (name)
 ORDER BY now.name;
