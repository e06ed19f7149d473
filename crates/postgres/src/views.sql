CREATE VIEW {schema}.users AS SELECT id AS subject FROM {schema}.record WHERE kind = 'account';
