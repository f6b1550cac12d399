-- The one way into the outbox (docs/ARCHITECTURE.md, "Lanes"): take the lane's lock, look keys up,
-- draw ids, insert, and nothing after it. Sent as a single statement in its own transaction, so the
-- lock is held until the commit is visible and a visible id means every lower id of its lane is
-- decided.
--
-- Arrays have one element a record; a key must not occur twice in one call. Outcomes: 0 new,
-- 1 repeated with the same body, 2 repeated with another body.
CREATE FUNCTION append_records(
    p_layout_version integer,
    p_lane           smallint,
    p_sources        text[],
    p_keys           text[],
    p_sha256s        bytea[],
    p_record_ids     uuid[],
    p_event_ids      uuid[],
    p_correlations   text[],
    p_kinds          text[],
    p_schema_hints   text[],
    p_apis           smallint[],
    p_traceparents   text[],
    p_bodies         bytea[])
RETURNS TABLE (ordinal bigint, outcome smallint, record_id uuid, correlation_id text,
               outbox_id bigint)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz;
BEGIN
    -- A commit that is acknowledged before it is durable could be published and then lost.
    IF current_setting('synchronous_commit') IN ('off', 'local') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    PERFORM pg_advisory_xact_lock(1163412808, p_lane);
    IF NOT EXISTS (SELECT FROM lane_layout l WHERE l.version = p_layout_version) THEN
        RAISE EXCEPTION 'the lane layout has changed' USING ERRCODE = 'EX001';
    END IF;
    v_now := clock_timestamp();
    RETURN QUERY
    WITH asked AS MATERIALIZED (
        SELECT a.*, k.record_id AS known_id, k.request_sha256 AS known_sha256,
               k.correlation_id AS known_correlation
          FROM unnest(p_sources, p_keys, p_sha256s, p_record_ids, p_event_ids, p_correlations,
                      p_kinds, p_schema_hints, p_apis, p_traceparents, p_bodies)
               WITH ORDINALITY
               AS a (source, key, sha256, record_id, event_id, correlation_id, kind, schema_hint,
                     api, traceparent, body, ordinal)
          -- Not a plain join: on fresh tables without statistics the planner would scan.
          LEFT JOIN LATERAL (SELECT i.record_id, i.request_sha256, i.correlation_id
                               FROM idempotency i
                              WHERE i.source = a.source AND i.key = a.key
                              LIMIT 1) k ON true
    ), fresh AS MATERIALIZED (
        SELECT asked.*, nextval('outbox_id') AS id
          FROM asked
         WHERE known_id IS NULL
    ), keys AS (
        INSERT INTO idempotency (source, key, request_sha256, record_id, correlation_id, created_at)
        SELECT source, key, sha256, record_id, correlation_id, v_now FROM fresh
    ), ledger AS (
        INSERT INTO records (record_id, lane, outbox_id, source, kind, schema_hint, api,
                             received_at, sha256, size, correlation_id)
        SELECT record_id, p_lane, id, source, kind, schema_hint, api, v_now, sha256, length(body),
               correlation_id
          FROM fresh
    ), events AS (
        INSERT INTO outbox (id, lane, topic, record_id, event_id, source, kind, schema_hint, api,
                            sha256, size, correlation_id, traceparent, created_at)
        SELECT id, p_lane, 'record.ingested.v' || api, record_id, event_id, source, kind,
               schema_hint, api, sha256, length(body), correlation_id, traceparent, v_now
          FROM fresh
    ), bytes AS (
        INSERT INTO staged (id, body) SELECT id, body FROM fresh
    )
    SELECT a.ordinal,
           CASE WHEN a.known_id IS NULL THEN 0
                WHEN a.known_sha256 = a.sha256 THEN 1
                ELSE 2 END::smallint,
           coalesce(a.known_id, a.record_id),
           coalesce(a.known_correlation, a.correlation_id),
           coalesce(f.id, 0)
      FROM asked a
      LEFT JOIN fresh f ON f.ordinal = a.ordinal;
END
$$;

-- One plan for good: planning for each group would cost more than the inserts.
ALTER FUNCTION append_records SET plan_cache_mode = force_generic_plan;
