-- The number of lanes can be changed (docs/ARCHITECTURE.md, "Lanes").

-- Which layout a lane's owner must know to take it; a column of the row that is locked, so that a
-- process that waited for the change sees it.
ALTER TABLE lanes ADD COLUMN layout integer NOT NULL DEFAULT 1;

-- Every layout there was: rows above from_id were appended under it. Insert-only.
CREATE TABLE lane_layouts (
    version    integer     PRIMARY KEY,
    lanes      smallint    NOT NULL,
    from_id    bigint      NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO lane_layouts (version, lanes, from_id) SELECT version, lanes, 0 FROM lane_layout;

-- These tables are written with every group and every window. A CHECK is parsed anew by each
-- statement that inserts, which cost more than the insert; what they said is said by the functions
-- that write and by the types of those that call them.
ALTER TABLE idempotency DROP CONSTRAINT idempotency_request_sha256_check;
ALTER TABLE records DROP CONSTRAINT records_kind_check,
                    DROP CONSTRAINT records_api_check,
                    DROP CONSTRAINT records_sha256_check,
                    DROP CONSTRAINT records_size_check;
ALTER TABLE windows DROP CONSTRAINT windows_row_count_check, DROP CONSTRAINT windows_check;
ALTER TABLE bundles DROP CONSTRAINT bundles_sha256_check,
                    DROP CONSTRAINT bundles_size_check,
                    DROP CONSTRAINT bundles_ids_check,
                    DROP CONSTRAINT bundles_check;
ALTER TABLE published DROP CONSTRAINT published_row_count_check;

-- Rows of a lane that are neither published nor passed over.
CREATE FUNCTION has_pending(p_lane smallint)
RETURNS boolean
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM outbox o
                    WHERE o.lane = p_lane
                      AND o.id > coalesce((SELECT to_id FROM published p WHERE p.lane = p_lane
                                            ORDER BY to_id DESC LIMIT 1), 0))
$$;

-- Where a lane stands: what it published last, with the log that was accepted since.
CREATE FUNCTION stand_of(p_lane smallint)
RETURNS TABLE (to_id bigint, epoch bigint, topics text[], partitions integer[], offsets bigint[],
               sequences bigint[])
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT p.to_id, p.epoch, coalesce(a.topics, p.topics), coalesce(a.partitions, p.partitions),
           coalesce(a.offsets, p.offsets), coalesce(a.sequences, p.sequences)
      FROM (SELECT * FROM published WHERE lane = p_lane ORDER BY to_id DESC LIMIT 1) p
      LEFT JOIN LATERAL (SELECT * FROM (SELECT * FROM accepted_logs WHERE lane = p_lane
                                         ORDER BY accepted_at DESC LIMIT 1) newest
                          WHERE newest.published_to = p.to_id) a ON true
$$;

-- Spreads keys and partitions over p_lanes lanes from now on; false when they are so many already.
-- Appends wait meanwhile; it waits for what was appended to be published, up to p_patience. Owners
-- lose their lanes, and whoever knows only the layout before takes none. Each new lane begins where
-- its partitions stand, under an epoch above all before. Audited. EX006: the number does not divide
-- the partitions; EX007: events are in quarantine; EX008: events were not published in time.
CREATE FUNCTION change_lanes(p_lanes smallint, p_patience interval, p_actor text, p_reason text)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_layout lane_layout%ROWTYPE;
    v_lane   smallint;
    v_epoch  bigint;
    v_held   bigint;
    v_from   bigint := 0;
    v_until  timestamptz := clock_timestamp() + p_patience;
BEGIN
    FOR v_lane IN SELECT generate_series(0, greatest(p_lanes - 1, (SELECT max(lane) FROM lanes)))
    LOOP
        PERFORM lock_lane(v_lane);
    END LOOP;
    SELECT * INTO v_layout FROM lane_layout;
    IF v_layout.lanes = p_lanes THEN
        RETURN false;
    END IF;
    IF p_lanes < 1 OR v_layout.partitions % p_lanes <> 0 THEN
        RAISE EXCEPTION '% lanes do not divide the % partitions of a topic', p_lanes,
              v_layout.partitions USING ERRCODE = 'EX006';
    END IF;
    -- A released event is appended to the lane that it was in.
    SELECT count(*) INTO v_held FROM quarantine q
     WHERE NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id);
    IF v_held > 0 THEN
        RAISE EXCEPTION '% events are in quarantine', v_held USING ERRCODE = 'EX007';
    END IF;
    WHILE (SELECT bool_or(has_pending(l.lane)) FROM lanes l) LOOP
        IF clock_timestamp() > v_until THEN
            RAISE EXCEPTION 'events are not published yet' USING ERRCODE = 'EX008';
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
    -- Waits for what an owner is committing, and is in the way of all it begins after.
    UPDATE lanes SET owner = '', expires_at = '-infinity', layout = v_layout.version + 1;
    SELECT max(epoch) + 1 INTO v_epoch FROM lanes;
    UPDATE lanes SET epoch = v_epoch;
    IF (SELECT is_called FROM outbox_id) THEN
        v_from := nextval('outbox_id');
        INSERT INTO published (lane, to_id, epoch, row_count, topics, partitions, offsets,
                               sequences)
        SELECT new.lane, v_from, v_epoch, 0,
               coalesce(array_agg(e.topic) FILTER (WHERE e.topic IS NOT NULL), '{}'),
               coalesce(array_agg(e.partition) FILTER (WHERE e.topic IS NOT NULL), '{}'),
               coalesce(array_agg(e.last_offset) FILTER (WHERE e.topic IS NOT NULL), '{}'),
               coalesce(array_agg(e.sequence) FILTER (WHERE e.topic IS NOT NULL), '{}')
          FROM generate_series(0, p_lanes - 1) AS new (lane)
          LEFT JOIN (generate_series(0, v_layout.lanes - 1) AS old (lane)
                     CROSS JOIN LATERAL stand_of(old.lane::smallint) s
                     CROSS JOIN LATERAL unnest(s.topics, s.partitions, s.offsets, s.sequences)
                                        AS e (topic, partition, last_offset, sequence))
                 ON e.partition % v_layout.lanes = old.lane AND e.partition % p_lanes = new.lane
         GROUP BY new.lane;
    ELSE
        -- Nothing was ever appended: as if it had been so from the start.
        DELETE FROM lanes WHERE lane >= p_lanes;
    END IF;
    INSERT INTO lanes (lane, epoch, layout)
    SELECT l.lane, v_epoch, v_layout.version + 1 FROM generate_series(0, p_lanes - 1) AS l (lane)
        ON CONFLICT DO NOTHING;
    UPDATE lane_layout SET lanes = p_lanes, version = v_layout.version + 1;
    INSERT INTO lane_layouts (version, lanes, from_id)
    VALUES (v_layout.version + 1, p_lanes, v_from);
    INSERT INTO audit (actor, verb, reason, details)
    VALUES (p_actor, 'lanes set', p_reason,
            jsonb_build_object('was', v_layout.lanes, 'lanes', p_lanes, 'from_id', v_from));
    RETURN true;
END
$$;

-- Lanes that publish nothing, be it that they are out of use since a change, keep the partitions of
-- what they published last from being dropped. Each says anew where it stands, as soon as that is
-- p_ids ids ago. Returns how many did.
CREATE FUNCTION advance_idle_lanes(p_ids bigint)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_lane  smallint;
    v_moved integer := 0;
BEGIN
    FOR v_lane IN
        SELECT l.lane FROM lanes l
         CROSS JOIN LATERAL (SELECT to_id FROM published p WHERE p.lane = l.lane
                              ORDER BY to_id DESC LIMIT 1) last
         WHERE last.to_id + p_ids <= (SELECT last_value FROM outbox_id)
         ORDER BY l.lane
    LOOP
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(1163412808, v_lane);
        -- The lane's row, so that no window of it is recorded meanwhile.
        PERFORM FROM lanes l WHERE l.lane = v_lane FOR UPDATE;
        CONTINUE WHEN has_pending(v_lane);
        INSERT INTO published (lane, to_id, epoch, row_count, topics, partitions, offsets,
                               sequences)
        SELECT v_lane, nextval('outbox_id'), s.epoch, 0, s.topics, s.partitions, s.offsets,
               s.sequences
          FROM stand_of(v_lane) s;
        v_moved := v_moved + 1;
    END LOOP;
    RETURN v_moved;
END
$$;

-- As in 0005, but an event whose row is of a layout before is appended to the lane that its
-- partition belongs to by now, which is p_lane.
CREATE OR REPLACE FUNCTION republish(p_lane smallint, p_ids bigint[], p_bodies bytea[],
                                     p_actor text, p_reason text)
RETURNS TABLE (old_id bigint, new_id bigint)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_ids    bigint[];
    v_bodies bytea[];
BEGIN
    PERFORM lock_lane(p_lane);
    SELECT array_agg(a.id ORDER BY a.id), array_agg(a.body ORDER BY a.id)
      INTO v_ids, v_bodies
      FROM unnest(p_ids, p_bodies) AS a (id, body)
      JOIN outbox o ON o.id = a.id
     WHERE a.id <= (SELECT max(to_id) FROM published p WHERE p.lane = o.lane)
       AND p_lane < (SELECT lanes FROM lane_layout)
       AND NOT EXISTS (SELECT FROM quarantine q WHERE q.outbox_id = a.id)
       AND NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = a.id);
    IF v_ids IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO audit (actor, verb, reason, details)
    VALUES (p_actor, 'republish', p_reason,
            jsonb_build_object('lane', p_lane, 'outbox_ids', v_ids));
    RETURN QUERY SELECT * FROM append_again(p_lane, 'republished', v_ids, v_bodies);
END
$$;

REVOKE ALL ON FUNCTION has_pending, stand_of, change_lanes, advance_idle_lanes
  FROM PUBLIC;

-- Beside grant_service, grant_lanes, grant_logs and grant_moves.
CREATE FUNCTION grant_changes(p_role text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    EXECUTE format('GRANT SELECT ON lane_layouts TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION change_lanes, advance_idle_lanes TO %I', p_role);
END
$$;
REVOKE ALL ON FUNCTION grant_changes FROM PUBLIC;

-- As in 0005, 0006, 0008 and 0009: roles that were given the service's rights before get the new
-- ones too.
SELECT grant_changes(g.grantee)
  FROM information_schema.role_table_grants g
 WHERE g.table_schema = 'public' AND g.table_name = 'windows' AND g.privilege_type = 'INSERT'
   AND g.grantee <> current_user;
