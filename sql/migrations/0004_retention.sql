-- What is done is dropped by partition, never row by row.

-- Lowest ids of the partitions of p_table (id-partitioned), rising.
CREATE FUNCTION id_partitions(p_table text)
RETURNS TABLE (low bigint, relation regclass)
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT substring(c.relname FROM '_([0-9]{19})$')::bigint, c.oid::regclass
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = ('public.' || quote_ident(p_table))::regclass
     ORDER BY 1
$$;

-- Partitions of `outbox` below which nothing can change any more: every id is decided (all lane
-- locks are held for a moment, and the sequence is beyond it) and every row is published or
-- quarantined. Answers nothing when a lane is busy: the caller asks again later.
CREATE FUNCTION done_partitions(p_ids bigint)
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
            SELECT FROM lanes l
              LEFT JOIN LATERAL (SELECT to_id FROM published WHERE published.lane = l.lane
                                  ORDER BY to_id DESC LIMIT 1) p ON true
             WHERE EXISTS (SELECT FROM outbox o
                            WHERE o.lane = l.lane
                              AND o.id >= greatest(v_part.low, coalesce(p.to_id, 0) + 1)
                              AND o.id < v_part.low + p_ids));
        low := v_part.low;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Drops the staged bytes of one done partition; the caller has verified its bundles in the raw
-- store.
CREATE FUNCTION drop_staged(p_low bigint, p_ids bigint)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_relation regclass;
BEGIN
    PERFORM FROM done_partitions(p_ids) d WHERE d.low = p_low;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT relation INTO v_relation FROM id_partitions('staged') WHERE low = p_low;
    IF v_relation IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %s', v_relation);
    RETURN true;
END
$$;

-- Drops outbox, window and published partitions that are done, whose staged bytes are gone, whose
-- youngest publication is older than p_keep, and that hold no lane's last `published` row.
CREATE FUNCTION drop_done(p_ids bigint, p_keep interval)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_low      bigint;
    v_table    text;
    v_relation regclass;
    v_dropped  integer := 0;
BEGIN
    FOR v_low IN SELECT d.low FROM done_partitions(p_ids) d LOOP
        EXIT WHEN EXISTS (SELECT FROM id_partitions('staged') s WHERE s.low = v_low);
        EXIT WHEN EXISTS (
            SELECT FROM lanes l
             CROSS JOIN LATERAL (SELECT to_id, published_at FROM published p WHERE p.lane = l.lane
                                  AND p.to_id < v_low + p_ids ORDER BY to_id DESC LIMIT 1) last
             WHERE last.published_at > clock_timestamp() - p_keep
                OR (last.to_id >= v_low
                    AND NOT EXISTS (SELECT FROM published p
                                     WHERE p.lane = l.lane AND p.to_id >= v_low + p_ids)));
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

-- Drops weeks of idempotency keys that ended longer than p_keep ago: a key is remembered for at
-- least p_keep and at most a week more.
CREATE FUNCTION drop_old_keys(p_keep interval)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_part    record;
    v_dropped integer := 0;
BEGIN
    FOR v_part IN
        SELECT c.oid::regclass AS relation,
               (substring(c.relname FROM '_([0-9]{8})$')::timestamp AT TIME ZONE 'UTC')
               + interval '7 days' AS ends_at
          FROM pg_inherits i
          JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'public.idempotency'::regclass
    LOOP
        IF v_part.ends_at < clock_timestamp() - p_keep THEN
            EXECUTE format('DROP TABLE %s', v_part.relation);
            v_dropped := v_dropped + 1;
        END IF;
    END LOOP;
    RETURN v_dropped;
END
$$;

REVOKE ALL ON FUNCTION id_partitions, done_partitions, drop_staged, drop_done, drop_old_keys
  FROM PUBLIC;

-- The service's rights: everything it does to the outbox goes through functions. p_role may be the
-- owner itself, then this changes nothing.
CREATE FUNCTION grant_service(p_role text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', p_role);
    EXECUTE format('GRANT SELECT ON SEQUENCE outbox_id TO %I', p_role);
    EXECUTE format('GRANT INSERT ON windows, bundles, published, quarantine, pins TO %I', p_role);
    EXECUTE format('GRANT UPDATE ON lanes TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION append_records, ensure_partitions, id_partitions, '
                   'done_partitions, drop_staged, drop_done, drop_old_keys TO %I', p_role);
END
$$;
REVOKE ALL ON FUNCTION grant_service FROM PUBLIC;
