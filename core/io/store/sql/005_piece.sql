-- 005_piece.sql: what of a blob or a message did not fit the page of its row. SQLite puts a row of up to a page
-- on one page, and what is left of the page before it stays empty: a row of 60 % of a page costs a page. So bytes
-- are cut where pages end: `more` is the first piece of the rest, and a piece with more = 1 goes on in the next.

ALTER TABLE blob ADD COLUMN more INTEGER;
ALTER TABLE message ADD COLUMN more INTEGER;
CREATE TABLE piece (
    id    INTEGER PRIMARY KEY,
    more  INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
