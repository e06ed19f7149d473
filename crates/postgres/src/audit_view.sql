-- A refusal that came again is counted beside its record, within its window. The counter expires when the last one does.
--
-- Replaced, not dropped: others may have built upon it, or have a right to it.
CREATE OR REPLACE VIEW {schema}.audit AS SELECT
    record.id AS audit_id,
    {schema}.moment(b->>'at') AS at,
    b->>'action' AS action,
    b->>'outcome' AS outcome,
    b->>'reason' AS reason,
    b->>'subject' AS subject,
    b->'actor'->>'type' AS actor_type,
    coalesce(b->'actor'->>'agent_id', b->'actor'->>'client_id', b->'actor'->>'host_id',
             b->'actor'->>'subject') AS actor,
    b->'actor'->>'host_id' AS actor_host,
    b->'detail' AS detail,
    coalesce(repeats.body::text::bigint, 1) AS times,
    {schema}.moment(((b->>'at')::bigint + coalesce(repeats.expires_at - record.expires_at, 0))::text) AS last_at
FROM {schema}.record CROSS JOIN {schema}.readable(record.body) AS b
LEFT JOIN {schema}.record AS repeats ON repeats.kind = 'audit_repeats' AND repeats.id = b->>'repeats'
WHERE record.kind = 'audit';
