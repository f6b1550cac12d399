-- For this transaction: Postgres looks each second whether its client is still there, asks for a
-- sign of life over TCP when nothing comes from its host, and ends the session when it is gone.
SELECT set_config('client_connection_check_interval', '1000', true),
       set_config('tcp_keepalives_idle', '5', true),
       set_config('tcp_keepalives_interval', '2', true),
       set_config('tcp_keepalives_count', '3', true);
