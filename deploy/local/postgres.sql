-- Roles and database of a local stack; safe to repeat. Passwords come through the environment.
\getenv superuser superuser
\getenv exchange exchange
ALTER ROLE postgres PASSWORD :'superuser';
SELECT 'CREATE ROLE exchange'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'exchange') \gexec
ALTER ROLE exchange LOGIN PASSWORD :'exchange';
SELECT 'CREATE DATABASE exchange OWNER exchange'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'exchange') \gexec
