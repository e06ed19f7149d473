-- One row per thing, for people with a database tool. Times are UTC. Hashes of secrets are left out.

CREATE VIEW users AS SELECT
    body ->> '$.subject' AS subject,
    body ->> '$.email' AS email,
    body -> '$.email_verified' AS email_verified,
    body ->> '$.name' AS name,
    body ->> '$.state' AS state,
    datetime(body ->> '$.created_at', 'unixepoch') AS created_at,
    datetime(body ->> '$.updated_at', 'unixepoch') AS updated_at,
    body -> '$.claims' AS claims
FROM record WHERE kind = 'account';

CREATE VIEW sessions AS SELECT
    body ->> '$.id' AS session_id,
    body ->> '$.subject' AS subject,
    datetime(body ->> '$.auth_time', 'unixepoch') AS signed_in_at,
    body -> '$.amr' AS amr,
    datetime(body ->> '$.created_at', 'unixepoch') AS created_at,
    datetime(body ->> '$.last_seen_at', 'unixepoch') AS last_seen_at,
    datetime(body ->> '$.expires_at', 'unixepoch') AS expires_at,
    datetime(body ->> '$.ends_at', 'unixepoch') AS ends_at,
    body ->> '$.ip' AS ip,
    body ->> '$.user_agent' AS user_agent
FROM record WHERE kind = 'session';

CREATE VIEW clients AS SELECT
    body ->> '$.client_id' AS client_id,
    body ->> '$.name' AS name,
    body ->> '$.state' AS state,
    body ->> '$.application_type' AS application_type,
    body ->> '$.token_endpoint_auth_method' AS token_endpoint_auth_method,
    json_array_length(body, '$.secrets') AS secrets,
    body -> '$.redirect_uris' AS redirect_uris,
    body -> '$.grant_types' AS grant_types,
    body ->> '$.scopes' AS scopes,
    body -> '$.resources' AS resources,
    body ->> '$.client_uri' AS client_uri,
    datetime(body ->> '$.created_at', 'unixepoch') AS created_at,
    datetime(body ->> '$.updated_at', 'unixepoch') AS updated_at
FROM record WHERE kind = 'client';

CREATE VIEW grants AS SELECT
    body ->> '$.id' AS grant_id,
    body ->> '$.subject' AS subject,
    body ->> '$.client_id' AS client_id,
    body ->> '$.scopes' AS scopes,
    body -> '$.resources' AS resources,
    body ->> '$.state' AS state,
    body ->> '$.generation' AS generation,
    datetime(body ->> '$.granted_at', 'unixepoch') AS granted_at,
    datetime(body ->> '$.used_at', 'unixepoch') AS used_at
FROM record WHERE kind = 'grant';

CREATE VIEW hosts AS SELECT
    body ->> '$.id' AS host_id,
    body ->> '$.name' AS name,
    body ->> '$.status' AS status,
    body ->> '$.subject' AS subject,
    body ->> '$.key.thumbprint' AS thumbprint,
    body ->> '$.agents_registered' AS agents_registered,
    datetime(body ->> '$.created_at', 'unixepoch') AS created_at,
    datetime(body ->> '$.linked_at', 'unixepoch') AS linked_at
FROM record WHERE kind = 'agent_host';

-- standing is what was decided; whether the agent has expired since, its clocks and the policy say.
CREATE VIEW agents AS SELECT
    body ->> '$.id' AS agent_id,
    body ->> '$.host_id' AS host_id,
    body ->> '$.name' AS name,
    body ->> '$.mode' AS mode,
    body ->> '$.standing' AS standing,
    body ->> '$.subject' AS subject,
    body ->> '$.reason' AS reason,
    body ->> '$.key.thumbprint' AS thumbprint,
    datetime(body ->> '$.created_at', 'unixepoch') AS created_at,
    datetime(body ->> '$.activated_at', 'unixepoch') AS activated_at,
    datetime(body ->> '$.last_used_at', 'unixepoch') AS last_used_at
FROM record WHERE kind = 'agent';

CREATE VIEW capability_grants AS SELECT
    record.body ->> '$.id' AS agent_id,
    g.value ->> '$.id' AS grant_id,
    g.value ->> '$.capability' AS capability,
    g.value ->> '$.status' AS status,
    g.value -> '$.constraints' AS constraints,
    datetime(g.value ->> '$.requested_at', 'unixepoch') AS requested_at,
    datetime(g.value ->> '$.granted_at', 'unixepoch') AS granted_at,
    datetime(g.value ->> '$.expires_at', 'unixepoch') AS expires_at,
    g.value ->> '$.ended_because' AS ended_because
FROM record, json_each(record.body, '$.grants') AS g WHERE record.kind = 'agent';

CREATE VIEW audit AS SELECT
    id AS audit_id,
    datetime(body ->> '$.at', 'unixepoch') AS at,
    body ->> '$.action' AS action,
    body ->> '$.outcome' AS outcome,
    body ->> '$.reason' AS reason,
    body ->> '$.subject' AS subject,
    body ->> '$.actor.type' AS actor_type,
    coalesce(body ->> '$.actor.agent_id', body ->> '$.actor.client_id', body ->> '$.actor.host_id',
             body ->> '$.actor.subject') AS actor,
    body ->> '$.actor.host_id' AS actor_host,
    body -> '$.detail' AS detail
FROM record WHERE kind = 'audit';
