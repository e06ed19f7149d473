-- What ordinary use needs of the schemas ($1, the tables; $2, the locks; quoted), and nobody finds, belongs to a stranger, or
-- this role lacks. The views ($3) are for people: they need not be there. One row for each: the sort, and what it is.
--
-- Who owns a part of the store can put functions of theirs in the place of ours. So all of it must belong to the owner of the
-- table of migrations, or to somebody who can do already what that one can.
--
-- To lock a table in EXCLUSIVE MODE, one of three rights is enough.
WITH schema (place, name, oid) AS (
    SELECT place, name, to_regnamespace(name)::oid FROM unnest(ARRAY[$1, $2, $3]) WITH ORDINALITY AS s(name, place)
), needed (schema, place, name, rights) AS (
    VALUES ($1, 0, 'migration', ARRAY['SELECT']),
           ($1, 1, 'record', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
           ($1, 2, 'record_index', ARRAY['SELECT', 'INSERT', 'DELETE']),
           ($2, -1, 'everything', ARRAY['UPDATE, DELETE, TRUNCATE'])
    UNION ALL
    SELECT $2, n, 'stripe_' || n, ARRAY['UPDATE, DELETE, TRUNCATE'] FROM generate_series(0, 1023) AS n
), tables (schema, place, name, rights, oid, owner) AS (
    SELECT n.schema, n.place, n.name, n.rights, c.oid, c.relowner
      FROM needed n
      JOIN schema s ON s.name = n.schema AND s.oid IS NOT NULL
      LEFT JOIN pg_class c ON c.relnamespace = s.oid AND c.relname = n.name
), functions (words, oid, owner) AS (
    -- One that is missing belongs to another version: whoever calls it is told so.
    SELECT 'the function ' || s.name || '.' || p.proname, p.oid, p.proowner
      FROM schema s JOIN pg_proc p ON p.pronamespace = s.oid
     WHERE s.name = $1 AND p.proname IN ('write_batch', 'read_records', 'list_records', 'list_records_back', 'purge_expired')
), strangers (oid) AS (
    SELECT r.oid FROM pg_roles r, tables t
     WHERE t.schema = $1 AND t.name = 'migration' AND NOT pg_has_role(r.oid, t.owner, 'USAGE')
), wrong (sort, schema, place, name, words) AS (
    SELECT 'missing', schema, place, name, '' FROM tables WHERE oid IS NULL
    UNION ALL
    SELECT 'strange', schema, place, name, '' FROM tables WHERE owner IN (SELECT oid FROM strangers)
    UNION ALL
    SELECT 'rights', t.schema, t.place, t.name, string_agg(r.right, ', ' ORDER BY r.place) || ' on '
      FROM tables t CROSS JOIN unnest(t.rights) WITH ORDINALITY AS r("right", place)
     WHERE NOT has_table_privilege(t.oid, r.right)
     GROUP BY t.schema, t.place, t.name
), found (sort, step, place, words) AS (
    SELECT 'missing', 1, place, 'the schema ' || name FROM schema WHERE oid IS NULL AND place < 3
    UNION ALL
    SELECT 'strange', 1, s.place, 'the schema ' || s.name
      FROM schema s JOIN pg_namespace n ON n.oid = s.oid WHERE n.nspowner IN (SELECT oid FROM strangers)
    UNION ALL
    SELECT 'rights', 1, place, 'USAGE on the schema ' || name
      FROM schema WHERE place < 3 AND NOT has_schema_privilege(oid, 'USAGE')
    UNION ALL
    SELECT sort, 2, place, words || 'the table ' || schema || '.' || name FROM wrong WHERE schema = $1
    UNION ALL
    -- There are many of these, so the first speaks for all.
    SELECT sort, 3, min(place), CASE sort WHEN 'rights' THEN 'UPDATE, DELETE or TRUNCATE on ' ELSE '' END
           || 'the table ' || schema || '.' || (array_agg(name ORDER BY place))[1]
           || CASE WHEN count(*) > 1 THEN ' and ' || count(*) - 1 || ' more of that schema' ELSE '' END
      FROM wrong WHERE schema = $2 GROUP BY sort, schema
    UNION ALL
    SELECT 'strange', 4, 0, words FROM functions WHERE owner IN (SELECT oid FROM strangers)
    UNION ALL
    SELECT 'rights', 4, 0, 'EXECUTE on ' || words FROM functions WHERE NOT has_function_privilege(oid, 'EXECUTE')
)
SELECT sort, words FROM found ORDER BY step, place, words
