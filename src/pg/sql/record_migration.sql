-- In the migration's own transaction, so that it is either applied and recorded or neither.
INSERT INTO schema_migrations (number, name, sha256)
VALUES (current_setting('exchange.migration_number')::integer,
        current_setting('exchange.migration_name'),
        decode(current_setting('exchange.migration_sha256'), 'hex'));
