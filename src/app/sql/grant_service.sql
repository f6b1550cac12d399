-- Gives a role what `serve` needs: the outbox only through its functions.
-- $1 role
SELECT grant_service($1), grant_lanes($1), grant_logs($1), grant_moves($1),
       grant_changes($1);
