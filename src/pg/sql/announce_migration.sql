-- Says which migration comes next; record_migration.sql, which runs in the same script as its text
-- and so has no parameters, reads it. $1 number, $2 name, $3 SHA-256 as hexadecimal
SELECT set_config('exchange.migration_number', $1::text, false),
       set_config('exchange.migration_name', $2, false),
       set_config('exchange.migration_sha256', $3, false);
