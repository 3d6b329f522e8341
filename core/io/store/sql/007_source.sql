-- 007_source.sql: the commit of a person's repository that an epic starts from. `tree` is the epic; `executable` holds the
-- paths that may be executed, `left_out` what stayed in the repository ({path, why}), both as JSON.
CREATE TABLE source (
    tree       TEXT PRIMARY KEY,
    seq        INTEGER NOT NULL,
    repo       TEXT NOT NULL,
    ref        TEXT NOT NULL,
    subdir     TEXT,
    commit_id  TEXT NOT NULL,
    executable TEXT NOT NULL,
    left_out   TEXT NOT NULL
) STRICT;
