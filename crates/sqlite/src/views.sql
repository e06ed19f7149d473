CREATE VIEW users AS SELECT id AS subject FROM record WHERE kind = 'account';
