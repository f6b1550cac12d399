-- Partitions are made ahead and dropped when done, by these functions only.

CREATE FUNCTION make_partition(p_table text, p_suffix text, p_from text, p_to text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_name text := p_table || '_' || p_suffix;
BEGIN
    IF to_regclass('public.' || quote_ident(v_name)) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- Made apart and attached after: creating it in place would lock the whole table against
    -- readers and writers, attaching does not.
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS '
                   'INCLUDING CONSTRAINTS INCLUDING STORAGE)', v_name, p_table);
    IF p_table = 'idempotency' THEN
        EXECUTE format('CREATE UNIQUE INDEX ON public.%I (source, key)', v_name);
    ELSIF p_table = 'records' THEN
        EXECUTE format('CREATE UNIQUE INDEX ON public.%I (record_id)', v_name);
    ELSIF p_table = 'staged' THEN
        -- Keep 2 KB bodies in the row: a second table and index would double the writes.
        EXECUTE format('ALTER TABLE public.%I SET (toast_tuple_target = 8160)', v_name);
    END IF;
    EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%s) TO (%s)',
                   p_table, v_name, p_from, p_to);
    RETURN true;
END
$$;

-- Makes what is missing: id partitions of `p_ids` ids up to `p_ahead` of them beyond the sequence,
-- weeks and months around now. Returns how many tables it made. Safe to run at any time, by any
-- number of processes.
CREATE FUNCTION ensure_partitions(p_ids bigint, p_ahead integer)
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
BEGIN
    PERFORM pg_advisory_xact_lock(1163412809, 0);
    SELECT last_value / p_ids INTO v_first FROM outbox_id;
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

REVOKE ALL ON FUNCTION make_partition, ensure_partitions, append_records FROM PUBLIC;
SELECT ensure_partitions(1000000, 2);
