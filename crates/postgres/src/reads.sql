-- What does not commit: to load, to list, and to remove what expired.
--
-- Every function looks for names in pg_catalog and nowhere else. Other names are written with their schema. So nobody who may
-- create a function in some schema of this database can put theirs in the place of the system's.

-- The functions of versions that locked otherwise.
DROP FUNCTION IF EXISTS {schema}.commit_batch, {schema}.load_records, {schema}.purge_records;

-- A function, so that its plan is kept: statements that arrive unnamed are planned each time.
CREATE FUNCTION {schema}.read_records(p_kind text[], p_id text[])
RETURNS TABLE (n integer, version bigint, expires_at bigint, body text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT k.n::integer, r.version, r.expires_at, r.body::text
      FROM unnest(p_kind, p_id) WITH ORDINALITY AS k(kind, id, n)
      JOIN {schema}.record r ON r.kind = k.kind AND r.id = k.id;
END
$function$;

-- A page of what is listed under an index, by id.
CREATE FUNCTION {schema}.list_records(p_kind text, p_name text, p_value text, p_after text, p_limit bigint)
RETURNS TABLE (version bigint, expires_at bigint, body text, id text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT r.version, r.expires_at, r.body::text, r.id
      FROM {schema}.record_index x JOIN {schema}.record r ON r.kind = x.kind AND r.id = x.id
     WHERE x.kind = p_kind AND x.name = p_name AND x.value = p_value AND x.id > p_after
     ORDER BY x.id LIMIT p_limit;
END
$function$;

-- Deletes what expired, the oldest first. Rows that somebody holds at this moment are left for the next time.
--
-- Three statements, and each sees what was committed before it began: what a record is listed under is looked at when its row
-- is held already, so that nothing of it is left behind.
CREATE FUNCTION {schema}.purge_expired(p_before bigint, p_limit bigint) RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $function$
DECLARE
    v_kind text[];
    v_id text[];
    v_rows bigint;
BEGIN
    SELECT array_agg(e.kind), array_agg(e.id) INTO v_kind, v_id
      FROM (SELECT r.kind, r.id FROM {schema}.record r
             WHERE r.expires_about <= p_before >> 10 AND r.expires_at < p_before
             ORDER BY r.expires_about, r.expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED) AS e;

    DELETE FROM {schema}.record_index x
     USING unnest(v_kind, v_id) AS e(kind, id), {schema}.record r, json_array_elements(r.indexes::json) AS i(pair)
     WHERE r.kind = e.kind AND r.id = e.id
       AND x.kind = r.kind AND x.name = i.pair->>0 AND x.value = i.pair->>1 AND x.id = r.id;

    DELETE FROM {schema}.record r USING unnest(v_kind, v_id) AS e(kind, id) WHERE r.kind = e.kind AND r.id = e.id;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END
$function$;
