-- Where every accepted event is, what operators decided about events that were passed over, and
-- what reconcile and the sweeper found. All tables but `orphans` are insert-only.

-- Decisions about outbox rows. A row that was released or republished counts as nothing any more:
-- its event is the row that took its place (same event id, new outbox id).
CREATE TABLE resolutions (
    outbox_id     bigint      PRIMARY KEY,
    lane          smallint    NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('released', 'discarded', 'republished')),
    record_id     uuid        NOT NULL,
    new_outbox_id bigint      UNIQUE,
    -- Of the event appended again: the row it had first, which says where it belongs among the
    -- events of its record, and when it occurred.
    origin_id     bigint,
    occurred_at   timestamptz,
    resolved_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((kind = 'discarded') = (new_outbox_id IS NULL)),
    CHECK ((kind = 'discarded') = (origin_id IS NULL)),
    CHECK ((kind = 'discarded') = (occurred_at IS NULL))
);
CREATE INDEX resolutions_record ON resolutions (record_id);

-- Outbox rows in quarantine whose partition was dropped: they can still be released.
CREATE TABLE set_aside (LIKE outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (id));

-- Rows of a lane up to an id, so that nobody counts from the beginning, and what retention drops
-- stays counted. `appended`: rows of the outbox; `published`: rows of published windows.
CREATE TABLE tallies (
    lane     smallint NOT NULL,
    kind     text     NOT NULL CHECK (kind IN ('appended', 'published')),
    up_to_id bigint   NOT NULL,
    rows     bigint   NOT NULL,
    PRIMARY KEY (lane, kind, up_to_id)
);

-- Who changed what by hand, and why. Holds no identity.
CREATE TABLE audit (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    db_user text        NOT NULL DEFAULT session_user,
    actor   text        NOT NULL CHECK (length(actor) BETWEEN 1 AND 200),
    verb    text        NOT NULL,
    reason  text        NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    details jsonb       NOT NULL
);

-- Objects of the raw store that no plan can name any more, since when. They are removed once this
-- mark has aged.
CREATE TABLE orphans (
    key       text        PRIMARY KEY,
    size      bigint      NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What cannot be undone in a log, and is known: not a difference any more.
CREATE TABLE known_findings (
    kind     text        NOT NULL,
    subject  text        NOT NULL,
    known_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, subject)
);

-- Ids rise with the blocks of the table, so a few bytes a megabyte find a range of them.
CREATE INDEX records_outbox_id ON records USING brin (outbox_id) WITH (autosummarize = on);

-- The first row of the event that stands in row p_id. Events of a record go out in this order.
CREATE FUNCTION origin_of(p_id bigint)
RETURNS bigint
LANGUAGE sql STABLE
AS $$
    SELECT coalesce((SELECT r.origin_id FROM public.resolutions r WHERE r.new_outbox_id = p_id),
                    p_id)
$$;

CREATE FUNCTION counted_up_to(p_lane smallint, p_kind text, p_id bigint)
RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT coalesce(t.rows, 0) +
           CASE p_kind
           WHEN 'appended' THEN
               (SELECT count(*) FROM outbox o
                 WHERE o.lane = p_lane AND o.id > coalesce(t.up_to_id, -1) AND o.id <= p_id)
           ELSE
               (SELECT coalesce(sum(p.row_count), 0) FROM published p
                 WHERE p.lane = p_lane AND p.to_id > coalesce(t.up_to_id, -1) AND p.to_id <= p_id)
           END::bigint
      FROM (SELECT) one
      LEFT JOIN LATERAL (SELECT rows, up_to_id FROM tallies
                          WHERE lane = p_lane AND kind = p_kind AND up_to_id <= p_id
                          ORDER BY up_to_id DESC LIMIT 1) t ON true
$$;

-- Where rows were dropped before anyone counted: the ledger knows how many there were, and dropping
-- asked that each was published or quarantined.
INSERT INTO tallies (lane, kind, up_to_id, rows)
SELECT b.lane, k.kind, b.up_to_id,
       b.accepted - CASE k.kind WHEN 'published' THEN b.quarantined ELSE 0 END
  FROM (SELECT l.lane, p.to_id AS up_to_id,
               (SELECT count(*) FROM records r
                 WHERE r.lane = l.lane AND r.outbox_id <= p.to_id) AS accepted,
               (SELECT count(*) FROM quarantine q
                 WHERE q.lane = l.lane AND q.outbox_id <= p.to_id) AS quarantined
          FROM lanes l
         CROSS JOIN LATERAL (SELECT to_id FROM published
                              WHERE published.lane = l.lane
                                AND to_id >= (SELECT min(low) FROM id_partitions('outbox'))
                              ORDER BY to_id LIMIT 1) p
         WHERE (SELECT min(low) FROM id_partitions('outbox')) > 0) b
 CROSS JOIN (VALUES ('appended'), ('published')) k (kind);

-- Counts on in steps of p_step ids, so that a look never counts more than that. Returns how many
-- tallies it made. Any number of processes may run it.
CREATE FUNCTION advance_tallies(p_step bigint)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_lane    smallint;
    v_kind    text;
    v_at      bigint;
    v_decided bigint;
    v_made    integer := 0;
    v_round   integer;
BEGIN
    FOR v_lane, v_kind IN
        SELECT l.lane, k.kind FROM lanes l CROSS JOIN (VALUES ('appended'), ('published')) k (kind)
         ORDER BY l.lane, k.kind
    LOOP
        v_decided := 0;
        IF v_kind = 'published' THEN
            SELECT to_id INTO v_decided FROM published p
             WHERE p.lane = v_lane ORDER BY to_id DESC LIMIT 1;
        ELSE
            -- With the lane's lock in hand every id that was drawn is decided. Rolling back lets go
            -- of it at once, so that no append waits while we count.
            BEGIN
                IF pg_try_advisory_xact_lock(1163412808, v_lane) THEN
                    SELECT last_value INTO v_decided FROM outbox_id;
                END IF;
                RAISE EXCEPTION USING ERRCODE = 'EX000';
            EXCEPTION WHEN SQLSTATE 'EX000' THEN
                NULL;
            END;
        END IF;
        SELECT coalesce(max(up_to_id), 0) INTO v_at FROM tallies t
         WHERE t.lane = v_lane AND t.kind = v_kind;
        FOR v_round IN 1 .. 50 LOOP
            v_at := v_at + p_step;
            -- A busy lane: a visible id decides every lower one.
            EXIT WHEN v_at > coalesce(v_decided, 0)
                  AND (v_kind = 'published' OR NOT EXISTS (
                          SELECT FROM (SELECT lane FROM outbox WHERE id > v_at
                                        ORDER BY id LIMIT 1000) next
                           WHERE next.lane = v_lane));
            INSERT INTO tallies (lane, kind, up_to_id, rows)
            VALUES (v_lane, v_kind, v_at, counted_up_to(v_lane, v_kind, v_at))
                ON CONFLICT DO NOTHING;
            v_made := v_made + 1;
        END LOOP;
    END LOOP;
    RETURN v_made;
END
$$;

-- Drops outbox, window and published partitions that are done, whose staged bytes are gone, whose
-- youngest publication is older than p_keep, and that hold no lane's last `published` row. What it
-- drops is counted, and what is still in quarantine set aside.
CREATE OR REPLACE FUNCTION drop_done(p_ids bigint, p_keep interval)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
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
            SELECT FROM lanes l
             CROSS JOIN LATERAL (SELECT to_id, published_at FROM published p WHERE p.lane = l.lane
                                  AND p.to_id <= v_last ORDER BY to_id DESC LIMIT 1) last
             WHERE last.published_at > clock_timestamp() - p_keep
                OR (last.to_id >= v_low
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

-- Appends events again, in the order given, under the lane's lock that the caller holds: same event
-- id, new outbox id. A body that is NULL is taken from `staged`.
CREATE FUNCTION append_again(p_lane smallint, p_kind text, p_ids bigint[], p_bodies bytea[])
RETURNS TABLE (old_id bigint, new_id bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    v_bad bigint;
BEGIN
    SELECT a.id INTO v_bad
      FROM unnest(p_ids, p_bodies) AS a (id, body)
      LEFT JOIN LATERAL (SELECT sha256 FROM outbox WHERE id = a.id
                         UNION ALL SELECT sha256 FROM set_aside WHERE id = a.id LIMIT 1) o ON true
      LEFT JOIN LATERAL (SELECT body FROM staged WHERE id = a.id LIMIT 1) s ON true
     WHERE o.sha256 IS DISTINCT FROM sha256(coalesce(a.body, s.body))
     LIMIT 1;
    IF v_bad IS NOT NULL THEN
        RAISE EXCEPTION 'the raw bytes of outbox row % are not at hand', v_bad
              USING ERRCODE = 'EX005';
    END IF;
    RETURN QUERY
    WITH asked AS MATERIALIZED (
        SELECT a.ordinal, coalesce(a.body, s.body) AS body, o.*
          FROM unnest(p_ids, p_bodies) WITH ORDINALITY AS a (id, body, ordinal)
         CROSS JOIN LATERAL (SELECT * FROM outbox WHERE outbox.id = a.id
                             UNION ALL SELECT * FROM set_aside WHERE set_aside.id = a.id LIMIT 1) o
          LEFT JOIN LATERAL (SELECT body FROM staged WHERE staged.id = a.id LIMIT 1) s ON true
    ), fresh AS MATERIALIZED (
        SELECT asked_in_order.*, nextval('outbox_id') AS next_id
          FROM (SELECT * FROM asked ORDER BY ordinal) asked_in_order
    ), decided AS (
        INSERT INTO resolutions (outbox_id, lane, kind, record_id, new_outbox_id, origin_id,
                                 occurred_at)
        SELECT f.id, p_lane, p_kind, f.record_id, f.next_id, origin_of(f.id),
               coalesce((SELECT r.occurred_at FROM resolutions r WHERE r.new_outbox_id = f.id),
                        f.created_at)
          FROM fresh f
    ), events AS (
        INSERT INTO outbox (id, lane, topic, record_id, event_id, source, kind, schema_hint, api,
                            sha256, size, correlation_id, traceparent, created_at)
        SELECT next_id, p_lane, topic, record_id, event_id, source, kind, schema_hint, api,
               sha256, size, correlation_id, traceparent, v_now
          FROM fresh
    ), bytes AS (
        INSERT INTO staged (id, body) SELECT next_id, body FROM fresh
    )
    SELECT f.id, f.next_id FROM fresh f ORDER BY f.ordinal;
END
$$;

-- Takes a lane for an append (see append_records).
CREATE FUNCTION lock_lane(p_lane smallint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF current_setting('synchronous_commit') IN ('off', 'local') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    PERFORM pg_advisory_xact_lock(1163412808, p_lane);
END
$$;

-- Rows that go with p_id when it is released or discarded: later rows of its record that wait only
-- because of it, in order.
CREATE FUNCTION rows_held_by(p_id bigint)
RETURNS TABLE (outbox_id bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
    WITH later AS (
        SELECT q.outbox_id, q.code, origin_of(q.outbox_id) AS origin_id
          FROM quarantine q
         WHERE q.record_id = (SELECT record_id FROM quarantine WHERE outbox_id = p_id)
           AND origin_of(q.outbox_id) > origin_of(p_id)
           AND NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id)
    )
    SELECT l.outbox_id
      FROM later l
     WHERE l.code = 'key_held'
       AND NOT EXISTS (SELECT FROM later other
                        WHERE other.code <> 'key_held' AND other.origin_id < l.origin_id)
     ORDER BY l.origin_id
$$;

-- Decides about a row in quarantine. `released`: p_ids is the row and those it holds, which are
-- appended again; `discarded`: the row is given up and p_ids is those it holds, appended again, or
-- with p_all given up too (then p_ids is empty). p_ids must be what rows_held_by says now; EX004
-- asks the caller to look again. EX002: not in quarantine; EX003: another row comes first.
CREATE FUNCTION resolve_quarantined(p_kind text, p_id bigint, p_all boolean, p_ids bigint[],
                                    p_bodies bytea[], p_actor text, p_reason text)
RETURNS TABLE (old_id bigint, new_id bigint)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_row      quarantine%ROWTYPE;
    v_held     bigint[];
    v_expected bigint[];
    v_given_up bigint[] := '{}';
    v_first    bigint;
BEGIN
    SELECT * INTO v_row FROM quarantine q WHERE q.outbox_id = p_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'outbox row % is not in quarantine', p_id USING ERRCODE = 'EX002';
    END IF;
    PERFORM lock_lane(v_row.lane);
    IF EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = p_id) THEN
        RAISE EXCEPTION 'outbox row % is not in quarantine any more', p_id USING ERRCODE = 'EX002';
    END IF;
    SELECT q.outbox_id INTO v_first FROM quarantine q
     WHERE q.record_id = v_row.record_id
       AND NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id)
     ORDER BY origin_of(q.outbox_id) LIMIT 1;
    IF v_first <> p_id THEN
        RAISE EXCEPTION 'outbox row % of the same record comes first', v_first
              USING ERRCODE = 'EX003';
    END IF;
    v_held := ARRAY(SELECT h.outbox_id FROM rows_held_by(p_id) h);
    IF p_kind = 'released' THEN
        v_expected := p_id || v_held;
    ELSIF p_all THEN
        v_expected := '{}';
        v_given_up := p_id || ARRAY(
            SELECT q.outbox_id FROM quarantine q
             WHERE q.record_id = v_row.record_id AND q.outbox_id <> p_id
               AND NOT EXISTS (SELECT FROM resolutions r WHERE r.outbox_id = q.outbox_id)
             ORDER BY origin_of(q.outbox_id));
    ELSE
        v_expected := v_held;
        v_given_up := ARRAY[p_id];
    END IF;
    IF p_ids <> v_expected THEN
        RAISE EXCEPTION 'other rows are held by outbox row % now', p_id USING ERRCODE = 'EX004';
    END IF;
    INSERT INTO resolutions (outbox_id, lane, kind, record_id)
    SELECT id, v_row.lane, 'discarded', v_row.record_id FROM unnest(v_given_up) id;
    INSERT INTO audit (actor, verb, reason, details)
    VALUES (p_actor, CASE p_kind WHEN 'released' THEN 'outbox release' ELSE 'outbox discard' END,
            p_reason,
            jsonb_build_object('outbox_id', p_id, 'record_id', v_row.record_id,
                               'code', v_row.code, 'appended_again', p_ids,
                               'given_up', v_given_up));
    RETURN QUERY SELECT * FROM append_again(v_row.lane, 'released', p_ids, p_bodies);
END
$$;

-- Appends events again that are recorded as published and are not in the log. Rows that are not
-- (any more) are left out, so it can be repeated.
CREATE FUNCTION republish(p_lane smallint, p_ids bigint[], p_bodies bytea[], p_actor text,
                          p_reason text)
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
     WHERE EXISTS (SELECT FROM outbox o WHERE o.id = a.id AND o.lane = p_lane)
       AND a.id <= (SELECT max(to_id) FROM published p WHERE p.lane = p_lane)
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

CREATE FUNCTION mark_orphans(p_keys text[], p_sizes bigint[])
RETURNS integer
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
    WITH marked AS (
        INSERT INTO orphans (key, size) SELECT * FROM unnest(p_keys, p_sizes)
            ON CONFLICT (key) DO NOTHING RETURNING key
    )
    SELECT count(*)::integer FROM marked
$$;

-- The marks of objects that are gone now; p_swept of them because the sweeper removed them.
CREATE FUNCTION forget_orphans(p_keys text[], p_swept integer, p_actor text, p_reason text)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_gone integer;
BEGIN
    DELETE FROM orphans WHERE key = ANY (p_keys);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF p_swept > 0 THEN
        INSERT INTO audit (actor, verb, reason, details)
        VALUES (p_actor, 'sweep', p_reason,
                jsonb_build_object('objects', p_swept, 'examples', to_jsonb(p_keys[1:20])));
    END IF;
    RETURN v_gone;
END
$$;

CREATE FUNCTION mark_known(p_kinds text[], p_subjects text[], p_actor text, p_reason text)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_marked integer;
BEGIN
    INSERT INTO known_findings (kind, subject) SELECT * FROM unnest(p_kinds, p_subjects)
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_marked = ROW_COUNT;
    IF v_marked > 0 THEN
        INSERT INTO audit (actor, verb, reason, details)
        VALUES (p_actor, 'mark known', p_reason,
                jsonb_build_object('findings', v_marked, 'examples', to_jsonb(p_subjects[1:20])));
    END IF;
    RETURN v_marked;
END
$$;

REVOKE ALL ON FUNCTION origin_of, counted_up_to, advance_tallies, append_again, lock_lane,
                       rows_held_by, resolve_quarantined, republish, mark_orphans, forget_orphans,
                       mark_known
  FROM PUBLIC;

CREATE OR REPLACE FUNCTION grant_service(p_role text)
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
                   'done_partitions, drop_staged, drop_done, drop_old_keys, origin_of, '
                   'counted_up_to, advance_tallies, rows_held_by, resolve_quarantined, '
                   'republish, mark_orphans, forget_orphans, mark_known TO %I', p_role);
END
$$;

-- Roles that were given the service's rights before get the new ones too.
SELECT grant_service(g.grantee)
  FROM information_schema.role_table_grants g
 WHERE g.table_schema = 'public' AND g.table_name = 'windows' AND g.privilege_type = 'INSERT'
   AND g.grantee <> current_user;
