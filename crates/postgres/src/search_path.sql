-- The functions of the views run as whoever looks: they look for names in pg_catalog alone, too.
--
-- Made anew, not altered: an operator may have dropped them with the views.
CREATE OR REPLACE FUNCTION {schema}.readable(p_body json) RETURNS jsonb LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS
$function$ SELECT replace(p_body::text, '\u0000', '\ufffd')::jsonb $function$;

CREATE OR REPLACE FUNCTION {schema}.moment(p_seconds text) RETURNS timestamptz LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS
$function$ SELECT to_timestamp(p_seconds::bigint) $function$;
