-- 006_text.sql: a card's text found again: a fork of a card that has another text by now goes on with the one that was
-- said then. By length, which costs a card some ten bytes: an index over the texts would hold each of them twice.
CREATE INDEX card_text_length ON card_text (length(data));
