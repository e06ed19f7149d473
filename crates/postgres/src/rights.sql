-- What ordinary use needs of the two schemas ($1 and $2, quoted), and this role lacks or nobody finds. One row for each:
-- whether it is missing, and what it is.
--
-- To lock a table in EXCLUSIVE MODE, one of three rights is enough.
WITH schema (place, name, oid) AS (
    SELECT place, name, to_regnamespace(name)::oid FROM unnest(ARRAY[$1, $2]) WITH ORDINALITY AS s(name, place)
), needed (schema, place, name, rights) AS (
    VALUES ($1, 0, 'migration', ARRAY['SELECT']),
           ($1, 1, 'record', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
           ($1, 2, 'record_index', ARRAY['SELECT', 'INSERT', 'DELETE']),
           ($2, -1, 'everything', ARRAY['UPDATE, DELETE, TRUNCATE'])
    UNION ALL
    SELECT $2, n, 'stripe_' || n, ARRAY['UPDATE, DELETE, TRUNCATE'] FROM generate_series(0, 1023) AS n
), lacking (schema, place, name, missing, rights) AS (
    SELECT s.name, n.place, n.name, c.oid IS NULL, string_agg(r.right, ', ' ORDER BY r.place)
      FROM needed n
      JOIN schema s ON s.name = n.schema AND s.oid IS NOT NULL
      LEFT JOIN pg_class c ON c.relnamespace = s.oid AND c.relname = n.name
     CROSS JOIN unnest(n.rights) WITH ORDINALITY AS r("right", place)
     WHERE c.oid IS NULL OR NOT has_table_privilege(c.oid, r.right)
     GROUP BY s.name, n.place, n.name, c.oid
), found (sort, place, missing, words) AS (
    SELECT 1, place, oid IS NULL, CASE WHEN oid IS NULL THEN '' ELSE 'USAGE on ' END || 'the schema ' || name
      FROM schema WHERE oid IS NULL OR NOT has_schema_privilege(oid, 'USAGE')
    UNION ALL
    SELECT 2, place, missing, CASE WHEN missing THEN '' ELSE rights || ' on ' END || 'the table ' || schema || '.' || name
      FROM lacking WHERE schema = $1
    UNION ALL
    -- There are many of these, so the first speaks for all.
    SELECT 3, min(place), missing, CASE WHEN missing THEN '' ELSE 'UPDATE, DELETE or TRUNCATE on ' END
           || 'the table ' || schema || '.' || (array_agg(name ORDER BY place))[1]
           || CASE WHEN count(*) > 1 THEN ' and ' || count(*) - 1 || ' more of that schema' ELSE '' END
      FROM lacking WHERE schema = $2 GROUP BY schema, missing
    UNION ALL
    -- One that is missing belongs to another version: whoever calls it is told so.
    SELECT 4, 0, false, 'EXECUTE on the function ' || s.name || '.' || p.proname
      FROM schema s JOIN pg_proc p ON p.pronamespace = s.oid
     WHERE s.name = $1 AND NOT has_function_privilege(p.oid, 'EXECUTE')
       AND p.proname IN ('write_batch', 'read_records', 'list_records', 'list_records_back', 'purge_expired')
)
SELECT missing, words FROM found ORDER BY missing DESC, sort, place, words
