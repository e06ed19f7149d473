-- What commits are kept apart by, and what keeps the functions to themselves.

-- Always empty: its lock is the lock of everything (commit.sql, 4).
CREATE TABLE {schema}.everything (nothing boolean);

-- One row: what the numbers that keys are locked by are made with. Who can read it can hold up commits.
CREATE TABLE {schema}.lock_secret (secret text NOT NULL);
INSERT INTO {schema}.lock_secret SELECT gen_random_uuid()::text || gen_random_uuid()::text;

-- The functions of the views run as whoever looks: they look for names in pg_catalog alone, too.
ALTER FUNCTION {schema}.readable(json) SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION {schema}.moment(text) SET search_path = pg_catalog, pg_temp;
