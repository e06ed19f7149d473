-- A commit is one call of this function, in one implicit transaction: first it takes locks, then it checks everything,
-- then it writes. It answers 0 (applied), -1 (conflict) or n (the n-th counter would pass its ceiling). An empty list is
-- NULL.
--
-- Why that is correct at READ COMMITTED:
-- 1. Every batch locks every key that it names before it looks at any: shared for a guard, alone for a change. The lock of
--    a key is that of its stripe: of one of many empty tables, by a hash of the key (stripes.sql). So a key can be locked
--    where no row is (a guard on absence), and guarding a record that everybody reads (a client) writes nothing. Two keys
--    of one stripe only wait without need.
-- 2. In a volatile function at READ COMMITTED each statement sees what was committed before that statement began, and
--    the locks are held until after the commit is visible. So what is checked below is the present state, and stays it
--    until this transaction ends: batches that share a key, one of them changing it, happen one after the other. A guard
--    and a change of what it guards cannot both win, whichever way they cross.
-- 3. Stripes are locked in one order, and each one once, in the strongest mode that the batch needs of it, so that batches
--    do not deadlock.
-- 4. Before its stripes, each batch takes the lock of everything, shared. A batch with very many keys takes that one alone
--    instead of filling the server's lock table.
-- 5. purge takes none of these locks. It only removes what expired, and never waits: it passes over rows that somebody
--    holds. Who touches what a record is listed under holds the row of the record first, purge and commit alike, so that
--    neither waits for the other while it holds what the other waits for. A batch that meets purge either sees the record
--    gone or changes no row and begins anew.
--
-- Behind all of that stand the primary key, and the versions in the writes below.

-- A node of the version before locks otherwise and must not commit beside this one. To drop the table that all of its
-- commits lock is to wait for those that have begun. The others wait for the table, and find it gone, and the function.
DROP TABLE IF EXISTS {schema}.everything, {schema}.lock_secret;
DROP FUNCTION IF EXISTS {schema}.commit_records;

CREATE FUNCTION {schema}.write_batch(
    p_version bigint,
    p_stripes bigint[], p_exclusive boolean[],
    p_expect_kind text[], p_expect_id text[], p_expect_version bigint[], p_expect_indexes text[],
    p_insert_kind text[], p_insert_id text[], p_insert_body text[], p_insert_indexes text[], p_insert_expires bigint[],
    p_list_kind text[], p_list_name text[], p_list_value text[], p_list_id text[],
    p_replace_kind text[], p_replace_id text[], p_replace_read bigint[], p_replace_body text[],
    p_replace_indexes text[], p_replace_expires bigint[],
    p_delete_kind text[], p_delete_id text[], p_delete_read bigint[],
    p_add_kind text[], p_add_id text[], p_add_by bigint[], p_add_ceiling bigint[], p_add_expires bigint[]
) RETURNS integer LANGUAGE plpgsql
-- One plan for all calls (planning anew took half of the time), and row by row through the indexes: a plan that was made
-- while the tables were small must not read all of them when they have grown.
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $function$
DECLARE
    v_stale boolean;
    v_moved boolean;
    v_full integer;
    v_rows bigint;
BEGIN
    -- Otherwise what is checked below is what was there before the locks were had: at SERIALIZABLE too, unless all do it so.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE 'commits need READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
    END IF;

    -- What is acknowledged is on the disk, whatever the server, the database or the role have as their default. How many
    -- servers hold it is for the operator to say.
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;

    IF p_stripes IS NULL THEN
        LOCK TABLE ONLY {locks}.everything IN EXCLUSIVE MODE;
    ELSE
        LOCK TABLE ONLY {locks}.everything IN ROW SHARE MODE;
    END IF;
    FOR n IN 1 .. coalesce(cardinality(p_stripes), 0) LOOP
        EXECUTE $lock$LOCK TABLE ONLY {locks}.stripe_$lock$ || p_stripes[n]
             || CASE WHEN p_exclusive[n] THEN ' IN EXCLUSIVE MODE' ELSE ' IN ROW SHARE MODE' END;
    END LOOP;

    SELECT bool_or(r.version IS DISTINCT FROM e.version), bool_or(r.indexes <> e.indexes)
      INTO v_stale, v_moved
      FROM unnest(p_expect_kind, p_expect_id, p_expect_version, p_expect_indexes) AS e(kind, id, version, indexes)
      LEFT JOIN {schema}.record r ON r.kind = e.kind AND r.id = e.id;
    IF v_stale THEN
        RETURN -1;
    END IF;

    IF cardinality(p_add_id) > 0 THEN
        SELECT min(a.n) INTO v_full
          FROM unnest(p_add_kind, p_add_id, p_add_by, p_add_ceiling)
               WITH ORDINALITY AS a(kind, id, by, ceiling, n)
          LEFT JOIN {schema}.record r ON r.kind = a.kind AND r.id = a.id
         WHERE least(coalesce(r.body::text::numeric, 0) + a.by, 9223372036854775807) > a.ceiling;
        IF v_full IS NOT NULL THEN
            RETURN v_full;
        END IF;
        INSERT INTO {schema}.record AS r (kind, id, version, expires_at, indexes, body)
        SELECT a.kind, a.id, p_version, a.expires_at, '[]', a.by::text::json
          FROM unnest(p_add_kind, p_add_id, p_add_by, p_add_expires) AS a(kind, id, by, expires_at)
        ON CONFLICT (kind, id) DO UPDATE SET
            version = excluded.version,
            body = least(r.body::text::numeric + excluded.body::text::numeric, 9223372036854775807)::text::json,
            expires_at = CASE WHEN r.expires_at IS NULL OR excluded.expires_at IS NULL THEN NULL
                              ELSE greatest(r.expires_at, excluded.expires_at) END;
    END IF;

    -- What replaced and deleted records were listed under, unless all of it stays. Their rows come first: see 5.
    IF v_moved THEN
        PERFORM 1
           FROM unnest(p_expect_kind, p_expect_id, p_expect_indexes) AS e(kind, id, indexes)
           JOIN {schema}.record r ON r.kind = e.kind AND r.id = e.id
          WHERE e.indexes IS NOT NULL
            FOR UPDATE OF r;
        DELETE FROM {schema}.record_index x
         USING unnest(p_expect_kind, p_expect_id, p_expect_indexes) AS e(kind, id, indexes),
               {schema}.record r,
               json_array_elements(r.indexes::json) AS i(pair)
         WHERE e.indexes IS NOT NULL AND r.kind = e.kind AND r.id = e.id
           AND x.kind = r.kind AND x.name = i.pair->>0 AND x.value = i.pair->>1 AND x.id = r.id;
        INSERT INTO {schema}.record_index (kind, name, value, id)
        SELECT c.kind, i.pair->>0, i.pair->>1, c.id
          FROM unnest(p_replace_kind, p_replace_id, p_replace_indexes) AS c(kind, id, indexes),
               json_array_elements(c.indexes::json) AS i(pair);
    END IF;

    FOR n IN 1 .. coalesce(cardinality(p_replace_id), 0) LOOP
        UPDATE {schema}.record r
           SET version = p_version, body = p_replace_body[n]::json, indexes = p_replace_indexes[n],
               expires_at = p_replace_expires[n]
         WHERE r.kind = p_replace_kind[n] AND r.id = p_replace_id[n] AND r.version = p_replace_read[n];
        IF NOT FOUND THEN
            RAISE serialization_failure;
        END IF;
    END LOOP;

    IF cardinality(p_delete_id) > 0 THEN
        DELETE FROM {schema}.record r
         USING unnest(p_delete_kind, p_delete_id, p_delete_read) AS c(kind, id, read)
         WHERE r.kind = c.kind AND r.id = c.id AND r.version = c.read;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        IF v_rows <> cardinality(p_delete_id) THEN
            RAISE serialization_failure;
        END IF;
    END IF;

    FOR n IN 1 .. coalesce(cardinality(p_insert_id), 0) LOOP
        INSERT INTO {schema}.record (kind, id, version, expires_at, indexes, body)
        VALUES (p_insert_kind[n], p_insert_id[n], p_version, p_insert_expires[n], p_insert_indexes[n],
                p_insert_body[n]::json);
    END LOOP;

    IF cardinality(p_list_id) > 0 THEN
        INSERT INTO {schema}.record_index (kind, name, value, id)
        SELECT * FROM unnest(p_list_kind, p_list_name, p_list_value, p_list_id);
    END IF;

    RETURN 0;
END
$function$;
