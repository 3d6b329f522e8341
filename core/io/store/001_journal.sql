-- 001_journal.sql: the truth. An event, a blob, a message is never updated.

-- A stream and its last event. Its events are a list: each has the commit number of the one before.
-- (An index by stream and number would make every commit touch a page per stream.)
CREATE TABLE stream (
    id   INTEGER PRIMARY KEY,
    run  TEXT NOT NULL,
    turn ANY NOT NULL, -- an integer when it reads as one, so that 10 comes after 9
    n    INTEGER NOT NULL,
    seq  INTEGER NOT NULL,
    UNIQUE (run, turn)
) STRICT;

CREATE TABLE event (
    seq    INTEGER PRIMARY KEY, -- commit order; not part of the chain
    stream INTEGER NOT NULL,
    prev   INTEGER NOT NULL,    -- seq of the stream's event n - 1, or 0
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
-- What happened to a card outside model steps; its steps are found through its turns.
CREATE INDEX event_card ON event (card, seq) WHERE step = 0 AND card IS NOT NULL;

CREATE VIEW journal AS
    SELECT e.seq, s.run, s.turn, e.step, e.n, e.kind, e.card, e.actor, e.role, e.at, e.ms, e.body, e.hash
    FROM event e JOIN stream s ON s.id = e.stream;

CREATE TABLE blob (
    id    INTEGER PRIMARY KEY,
    hash  BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- A conversation is named by its last message: hash = BLAKE2b(hash of the parent, bytes).
CREATE TABLE message (
    id     INTEGER PRIMARY KEY,
    hash   BLOB NOT NULL,
    parent INTEGER, -- NULL: the first message
    bytes  BLOB NOT NULL
) STRICT;

-- Where a hash is found: key = its first 8 bytes, id = a blob, or minus a message. New names go into the
-- small table and from there in bulk, in order, into the large one: hashes are random, and each would
-- touch a page of its own.
CREATE TABLE name_recent (key INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (key, id)) STRICT, WITHOUT ROWID;
CREATE TABLE name (key INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (key, id)) STRICT, WITHOUT ROWID;
