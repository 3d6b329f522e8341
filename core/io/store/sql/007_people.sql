-- 007_people.sql: who may sign in, and which access keys there are. What they prove themselves with is not here: it lies
-- as hashes in files of its own beside the database, which `secret` and `id` name.

CREATE TABLE person (
    name         TEXT PRIMARY KEY,
    seq          INTEGER NOT NULL, -- the event that made it: one of the same name, made anew, is another one
    role         TEXT NOT NULL,
    secret       TEXT,             -- of the password; NULL: no password signs in
    disabled     INTEGER NOT NULL,
    created_at   TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    signed_in_at TEXT
) STRICT;

-- A yes that needs another person's as well.
CREATE TABLE approval_yes (
    ask TEXT NOT NULL,
    who TEXT NOT NULL,
    at  TEXT NOT NULL,
    PRIMARY KEY (ask, who)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_key (
    id         TEXT PRIMARY KEY,
    seq        INTEGER NOT NULL,
    name       TEXT NOT NULL,
    user       TEXT,          -- whose it is; NULL: a service's, which is no person
    scope      TEXT NOT NULL, -- JSON: what it may do, of what its user may
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT;
