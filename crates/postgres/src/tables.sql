-- Names compare by their bytes: COLLATE "C", whatever the database's own collation is.
--
-- body is json, not jsonb: the document that is read is the one that was written, and a string in it may hold any
-- character. For a counter it is a number.
--
-- indexes repeats what record_index holds for the record, as an array of [name, value]: a replace sees at once whether
-- anything moves, and record_index needs no second index.
CREATE TABLE {schema}.record (
    kind       text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    expires_at bigint,
    indexes    text COLLATE "C" NOT NULL,
    body       json NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE INDEX record_expiry ON {schema}.record (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE {schema}.record_index (
    kind  text COLLATE "C" NOT NULL,
    name  text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    id    text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, name, value, id)
);
