-- A page of what is listed under an index, from the end: the highest id first. See list_records.
CREATE FUNCTION {schema}.list_records_back(p_kind text, p_name text, p_value text, p_before text, p_limit bigint)
RETURNS TABLE (version bigint, expires_at bigint, body text, id text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT r.version, r.expires_at, r.body::text, r.id
      FROM {schema}.record_index x JOIN {schema}.record r ON r.kind = x.kind AND r.id = x.id
     WHERE x.kind = p_kind AND x.name = p_name AND x.value = p_value AND x.id < p_before
     ORDER BY x.id DESC LIMIT p_limit;
END
$function$;
