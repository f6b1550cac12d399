-- A migration may take long; the caller's deadline bounds it. Back to the session's own value at
-- commit.
SELECT set_config('statement_timeout', '0', true);
