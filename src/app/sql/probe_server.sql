-- What `check` shows of the server.
SELECT current_setting('server_version'), current_user::text, current_database()::text,
       current_setting('fsync'), current_setting('synchronous_commit'),
       (SELECT system_identifier::text FROM pg_control_system());
