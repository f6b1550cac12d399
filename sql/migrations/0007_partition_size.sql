-- The first migration made partitions of the default size. A database that is set up with another
-- PARTITION_IDS has them made anew while they are empty; once rows exist, the size stays.
CREATE OR REPLACE FUNCTION ensure_partitions(p_ids bigint, p_ahead integer)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_made  integer := 0;
    v_first bigint;
    v_table text;
    v_step  bigint;
    v_start timestamptz;
    v_low   bigint;
    v_other regclass;
BEGIN
    PERFORM pg_advisory_xact_lock(1163412809, 0);
    SELECT last_value / p_ids INTO v_first FROM outbox_id;
    IF v_first = 0 AND EXISTS (
        SELECT FROM id_partitions('outbox') p JOIN pg_class c ON c.oid = p.relation
         WHERE pg_get_expr(c.relpartbound, c.oid) <>
               format('FOR VALUES FROM (%L) TO (%L)', p.low, p.low + p_ids))
    THEN
        -- Nobody appends from here to the end, so that empty stays empty.
        LOCK TABLE outbox, staged, windows, published IN ACCESS EXCLUSIVE MODE;
        IF EXISTS (SELECT FROM outbox) OR (SELECT is_called FROM outbox_id) THEN
            RAISE EXCEPTION 'PARTITION_IDS differs from what this database was filled with'
                  USING HINT = 'set it to the size of the partitions of table outbox';
        END IF;
        FOREACH v_table IN ARRAY ARRAY['outbox', 'staged', 'windows', 'published'] LOOP
            FOR v_other IN SELECT p.relation FROM id_partitions(v_table) p LOOP
                EXECUTE format('DROP TABLE %s', v_other);
            END LOOP;
        END LOOP;
    END IF;
    FOR v_step IN v_first .. v_first + p_ahead LOOP
        v_low := v_step * p_ids;
        FOREACH v_table IN ARRAY ARRAY['outbox', 'staged', 'windows', 'published'] LOOP
            v_made := v_made + make_partition(v_table, to_char(v_low, 'FM0000000000000000000'),
                                              v_low::text, (v_low + p_ids)::text)::integer;
        END LOOP;
    END LOOP;
    FOR v_step IN -1 .. 1 LOOP
        v_start := (date_trunc('week', now() AT TIME ZONE 'UTC') + v_step * interval '7 days')
                   AT TIME ZONE 'UTC';
        v_made := v_made + make_partition(
            'idempotency', to_char(v_start AT TIME ZONE 'UTC', 'YYYYMMDD'),
            quote_literal(v_start), quote_literal(v_start + interval '7 days'))::integer;
        v_start := (date_trunc('month', now() AT TIME ZONE 'UTC') + v_step * interval '1 month')
                   AT TIME ZONE 'UTC';
        v_made := v_made + make_partition(
            'records', to_char(v_start AT TIME ZONE 'UTC', 'YYYYMM'),
            quote_literal(v_start),
            quote_literal((v_start AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC')
        )::integer;
    END LOOP;
    RETURN v_made;
END
$$;
