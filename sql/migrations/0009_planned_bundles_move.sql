-- The bundles of a planned window are stored while its plan is committed. Whoever finishes the
-- window stores them again; where the raw store is another one by then, they belong there: each
-- bundle of p_first_ids in p_bucket under its key of p_keys. Answers whether that was done: not for
-- another owner than that of p_epoch, nor on another timeline, nor once the window is published.
CREATE FUNCTION move_planned_bundles(p_lane smallint, p_epoch bigint, p_window_to bigint,
                                     p_bucket text, p_first_ids bigint[], p_keys text[])
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_moved bigint;
BEGIN
    PERFORM FROM lanes
      WHERE lane = p_lane AND epoch = p_epoch
        AND NOT EXISTS (SELECT FROM pins
                         WHERE name = 'postgres_timeline'
                           AND lpad(to_hex(value::int), 8, '0')
                               <> lower(left(pg_walfile_name(pg_current_wal_lsn()), 8)))
        FOR SHARE;
    IF NOT FOUND
       OR EXISTS (SELECT FROM published WHERE lane = p_lane AND to_id >= p_window_to) THEN
        RETURN false;
    END IF;
    UPDATE bundles b
       SET bucket = p_bucket, key = n.key
      FROM unnest(p_first_ids, p_keys) AS n (first_id, key)
     WHERE b.lane = p_lane AND b.first_id = n.first_id AND b.window_to = p_window_to;
    GET DIAGNOSTICS v_moved = ROW_COUNT;
    IF v_moved <> cardinality(p_first_ids) THEN
        RAISE EXCEPTION 'window % of lane % has other bundles', p_window_to, p_lane;
    END IF;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION move_planned_bundles FROM PUBLIC;

-- Beside grant_service, grant_lanes and grant_logs.
CREATE FUNCTION grant_moves(p_role text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    EXECUTE format('GRANT EXECUTE ON FUNCTION move_planned_bundles TO %I', p_role);
END
$$;
REVOKE ALL ON FUNCTION grant_moves FROM PUBLIC;

-- As in 0005, 0006 and 0008: roles that were given the service's rights before get the new one too.
SELECT grant_moves(g.grantee)
  FROM information_schema.role_table_grants g
 WHERE g.table_schema = 'public' AND g.table_name = 'windows' AND g.privilege_type = 'INSERT'
   AND g.grantee <> current_user;
