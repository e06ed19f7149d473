-- A refusal that came again is counted beside its record, within its window. The counter expires when the last one does.
DROP VIEW audit;

CREATE VIEW audit AS SELECT
    record.id AS audit_id,
    datetime(record.body ->> '$.at', 'unixepoch') AS at,
    record.body ->> '$.action' AS action,
    record.body ->> '$.outcome' AS outcome,
    record.body ->> '$.reason' AS reason,
    record.body ->> '$.subject' AS subject,
    record.body ->> '$.actor.type' AS actor_type,
    coalesce(record.body ->> '$.actor.agent_id', record.body ->> '$.actor.client_id', record.body ->> '$.actor.host_id',
             record.body ->> '$.actor.subject') AS actor,
    record.body ->> '$.actor.host_id' AS actor_host,
    record.body -> '$.detail' AS detail,
    CAST(coalesce(repeats.body, 1) AS INTEGER) AS times,
    datetime((record.body ->> '$.at') + coalesce(repeats.expires_at - record.expires_at, 0), 'unixepoch') AS last_at
FROM record LEFT JOIN record AS repeats ON repeats.kind = 'audit_repeats' AND repeats.id = record.body ->> '$.repeats'
WHERE record.kind = 'audit';
