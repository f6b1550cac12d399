-- At the server's default isolation.
BEGIN;
