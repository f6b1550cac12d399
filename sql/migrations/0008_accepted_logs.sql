-- Logs that do not fit this database and that an operator accepted: one that was made anew, or one
-- that is ahead, because the database was restored from a backup. Insert-only.
CREATE TABLE accepted_logs (
    lane         smallint    NOT NULL,
    accepted_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- How far the lane was published and planned here at that time.
    published_to bigint      NOT NULL,
    planned_to   bigint      NOT NULL,
    -- The highest id in the log, or in the raw store. Ids above planned_to up to here were drawn by
    -- a life of this database that it does not remember; they are not drawn again.
    log_to       bigint      NOT NULL,
    -- Where the lane's topic-partitions stood.
    topics       text[]      NOT NULL,
    partitions   integer[]   NOT NULL,
    offsets      bigint[]    NOT NULL,
    sequences    bigint[]    NOT NULL,
    PRIMARY KEY (lane, accepted_at)
);

-- No id up to p_id is drawn from here on. The lanes' locks are held, so that no id is under way.
CREATE FUNCTION draw_ids_above(p_id bigint)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_lane smallint;
BEGIN
    FOR v_lane IN SELECT l.lane FROM lanes l ORDER BY l.lane LOOP
        PERFORM lock_lane(v_lane);
    END LOOP;
    IF p_id >= (SELECT last_value FROM outbox_id) THEN
        PERFORM setval('outbox_id', p_id);
    END IF;
END
$$;

-- Lets a lane go on from where its log stands now, under an epoch above p_epoch, which is the
-- highest in the log. p_again: rows whose ids the log gave to other events; they are appended again
-- under new ids. p_rows: how many unpublished rows up to p_log_to the caller has looked at; EX004
-- asks it to look again. Audited.
CREATE FUNCTION accept_log(p_lane smallint, p_log_to bigint, p_epoch bigint, p_topics text[],
                           p_partitions integer[], p_offsets bigint[], p_sequences bigint[],
                           p_rows bigint, p_again bigint[], p_actor text, p_reason text)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_published bigint;
    v_planned   bigint;
    v_rows      bigint;
BEGIN
    PERFORM draw_ids_above(p_log_to);
    UPDATE lanes SET epoch = greatest(epoch, p_epoch) + 1, owner = '', expires_at = '-infinity'
     WHERE lane = p_lane;
    SELECT coalesce(max(to_id), 0) INTO v_published FROM published WHERE lane = p_lane;
    SELECT greatest(coalesce(max(to_id), 0), v_published) INTO v_planned
      FROM windows WHERE lane = p_lane;
    SELECT count(*) INTO v_rows FROM outbox
     WHERE lane = p_lane AND id > v_published AND id <= p_log_to;
    IF v_rows <> p_rows THEN
        RAISE EXCEPTION 'lane % has changed meanwhile', p_lane USING ERRCODE = 'EX004';
    END IF;
    INSERT INTO accepted_logs (lane, published_to, planned_to, log_to, topics, partitions, offsets,
                               sequences)
    VALUES (p_lane, v_published, v_planned, p_log_to, p_topics, p_partitions, p_offsets,
            p_sequences);
    INSERT INTO audit (actor, verb, reason, details)
    VALUES (p_actor, 'pins accept', p_reason,
            jsonb_build_object('name', 'kafka_log', 'lane', p_lane, 'published_to', v_published,
                               'planned_to', v_planned, 'log_to', p_log_to,
                               'appended_again', p_again));
    PERFORM append_again(p_lane, 'republished', p_again,
                         array_fill(NULL::bytea, ARRAY[cardinality(p_again)]));
    RETURN v_planned;
END
$$;

-- A reader of whole tables, as pg_dump is, keeps a partition from being dropped. Waiting for it
-- would hold up every append behind the wait; so it is not waited for, but tried again.
ALTER FUNCTION drop_staged SET lock_timeout = '100ms';
ALTER FUNCTION drop_done SET lock_timeout = '100ms';
ALTER FUNCTION drop_old_keys SET lock_timeout = '100ms';

REVOKE ALL ON FUNCTION draw_ids_above, accept_log FROM PUBLIC;

-- Beside grant_service and grant_lanes.
CREATE FUNCTION grant_logs(p_role text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    EXECUTE format('GRANT SELECT ON accepted_logs TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION draw_ids_above, accept_log TO %I', p_role);
END
$$;
REVOKE ALL ON FUNCTION grant_logs FROM PUBLIC;

-- As in 0005 and 0006: roles that were given the service's rights before get the new ones too.
SELECT grant_logs(g.grantee)
  FROM information_schema.role_table_grants g
 WHERE g.table_schema = 'public' AND g.table_name = 'windows' AND g.privilege_type = 'INSERT'
   AND g.grantee <> current_user;
