-- The views in a schema of their own, with what others have built upon them and their rights to them.
--
-- Because who may use the schema of the tables can stop all loads and commits: to make a rule or a comment, PostgreSQL waits
-- for the lock of the table before it asks whether the role may do it, and everybody else waits behind that. Who reads the
-- views needs no right where the tables are. Nothing of ours reads the views, so that who waits for one holds up nobody else.
--
-- A database that was restored from a dump may lack this schema. A later change of a view must not rely on it.

-- It must not be there: who owns a schema can put other views in the place of ours.
CREATE SCHEMA {views};

-- An operator may have dropped any of them, so that nobody reads it.
DO $do$ BEGIN
    IF to_regprocedure($name${schema}.readable(json)$name$) IS NOT NULL THEN
        ALTER FUNCTION {schema}.readable(json) SET SCHEMA {views};
    END IF;
    IF to_regprocedure($name${schema}.moment(text)$name$) IS NOT NULL THEN
        ALTER FUNCTION {schema}.moment(text) SET SCHEMA {views};
    END IF;
END $do$;

ALTER VIEW IF EXISTS {schema}.users SET SCHEMA {views};
ALTER VIEW IF EXISTS {schema}.sessions SET SCHEMA {views};
ALTER VIEW IF EXISTS {schema}.clients SET SCHEMA {views};
ALTER VIEW IF EXISTS {schema}.grants SET SCHEMA {views};
ALTER VIEW IF EXISTS {schema}.hosts SET SCHEMA {views};
ALTER VIEW IF EXISTS {schema}.agents SET SCHEMA {views};
ALTER VIEW IF EXISTS {schema}.capability_grants SET SCHEMA {views};
ALTER VIEW IF EXISTS {schema}.audit SET SCHEMA {views};
