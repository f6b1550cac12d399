-- Says that a relay process is alive, and answers all that are, elders first. Forgets those that
-- have been dead for a minute. Few rows, by primary key; the clock is the server's.
-- $1 owner, $2 ttl (interval)
WITH gone AS (
    DELETE FROM relays WHERE expires_at < clock_timestamp() - interval '1 minute' AND owner <> $1
), me AS (
    INSERT INTO relays AS r (owner, expires_at) VALUES ($1, clock_timestamp() + $2)
        ON CONFLICT (owner) DO UPDATE SET expires_at = excluded.expires_at
    RETURNING r.owner, r.joined_at
)
SELECT owner
  FROM (SELECT owner, joined_at FROM me
        UNION ALL
        SELECT owner, joined_at FROM relays
         WHERE owner <> $1 AND expires_at > clock_timestamp()) alive
 ORDER BY joined_at, owner;
