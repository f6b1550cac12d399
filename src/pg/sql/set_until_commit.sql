-- $1 setting, $2 value; back to the session's own value when the transaction ends.
SELECT set_config($1, $2, true);
