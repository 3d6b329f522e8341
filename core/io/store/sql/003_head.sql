-- 003_head.sql: what was signed. A row is written by the store itself in the commit of a run's end; it is no
-- projection, since the key is not in the journal.

CREATE TABLE head (
    run       TEXT NOT NULL,
    seq       INTEGER NOT NULL, -- the last commit that it covers
    events    INTEGER NOT NULL, -- of the run
    hash      BLOB NOT NULL,    -- of the run
    key       BLOB NOT NULL,    -- Ed25519, the public part
    signature BLOB NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
