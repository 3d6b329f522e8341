-- 004_lineage.sql: the cards of forks (docs/journal.md) and what they go on from: each inherits what is
-- recorded about its source up to a commit; depth 1 is its own source, 2 that one's source, …
CREATE TABLE lineage (
    card   TEXT NOT NULL REFERENCES card (id),
    depth  INTEGER NOT NULL,
    source TEXT NOT NULL,
    upto   INTEGER NOT NULL, -- seq
    PRIMARY KEY (card, depth)
) STRICT, WITHOUT ROWID;
