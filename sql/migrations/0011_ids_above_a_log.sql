-- What follows when an operator accepts a log (docs/ARCHITECTURE.md, "Takeover").

-- As in 0008, but the next ids have their partitions at once: whoever appends next, perhaps in this
-- very transaction, must find them.
CREATE OR REPLACE FUNCTION draw_ids_above(p_id bigint)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_lane smallint;
    v_ids  bigint;
BEGIN
    FOR v_lane IN SELECT l.lane FROM lanes l ORDER BY l.lane LOOP
        PERFORM lock_lane(v_lane);
    END LOOP;
    IF p_id < (SELECT last_value FROM outbox_id) THEN
        RETURN;
    END IF;
    PERFORM setval('outbox_id', p_id);
    -- All partitions of a database are of one size.
    SELECT (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''(\d+)''\)'))[1]::bigint - p.low
      INTO v_ids
      FROM id_partitions('outbox') p JOIN pg_class c ON c.oid = p.relation
     ORDER BY p.low DESC LIMIT 1;
    PERFORM ensure_partitions(v_ids, 1);
END
$$;

-- As in 0008, but what was accepted last is the newest also where the clock stepped back, and the
-- partitions told of must be those that the lane has once all locks are taken: the number of lanes
-- may have changed since they were looked at.
CREATE OR REPLACE FUNCTION accept_log(
    p_lane smallint, p_log_to bigint, p_epoch bigint, p_topics text[], p_partitions integer[],
    p_offsets bigint[], p_sequences bigint[], p_rows bigint, p_again bigint[], p_actor text,
    p_reason text)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_lane      smallint;
    v_published bigint;
    v_planned   bigint;
    v_rows      bigint;
BEGIN
    FOR v_lane IN SELECT l.lane FROM lanes l ORDER BY l.lane LOOP
        PERFORM lock_lane(v_lane);
    END LOOP;
    IF EXISTS (SELECT FROM unnest(p_topics, p_partitions) AS e (topic, partition), lane_layout l
                GROUP BY e.topic, l.lanes, l.partitions
               HAVING count(*) <> l.partitions / l.lanes
                   OR bool_or(e.partition % l.lanes <> p_lane)) THEN
        RAISE EXCEPTION 'the number of lanes has changed meanwhile. Hint: try again'
              USING ERRCODE = 'EX004';
    END IF;
    -- Before what was published is looked at: it waits for what an owner is committing.
    UPDATE lanes SET epoch = greatest(epoch, p_epoch) + 1, owner = '', expires_at = '-infinity'
     WHERE lane = p_lane;
    SELECT coalesce(max(to_id), 0) INTO v_published FROM published WHERE lane = p_lane;
    SELECT greatest(coalesce(max(to_id), 0), v_published) INTO v_planned
      FROM windows WHERE lane = p_lane;
    SELECT count(*) INTO v_rows FROM outbox
     WHERE lane = p_lane AND id > v_published AND id <= p_log_to;
    IF v_rows <> p_rows THEN
        RAISE EXCEPTION 'lane % has changed meanwhile. Hint: try again', p_lane
              USING ERRCODE = 'EX004';
    END IF;
    -- Only now: no failure gives drawn ids back, but their partitions.
    PERFORM draw_ids_above(p_log_to);
    INSERT INTO accepted_logs (lane, accepted_at, published_to, planned_to, log_to, topics,
                               partitions, offsets, sequences)
    VALUES (p_lane,
            greatest(clock_timestamp(), (SELECT max(accepted_at) + interval '1 microsecond'
                                           FROM accepted_logs a WHERE a.lane = p_lane)),
            v_published, v_planned, p_log_to, p_topics, p_partitions, p_offsets, p_sequences);
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
