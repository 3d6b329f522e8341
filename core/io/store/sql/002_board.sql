-- 002_board.sql: the projections. Every row follows from the events (projections.sql); `orket check`
-- rebuilds all tables of this file and compares. Only projections.sql writes them.

CREATE TABLE card (
    id          TEXT PRIMARY KEY,
    type        TEXT NOT NULL,
    name        TEXT NOT NULL,
    status      TEXT NOT NULL,
    priority    REAL NOT NULL,
    wait_reason TEXT,
    return_to   TEXT,             -- where a parked card goes back to
    seat        TEXT,
    assignee    TEXT,
    parent      TEXT,
    epic        TEXT,             -- of an issue
    build       TEXT,
    ordinal     INTEGER NOT NULL, -- creation order
    revision    INTEGER NOT NULL, -- compare-and-swap
    retry_count INTEGER NOT NULL,
    max_retries INTEGER NOT NULL,
    credits     REAL NOT NULL,
    note        TEXT,             -- the hand-off note
    turns       INTEGER NOT NULL,
    tokens_in   INTEGER NOT NULL,
    tokens_out  INTEGER NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL,
    text        INTEGER NOT NULL, -- card_text: every other field of the card
    moved       INTEGER NOT NULL, -- seq of the event since when it has its status
    labels      TEXT,             -- of its texts: names, sorted, a JSON array
    note_labels TEXT
) STRICT;
CREATE INDEX card_epic ON card (epic, ordinal); -- without the status: a move leaves it alone
CREATE INDEX card_parent ON card (parent, ordinal);
CREATE INDEX card_ordinal ON card (ordinal);

-- A text is never changed: another one takes its place. So the cards of a fork share those of its source.
CREATE TABLE card_text (
    id   INTEGER PRIMARY KEY, -- seq; negative: the ordinal of a fork's card
    data TEXT NOT NULL        -- a JSON object
) STRICT;

CREATE TABLE dependency (
    card  TEXT NOT NULL REFERENCES card (id),
    needs TEXT NOT NULL,
    PRIMARY KEY (card, needs)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependency_needs ON dependency (needs);

CREATE TABLE comment (
    card   TEXT NOT NULL REFERENCES card (id),
    seq    INTEGER NOT NULL,
    author TEXT NOT NULL,
    role   TEXT,
    text   TEXT NOT NULL,
    at     TEXT NOT NULL,
    labels TEXT,
    PRIMARY KEY (card, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id         TEXT PRIMARY KEY,
    card       TEXT,
    generation TEXT,
    status     TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    body       TEXT NOT NULL
) STRICT;

CREATE TABLE turn (
    run        TEXT NOT NULL,
    turn       ANY NOT NULL,
    seq        INTEGER NOT NULL,
    card       TEXT,
    seat       TEXT,
    role       TEXT,
    generation TEXT,
    engine     TEXT,
    model      TEXT,
    outcome    TEXT,             -- NULL while it runs
    steps      INTEGER NOT NULL,
    tokens_in  INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    calls      INTEGER NOT NULL DEFAULT 0, -- requests to the model, failed ones too
    money      INTEGER NOT NULL DEFAULT 0, -- millionths of the currency
    took       INTEGER NOT NULL DEFAULT 0, -- milliseconds, where time is capped
    refusals   INTEGER NOT NULL DEFAULT 0, -- of its calls
    disk       INTEGER NOT NULL DEFAULT 0, -- bytes written, where they are capped
    waits      TEXT,                       -- for a cap that was reached: its path
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    labels     TEXT,             -- of what it has read
    arm        TEXT,             -- where prompts are compared
    PRIMARY KEY (run, turn)
) STRICT, WITHOUT ROWID;
CREATE INDEX turn_card ON turn (card, seq);

-- A tree since seq: its base as the base was at that moment, with the tree's own rows over it. A row of
-- tree_file holds from from_seq until to_seq (NULL: now); blob NULL says the file is gone.
CREATE TABLE tree (
    id   TEXT NOT NULL,
    seq  INTEGER NOT NULL,
    base TEXT,
    hash TEXT,
    PRIMARY KEY (id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE tree_file (
    tree     TEXT NOT NULL,
    path     TEXT NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq   INTEGER,
    blob     ANY,  -- the bytes of a hash
    base     ANY,
    card     TEXT, -- '' where it is the tree itself
    labels   TEXT,
    PRIMARY KEY (tree, path, from_seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE conflict (
    card TEXT NOT NULL,
    path TEXT NOT NULL,
    other TEXT,
    seq  INTEGER NOT NULL,
    labels TEXT,
    PRIMARY KEY (card, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE verdict (
    card TEXT NOT NULL,
    tree TEXT NOT NULL, -- the tree hash it is about
    ok   INTEGER NOT NULL,
    log  TEXT,
    at   TEXT NOT NULL,
    seq  INTEGER NOT NULL,
    labels TEXT,
    PRIMARY KEY (card, tree)
) STRICT, WITHOUT ROWID;

-- What is remembered, each text once for those who may read it (scope, epic, reader); docs/memory.md.
CREATE TABLE memory (
    id         INTEGER PRIMARY KEY, -- seq of the event that said it first
    seq        INTEGER NOT NULL,    -- of the one that said it last: run to at are that one's
    scope      TEXT NOT NULL,       -- project, epic, role, card
    epic       TEXT NOT NULL,       -- '' for all of them
    reader     TEXT NOT NULL,       -- the role or the card that it is for; '' for all
    digest     BLOB NOT NULL,       -- of the text, whatever its case and blanks
    run        TEXT NOT NULL,
    turn       ANY NOT NULL,
    card       TEXT,
    actor      TEXT NOT NULL,
    role       TEXT,
    rule       TEXT,                -- the rule by which it was noted
    at         TEXT NOT NULL,
    text       TEXT NOT NULL,
    keywords   TEXT,
    expires_at TEXT,
    labels     TEXT,
    forgotten  INTEGER,             -- seq of the event that took it out of the index
    -- for whom as words of the index: the whole of it, its epic, its reader
    place      TEXT AS ('p' || hex(scope || '/' || epic || '/' || reader) || '0 e' || hex(epic) || '0 r' || hex(reader) || '0')
) STRICT;
CREATE UNIQUE INDEX memory_place ON memory (scope, epic, reader, digest);
CREATE INDEX memory_newest ON memory (scope, epic, reader, seq);
CREATE INDEX memory_card ON memory (card);
CREATE INDEX memory_seq ON memory (seq);
CREATE INDEX memory_end ON memory (expires_at) WHERE expires_at IS NOT NULL;

-- The words of what is not forgotten, and for whom it is. How they lie in its tables depends on when they came there; what they say
-- does not, and is what `orket check` compares (compare_index.c).
CREATE VIRTUAL TABLE memory_fts USING fts5 (text, place, content = '', tokenize = 'porter unicode61 remove_diacritics 2');

CREATE TABLE approval (
    id          TEXT PRIMARY KEY, -- run/turn/n of the question
    card        TEXT,
    run         TEXT NOT NULL,
    turn        ANY NOT NULL,
    call        TEXT,
    role        TEXT,             -- who wants to, in a question of yes or no
    tool        TEXT,
    operation   TEXT,
    paths       TEXT,             -- canonical
    rule        TEXT,             -- who asks
    why         TEXT,
    place       TEXT,             -- where that is said
    hash        TEXT,             -- of all that is asked about, with the files as they were
    before      TEXT,             -- those files: path -> blob
    status      TEXT NOT NULL,    -- pending, then the answer, then what it came to
    answered_by TEXT,
    answer_why  TEXT,
    asked_at    TEXT NOT NULL,
    answered_at TEXT,
    expires_at  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_open ON approval (status, card);
CREATE INDEX approval_card ON approval (card, id);

-- Which generation served from when on, which ones waited, and who accepted them.
CREATE TABLE serving (
    seq        INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL,   -- loaded, waiting, accepted
    generation TEXT NOT NULL,
    against    TEXT,            -- the generation that served meanwhile
    actor      TEXT NOT NULL,
    delta      TEXT,            -- JSON: what it makes possible
    at         TEXT NOT NULL
) STRICT;

-- The configuration that the newest run followed from when it began or went on.
CREATE TABLE house (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    config TEXT NOT NULL    -- a blob
) STRICT;

-- The tools of MCP servers as a person trusts them, and what a server said of one since.
CREATE TABLE mcp_tool (
    server      TEXT NOT NULL,
    tool        TEXT NOT NULL,  -- the server's name of it
    name        TEXT NOT NULL,  -- the roles' name of it
    pin         TEXT NOT NULL,  -- hash of name, description and schema; '' when only its script says it
    description TEXT,
    schema      TEXT,           -- JSON
    aside       TEXT,           -- JSON: as the server described it later; nobody calls it meanwhile
    actor       TEXT NOT NULL,
    at          TEXT NOT NULL,
    PRIMARY KEY (server, tool)
) STRICT, WITHOUT ROWID;

-- Which server it was whose tools a person trusted.
CREATE TABLE mcp_server (
    server   TEXT PRIMARY KEY,
    identity TEXT NOT NULL,     -- JSON: its program with what that is started with, or its address
    version  TEXT,              -- of the protocol that it spoke then
    actor    TEXT NOT NULL,
    at       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What was refused: a PolicyViolationReport. What was attempted is said by the conversation `convo`.
CREATE TABLE report (
    seq      INTEGER PRIMARY KEY,
    run      TEXT NOT NULL,
    turn     ANY NOT NULL,
    step     INTEGER NOT NULL,
    n        INTEGER NOT NULL,
    card     TEXT,
    actor    TEXT NOT NULL,
    role     TEXT,
    decision TEXT NOT NULL,     -- deny, ask
    rule     TEXT NOT NULL,
    call     TEXT,
    tool     TEXT,
    attempt  TEXT,              -- JSON: the operation, where a tool's script asked for it
    why      TEXT,
    fix      TEXT,
    place    TEXT,              -- the key or file:line that decided
    convo    TEXT,
    at       TEXT NOT NULL
) STRICT;
CREATE INDEX report_card ON report (card, seq);

CREATE TABLE generation (
    id    TEXT PRIMARY KEY,
    files TEXT NOT NULL,
    at    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Trials of new generations beside old ones, by the event that began them.
CREATE TABLE canary (
    seq        INTEGER PRIMARY KEY,
    generation TEXT NOT NULL,
    stable     TEXT NOT NULL,
    status     TEXT NOT NULL, -- trying; then promoted, rolled_back, or replaced by the next one
    body       TEXT NOT NULL,
    result     TEXT,
    ended      INTEGER        -- the event that ended it
) STRICT;

CREATE TABLE proposal (
    seq  INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    card TEXT,
    role TEXT,
    body TEXT NOT NULL,
    at   TEXT NOT NULL,
    status      TEXT, -- of an example: accepted, rejected, removed
    answered_by TEXT
) STRICT;
CREATE INDEX proposal_card ON proposal (card);

-- Plans that a person took: their cards are on the board, their files are in config/ once they are `written`.
CREATE TABLE plan (
    seq     INTEGER PRIMARY KEY,
    card    TEXT NOT NULL,
    rock    TEXT NOT NULL,
    files   TEXT NOT NULL, -- [{path, blob}]
    written INTEGER        -- the event
) STRICT;
CREATE INDEX plan_open ON plan (written);

-- The labels that something has carried since seq: without a row here, nothing need be asked about labels.
CREATE TABLE label (
    name TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
