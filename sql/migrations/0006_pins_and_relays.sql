-- What an operator accepts as new, and which relay processes share the lanes.

-- Replaces a pinned value by the one that was found. False, and nothing changed, when the pin is
-- not `p_was` any more: somebody else decided meanwhile. Audited.
CREATE FUNCTION accept_pin(p_name text, p_was text, p_value text, p_actor text, p_reason text)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    UPDATE pins SET value = p_value, pinned_at = clock_timestamp()
     WHERE name = p_name AND value = p_was;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO audit (actor, verb, reason, details)
    VALUES (p_actor, 'pins accept', p_reason,
            jsonb_build_object('name', p_name, 'was', p_was, 'value', p_value));
    RETURN true;
END
$$;

-- Relay processes that are alive, by the lease's clock: each counts on its share of the lanes.
CREATE TABLE relays (
    owner      text        PRIMARY KEY,
    joined_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Moves the sequence of ids to the start of the next partition, so that the one that is being
-- filled can be dropped once it is done: with intake paused nothing else would ever fill it. True
-- when it moved; an empty partition is left as it is.
CREATE FUNCTION close_partition(p_ids bigint)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_lane smallint;
    v_next bigint;
BEGIN
    FOR v_lane IN SELECT l.lane FROM lanes l ORDER BY l.lane LOOP
        IF NOT pg_try_advisory_xact_lock(1163412808, v_lane) THEN
            RETURN false;
        END IF;
    END LOOP;
    SELECT last_value INTO v_next FROM outbox_id;
    IF NOT EXISTS (SELECT FROM outbox WHERE id >= v_next / p_ids * p_ids) THEN
        RETURN false;
    END IF;
    PERFORM setval('outbox_id', (v_next / p_ids + 1) * p_ids, false);
    RETURN true;
END
$$;

REVOKE ALL ON FUNCTION accept_pin, close_partition FROM PUBLIC;

-- Beside grant_service: the rights of the service to what this file makes.
CREATE FUNCTION grant_lanes(p_role text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON relays TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION accept_pin, close_partition TO %I', p_role);
END
$$;
REVOKE ALL ON FUNCTION grant_lanes FROM PUBLIC;

-- As in 0005: roles that were given the service's rights before get the new ones too.
SELECT grant_lanes(g.grantee)
  FROM information_schema.role_table_grants g
 WHERE g.table_schema = 'public' AND g.table_name = 'windows' AND g.privilege_type = 'INSERT'
   AND g.grantee <> current_user;
