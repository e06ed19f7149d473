-- Names compare by their bytes: COLLATE "C", whatever the database's own collation is.
--
-- body is json, not jsonb: the document that is read is the one that was written, and a string in it may hold any
-- character. For a counter it is a number.
--
-- indexes repeats what record_index holds for the record, as an array of [name, value]: a replace sees at once whether
-- anything moves, and record_index needs no second index.
--
-- expires_about is expires_at to 1,024 seconds. Only this one is in an index: a record that is written again within the
-- quarter of an hour, its expiry moved by as much, touches no index (a heap-only update), which makes such a write
-- much cheaper. The space that is left free in each page is for that.
CREATE TABLE {schema}.record (
    kind       text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    expires_at bigint,
    indexes    text COLLATE "C" NOT NULL,
    body       json NOT NULL,
    expires_about bigint GENERATED ALWAYS AS (expires_at >> 10) STORED,
    PRIMARY KEY (kind, id)
) WITH (fillfactor = 80);

CREATE INDEX record_expiry ON {schema}.record (expires_about) WHERE expires_about IS NOT NULL;

CREATE TABLE {schema}.record_index (
    kind  text COLLATE "C" NOT NULL,
    name  text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    id    text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, name, value, id)
);
