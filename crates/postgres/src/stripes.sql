-- What commits are kept apart by: empty tables, of which nothing is used but their locks (commit.sql).
--
-- Tables, because who waits for the lock of a table has its turn in the order of arrival. Whoever shares the lock of a row
-- overtakes whoever wants it alone, for ever if enough of them come; and to withdraw authority is to change what everybody
-- guards.
--
-- Tables of ours, because only who has a right to them can lock them by name. A number (an advisory lock) can be locked by
-- whoever may connect.
--
-- In a schema of their own, because whoever may use a schema can hold the lock of a table in it without any right to the
-- table: a statement that is only prepared locks its tables before anybody asks whether it is allowed.
--
-- One way is left to whoever may connect: the functions for sequences (nextval) lock what they are given by number, in ROW
-- EXCLUSIVE MODE and until the end of the transaction, before they find that it is no sequence. Commits need two modes: one that
-- guards share, and one that keeps all others out. No two modes of a table's lock do that and go beside ROW EXCLUSIVE MODE. So
-- lib.rs says it: who must not do it must not connect.
--
-- Partitioned and without a partition, because such a table cannot hold a row, has no file, and is never vacuumed.

-- It must not be there: a schema of somebody else's is no place for our locks.
CREATE SCHEMA {locks};

CREATE TABLE {locks}.everything (nothing boolean) PARTITION BY LIST (nothing);

DO $do$ BEGIN
    FOR n IN 0 .. 1023 LOOP
        EXECUTE $create$CREATE TABLE {locks}.stripe_$create$ || n || ' (nothing boolean) PARTITION BY LIST (nothing)';
    END LOOP;
END $do$;
