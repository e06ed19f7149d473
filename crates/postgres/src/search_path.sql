-- The functions of the views run as whoever looks: they look for names in pg_catalog alone, too.
ALTER FUNCTION {schema}.readable(json) SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION {schema}.moment(text) SET search_path = pg_catalog, pg_temp;
