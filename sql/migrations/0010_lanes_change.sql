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

-- Up to here nothing of a lane waits to be published: its last `published` row says so, or the last
-- change of the layout, which waits for all lanes.
CREATE FUNCTION settled_up_to(p_lane smallint)
RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT greatest((SELECT to_id FROM published p WHERE p.lane = p_lane
                      ORDER BY to_id DESC LIMIT 1),
                    (SELECT max(from_id) FROM lane_layouts))
$$;

-- Whether a lane holds rows that are neither published nor passed over.
CREATE FUNCTION has_pending(p_lane smallint)
RETURNS boolean
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, public, pg_temp
AS $$
    -- Asked once: a volatile function would be asked for each row, and no index used.
    SELECT EXISTS (SELECT FROM outbox o
                    WHERE o.lane = p_lane AND o.id > (SELECT settled_up_to(p_lane)))
$$;

-- Where a lane stands: what it published last, or the log that was accepted since. The highest id
-- that its log may hold.
CREATE FUNCTION stand_of(p_lane smallint)
RETURNS TABLE (up_to_id bigint, topics text[], partitions integer[], offsets bigint[],
               sequences bigint[])
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT greatest(p.to_id, (SELECT max(log_to) FROM accepted_logs WHERE lane = p_lane), 0),
           coalesce(a.topics, p.topics, '{}'), coalesce(a.partitions, p.partitions, '{}'),
           coalesce(a.offsets, p.offsets, '{}'), coalesce(a.sequences, p.sequences, '{}')
      FROM (SELECT) one
      LEFT JOIN LATERAL (SELECT * FROM published WHERE lane = p_lane
                          ORDER BY to_id DESC LIMIT 1) p ON true
      LEFT JOIN LATERAL (SELECT * FROM (SELECT * FROM accepted_logs WHERE lane = p_lane
                                         ORDER BY accepted_at DESC LIMIT 1) newest
                          WHERE newest.published_to = coalesce(p.to_id, 0)) a ON true
$$;

-- Spreads keys and partitions over p_lanes lanes from now on; false when they are so many already.
-- Appends wait meanwhile; it waits for what was appended to be published, up to p_patience. Owners
-- lose their lanes, and whoever knows only the layout before takes none. Each lane then accepts its
-- log as it stands (accepted_logs), under an epoch above all before. Audited. EX006: the number
-- does not divide the partitions; EX007: events are in quarantine; EX008: events were not published
-- in time.
CREATE FUNCTION change_lanes(p_lanes smallint, p_patience interval, p_actor text, p_reason text)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_layout  lane_layout%ROWTYPE;
    v_lane    smallint;
    v_pending boolean;
    v_held    bigint;
    v_from    bigint;
    v_until   timestamptz := clock_timestamp() + p_patience;
BEGIN
    -- Lane 0 is always in use: with its lock in hand the others stay what they are.
    PERFORM lock_lane(0::smallint);
    SELECT * INTO v_layout FROM lane_layout;
    FOR v_lane IN SELECT generate_series(1, greatest(p_lanes, v_layout.lanes) - 1) LOOP
        PERFORM lock_lane(v_lane);
    END LOOP;
    IF v_layout.lanes = p_lanes THEN
        RETURN false;
    END IF;
    IF p_lanes < 1 OR v_layout.partitions % p_lanes <> 0 THEN
        RAISE EXCEPTION '% lanes do not divide the % partitions of a topic', p_lanes,
              v_layout.partitions USING ERRCODE = 'EX006';
    END IF;
    LOOP
        SELECT bool_or(has_pending(lane::smallint)) INTO v_pending
          FROM generate_series(0, v_layout.lanes - 1) AS lane;
        -- Looked at after it: what is not pending any more may be in quarantine now. A released
        -- event is appended to the lane that it was in, so none may be left there.
        SELECT count(*) INTO v_held FROM quarantine q
         WHERE NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id);
        IF v_held > 0 THEN
            RAISE EXCEPTION '% events are in quarantine', v_held USING ERRCODE = 'EX007';
        END IF;
        EXIT WHEN NOT v_pending;
        IF clock_timestamp() > v_until THEN
            RAISE EXCEPTION 'events are not published yet' USING ERRCODE = 'EX008';
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
    -- Waits for what an owner is committing, and is in the way of all it begins after. Only with
    -- the rows in hand does nobody raise an epoch any more.
    UPDATE lanes SET owner = '', expires_at = '-infinity', layout = v_layout.version + 1;
    UPDATE lanes SET epoch = (SELECT max(epoch) + 1 FROM lanes);
    SELECT max(s.up_to_id) INTO v_from
      FROM generate_series(0, v_layout.lanes - 1) AS lane
     CROSS JOIN LATERAL stand_of(lane::smallint) s;
    IF v_from > 0 THEN
        INSERT INTO accepted_logs (lane, accepted_at, published_to, planned_to, log_to, topics,
                                   partitions, offsets, sequences)
        SELECT new.lane,
               -- The newest counts, also where the clock stepped back.
               greatest(clock_timestamp(), (SELECT max(accepted_at) + interval '1 microsecond'
                                              FROM accepted_logs a WHERE a.lane = new.lane)),
               coalesce((SELECT max(to_id) FROM published p WHERE p.lane = new.lane), 0),
               v_from, v_from,
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
        -- Nothing was ever published: as if it had been so from the start.
        DELETE FROM lanes WHERE lane >= p_lanes;
    END IF;
    INSERT INTO lanes (lane, epoch, layout)
    SELECT new.lane, (SELECT max(epoch) FROM lanes), v_layout.version + 1
      FROM generate_series(0, p_lanes - 1) AS new (lane)
        ON CONFLICT DO NOTHING;
    -- Counting begins here: there is nothing before.
    INSERT INTO tallies (lane, kind, up_to_id, rows)
    SELECT new.lane, k.kind, v_from, 0
      FROM generate_series(v_layout.lanes, p_lanes - 1) AS new (lane)
     CROSS JOIN (VALUES ('appended'), ('published')) k (kind)
     WHERE v_from > 0 AND NOT EXISTS (SELECT FROM tallies t WHERE t.lane = new.lane)
       AND NOT EXISTS (SELECT FROM published p WHERE p.lane = new.lane);
    UPDATE lane_layout SET lanes = p_lanes, version = v_layout.version + 1;
    INSERT INTO lane_layouts (version, lanes, from_id)
    VALUES (v_layout.version + 1, p_lanes, v_from);
    INSERT INTO audit (actor, verb, reason, details)
    VALUES (p_actor, 'lanes set', p_reason,
            jsonb_build_object('was', v_layout.lanes, 'lanes', p_lanes, 'from_id', v_from));
    RETURN true;
END
$$;

-- As in 0004, but lanes that are out of use hold nothing up, and nothing below the last change of
-- the layout is looked at.
CREATE OR REPLACE FUNCTION done_partitions(p_ids bigint)
RETURNS TABLE (low bigint)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_lane smallint;
    v_next bigint;
    v_part record;
BEGIN
    FOR v_lane IN SELECT l.lane FROM lanes l ORDER BY l.lane LOOP
        IF NOT pg_try_advisory_xact_lock(1163412808, v_lane) THEN
            RETURN;
        END IF;
    END LOOP;
    SELECT last_value INTO v_next FROM outbox_id;
    FOR v_part IN SELECT p.low FROM id_partitions('outbox') p LOOP
        EXIT WHEN v_part.low + p_ids > v_next;
        EXIT WHEN EXISTS (
            SELECT FROM lanes l CROSS JOIN lane_layout n
             CROSS JOIN LATERAL settled_up_to(l.lane) AS settled
             WHERE l.lane < n.lanes
               AND EXISTS (SELECT FROM outbox o
                            WHERE o.lane = l.lane
                              AND o.id >= greatest(v_part.low, settled + 1)
                              AND o.id < v_part.low + p_ids));
        low := v_part.low;
        RETURN NEXT;
    END LOOP;
END
$$;

-- As in 0005, but a lane that is out of use keeps no partition for its last `published` row.
CREATE OR REPLACE FUNCTION drop_done(p_ids bigint, p_keep interval)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET lock_timeout = '100ms'
AS $$
DECLARE
    v_low      bigint;
    v_last     bigint;
    v_table    text;
    v_relation regclass;
    v_dropped  integer := 0;
BEGIN
    FOR v_low IN SELECT d.low FROM done_partitions(p_ids) d LOOP
        v_last := v_low + p_ids - 1;
        EXIT WHEN EXISTS (SELECT FROM id_partitions('staged') s WHERE s.low = v_low);
        EXIT WHEN EXISTS (
            SELECT FROM lanes l CROSS JOIN lane_layout n
             CROSS JOIN LATERAL (SELECT to_id, published_at FROM published p WHERE p.lane = l.lane
                                  AND p.to_id <= v_last ORDER BY to_id DESC LIMIT 1) last
             WHERE last.published_at > clock_timestamp() - p_keep
                OR (l.lane < n.lanes AND last.to_id >= v_low
                    AND NOT EXISTS (SELECT FROM published p
                                     WHERE p.lane = l.lane AND p.to_id > v_last)));
        INSERT INTO tallies (lane, kind, up_to_id, rows)
        SELECT l.lane, k.kind, v_last, counted_up_to(l.lane, k.kind, v_last)
          FROM lanes l CROSS JOIN (VALUES ('appended'), ('published')) k (kind)
            ON CONFLICT DO NOTHING;
        INSERT INTO set_aside
        SELECT o.* FROM quarantine q JOIN outbox o ON o.id = q.outbox_id
         WHERE o.id BETWEEN v_low AND v_last
           AND NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id)
            ON CONFLICT DO NOTHING;
        FOREACH v_table IN ARRAY ARRAY['outbox', 'windows', 'published'] LOOP
            SELECT relation INTO v_relation FROM id_partitions(v_table) WHERE low = v_low;
            IF v_relation IS NOT NULL THEN
                EXECUTE format('DROP TABLE %s', v_relation);
                v_dropped := v_dropped + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN v_dropped;
END
$$;

-- As in 0005, but an event whose row is of a layout before is appended to the lane that its
-- partition belongs to by now, which is p_lane as long as the layout is that of the caller.
DROP FUNCTION republish(smallint, bigint[], bytea[], text, text);
CREATE FUNCTION republish(p_layout_version integer, p_lane smallint, p_ids bigint[],
                          p_bodies bytea[], p_actor text, p_reason text)
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
    IF NOT EXISTS (SELECT FROM lane_layout l WHERE l.version = p_layout_version) THEN
        RAISE EXCEPTION 'the lane layout has changed' USING ERRCODE = 'EX001';
    END IF;
    SELECT array_agg(a.id ORDER BY a.id), array_agg(a.body ORDER BY a.id)
      INTO v_ids, v_bodies
      FROM unnest(p_ids, p_bodies) AS a (id, body)
      JOIN outbox o ON o.id = a.id
     WHERE a.id <= (SELECT max(to_id) FROM published p WHERE p.lane = o.lane)
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

REVOKE ALL ON FUNCTION settled_up_to, has_pending, stand_of, change_lanes, republish FROM PUBLIC;

-- Beside grant_service, grant_lanes, grant_logs and grant_moves.
CREATE FUNCTION grant_changes(p_role text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    EXECUTE format('GRANT SELECT ON lane_layouts TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION change_lanes, republish TO %I', p_role);
END
$$;
REVOKE ALL ON FUNCTION grant_changes FROM PUBLIC;

-- As in 0005, 0006, 0008 and 0009: roles that were given the service's rights before get the new
-- ones too.
SELECT grant_changes(g.grantee)
  FROM information_schema.role_table_grants g
 WHERE g.table_schema = 'public' AND g.table_name = 'windows' AND g.privilege_type = 'INSERT'
   AND g.grantee <> current_user;
