-- Removes all that the database holds; its owner may.
DO $$
BEGIN
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
END
$$;
