-- 001_journal.sql: the truth. Nothing here is ever updated.

CREATE TABLE stream (
    id   INTEGER PRIMARY KEY,
    run  TEXT NOT NULL,
    turn ANY NOT NULL, -- an integer when it reads as one, so that 10 comes after 9
    UNIQUE (run, turn)
) STRICT;

CREATE TABLE event (
    seq    INTEGER PRIMARY KEY, -- commit order; not part of the chain
    stream INTEGER NOT NULL,
    n      INTEGER NOT NULL,    -- 1, 2, 3 … within the stream
    step   INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    card   TEXT,
    actor  TEXT NOT NULL,
    role   TEXT,
    at     TEXT NOT NULL,       -- UTC, RFC 3339; not part of the chain
    ms     INTEGER,             -- a duration; not part of the chain
    body   TEXT NOT NULL,       -- canonical JSON object
    hash   BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_place ON event (stream, n);
-- What happened to a card outside model steps; its steps are found through its turns.
CREATE INDEX event_card ON event (card, seq) WHERE step = 0 AND card IS NOT NULL;

CREATE VIEW journal AS
    SELECT e.seq, s.run, s.turn, e.step, e.n, e.kind, e.card, e.actor, e.role, e.at, e.ms, e.body, e.hash
    FROM event e JOIN stream s ON s.id = e.stream;

CREATE TABLE blob (
    id    INTEGER PRIMARY KEY,
    hash  BLOB NOT NULL UNIQUE,
    bytes BLOB NOT NULL
) STRICT;

-- A conversation is named by its last message: hash = BLAKE2b(parent, blob).
CREATE TABLE convo (
    hash   BLOB PRIMARY KEY,
    parent BLOB,
    blob   BLOB NOT NULL
) STRICT, WITHOUT ROWID;
