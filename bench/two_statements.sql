-- pgbench: the least that a durable refresh can cost on PostgreSQL, one read and one write in one transaction.
\set id random(1, 10000)
BEGIN;
SELECT body FROM floor WHERE id = :id;
UPDATE floor SET version = version + 1 WHERE id = :id;
COMMIT;
