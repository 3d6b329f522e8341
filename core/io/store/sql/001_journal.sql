-- 001_journal.sql: the truth. An event, a blob, a message is never updated.

-- Rows are short: there are four or five of them for each step of a turn. Who reads asks the views event and
-- journal below, where everything stands in full.

-- A stream and its last event. Its events are a list: each has the commit number of the one before.
-- (An index by stream and number would make every commit touch a page per stream.)
CREATE TABLE stream (
    id    INTEGER PRIMARY KEY,
    run   TEXT NOT NULL,
    turn  ANY NOT NULL, -- an integer when it reads as one, so that 10 comes after 9
    n     INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    card  TEXT,         -- of its first event, as actor and role
    actor TEXT NOT NULL,
    role  TEXT,
    UNIQUE (run, turn)
) STRICT;

-- Kinds of events, as they come up.
CREATE TABLE kind (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

-- An event as it is stored.
CREATE TABLE entry (
    seq    INTEGER PRIMARY KEY, -- commit order; not part of the chain
    stream INTEGER NOT NULL,
    prev   INTEGER NOT NULL,    -- seq of the stream's event n - 1, or 0
    n      INTEGER NOT NULL,    -- 1, 2, 3 … within the stream
    step   INTEGER NOT NULL,
    kind   INTEGER NOT NULL,
    at     INTEGER NOT NULL,    -- milliseconds since 1970; not part of the chain
    card   TEXT,
    actor  TEXT,                -- NULL, within a step only: card, actor and role are those of the stream
    role   TEXT,
    hash   BLOB NOT NULL,
    names  BLOB,                -- hashes of which the body has char(1), char(2) … in place of their 64 digits
    body   TEXT NOT NULL        -- canonical JSON object, which has no such characters of its own
) STRICT;
-- What happened to a card outside model steps; its steps are found through its turns.
CREATE INDEX entry_card ON entry (card, seq) WHERE step = 0 AND card IS NOT NULL;

CREATE VIEW event AS
    SELECT seq, stream, prev, n, step, coalesce((SELECT name FROM kind WHERE id = e.kind), '?') AS kind,
           iif(actor IS NULL, (SELECT card FROM stream WHERE id = e.stream), card) AS card,
           iif(actor IS NULL, (SELECT actor FROM stream WHERE id = e.stream), actor) AS actor,
           iif(actor IS NULL, (SELECT role FROM stream WHERE id = e.stream), role) AS role,
           -- UTC, RFC 3339
           coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch'), CAST(at AS TEXT)) AS at,
           CASE coalesce(length(names), 0)
               WHEN 0 THEN body
               WHEN 32 THEN replace(body, char(1), lower(hex(names)))
               ELSE replace(replace(replace(replace(body,
                   char(1), lower(hex(substr(names, 1, 32)))), char(2), lower(hex(substr(names, 33, 32)))),
                   char(3), lower(hex(substr(names, 65, 32)))), char(4), lower(hex(substr(names, 97, 32))))
           END AS body, hash
    FROM entry e;

CREATE VIEW journal AS
    SELECT e.seq, s.run, s.turn, e.step, e.n, e.kind, e.card, e.actor, e.role, e.at, e.body, e.hash
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

-- Where a hash is found: key = its first 4 bytes, id = a blob, or minus a message. New names go into the
-- small table and from there in bulk, in order, into the large one: hashes are random, and each would
-- touch a page of its own.
CREATE TABLE name_recent (key INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (key, id)) STRICT, WITHOUT ROWID;
CREATE TABLE name (key INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (key, id)) STRICT, WITHOUT ROWID;
