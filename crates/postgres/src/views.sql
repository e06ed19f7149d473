-- One row per thing, for people with a database tool. Hashes of secrets are left out.

-- A JSON string can hold U+0000, and PostgreSQL's text cannot: shown as U+FFFD.
CREATE FUNCTION {schema}.readable(p_body json) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$function$ SELECT replace(p_body::text, '\u0000', '\ufffd')::jsonb $function$;

CREATE FUNCTION {schema}.moment(p_seconds text) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$function$ SELECT to_timestamp(p_seconds::bigint) $function$;

CREATE VIEW {schema}.users AS SELECT
    b->>'subject' AS subject,
    b->>'email' AS email,
    b->'email_verified' AS email_verified,
    b->>'name' AS name,
    b->>'state' AS state,
    {schema}.moment(b->>'created_at') AS created_at,
    {schema}.moment(b->>'updated_at') AS updated_at,
    b->'claims' AS claims
FROM {schema}.record, {schema}.readable(body) AS b WHERE kind = 'account';

CREATE VIEW {schema}.sessions AS SELECT
    b->>'id' AS session_id,
    b->>'subject' AS subject,
    {schema}.moment(b->>'auth_time') AS signed_in_at,
    b->'amr' AS amr,
    {schema}.moment(b->>'created_at') AS created_at,
    {schema}.moment(b->>'last_seen_at') AS last_seen_at,
    {schema}.moment(b->>'expires_at') AS expires_at,
    {schema}.moment(b->>'ends_at') AS ends_at,
    b->>'ip' AS ip,
    b->>'user_agent' AS user_agent
FROM {schema}.record, {schema}.readable(body) AS b WHERE kind = 'session';

CREATE VIEW {schema}.clients AS SELECT
    b->>'client_id' AS client_id,
    b->>'name' AS name,
    b->>'state' AS state,
    b->>'application_type' AS application_type,
    b->>'token_endpoint_auth_method' AS token_endpoint_auth_method,
    jsonb_array_length(b->'secrets') AS secrets,
    b->'redirect_uris' AS redirect_uris,
    b->'grant_types' AS grant_types,
    b->>'scopes' AS scopes,
    b->'resources' AS resources,
    b->>'client_uri' AS client_uri,
    {schema}.moment(b->>'created_at') AS created_at,
    {schema}.moment(b->>'updated_at') AS updated_at
FROM {schema}.record, {schema}.readable(body) AS b WHERE kind = 'client';

CREATE VIEW {schema}.grants AS SELECT
    b->>'id' AS grant_id,
    b->>'subject' AS subject,
    b->>'client_id' AS client_id,
    b->>'scopes' AS scopes,
    b->'resources' AS resources,
    b->>'state' AS state,
    b->>'generation' AS generation,
    {schema}.moment(b->>'granted_at') AS granted_at,
    {schema}.moment(b->>'used_at') AS used_at
FROM {schema}.record, {schema}.readable(body) AS b WHERE kind = 'grant';

CREATE VIEW {schema}.hosts AS SELECT
    b->>'id' AS host_id,
    b->>'name' AS name,
    b->>'status' AS status,
    b->>'subject' AS subject,
    b->'key'->>'thumbprint' AS thumbprint,
    b->>'agents_registered' AS agents_registered,
    {schema}.moment(b->>'created_at') AS created_at,
    {schema}.moment(b->>'linked_at') AS linked_at
FROM {schema}.record, {schema}.readable(body) AS b WHERE kind = 'agent_host';

-- standing is what was decided; whether the agent has expired since, its clocks and the policy say.
CREATE VIEW {schema}.agents AS SELECT
    b->>'id' AS agent_id,
    b->>'host_id' AS host_id,
    b->>'name' AS name,
    b->>'mode' AS mode,
    b->>'standing' AS standing,
    b->>'subject' AS subject,
    b->>'reason' AS reason,
    b->'key'->>'thumbprint' AS thumbprint,
    {schema}.moment(b->>'created_at') AS created_at,
    {schema}.moment(b->>'activated_at') AS activated_at,
    {schema}.moment(b->>'last_used_at') AS last_used_at
FROM {schema}.record, {schema}.readable(body) AS b WHERE kind = 'agent';

CREATE VIEW {schema}.capability_grants AS SELECT
    b->>'id' AS agent_id,
    g.b->>'id' AS grant_id,
    g.b->>'capability' AS capability,
    g.b->>'status' AS status,
    g.b->'constraints' AS constraints,
    {schema}.moment(g.b->>'requested_at') AS requested_at,
    {schema}.moment(g.b->>'granted_at') AS granted_at,
    {schema}.moment(g.b->>'expires_at') AS expires_at,
    g.b->>'ended_because' AS ended_because
FROM {schema}.record, jsonb_array_elements({schema}.readable(body)->'grants') AS g(b) WHERE kind = 'agent';

CREATE VIEW {schema}.audit AS SELECT
    id AS audit_id,
    {schema}.moment(b->>'at') AS at,
    b->>'action' AS action,
    b->>'outcome' AS outcome,
    b->>'reason' AS reason,
    b->>'subject' AS subject,
    b->'actor'->>'type' AS actor_type,
    coalesce(b->'actor'->>'agent_id', b->'actor'->>'client_id', b->'actor'->>'host_id',
             b->'actor'->>'subject') AS actor,
    b->'actor'->>'host_id' AS actor_host,
    b->'detail' AS detail
FROM {schema}.record, {schema}.readable(body) AS b WHERE kind = 'audit';
