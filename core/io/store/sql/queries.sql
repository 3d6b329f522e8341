-- queries.sql: everything the program reads, by name. `:x` are parameters, NULL when not given. A
-- column called "x:json" reaches Lua decoded as x; queries for read_doc have one column of JSON text.
-- json_raw(text) is text that is JSON already; json_join(a, b) two objects without a common key as one;
-- hash_digits(bytes) the 64 hexadecimal digits of a hash, hash_key(bytes) what a name is looked up by, event_body(body, names)
-- an event's body as the view event shows it.
-- A query may have a guard before it: without a row of that statement it has none, and is not even begun, which saves the
-- temporary tables that a statement over several sources makes first.

-- A card of a fork inherits what its sources (lineage) had up to a commit: comments, verdicts, turns, files.

-- What a card cost, also its open turns. `cards` is a JSON array of the cards that are meant; none: all.
-- name: board
SELECT id, type, name, status, priority, wait_reason, return_to, seat, assignee, parent, epic, build, ordinal,
       revision, retry_count, credits, turns,
       tokens_in + coalesce((SELECT sum(tokens_in) FROM turn WHERE card = c.id AND outcome IS NULL), 0) AS tokens_in,
       tokens_out + coalesce((SELECT sum(tokens_out) FROM turn WHERE card = c.id AND outcome IS NULL), 0) AS tokens_out,
       updated_at
FROM card c WHERE :cards IS NULL OR id IN (SELECT value FROM json_each(:cards)) ORDER BY ordinal;

-- The same with what is said beside it: how often something of a card was refused, where the epic of a fork comes from, and
-- what is given by card: :approvals and :outages, objects of JSON. For store:read_aside.
-- name: board_shown
WITH asked (card, value) AS MATERIALIZED (SELECT key, value FROM json_each(:approvals)),
paused (card, value) AS MATERIALIZED (SELECT key, value FROM json_each(:outages)),
refused (card, reports) AS MATERIALIZED (
    SELECT card, count(*) FROM report WHERE card IS NOT NULL AND decision <> 'ask' GROUP BY card),
fork (card, origin) AS MATERIALIZED (
    SELECT card, (body ->> '$.of') || '@' || (body ->> '$.at') FROM run WHERE body ->> '$.of' IS NOT NULL)
SELECT c.id, c.type, c.name, c.status, c.priority, c.wait_reason, c.return_to, c.seat, c.assignee, c.parent, c.epic, c.build,
       c.ordinal, c.revision, c.retry_count, c.credits, c.turns,
       c.tokens_in + coalesce((SELECT sum(tokens_in) FROM turn WHERE card = c.id AND outcome IS NULL), 0) AS tokens_in,
       c.tokens_out + coalesce((SELECT sum(tokens_out) FROM turn WHERE card = c.id AND outcome IS NULL), 0) AS tokens_out,
       c.updated_at, r.reports, f.origin AS forked_from, a.value AS "approval:json", p.value AS "outage:json"
FROM card c LEFT JOIN refused r ON r.card = c.id LEFT JOIN fork f ON f.card = c.id LEFT JOIN asked a ON a.card = c.id
     LEFT JOIN paused p ON p.card = c.id
WHERE (:all OR c.status <> 'archived') AND (:cards IS NULL OR c.id IN (SELECT value FROM json_each(:cards)))
ORDER BY c.ordinal;

-- name: card
SELECT id, type, name, status, priority, wait_reason, return_to, seat, assignee, parent, epic,
       build, ordinal, revision, retry_count, max_retries, credits, note, turns,
       tokens_in + coalesce((SELECT sum(tokens_in) FROM turn WHERE card = c.id AND outcome IS NULL), 0) AS tokens_in,
       tokens_out + coalesce((SELECT sum(tokens_out) FROM turn WHERE card = c.id AND outcome IS NULL), 0) AS tokens_out,
       created_at, updated_at, labels AS "labels:json", note_labels AS "note_labels:json",
       (SELECT data FROM card_text WHERE id = c.text) AS "data:json",
       (SELECT json_group_array(needs) FROM dependency WHERE card = c.id) AS "depends_on:json"
FROM card c WHERE id = :id;

-- name: card_state
SELECT id, type, status, revision, wait_reason, return_to, seat, assignee, epic, parent,
       build, ordinal, retry_count, max_retries, priority,
       (SELECT data ->> '$.verification.fixture_path' FROM card_text WHERE id = c.text) AS fixture
FROM card c WHERE id = :id;

-- Effects of agents without the permit that their call's result would name: none, in a sound journal.
-- name: unpermitted
WITH effect AS MATERIALIZED (
    SELECT e.run, e.turn, e.step, e.n, e.kind, k.op,
           (SELECT min(r.n) FROM journal r WHERE r.run = e.run AND r.turn = e.turn AND r.n > e.n AND r.kind = 'call.result') AS result
    FROM journal e JOIN (
        SELECT 'file.written' AS kind, 'fs.write' AS op UNION ALL SELECT 'file.deleted', 'fs.delete'
        UNION ALL SELECT 'comment.added', 'card.comment' UNION ALL SELECT 'card.created', 'card.create'
        UNION ALL SELECT 'card.credits', 'card.credits' UNION ALL SELECT 'card.nominated', 'card.nominate'
        UNION ALL SELECT 'refinement.proposed', 'card.refine') k ON k.kind = e.kind
    WHERE e.actor LIKE 'agent:%'),
counted AS (SELECT *, count(*) OVER (PARTITION BY run, turn, result, op) AS effects FROM effect)
SELECT run, turn, n, kind FROM counted x WHERE NOT EXISTS (
    SELECT 1 FROM journal r JOIN journal a ON a.run = r.run AND a.turn = r.turn
    WHERE r.run = x.run AND r.turn = x.turn AND r.n = x.result AND r.step = x.step
      AND a.kind = 'call.allowed' AND a.step = x.step AND a.n < x.n AND a.body ->> 'call' = r.body ->> 'call'
      AND length(a.body ->> 'operation') = 64
      AND ((SELECT count(*) FROM json_each(r.body, '$.operations') o
            WHERE o.value ->> 'op' = x.op AND length(o.value ->> 'hash') = 64) >= x.effects
        OR x.op = 'card.create' AND EXISTS ( -- a person said yes to all of it
            SELECT 1 FROM json_each(r.body, '$.operations') o
            WHERE o.value ->> 'op' IN ('plan.make', 'board.create') AND length(o.value ->> 'hash') = 64)
        OR x.op = 'fs.write' AND EXISTS ( -- a program writes what it likes, and each file was judged
            SELECT 1 FROM json_each(r.body, '$.operations') o
            WHERE o.value ->> 'op' = 'proc.run' AND length(o.value ->> 'hash') = 64)));

-- name: card_scope
SELECT (SELECT data -> '$.params.scope' FROM card_text WHERE id = c.text) AS "scope:json" FROM card c WHERE id = :id;

-- name: epic_size
SELECT count(*) AS issues FROM card WHERE epic = :epic;

-- How many cards the agents of a run have made.
-- name: cards_made
SELECT count(*) AS made FROM journal WHERE run = :run AND kind = 'card.created' AND actor LIKE 'agent:%';

-- The file form of a card: what export-cards writes and sync compares.
-- name: card_file
SELECT json_put((SELECT data FROM card_text WHERE id = c.text), json_object('id', id, 'type', type, 'name', name, 'status', status, 'priority', priority,
       'wait_reason', wait_reason, 'seat', seat, 'assignee', assignee, 'parent_id', parent, 'build_id', build,
       'retry_count', retry_count, 'max_retries', max_retries, 'note', note,
       'depends_on', json((SELECT json_group_array(needs) FROM dependency WHERE card = c.id))))
FROM card c WHERE id = :id;

-- What is behind an iif is not even begun when there is none of it, as on most cards.
-- name: view
SELECT json_object(
    'card', json_join(x.data, json_object(
        'id', c.id, 'type', c.type, 'name', c.name, 'status', c.status, 'priority', c.priority,
        'wait_reason', c.wait_reason, 'seat', c.seat, 'assignee', c.assignee, 'note', c.note,
        'parent_id', c.parent, 'epic', c.epic, 'revision', c.revision, 'retry_count', c.retry_count,
        'max_retries', c.max_retries, 'credits', c.credits,
        'depends_on', json_raw((SELECT json_group_array(needs) FROM dependency WHERE card = c.id)))),
    'dependencies', json_raw((
        SELECT json_group_array(json_object('id', n.id, 'name', n.name, 'status', n.status, 'note', n.note))
        FROM dependency d JOIN card n ON n.id = d.needs WHERE d.card = c.id)),
    'comments', json_raw(CASE
        WHEN EXISTS (SELECT 1 FROM lineage WHERE card = c.id) THEN (
            SELECT json_group_array(json_object('author', author, 'role', role, 'text', text, 'at', at))
            FROM (SELECT * FROM (
                SELECT * FROM comment WHERE card = c.id
                UNION ALL SELECT m.* FROM lineage l JOIN comment m ON m.card = l.source AND m.seq <= l.upto
                WHERE l.card = c.id ORDER BY seq DESC LIMIT 50) ORDER BY seq))
        WHEN EXISTS (SELECT 1 FROM comment WHERE card = c.id) THEN (
            SELECT json_group_array(json_object('author', author, 'role', role, 'text', text, 'at', at))
            FROM (SELECT * FROM (SELECT * FROM comment WHERE card = c.id ORDER BY seq DESC LIMIT 50) ORDER BY seq))
        ELSE '[]' END),
    'role', :role, 'seat', :seat, 'review', json_raw(iif(:review, 'true', 'false')),
    'memory', json_raw(coalesce(:memory, '[]')), 'labels', json_raw(coalesce(:labels, 'null')),
    'verification', json_object(
        'fixture', x.data ->> '$.verification.fixture_path',
        'last', json_raw(CASE
            WHEN EXISTS (SELECT 1 FROM verdict WHERE card = c.id) THEN (
                SELECT json_object('ok', json_raw(iif(ok, 'true', 'false')), 'log', log, 'tree', tree)
                FROM verdict WHERE card = c.id ORDER BY seq DESC LIMIT 1)
            WHEN EXISTS (SELECT 1 FROM lineage WHERE card = c.id) THEN (
                SELECT json_object('ok', json_raw(iif(v.ok, 'true', 'false')), 'log', v.log, 'tree', v.tree)
                FROM lineage l JOIN verdict v ON v.card = l.source AND v.seq <= l.upto
                WHERE l.card = c.id ORDER BY v.seq DESC LIMIT 1) END)),
    'effects', json_raw(iif(EXISTS (SELECT 1 FROM turn WHERE card = c.id AND steps > 0)
                            OR EXISTS (SELECT 1 FROM lineage WHERE card = c.id), (
        WITH RECURSIVE walk (seq, prev) AS (
            SELECT * FROM (SELECT e.seq, e.prev FROM turn t JOIN stream s ON s.run = t.run AND s.turn = t.turn
                           JOIN entry e ON e.seq = s.seq WHERE t.card = c.id ORDER BY t.seq DESC LIMIT 3)
            UNION ALL -- the head of a source's turn, or what was its head then
            SELECT * FROM (SELECT e.seq, e.prev FROM lineage l JOIN turn t ON t.card = l.source AND t.seq <= l.upto
                           JOIN stream s ON s.run = t.run AND s.turn = t.turn
                           JOIN entry e ON e.seq = iif(s.seq <= l.upto, s.seq, (
                               SELECT f.seq FROM entry f WHERE f.seq <= l.upto AND f.stream = s.id
                               ORDER BY f.seq DESC LIMIT 1))
                           WHERE l.card = c.id ORDER BY t.seq DESC LIMIT 3)
            UNION ALL
            SELECT e.seq, e.prev FROM walk JOIN entry e ON e.seq = walk.prev
            ORDER BY 1 DESC LIMIT 40)
        SELECT json_group_array(json_object('step', step, 'result', json_raw(body)))
        FROM (SELECT e.seq, step, body FROM event e WHERE e.seq IN (
                  SELECT e.seq FROM walk JOIN entry e ON e.seq = walk.seq
                  WHERE e.kind = (SELECT id FROM kind WHERE name = 'call.result') AND length(e.body) <= 16384
                  ORDER BY e.seq DESC LIMIT 10) ORDER BY e.seq)), '[]')),
    'conflict', json_raw((
        SELECT json_group_array(json_object('path', path, 'with', other)) FROM conflict WHERE card = c.id)),
    'approvals', json_raw(CASE WHEN EXISTS (SELECT 1 FROM approval WHERE card = c.id) THEN (
        SELECT json_group_array(json_object(
            'id', id, 'tool', tool, 'paths', json_raw(coalesce(paths, '[]')), 'rule', rule, 'status', status, 'by', answered_by,
            'why', answer_why, 'expires_at', expires_at, 'labels', json_raw(coalesce(marks, 'null'))))
        FROM (SELECT * FROM (
            SELECT a.*, (SELECT labels FROM turn t WHERE t.run = a.run AND t.turn = a.turn) AS marks FROM approval a
            WHERE a.card = c.id AND a.hash IS NOT NULL ORDER BY a.asked_at DESC, a.id DESC LIMIT 20) ORDER BY asked_at, id))
        ELSE '[]' END),
    'epic', json_raw((SELECT json_join(y.data, json_object('id', p.id, 'type', p.type, 'name', p.name,
                                                      'status', p.status))
                  FROM card p JOIN card_text y ON y.id = p.text WHERE p.id = coalesce(c.epic, c.parent))))
FROM card c JOIN card_text x ON x.id = c.text WHERE c.id = :card;

-- What of a card's view carries labels: comments in their order there, dependencies by id, conflicts by path.
-- name: labels
SELECT 1 WHERE EXISTS (SELECT 1 FROM label);
SELECT json_object(
    'card', json(c.labels), 'note', json(c.note_labels),
    'epic', json((SELECT labels FROM card WHERE id = coalesce(c.epic, c.parent))),
    'dependencies', json((
        SELECT json_group_object(n.id, json_object('name', json(n.labels), 'note', json(n.note_labels)))
        FROM dependency d JOIN card n ON n.id = d.needs
        WHERE d.card = c.id AND (n.labels IS NOT NULL OR n.note_labels IS NOT NULL))),
    'comments', json((
        SELECT json_group_array(json(labels))
        FROM (SELECT labels FROM (
            SELECT seq, labels FROM comment WHERE card = c.id
            UNION ALL SELECT m.seq, m.labels FROM lineage l JOIN comment m ON m.card = l.source AND m.seq <= l.upto
            WHERE l.card = c.id ORDER BY seq DESC LIMIT 50) ORDER BY seq))),
    'verification', json(iif(EXISTS (SELECT 1 FROM verdict WHERE card = c.id),
        (SELECT labels FROM verdict WHERE card = c.id ORDER BY seq DESC LIMIT 1),
        (SELECT v.labels FROM lineage l JOIN verdict v ON v.card = l.source AND v.seq <= l.upto
         WHERE l.card = c.id ORDER BY v.seq DESC LIMIT 1))),
    'conflict', json((SELECT json_group_object(path, json(labels)) FROM conflict WHERE card = c.id AND labels IS NOT NULL)),
    'effects', json((SELECT json_group_array(value) FROM (
        SELECT DISTINCT value FROM (
            SELECT * FROM (SELECT labels FROM turn WHERE card = c.id ORDER BY seq DESC LIMIT 3)
            UNION ALL SELECT * FROM (
                SELECT t.labels FROM lineage l JOIN turn t ON t.card = l.source AND t.seq <= l.upto
                WHERE l.card = c.id ORDER BY t.seq DESC LIMIT 3)) t, json_each(coalesce(t.labels, '[]'))
        ORDER BY value)))) AS "labels:json"
FROM card c WHERE c.id = :card;

-- What a model sees when it asks for the context of its card.
-- name: context
SELECT json_object(
    'id', c.id, 'name', c.name, 'type', c.type, 'status', c.status, 'description', x.data ->> '$.description',
    'requirements', x.data -> '$.requirements', 'note', c.note,
    'dependencies', json_raw((
        SELECT json_group_array(json_object('id', n.id, 'name', n.name, 'status', n.status, 'note', n.note))
        FROM dependency d JOIN card n ON n.id = d.needs WHERE d.card = c.id)),
    'comments', json_raw((
        SELECT json_group_array(json_object('author', author, 'role', role, 'text', text))
        FROM (SELECT * FROM (
            SELECT * FROM comment WHERE card = c.id
            UNION ALL SELECT m.* FROM lineage l JOIN comment m ON m.card = l.source AND m.seq <= l.upto
            WHERE l.card = c.id ORDER BY seq DESC LIMIT 50) ORDER BY seq))))
FROM card c JOIN card_text x ON x.id = c.text WHERE c.id = :card;

-- All issues of an epic with what they depend on.
-- name: backlog
SELECT id, type, name, status, priority, wait_reason, return_to, seat, assignee, build, ordinal, revision,
       retry_count, max_retries, (SELECT data ->> '$.verification.fixture_path' FROM card_text WHERE id = c.text) AS fixture,
       (SELECT data -> '$.budget' FROM card_text WHERE id = c.text) AS "budget:json",
       (SELECT json_group_array(needs) FROM dependency WHERE card = c.id) AS "depends_on:json"
FROM card c WHERE epic = :epic AND type IN ('issue', 'plan') ORDER BY ordinal;

-- What agents proposed as examples of good work, and what became of it.
-- name: examples
SELECT p.seq AS id, p.card, p.role, p.at, p.body AS "body:json", p.status, p.answered_by, e.run, e.turn, e.actor,
       c.status AS card_status
FROM proposal p LEFT JOIN journal e ON e.seq = p.seq LEFT JOIN card c ON c.id = p.card
WHERE p.kind = 'refinement' AND p.body ->> '$.example_for' IS NOT NULL AND (:id IS NULL OR p.seq = :id) ORDER BY p.seq;

-- name: sprint_cards
SELECT c.id FROM card c JOIN card_text t ON t.id = c.text WHERE t.data ->> '$.sprint' = :sprint ORDER BY c.ordinal;

-- Proposed scripts, and what became of them.
-- name: script_proposals
SELECT p.seq AS id, p.body AS "body:json", p.status, p.answered_by, p.at, e.actor
FROM proposal p JOIN journal e ON e.seq = p.seq WHERE p.kind = 'scripts' AND (:id IS NULL OR p.seq = :id) ORDER BY p.seq;

-- Which of these cards (JSON) there are.
-- name: known_cards
SELECT id FROM card WHERE id IN (SELECT value FROM json_each(:ids));

-- name: children
SELECT id, type, name, status, priority, ordinal, revision FROM card WHERE parent = :parent ORDER BY ordinal;

-- name: parked
SELECT id, type, status, wait_reason, return_to, seat, revision FROM card
WHERE status IN ('blocked', 'waiting_for_developer') AND (:epic IS NULL OR epic = :epic) ORDER BY ordinal;

-- name: comments
SELECT seq, author, role, text, at FROM comment WHERE card = :card
UNION ALL SELECT m.seq, m.author, m.role, m.text, m.at FROM lineage l
JOIN comment m ON m.card = l.source AND m.seq <= l.upto WHERE l.card = :card ORDER BY seq;

-- name: memory_any
SELECT 1 AS "any" WHERE EXISTS (SELECT 1 FROM memory);

-- How many rows have a word, counted no further than :most.
-- name: memory_words
SELECT value AS word, (SELECT count(*) FROM (SELECT 1 FROM memory_fts WHERE memory_fts MATCH 'text : ' || value LIMIT :most)) AS "rows"
FROM json_each(:words);

-- What a turn of :role on :card may be shown, as of its beginning: of the rows for it the best :best that match (`rank`,
-- 1 is the best), then those of the numbers :near, then the :newest others. Rows that match any word of :match are ranked by BM25;
-- when none of those is for the turn, and when :wide, there come the newest 100 rows for it of each word of :common, by how many
-- of those they have. (Which of a frequent word are for the turn the index tells: all others would have to be read.)
-- name: memory
WITH clock (day) AS MATERIALIZED (
    SELECT coalesce((SELECT julianday(started_at) FROM turn WHERE run = :run AND turn = :turn),
                    (SELECT at FROM entry ORDER BY seq DESC LIMIT 1) / 86400000.0 + 2440587.5)),
place (scope, epic, reader, upto) AS MATERIALIZED (
    VALUES ('project', '', '', 9223372036854775807), ('epic', :epic, '', 9223372036854775807),
           ('role', :epic, :role, 9223372036854775807), ('role', '', :role, 9223372036854775807),
           ('card', :epic, :card, 9223372036854775807)
    UNION ALL SELECT 'epic', source, '', upto FROM lineage WHERE card = :epic
    UNION ALL SELECT 'role', source, :role, upto FROM lineage WHERE card = :epic
    UNION ALL SELECT 'card', coalesce(c.epic, c.id), l.source, l.upto FROM lineage l JOIN card c ON c.id = l.source
              WHERE l.card = :card),
rare (id, score) AS MATERIALIZED (
    SELECT m.id, f.score
    FROM (SELECT rowid AS id, bm25(memory_fts) AS score FROM memory_fts WHERE memory_fts MATCH coalesce(:match, '""')) f
    CROSS JOIN memory m ON m.id = f.id CROSS JOIN place p
         ON p.scope = m.scope AND p.epic = m.epic AND p.reader = m.reader AND m.id <= p.upto
    WHERE m.expires_at IS NULL OR julianday(m.expires_at) > (SELECT day FROM clock)),
-- NULL where all rows are for the same readers
whose (words) AS MATERIALIZED (
    SELECT group_concat('"p' || hex(scope || '/' || epic || '/' || reader) || '0"', ' OR ') FROM place p
    WHERE EXISTS (SELECT 1 FROM memory m WHERE m.scope = p.scope AND m.epic = p.epic AND m.reader = p.reader)
      AND (SELECT place FROM memory ORDER BY scope, epic, reader LIMIT 1)
          <> (SELECT place FROM memory ORDER BY scope DESC, epic DESC, reader DESC LIMIT 1)),
common (id, score) AS MATERIALIZED (
    SELECT r.value, 1.0 / count(*) FROM json_each(iif(:wide OR NOT EXISTS (SELECT 1 FROM rare), coalesce(:common, '[]'), '[]')) w, json_each((
        SELECT json_group_array(rowid) FROM (
            SELECT rowid FROM memory_fts WHERE memory_fts MATCH coalesce('place : (' || (SELECT words FROM whose) || ') AND ', '') || 'text : ' || w.value
            ORDER BY rowid DESC LIMIT 100))) r
    GROUP BY r.value),
found (id, score) AS MATERIALIZED (
    SELECT id, min(score) FROM (
        SELECT id, score FROM rare
        UNION ALL
        SELECT m.id, f.score FROM common f CROSS JOIN memory m ON m.id = f.id CROSS JOIN place p
             ON p.scope = m.scope AND p.epic = m.epic AND p.reader = m.reader AND m.id <= p.upto
        WHERE m.expires_at IS NULL OR julianday(m.expires_at) > (SELECT day FROM clock))
    GROUP BY id),
best (id, rank) AS MATERIALIZED (
    SELECT id, row_number() OVER (ORDER BY score, id DESC) FROM found ORDER BY score, id DESC LIMIT coalesce(:best, 30)),
near (id) AS MATERIALIZED (
    SELECT m.id FROM json_each(coalesce(:near, '[]')) n CROSS JOIN memory m ON m.id = n.value CROSS JOIN place p
         ON p.scope = m.scope AND p.epic = m.epic AND p.reader = m.reader AND m.id <= p.upto
    WHERE m.forgotten IS NULL AND (m.expires_at IS NULL OR julianday(m.expires_at) > (SELECT day FROM clock))
      AND m.id NOT IN (SELECT id FROM best)),
newest (id) AS MATERIALIZED (
    SELECT m.id FROM place p CROSS JOIN memory m ON m.id IN (
        SELECT n.id FROM memory n
        WHERE n.scope = p.scope AND n.epic = p.epic AND n.reader = p.reader AND n.id <= p.upto AND n.forgotten IS NULL
          AND (n.expires_at IS NULL OR julianday(n.expires_at) > (SELECT day FROM clock))
        ORDER BY n.seq DESC LIMIT coalesce(:newest, 50))
    WHERE m.id NOT IN (SELECT id FROM best UNION ALL SELECT id FROM near) ORDER BY m.seq DESC LIMIT coalesce(:newest, 50))
SELECT m.id, m.seq, m.scope, m.card, m.role, m.text, m.keywords AS "keywords:json", m.at, m.labels AS "labels:json", w.rank
FROM (SELECT id, rank FROM best UNION ALL SELECT id, NULL FROM near UNION ALL SELECT id, NULL FROM newest) w JOIN memory m ON m.id = w.id
ORDER BY w.rank IS NULL, w.rank, m.seq DESC;

-- name: memory_row
SELECT id FROM memory WHERE scope = :scope AND epic = :epic AND reader = :reader AND digest = note_digest(:text);

-- For people: the newest rows of a place; forgotten and expired ones only with :all. What NULL is asked for is not asked.
-- name: memories
SELECT m.id, m.seq, m.scope, nullif(m.epic, '') AS epic, nullif(m.reader, '') AS reader, m.run, m.turn, m.card, m.actor,
       m.role, m.rule, m.at, m.text, m.keywords AS "keywords:json", m.expires_at, m.labels AS "labels:json", m.forgotten,
       CASE WHEN m.forgotten IS NOT NULL THEN 'forgotten'
            WHEN julianday(m.expires_at) <= julianday(:now) THEN 'expired' ELSE 'kept' END AS status
FROM memory m
WHERE (:scope IS NULL OR m.scope = :scope) AND (:epic IS NULL OR m.epic = :epic) AND (:reader IS NULL OR m.reader = :reader)
  AND (:all OR m.forgotten IS NULL AND (m.expires_at IS NULL OR julianday(m.expires_at) > julianday(:now)))
ORDER BY m.seq DESC LIMIT coalesce(:limit, 100);

-- The same of the numbers :ids.
-- name: memories_of
SELECT m.id, m.seq, m.scope, nullif(m.epic, '') AS epic, nullif(m.reader, '') AS reader, m.run, m.turn, m.card, m.actor,
       m.role, m.rule, m.at, m.text, m.keywords AS "keywords:json", m.expires_at, m.labels AS "labels:json", m.forgotten,
       CASE WHEN m.forgotten IS NOT NULL THEN 'forgotten'
            WHEN julianday(m.expires_at) <= julianday(:now) THEN 'expired' ELSE 'kept' END AS status
FROM json_each(:ids) n CROSS JOIN memory m ON m.id = n.value
WHERE (:scope IS NULL OR m.scope = :scope) AND (:epic IS NULL OR m.epic = :epic) AND (:reader IS NULL OR m.reader = :reader)
  AND (:all OR m.forgotten IS NULL AND (m.expires_at IS NULL OR julianday(m.expires_at) > julianday(:now)))
ORDER BY m.seq DESC;

-- The same of those that match, the best first; as for turns.
-- name: memories_found
WITH rare (id, score) AS MATERIALIZED (
    SELECT f.id, f.score
    FROM (SELECT rowid AS id, bm25(memory_fts) AS score FROM memory_fts WHERE memory_fts MATCH coalesce(:match, '""')) f
    CROSS JOIN memory m ON m.id = f.id
    WHERE (:scope IS NULL OR m.scope = :scope) AND (:epic IS NULL OR m.epic = :epic) AND (:reader IS NULL OR m.reader = :reader)
      AND (:all OR m.expires_at IS NULL OR julianday(m.expires_at) > julianday(:now))),
common (id, score) AS MATERIALIZED (
    SELECT r.value, 1.0 / count(*) FROM json_each(iif(:wide OR NOT EXISTS (SELECT 1 FROM rare), coalesce(:common, '[]'), '[]')) w, json_each((
        SELECT json_group_array(rowid) FROM (
            SELECT rowid FROM memory_fts
            WHERE memory_fts MATCH iif(:epic IS NULL, '', 'place : "e' || hex(:epic) || '0" AND ') ||
                  iif(:reader IS NULL, '', 'place : "r' || hex(:reader) || '0" AND ') || 'text : ' || w.value
            ORDER BY rowid DESC LIMIT 100))) r
    GROUP BY r.value),
one (id, score) AS MATERIALIZED (
    SELECT id, min(score) FROM (SELECT id, score FROM rare UNION ALL SELECT id, score FROM common) GROUP BY id)
SELECT m.id, m.seq, m.scope, nullif(m.epic, '') AS epic, nullif(m.reader, '') AS reader, m.run, m.turn, m.card, m.actor,
       m.role, m.rule, m.at, m.text, m.keywords AS "keywords:json", m.expires_at, m.labels AS "labels:json", m.forgotten,
       CASE WHEN m.forgotten IS NOT NULL THEN 'forgotten'
            WHEN julianday(m.expires_at) <= julianday(:now) THEN 'expired' ELSE 'kept' END AS status
FROM one f CROSS JOIN memory m ON m.id = f.id
WHERE (:scope IS NULL OR m.scope = :scope) AND (:epic IS NULL OR m.epic = :epic) AND (:reader IS NULL OR m.reader = :reader)
  AND (:all OR m.forgotten IS NULL AND (m.expires_at IS NULL OR julianday(m.expires_at) > julianday(:now)))
ORDER BY f.score, m.seq DESC LIMIT coalesce(:limit, 100);

-- name: verdict
SELECT tree, ok, log, at, labels AS "labels:json", (SELECT body ->> '$.fixture' FROM journal j WHERE j.seq = f.seq) AS fixture
FROM (
    SELECT * FROM verdict WHERE card = :card AND (:tree IS NULL OR tree = :tree)
    UNION ALL SELECT v.* FROM lineage l JOIN verdict v ON v.card = l.source AND v.seq <= l.upto
    WHERE l.card = :card AND (:tree IS NULL OR v.tree = :tree)) f
ORDER BY seq DESC LIMIT 1;

-- A run's status follows from its cards. What it noted at its end is asked for what they cannot tell: that it
-- was stopped, or broke. One that noted no end is running, if its owner still lives (reader.lua asks).
-- `seconds` are those in which a process worked on it: of each session from its beginning to its noted end, else to its last
-- event of an agent. The newest of the `sessions` began at `session_at`.
-- name: runs
SELECT id, card, generation, status, started_at, ended_at, only, rock,
       (SELECT CAST(round(sum((value ->> 1) - (value ->> 0)) / 1000.0) AS INTEGER) FROM json_each(spans)) AS seconds,
       CAST(round(((spans ->> '$[#-1][1]') - (spans ->> '$[#-1][0]')) / 1000.0) AS INTEGER) AS session_seconds,
       strftime('%Y-%m-%dT%H:%M:%fZ', (spans ->> '$[#-1][0]') / 1000.0, 'unixepoch') AS session_at,
       json_array_length(spans) AS sessions,
       turns, steps, tokens_in, tokens_out, calls, money, of, at
FROM (SELECT r.id, r.card, r.generation,
       CASE WHEN NOT EXISTS (SELECT 1 FROM card i WHERE i.epic = r.card AND i.type IN ('issue', 'plan')
                             AND i.status NOT IN ('done', 'canceled', 'archived'))
                 AND (r.ended_at IS NOT NULL OR e.status IN ('done', 'canceled', 'archived'))
            THEN iif(e.status = 'canceled', 'canceled', 'done')
            WHEN r.ended_at IS NULL THEN r.status
            WHEN r.status = 'failed' THEN 'failed'
            WHEN EXISTS (SELECT 1 FROM card i WHERE i.epic = r.card AND i.type IN ('issue', 'plan')
                         AND i.status IN ('blocked', 'waiting_for_developer')) THEN 'parked'
            WHEN r.status = 'drained' THEN 'drained'
            ELSE 'partial' END AS status,
       r.started_at, r.ended_at, r.body ->> '$.only' AS only, r.body ->> '$.rock' AS rock,
       (WITH RECURSIVE walk (seq, prev, kind, at) AS (
            SELECT e.seq, e.prev, e.kind, e.at FROM stream s JOIN entry e ON e.seq = s.seq WHERE s.run = r.id AND s.turn = 0
            UNION ALL SELECT e.seq, e.prev, e.kind, e.at FROM walk JOIN entry e ON e.seq = walk.prev),
        span (first, began, next) AS (
            SELECT seq, at, lead(seq, 1, 9223372036854775807) OVER (ORDER BY seq) FROM walk
            WHERE kind IN (SELECT id FROM kind WHERE name IN ('run.started', 'run.resumed')))
        SELECT json_group_array(json_array(began, coalesce(
            (SELECT max(at) FROM walk WHERE seq > first AND seq < next
                                            AND kind = (SELECT id FROM kind WHERE name = 'run.ended')),
            (SELECT at FROM entry WHERE seq >= first AND seq < next AND seq <= (SELECT max(seq) FROM stream WHERE run = r.id)
                                        AND (actor IS NULL OR actor LIKE 'agent:%')
                                        AND stream IN (SELECT id FROM stream WHERE run = r.id) ORDER BY seq DESC LIMIT 1), began)))
        FROM (SELECT * FROM span ORDER BY first)) AS spans,
       (SELECT count(*) FROM turn WHERE run = r.id) AS turns,
       (SELECT coalesce(sum(steps), 0) FROM turn WHERE run = r.id) AS steps,
       (SELECT coalesce(sum(tokens_in), 0) FROM turn WHERE run = r.id) AS tokens_in,
       (SELECT coalesce(sum(tokens_out), 0) FROM turn WHERE run = r.id) AS tokens_out,
       (SELECT coalesce(sum(calls), 0) FROM turn WHERE run = r.id) AS calls,
       (SELECT coalesce(sum(money), 0) FROM turn WHERE run = r.id) AS money,
       r.body ->> '$.of' AS of, r.body ->> '$.at' AS at -- of a fork
FROM run r LEFT JOIN card e ON e.id = r.card WHERE (:card IS NULL OR r.card = :card) AND (:id IS NULL OR r.id = :id))
ORDER BY started_at, id;

-- Rocks that runs were begun for and that are not over, unless one of those runs was stopped or failed: that is for a
-- person to go on with. `by`: who began the newest of them.
-- name: open_rocks
SELECT c.id, r.body ->> '$.by' AS by, max(r.started_at) AS at FROM run r JOIN card c ON c.id = r.body ->> '$.rock'
WHERE c.status NOT IN ('done', 'canceled', 'archived')
GROUP BY c.id HAVING total(r.status IN ('drained', 'failed')) = 0 ORDER BY c.id;

-- Epics whose newest run ended parked, and of which a card was let go on since: with the move that did it last.
-- name: let_go
SELECT r.id, r.card, max(m.seq) AS seq, m.actor, (SELECT run FROM stream WHERE id = m.stream) AS run
FROM run r JOIN stream s ON s.run = r.id AND s.turn = 0 JOIN card c ON c.id = r.card
     JOIN card i ON i.epic = r.card AND i.moved > s.seq JOIN event m ON m.seq = i.moved
WHERE r.status = 'parked' AND c.status NOT IN ('done', 'canceled', 'archived')
      AND NOT EXISTS (SELECT 1 FROM run n WHERE n.card = r.card AND (n.started_at, n.id) > (r.started_at, r.id))
      AND i.status IN ('ready', 'in_progress', 'ready_for_testing', 'code_review')
      AND m.body ->> '$.from' IN ('blocked', 'waiting_for_developer')
GROUP BY r.id ORDER BY r.id;

-- The newest runs of epics that their server had under way when it stopped or was killed. `taken`: how often in a row a
-- server took it up by itself after that, and no turn came to its end since.
-- name: cut_off
SELECT r.id, r.card, r.body ->> '$.only' AS only, r.body ->> '$.rock' AS rock, r.body ->> '$.served.by' AS by,
       iif(r.status = 'drained' OR EXISTS (SELECT 1 FROM turn t WHERE t.run = r.id
           AND t.ended_at > r.body ->> '$.served.at'), 0, r.body ->> '$.served.taken') AS taken
FROM run r JOIN card c ON c.id = r.card
WHERE r.body ->> '$.served.at' IS NOT NULL AND r.status IN ('running', 'interrupted', 'drained')
      AND c.status NOT IN ('done', 'canceled', 'archived')
      AND NOT EXISTS (SELECT 1 FROM run n WHERE n.card = r.card AND (n.started_at, n.id) > (r.started_at, r.id))
ORDER BY r.started_at, r.id;

-- The runs that go on from a moment of another one.
-- name: forks
SELECT id, card, body ->> '$.of' AS of, body ->> '$.at' AS at FROM run WHERE body ->> '$.of' IS NOT NULL ORDER BY id;

-- Where a card of a fork came from, the nearest first.
-- name: lineage
SELECT source, upto FROM lineage WHERE card = :card ORDER BY depth;

-- What was noted about a run; its status is said by `runs`.
-- name: run
SELECT id, card, generation, status AS noted, started_at, ended_at, body AS "body:json" FROM run WHERE id = :id;

-- What a run's checkpoints follow from: turns that ended, issues that are done or wait.
-- name: milestones
SELECT seq, kind, card, at, body AS "body:json" FROM journal
WHERE run = :run AND (kind = 'turn.ended'
                      OR kind = 'card.moved' AND body ->> '$.to' IN ('done', 'blocked', 'waiting_for_developer'))
ORDER BY seq;

-- What the roles of a run come to.
-- name: run_roles
SELECT role, count(*) AS turns, coalesce(sum(steps), 0) AS steps, coalesce(sum(tokens_in), 0) AS tokens_in,
       coalesce(sum(tokens_out), 0) AS tokens_out, coalesce(sum(calls), 0) AS calls, coalesce(sum(refusals), 0) AS refusals
FROM turn WHERE run = :run GROUP BY role ORDER BY role;

-- The files that its turns wrote, each write of its own.
-- name: run_writes
WITH RECURSIVE walk (seq, prev, kind, role) AS (
    SELECT e.seq, e.prev, e.kind, t.role FROM turn t JOIN stream s ON s.run = t.run AND s.turn = t.turn
    JOIN entry e ON e.seq = s.seq WHERE t.run = :run
    UNION ALL SELECT e.seq, e.prev, e.kind, w.role FROM walk w JOIN entry e ON e.seq = w.prev)
SELECT w.role, e.seq, e.body ->> '$.path' AS path, e.body ->> '$.blob' AS blob
FROM walk w JOIN event e ON e.seq = w.seq WHERE w.kind = (SELECT id FROM kind WHERE name = 'file.written') ORDER BY w.seq;

-- The last call of each of its roles.
-- name: run_last_calls
WITH RECURSIVE walk (seq, prev, kind, role) AS (
    SELECT e.seq, e.prev, e.kind, t.role FROM turn t JOIN stream s ON s.run = t.run AND s.turn = t.turn
    JOIN entry e ON e.seq = s.seq WHERE t.run = :run
    UNION ALL SELECT e.seq, e.prev, e.kind, w.role FROM walk w JOIN entry e ON e.seq = w.prev)
SELECT role, max(seq) AS seq FROM walk WHERE kind = (SELECT id FROM kind WHERE name = 'call.allowed') GROUP BY role;

-- Programs that agents ran, the newest first: of a card, of a run, or all; one by its :seq.
-- name: commands
SELECT e.seq, s.run, s.turn, e.step, s.card, s.role, v.at, v.body AS "body:json"
FROM entry e JOIN stream s ON s.id = e.stream JOIN event v ON v.seq = e.seq
WHERE e.kind = (SELECT id FROM kind WHERE name = 'command.ran') AND (:seq IS NULL OR e.seq = :seq)
  AND (:before IS NULL OR e.seq < :before) AND (:card IS NULL OR s.card = :card) AND (:run IS NULL OR s.run = :run)
ORDER BY e.seq DESC LIMIT coalesce(:limit, 100);

-- name: turns
SELECT run, turn, seq, card, seat, role, generation, engine, model, arm, outcome, steps, tokens_in, tokens_out, calls,
       money, started_at, ended_at, strftime('%s', ended_at) - strftime('%s', started_at) AS seconds
FROM turn WHERE (:run IS NULL OR run = :run) AND (:card IS NULL OR card = :card) ORDER BY seq;

-- Who had a hand in a card, in the order in which they came.
-- name: card_turns
SELECT 1 WHERE EXISTS (SELECT 1 FROM turn WHERE card = :card) OR EXISTS (SELECT 1 FROM lineage WHERE card = :card);
SELECT run, turn, seat, role, outcome FROM (
    SELECT * FROM turn WHERE card = :card
    UNION ALL SELECT t.* FROM lineage l JOIN turn t ON t.card = l.source AND t.seq <= l.upto WHERE l.card = :card)
ORDER BY seq;

-- What the newest turns of a card came to, and all of them together; those that it inherited had ended by then.
-- name: card_past
SELECT seat, role, model, outcome, tokens_in + tokens_out AS tokens, calls, money, refusals, count(*) OVER () AS turns,
       sum(tokens_in + tokens_out) OVER () AS all_tokens, sum(calls) OVER () AS all_calls, sum(money) OVER () AS all_money
FROM (SELECT * FROM turn WHERE card = :card
      UNION ALL SELECT t.* FROM lineage l JOIN turn t ON t.card = l.source AND t.seq <= l.upto
      WHERE l.card = :card AND t.ended_at <= (SELECT at FROM event WHERE seq = l.upto))
WHERE outcome IS NOT NULL ORDER BY seq DESC LIMIT :limit;

-- What two generations have come to in the turns that began after a commit.
-- name: served
SELECT generation, count(*) AS turns, sum(outcome = 'failed') AS failures, sum(refusals) AS refusals FROM turn
WHERE seq > :since AND outcome IS NOT NULL AND generation IN (:generation, :stable) GROUP BY generation;

-- What serves a fork says nothing about the project: its turns have the scripts of its source, or its own.
-- name: newest_turn
SELECT generation FROM turn WHERE seq > :since AND run NOT IN (SELECT id FROM run WHERE body ->> '$.of' IS NOT NULL)
ORDER BY seq DESC LIMIT 1;

-- Trials of new generations, the newest first.
-- name: canaries
SELECT seq, generation, stable, status, body AS "body:json", result AS "result:json", ended FROM canary ORDER BY seq DESC LIMIT :limit;

-- What turns cost, by whom it is capped: the organization, epics, users, roles, and cards (of one epic).
-- name: spent
WITH t AS MATERIALIZED (
    SELECT c.epic, t.card, t.role, r.body ->> '$.by' AS user, count(*) AS turns, sum(t.tokens_in + t.tokens_out) AS tokens,
           sum(t.money) AS money, sum(t.calls) AS calls, sum(t.took) AS took, sum(t.disk) AS disk
    FROM turn t LEFT JOIN card c ON c.id = t.card LEFT JOIN run r ON r.id = t.run GROUP BY 1, 2, 3, 4),
s (scope, name, turns, tokens, money, calls, took, disk) AS (
    SELECT 'organization', '', turns, tokens, money, calls, took, disk FROM t
    UNION ALL SELECT 'epics', epic, turns, tokens, money, calls, took, disk FROM t
    UNION ALL SELECT 'users', user, turns, tokens, money, calls, took, disk FROM t
    UNION ALL SELECT 'roles', role, turns, tokens, money, calls, took, disk FROM t
    UNION ALL SELECT 'cards', card, turns, tokens, money, calls, took, disk FROM t WHERE :epic IS NULL OR epic = :epic)
SELECT scope, name, sum(turns) AS turns, sum(tokens) AS tokens, sum(money) AS money, sum(calls) AS calls,
       sum(took) AS took, sum(disk) AS disk
FROM s WHERE name IS NOT NULL GROUP BY scope, name;

-- What all turns cost since the beginning of a day: of those that had begun before it, event by event.
-- name: spent_since
WITH RECURSIVE late AS MATERIALIZED (SELECT * FROM turn WHERE ended_at IS NULL OR ended_at >= :since),
walk (seq, prev) AS (
    SELECT e.seq, e.prev FROM late t JOIN stream s ON s.run = t.run AND s.turn = t.turn JOIN entry e ON e.seq = s.seq
    WHERE t.started_at < :since
    UNION ALL SELECT e.seq, e.prev FROM walk JOIN entry e ON e.seq = walk.prev),
s (turns, tokens, money, calls, took, disk) AS (
    SELECT 1, tokens_in + tokens_out, money, calls, took, disk FROM late WHERE started_at >= :since
    UNION ALL
    SELECT 0, coalesce(e.body ->> '$.usage.prompt', 0) + coalesce(e.body ->> '$.usage.completion', 0),
           coalesce(e.body ->> '$.money', 0), iif(e.kind = 'memory.ranked', coalesce(e.body ->> '$.calls', 0), e.kind <> 'file.written'), coalesce(e.body ->> '$.took', 0),
           coalesce(e.body ->> '$.size', 0)
    FROM walk JOIN event e ON e.seq = walk.seq
    WHERE e.kind IN ('step.reply', 'step.failed', 'memory.ranked', 'window.summarised', 'file.written') AND e.at >= :since)
SELECT coalesce(sum(turns), 0) AS turns, coalesce(sum(tokens), 0) AS tokens, coalesce(sum(money), 0) AS money,
       coalesce(sum(calls), 0) AS calls, coalesce(sum(took), 0) AS took, coalesce(sum(disk), 0) AS disk FROM s;

-- Every request to a model that is in the journal: replies, attempts that failed, questions to embedders. Runs that `orket gc` dropped have
-- none left, but the sums of their turns. What it took is the time since the turn's event before, without the pause
-- that a failed attempt was followed by. `priced` counts those of which the price was known, `unpriced` those with
-- tokens of which it was not, which nothing tells of a run that was dropped; days are of UTC.
-- name: costs
WITH asked AS MATERIALIZED (
    SELECT e.stream, e.at, e.kind, e.body FROM event e WHERE e.kind IN ('step.reply', 'step.failed', 'memory.ranked', 'window.summarised')),
one (run, card, role, model, arm, day, failed, calls, tokens_in, tokens_out, cached, money, priced, has_no_price) AS (
    SELECT s.run, s.card, s.role, coalesce(a.body ->> '$.model', t.model, '?'), coalesce(t.arm, '-'), substr(a.at, 1, 10),
           a.kind = 'step.failed' OR a.kind = 'memory.ranked' AND a.body ->> '$.error' IS NOT NULL,
           iif(a.kind = 'memory.ranked', coalesce(a.body ->> '$.calls', 0), 1),
           coalesce(a.body ->> '$.usage.prompt', 0), coalesce(a.body ->> '$.usage.completion', 0),
           coalesce(a.body ->> '$.usage.cached', 0), coalesce(a.body ->> '$.money', 0), a.body ->> '$.money' IS NOT NULL,
           a.body ->> '$.money' IS NULL AND coalesce(a.body ->> '$.usage.prompt', 0) + coalesce(a.body ->> '$.usage.completion', 0) > 0
    FROM asked a JOIN stream s ON s.id = a.stream LEFT JOIN turn t ON t.run = s.run AND t.turn = s.turn
    WHERE s.run NOT IN (SELECT id FROM run WHERE body ->> '$.dropped' IS NOT NULL)
    UNION ALL
    SELECT t.run, t.card, t.role, coalesce(t.model, '?'), coalesce(t.arm, '-'), substr(t.started_at, 1, 10), 0, t.calls, t.tokens_in, t.tokens_out, 0, t.money,
           iif(t.money > 0, t.calls, 0), 0
    FROM turn t WHERE t.run IN (SELECT id FROM run WHERE body ->> '$.dropped' IS NOT NULL))
SELECT coalesce(CASE :by WHEN 'card' THEN card WHEN 'role' THEN role WHEN 'model' THEN model WHEN 'arm' THEN arm WHEN 'day' THEN day WHEN 'run' THEN run END, '-') AS name,
       sum(calls) AS calls, sum(failed) AS failed, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out,
       sum(cached) AS cached, sum(money) AS money, sum(priced) AS priced,
       sum(iif(has_no_price, calls, 0)) AS unpriced
FROM one WHERE (:run IS NULL OR run = :run) AND (:from IS NULL OR day >= :from) AND (:to IS NULL OR day <= :to)
GROUP BY 1 ORDER BY iif(:by = 'day', 0, sum(money)) DESC,
       iif(:by = 'day', 0, sum(tokens_in) + sum(tokens_out)) DESC, 1;

-- The same one by one, the newest first.
-- name: requests
WITH newest AS MATERIALIZED (
    SELECT x.seq FROM entry x JOIN stream s ON s.id = x.stream
    WHERE x.kind IN (SELECT id FROM kind WHERE name IN ('step.reply', 'step.failed', 'memory.ranked', 'window.summarised')) AND (:run IS NULL OR s.run = :run)
      AND (:card IS NULL OR s.card = :card) AND (:before IS NULL OR x.seq < :before)
    ORDER BY x.seq DESC LIMIT :limit)
SELECT e.seq, s.run, s.turn, e.step, coalesce(e.body ->> '$.attempt', 1) AS attempt, e.at, s.card, t.seat, s.role,
       coalesce(e.body ->> '$.model', t.model) AS model, e.body ->> '$.usage.prompt' AS tokens_in,
       e.body ->> '$.usage.completion' AS tokens_out, e.body ->> '$.usage.cached' AS cached,
       e.body -> '$.usage.estimated' AS "estimated:json", e.body -> '$.price' AS "price:json", e.body ->> '$.money' AS money,
       (SELECT x.at - p.at - iif(e.prev IN (SELECT seq FROM event WHERE seq = e.prev AND kind = 'step.failed'),
                                 coalesce((SELECT CAST(1000 * (body ->> '$.wait') AS INTEGER) FROM event WHERE seq = e.prev), 0), 0)
        FROM entry x, entry p WHERE x.seq = e.seq AND p.seq = e.prev) AS ms,
       CASE e.kind WHEN 'step.failed' THEN e.body ->> '$.code' WHEN 'memory.ranked' THEN e.body ->> '$.error.code' END AS code
FROM newest n JOIN event e ON e.seq = n.seq JOIN stream s ON s.id = e.stream
     LEFT JOIN turn t ON t.run = s.run AND t.turn = s.turn ORDER BY e.seq DESC;

-- What a model's server counted for its newest replies, and the bytes that it was asked.
-- name: calibration
SELECT body ->> '$.asked' AS bytes, body ->> '$.usage.prompt' AS tokens,
       (SELECT e.body ->> '$.convo' FROM event e WHERE e.seq = x.seq) AS convo FROM (
    SELECT seq, replace(body, char(1), '') AS body FROM entry
    WHERE kind = (SELECT id FROM kind WHERE name = 'step.reply') AND seq > (SELECT max(seq) FROM entry) - :entries) x
WHERE body ->> '$.model' = :model AND body ->> '$.asked' > 0 AND body ->> '$.usage.prompt' > 0
ORDER BY seq DESC LIMIT :limit;

-- Cards and epics with a budget of their own.
-- name: budgets
SELECT c.id, c.type, t.data -> '$.budget' AS "budget:json" FROM card c JOIN card_text t ON t.id = c.text
WHERE t.data -> '$.budget' IS NOT NULL AND c.status <> 'archived' ORDER BY c.ordinal;

-- Open turns that wait because a cap was reached.
-- name: capped
SELECT t.run, t.turn, t.card, t.waits, t.model, c.epic FROM turn t JOIN card c ON c.id = t.card
WHERE t.waits IS NOT NULL AND t.outcome IS NULL AND c.status = 'blocked'
  AND (:run IS NULL OR t.run = :run) AND (:card IS NULL OR t.card = :card) ORDER BY t.seq;

-- name: open_turns
SELECT run, turn, card, seat, role, generation, engine, model, arm FROM turn
WHERE outcome IS NULL AND (:run IS NULL OR run = :run) AND (:card IS NULL OR card = :card) ORDER BY seq;

-- Plans that a person took and whose files are not all there yet.
-- name: plans_open
SELECT seq, card, rock, files AS "files:json" FROM plan WHERE written IS NULL ORDER BY seq;

-- name: plans
SELECT seq, card, rock, files AS "files:json", written FROM plan WHERE :card IS NULL OR card = :card ORDER BY seq;

-- Operations of which a person has to say whether they happened.
-- name: uncertain
SELECT id, card, run, turn, call, operation AS "operation:json", why, asked_at FROM approval
WHERE status = 'uncertain' AND (:card IS NULL OR card = :card) ORDER BY asked_at, id;

-- What was refused, newest first.
-- name: reports
SELECT seq, run, turn, step, n, card, actor, role, decision, rule, call, tool, attempt AS "attempt:json", why, fix,
       place AS "where", convo, at
FROM report WHERE (:run IS NULL OR run = :run) AND (:card IS NULL OR card = :card) AND (:rule IS NULL OR rule GLOB :rule)
  AND (:before IS NULL OR seq < :before)
ORDER BY seq DESC LIMIT coalesce(:limit, 100);

-- How often each rule refused, or asked a person.
-- name: rules
SELECT rule, decision, count(*) AS reports FROM report GROUP BY rule, decision ORDER BY rule, decision;

-- What came into the journal after the event :since, counted for /metrics: by family and up to two labels. A family that
-- begins with "=" says how it is now. Buckets are numbered by how many of the bounds (JSON arrays of seconds) are smaller.
-- name: figures
WITH plain (seq, stream, prev, at, card, kind, body) AS (
    SELECT e.seq, e.stream, e.prev, e.at, e.card, k.name,
           replace(replace(replace(replace(e.body, char(1), ''), char(2), ''), char(3), ''), char(4), '')
    FROM entry e JOIN kind k ON k.id = e.kind
    WHERE e.seq > :since AND k.name IN ('run.started', 'run.forked', 'turn.started', 'turn.ended', 'card.moved',
        'step.reply', 'step.failed', 'memory.ranked', 'window.summarised', 'call.allowed', 'call.refused', 'call.result')),
x (seq, stream, prev, at, card, kind, a, b, failed, calls, tokens_in, tokens_out, cached, money) AS MATERIALIZED (
    SELECT seq, stream, prev, at, card, kind,
           CASE kind WHEN 'turn.ended' THEN body ->> '$.outcome' WHEN 'card.moved' THEN body ->> '$.type'
                WHEN 'call.refused' THEN body ->> '$.tool' WHEN 'call.result' THEN body ->> '$.tool'
                ELSE body ->> '$.model' END,
           CASE kind WHEN 'card.moved' THEN body ->> '$.to'
                WHEN 'call.result' THEN iif(body ->> '$.ok', 'ok', 'error')
                WHEN 'call.refused' THEN iif(body ->> '$.decision' = 'ask', 'asked', 'refused') END,
           kind = 'step.failed' OR kind = 'memory.ranked' AND body ->> '$.error' IS NOT NULL,
           iif(kind = 'memory.ranked', coalesce(body ->> '$.calls', 0), 1),
           coalesce(body ->> '$.usage.prompt', 0), coalesce(body ->> '$.usage.completion', 0),
           coalesce(body ->> '$.usage.cached', 0), coalesce(body ->> '$.money', 0)
    FROM plain),
asked (model, failed, calls, tokens_in, tokens_out, cached, money, seconds) AS MATERIALIZED (
    SELECT coalesce(x.a, t.model, '?'), failed, x.calls, x.tokens_in, x.tokens_out, x.cached, x.money,
           iif(x.kind = 'step.reply', (SELECT x.at - p.at - iif(p.kind = (SELECT id FROM kind WHERE name = 'step.failed'),
               coalesce(1000 * (replace(p.body, char(1), '') ->> '$.wait'), 0), 0) FROM entry p WHERE p.seq = x.prev) / 1000.0, NULL)
    FROM x JOIN stream s ON s.id = x.stream LEFT JOIN turn t ON t.run = s.run AND t.turn = s.turn
    WHERE x.kind IN ('step.reply', 'step.failed', 'memory.ranked', 'window.summarised')
    UNION ALL -- what a dropped run has left
    SELECT coalesce(model, '?'), 0, calls, tokens_in, tokens_out, 0, money, NULL FROM turn
    WHERE :since = 0 AND run IN (SELECT id FROM run WHERE body ->> '$.dropped' IS NOT NULL)),
turned (seconds) AS (
    SELECT x.at / 1000.0 - (julianday(t.started_at) - 2440587.5) * 86400
    FROM x JOIN stream s ON s.id = x.stream JOIN turn t ON t.run = s.run AND t.turn = s.turn WHERE x.kind = 'turn.ended'),
finished (seconds) AS (
    SELECT x.at / 1000.0 - (julianday((SELECT t.started_at FROM turn t WHERE t.card = coalesce(x.card, s.card) ORDER BY t.seq LIMIT 1))
                            - 2440587.5) * 86400
    FROM x JOIN stream s ON s.id = x.stream WHERE x.kind = 'card.moved' AND x.a = 'issue' AND x.b = 'done')
SELECT '=upto' AS family, NULL AS a, NULL AS b, (SELECT coalesce(max(seq), 0) FROM entry) AS value
UNION ALL SELECT '=cards', status, NULL, count(*) FROM card GROUP BY status
UNION ALL SELECT '=approvals', NULL, NULL, count(*) FROM approval WHERE status = 'pending' AND hash IS NOT NULL
UNION ALL SELECT 'events', NULL, NULL, count(*) FROM entry WHERE seq > :since
UNION ALL SELECT 'runs', NULL, NULL, count(*) FROM x WHERE kind IN ('run.started', 'run.forked')
UNION ALL SELECT 'turns', NULL, NULL, count(*) FROM x WHERE kind = 'turn.started'
UNION ALL SELECT 'turn_ends', a, NULL, count(*) FROM x WHERE kind = 'turn.ended' GROUP BY a
UNION ALL SELECT 'moves', a, b, count(*) FROM x WHERE kind = 'card.moved' GROUP BY a, b
UNION ALL SELECT 'tools', a, b, count(*) FROM x WHERE kind IN ('call.result', 'call.refused') GROUP BY a, b
UNION ALL SELECT 'allowed', NULL, NULL, count(*) FROM x WHERE kind = 'call.allowed'
UNION ALL SELECT 'rules', rule, decision, count(*) FROM report WHERE seq > :since GROUP BY rule, decision
UNION ALL SELECT 'requests', model, NULL, sum(calls) FROM asked GROUP BY model
UNION ALL SELECT 'failures', model, NULL, sum(failed) FROM asked GROUP BY model
UNION ALL SELECT 'tokens_in', model, NULL, sum(tokens_in) FROM asked GROUP BY model
UNION ALL SELECT 'tokens_out', model, NULL, sum(tokens_out) FROM asked GROUP BY model
UNION ALL SELECT 'tokens_cached', model, NULL, sum(cached) FROM asked GROUP BY model
UNION ALL SELECT 'money', model, NULL, sum(money) FROM asked GROUP BY model
UNION ALL SELECT 'reply_seconds', NULL, (SELECT count(*) FROM json_each(:reply_bounds) WHERE value < seconds), count(*)
    FROM asked WHERE seconds >= 0 GROUP BY 3
UNION ALL SELECT 'reply_seconds_sum', NULL, NULL, coalesce(sum(seconds), 0) FROM asked WHERE seconds >= 0
UNION ALL SELECT 'turn_seconds', NULL, (SELECT count(*) FROM json_each(:turn_bounds) WHERE value < seconds), count(*)
    FROM turned WHERE seconds >= 0 GROUP BY 3
UNION ALL SELECT 'turn_seconds_sum', NULL, NULL, coalesce(sum(seconds), 0) FROM turned WHERE seconds >= 0
UNION ALL SELECT 'card_seconds', NULL, (SELECT count(*) FROM json_each(:card_bounds) WHERE value < seconds), count(*)
    FROM finished WHERE seconds >= 0 GROUP BY 3
UNION ALL SELECT 'card_seconds_sum', NULL, NULL, coalesce(sum(seconds), 0) FROM finished WHERE seconds >= 0;

-- The same of a card or a run, the most frequent first, with how many cards each concerns and its newest report.
-- name: rules_reported
SELECT rule, decision, count(*) AS reports, count(DISTINCT card) AS cards, max(seq) AS last FROM report
WHERE (:card IS NULL OR card = :card) AND (:run IS NULL OR run = :run)
GROUP BY rule, decision ORDER BY reports DESC, rule, decision;

-- Texts in which the letters :text stand, whatever their case (of ASCII), each kind by its own rank and behind (:rank, :id):
-- `text` is what stands around them. For store:read_aside: each looks through all that there is.
-- name: search_card
WITH t (rank, id, name, text) AS (
    SELECT c.ordinal, c.id, c.name, c.id || char(10) || coalesce(c.name, '') || char(10)
           || coalesce(x.data ->> '$.description', '') || char(10) || coalesce(x.data ->> '$.requirements', '')
           || char(10) || coalesce(c.note, '')
    FROM card c LEFT JOIN card_text x ON x.id = c.text)
SELECT rank, id, id AS card, name, substr(text, max(1, instr(lower(text), lower(:text)) - 60), 200) AS text
FROM t WHERE (rank, id) > (:rank, :id) AND instr(lower(text), lower(:text)) > 0 ORDER BY rank, id LIMIT :limit;

-- name: search_comment
SELECT -seq AS rank, CAST(seq AS TEXT) AS id, card, seq AS event, substr(text, max(1, instr(lower(text), lower(:text)) - 60), 200) AS text
FROM comment WHERE (-seq, CAST(seq AS TEXT)) > (:rank, :id) AND instr(lower(text), lower(:text)) > 0 ORDER BY 1, 2 LIMIT :limit;

-- name: search_memory
SELECT -seq AS rank, CAST(id AS TEXT) AS id, card, seq AS event, substr(text, max(1, instr(lower(text), lower(:text)) - 60), 200) AS text
FROM memory WHERE forgotten IS NULL AND (-seq, CAST(id AS TEXT)) > (:rank, :id) AND instr(lower(text), lower(:text)) > 0
ORDER BY 1, 2 LIMIT :limit;

-- Files as they are now, by path and text, the newest first: each text once, of who wrote it last.
-- name: search_file
WITH now (path, blob, seq, card) AS (
    SELECT path, blob, max(from_seq),
           iif(coalesce(card, '') <> '', card, iif(tree LIKE 'seed:%', substr(tree, 6), tree))
    FROM tree_file WHERE to_seq IS NULL AND blob IS NOT NULL GROUP BY path, blob),
texts (path, seq, card, text) AS (
    SELECT n.path, n.seq, n.card, n.path || char(10) || CAST(b.bytes AS TEXT) || coalesce((
        WITH RECURSIVE p (id, more, bytes) AS (
            SELECT id, more, bytes FROM piece WHERE id = b.more
            UNION ALL SELECT q.id, q.more, q.bytes FROM p JOIN piece q ON q.id = p.id + 1 WHERE p.more = 1 LIMIT 300)
        SELECT group_concat(CAST(bytes AS TEXT), '') FROM p), '')
    FROM now n CROSS JOIN blob b ON b.id = coalesce(
        (SELECT r.id FROM name_recent r JOIN blob x ON x.id = r.id WHERE r.key = hash_key(n.blob) AND x.hash = n.blob),
        (SELECT r.id FROM name r JOIN blob x ON x.id = r.id WHERE r.key = hash_key(n.blob) AND x.hash = n.blob))),
found (path, seq, card, text, at) AS (
    SELECT path, seq, card, text, instr(lower(text), lower(:text)) FROM texts WHERE (-seq, path) > (:rank, :id))
SELECT -seq AS rank, path AS id, path, card, substr(text, max(1, at - 60), 200) AS text,
       nullif(length(substr(text, 1, at)) - length(replace(substr(text, 1, at), char(10), '')), 0) AS line
FROM found WHERE at > 0 ORDER BY 1, 2 LIMIT :limit;

-- What models said and tools answered, the newest first, of the newest 50,000.
-- name: search_transcript
WITH said (seq, stream, n, kind, name) AS MATERIALIZED (
    SELECT seq, stream, n, kind, substr(names, 1, 32) FROM entry
    WHERE kind IN (SELECT id FROM kind WHERE name IN ('step.reply', 'call.result')) AND names IS NOT NULL AND seq < -:rank
    ORDER BY seq DESC LIMIT 50000),
texts (seq, stream, n, kind, bytes) AS (
    SELECT s.seq, s.stream, s.n, s.kind, CAST(m.bytes AS TEXT) || coalesce((
        WITH RECURSIVE p (id, more, bytes) AS (
            SELECT id, more, bytes FROM piece WHERE id = m.more
            UNION ALL SELECT q.id, q.more, q.bytes FROM p JOIN piece q ON q.id = p.id + 1 WHERE p.more = 1 LIMIT 300)
        SELECT group_concat(CAST(bytes AS TEXT), '') FROM p), '')
    FROM said s CROSS JOIN message m ON m.id = coalesce(
        (SELECT x.id FROM name_recent r JOIN message x ON x.id = -r.id WHERE r.key = hash_key(s.name) AND x.hash = s.name),
        (SELECT x.id FROM name r JOIN message x ON x.id = -r.id WHERE r.key = hash_key(s.name) AND x.hash = s.name))),
found (seq, stream, n, kind, text) AS (
    SELECT seq, stream, n, kind, iif(json_valid(bytes),
        coalesce(bytes ->> '$.content', '') || coalesce((
            SELECT group_concat(char(10) || (value ->> '$.function.name') || ' ' || (value ->> '$.function.arguments'), '')
            FROM json_each(bytes, '$.tool_calls')), ''), bytes) FROM texts)
SELECT -f.seq AS rank, CAST(f.seq AS TEXT) AS id, f.seq AS event, t.card, t.run, t.turn, f.n, k.name AS said,
       substr(f.text, max(1, instr(lower(f.text), lower(:text)) - 60), 200) AS text
FROM found f JOIN stream t ON t.id = f.stream JOIN kind k ON k.id = f.kind
WHERE instr(lower(f.text), lower(:text)) > 0 AND length(:id) >= 0 ORDER BY f.seq DESC LIMIT :limit;

-- How often something was refused in a run.
-- name: run_refusals
SELECT count(*) AS refusals FROM report WHERE run = :run AND decision <> 'ask';

-- Cards of which something was refused, and how often.
-- name: reported
SELECT card, count(*) AS reports FROM report WHERE card IS NOT NULL AND decision <> 'ask' GROUP BY card;

-- Issues that are open, and for how many hours they have had their status, at the time :now.
-- name: open_cards
SELECT c.id, c.status, c.wait_reason, c.seat, c.assignee, c.epic,
       max(0.0, (julianday(:now) - julianday(e.at)) * 24) AS hours
FROM card c JOIN event e ON e.seq = c.moved
WHERE c.type = 'issue' AND c.status NOT IN ('done', 'canceled', 'archived') AND (:epic IS NULL OR c.epic = :epic)
ORDER BY c.ordinal;

-- name: event
SELECT seq, run, turn, step, n, kind, card, actor, role, at, body AS "body:json", lower(hex(hash)) AS hash FROM journal
WHERE seq = :seq;

-- Questions of yes or no: all of them, those of a status, of a card, of a turn, or one by its id; with the labels of the
-- turn that asks.
-- name: approvals
SELECT id, card, run, turn, call, role, tool, operation AS "operation:json", paths AS "paths:json", rule, why,
       place AS "where", hash, before AS "before:json", status, answered_by, answer_why, asked_at, answered_at, expires_at,
       (SELECT labels FROM turn t WHERE t.run = approval.run AND t.turn = approval.turn) AS "labels:json"
FROM approval
WHERE hash IS NOT NULL AND (:status IS NULL OR status = :status) AND (:card IS NULL OR card = :card)
  AND (:id IS NULL OR id = :id) AND (:run IS NULL OR run = :run) AND (:turn IS NULL OR turn = :turn)
ORDER BY asked_at, id;

-- A yes that was used, to where a command reaches (operation.grant), on any card of an epic.
-- name: granted
SELECT a.id FROM approval a JOIN card c ON c.id = a.card
WHERE a.status = 'used' AND c.epic IS :epic AND a.operation ->> '$.grant' = :grant LIMIT 1;

-- One stream from its start: the tape of a turn.
-- name: stream
WITH RECURSIVE walk (seq, prev, n) AS (
    SELECT e.seq, e.prev, e.n FROM stream s JOIN entry e ON e.seq = s.seq WHERE s.run = :run AND s.turn = :turn
    UNION ALL
    SELECT e.seq, e.prev, e.n FROM walk JOIN entry e ON e.seq = walk.prev WHERE walk.n > coalesce(:after, 0) + 1)
SELECT e.seq, e.n, e.step, e.kind, e.card, e.actor, e.role, e.at, e.body AS "body:json", hex(e.hash) AS hash
FROM walk JOIN event e ON e.seq = walk.seq WHERE e.n > coalesce(:after, 0) ORDER BY e.n LIMIT coalesce(:limit, 100000);

-- name: events
SELECT seq, run, turn, step, n, kind, card, actor, role, at, body AS "body:json" FROM journal
WHERE seq > coalesce(:since, 0) AND (:run IS NULL OR run = :run) AND (:card IS NULL OR card = :card)
  AND (:kind IS NULL OR kind = :kind)
ORDER BY seq LIMIT coalesce(:limit, 1000);

-- The same of the kinds with these beginnings, a JSON array; for store:read_aside.
-- name: events_wanted
SELECT seq, run, turn, step, n, kind, card, actor, role, at, body AS "body:json" FROM journal
WHERE seq > :since AND (:run IS NULL OR run = :run) AND (:card IS NULL OR card = :card)
  AND (:kinds IS NULL OR kind IN (SELECT k.name FROM kind k, json_each(:kinds) w WHERE substr(k.name, 1, length(w.value)) = w.value))
  AND (:hidden IS NULL OR kind NOT IN (SELECT k.name FROM kind k, json_each(:hidden) w WHERE substr(k.name, 1, length(w.value)) = w.value))
ORDER BY seq LIMIT :limit;

-- Everything that is hashed of each event, in the order of their commits.
-- name: journal
SELECT seq, run, turn, step, n, kind, card, actor, role, at, body, lower(hex(hash)) AS hash FROM journal
WHERE seq > :since ORDER BY seq LIMIT :limit;

-- Where to begin to have every event of the last :seconds before :now, among the newest 256,000 at most: the events after
-- :since are enough, and `age` says (in seconds) how old the newest one is that is not among them; NULL: there is none.
-- name: lately
WITH RECURSIVE
newest (seq) AS (SELECT max(seq) FROM entry),
back (n) AS (
    SELECT 1000
    UNION ALL
    SELECT n * 4 FROM back WHERE n < 256000
        AND (SELECT at FROM entry WHERE seq <= (SELECT seq FROM newest) - n ORDER BY seq DESC LIMIT 1)
            > ((julianday(:now) - 2440587.5) * 86400 - :seconds) * 1000)
SELECT since, (SELECT (julianday(:now) - 2440587.5) * 86400 - at / 1000.0 FROM entry WHERE seq <= since
               ORDER BY seq DESC LIMIT 1) AS age
FROM (SELECT (SELECT seq FROM newest) - (SELECT max(n) FROM back) AS since);

-- Calls that were let through after the event :since, with their age in seconds, oldest first. (Of the body the hashes are
-- left out, as below.)
-- name: calls_since
SELECT (julianday(:now) - 2440587.5) * 86400 - e.at / 1000.0 AS age,
       replace(replace(e.body, char(1), ''), char(2), '') ->> 'tool' AS tool,
       iif(e.actor IS NULL, s.role, e.role) AS role, (SELECT model FROM turn WHERE run = s.run AND turn = s.turn) AS model
FROM entry e JOIN stream s ON s.id = e.stream
WHERE e.seq > :since AND e.kind = (SELECT id FROM kind WHERE name = 'call.allowed') ORDER BY e.seq;

-- What a turn that began with :seq was told at first, and how near what is remembered was; it is a few events later.
-- name: prompted
SELECT (SELECT body FROM event WHERE seq = e.seq) AS "body:json",
       (SELECT v.body FROM entry r JOIN event v ON v.seq = r.seq WHERE r.seq > :seq AND r.seq < e.seq AND r.stream = e.stream
        AND r.kind = (SELECT id FROM kind WHERE name = 'memory.ranked') ORDER BY r.seq DESC LIMIT 1) AS "ranked:json"
FROM entry e
WHERE e.seq > :seq AND e.stream = (SELECT stream FROM entry WHERE seq = :seq)
  AND e.kind = (SELECT id FROM kind WHERE name = 'turn.prompted') ORDER BY e.seq LIMIT 1;

-- What a simulation looks at, in the order of commits: what was decided and by whom, what each reply said (NULL where it
-- lies in pieces), what is proposed, and what prompts are made of.
-- name: simulated
SELECT e.seq, s.run, s.turn, e.n, k.name AS kind, iif(e.actor IS NULL, s.card, e.card) AS card,
       event_body(e.body, e.names) AS "body:json",
       CASE WHEN k.name = 'step.reply' THEN coalesce(
            (SELECT m.bytes FROM name r JOIN message m ON m.id = -r.id
             WHERE r.key = hash_key(e.names) AND m.hash = e.names AND m.more IS NULL),
            (SELECT m.bytes FROM name_recent r JOIN message m ON m.id = -r.id
             WHERE r.key = hash_key(e.names) AND m.hash = e.names AND m.more IS NULL)) END AS "message:json"
FROM entry e CROSS JOIN kind k ON k.id = e.kind CROSS JOIN stream s ON s.id = e.stream
WHERE e.seq > :since AND (
    e.kind IN (SELECT id FROM kind WHERE name IN (
        'card.created', 'card.changed', 'card.moved', 'card.forked', 'cards.forked', 'run.started', 'run.resumed', 'run.forked',
        'turn.started', 'turn.forked', 'turn.prompted', 'turn.failed', 'turn.ended', 'turn.labelled', 'step.reply',
        'call.allowed', 'call.refused', 'approval.asked', 'comment.added', 'memory.ranked', 'memory.noted',
        'memory.forgotten', 'verify.done', 'tree.conflict', 'tree.merged'))
    OR e.kind IN (SELECT id FROM kind WHERE name = 'call.result') AND instr(e.body, '"proposal":'))
ORDER BY e.seq LIMIT :limit;

-- What the calls of a turn had come to by :upto.
-- name: effects
WITH RECURSIVE walk (seq, prev) AS (
    SELECT e.seq, e.prev FROM stream s JOIN entry e ON e.seq = s.seq WHERE s.run = :run AND s.turn = :turn
    UNION ALL SELECT e.seq, e.prev FROM walk JOIN entry e ON e.seq = walk.prev)
SELECT json_group_array(json_object('tool', body ->> '$.tool', 'ok', body -> '$.ok')) AS "effects:json" FROM (
    SELECT replace(replace(e.body, char(1), ''), char(2), '') AS body FROM walk w JOIN entry e ON e.seq = w.seq
    WHERE w.seq <= :upto AND e.kind = (SELECT id FROM kind WHERE name = 'call.result') ORDER BY w.seq);

-- The newest events before :before, newest first.
-- name: last_events
SELECT seq, run, turn, step, n, kind, card, actor, role, at, body AS "body:json" FROM journal
WHERE (:run IS NULL OR run = :run) AND (:card IS NULL OR card = :card) AND (:kind IS NULL OR kind = :kind)
  AND (:before IS NULL OR seq < :before)
ORDER BY seq DESC LIMIT coalesce(:limit, 100);

-- ---- the timeline of a run: what its own streams have, and what people did on its cards between its first and last event ----

-- Its turns, with the number of their events that have a row of their own: a turn's first event is its row, and a call's
-- result ends that of the call.
-- name: timeline_turns
WITH result (stream, events) AS MATERIALIZED (
    SELECT stream, count(*) FROM entry
    WHERE seq >= (SELECT min(seq) FROM turn WHERE run = :run) AND kind = (SELECT id FROM kind WHERE name = 'call.result')
    GROUP BY stream)
SELECT t.turn, t.card, t.seat, t.role, t.model, t.outcome, t.steps, t.seq, s.n AS events,
       s.n - 1 - coalesce((SELECT events FROM result r WHERE r.stream = s.id), 0) AS "rows",
       CAST(round((julianday(t.started_at) - 2440587.5) * 86400000) AS INTEGER) AS "from",
       (SELECT at FROM entry WHERE seq = s.seq) AS "to"
FROM turn t JOIN stream s ON s.run = t.run AND s.turn = t.turn WHERE t.run = :run ORDER BY t.seq;

-- The events on its cards outside of turns: what the run itself noted, and people.
-- name: timeline_cards
SELECT e.card, json_group_array(e.seq) AS "seqs:json", min(e.at) AS "from", max(e.at) AS "to"
FROM entry e JOIN stream s ON s.id = e.stream
WHERE e.seq >= :first AND e.seq <= :last AND e.step = 0 AND e.card IS NOT NULL
  AND (s.run = :run AND s.turn = 0
       OR s.run = 'board' AND e.card IN (SELECT card FROM turn WHERE run = :run UNION SELECT card FROM run WHERE id = :run))
GROUP BY e.card;

-- The first and last event, and how many.
-- name: timeline_span
WITH RECURSIVE walk (seq, prev) AS (
    SELECT e.seq, e.prev FROM stream s JOIN entry e ON e.seq = s.seq WHERE s.run = :run AND s.turn = 0
    UNION ALL SELECT e.seq, e.prev FROM walk JOIN entry e ON e.seq = walk.prev),
span (events, first, last) AS (
    SELECT (SELECT sum(n) FROM stream WHERE run = :run), (SELECT min(seq) FROM walk), (SELECT max(seq) FROM stream WHERE run = :run))
SELECT events, first, last, (SELECT at FROM entry WHERE seq = first) AS "from", (SELECT at FROM entry WHERE seq = last) AS "to"
FROM span;

-- Pauses longer than :idle milliseconds that did not end with what a model or a program was waited for: no one was at work.
-- name: timeline_gaps
SELECT before AS "from", at AS "to" FROM (
    SELECT at, kind, lag(at) OVER (ORDER BY seq) AS before FROM entry
    WHERE seq >= :first AND seq <= :last AND stream IN (SELECT id FROM stream WHERE run = :run))
WHERE at - before > :idle
  AND kind NOT IN (SELECT id FROM kind WHERE name IN ('step.reply', 'step.failed', 'call.result', 'command.ran', 'verify.done',
                                                      'memory.ranked', 'window.summarised'));

-- How many events there are in each :unit milliseconds, with the last of them.
-- name: timeline_density
SELECT min(at) AS at, count(*) AS events, max(seq) AS seq FROM entry
WHERE seq >= :first AND seq <= :last AND stream IN (SELECT id FROM stream WHERE run = :run)
GROUP BY at / :unit ORDER BY 1;

-- Its events on a card outside of turns, after the commit :since.
-- name: timeline_card
SELECT j.seq, j.run, j.turn, j.step, j.n, j.kind, j.card, j.actor, j.role, j.at, j.body AS "body:json"
FROM entry e JOIN stream s ON s.id = e.stream JOIN journal j ON j.seq = e.seq
WHERE e.card = :card AND e.step = 0 AND e.seq > coalesce(:since, 0) AND e.seq >= :first AND e.seq <= :last
  AND (s.run = :run AND s.turn = 0 OR s.run = 'board') ORDER BY e.seq LIMIT :limit;

-- name: card_events
WITH RECURSIVE walk (seq, prev) AS (
    SELECT e.seq, e.prev FROM turn t JOIN stream s ON s.run = t.run AND s.turn = t.turn
    JOIN entry e ON e.seq = s.seq WHERE t.card = :card
    UNION ALL
    SELECT e.seq, e.prev FROM walk JOIN entry e ON e.seq = walk.prev)
SELECT seq, run, turn, step, n, kind, card, actor, role, at, body AS "body:json" FROM journal
WHERE seq IN (SELECT seq FROM entry WHERE card = :card AND step = 0 UNION SELECT seq FROM walk)
  AND seq > coalesce(:since, 0)
ORDER BY seq LIMIT coalesce(:limit, 1000);

-- The commit that an epic starts from, then those that were merged into it since; a fork's are those of what it was
-- forked from, as far as that had come.
-- name: source
SELECT seq, run, CAST(strftime('%s', at) AS INTEGER) AS time, body ->> '$.repo' AS repo, body ->> '$.ref' AS ref,
       body ->> '$.subdir' AS subdir, body ->> '$.commit' AS "commit",
       body -> '$.executable' AS "executable:json", body -> '$.left' AS "left:json",
       body -> '$.links' AS "links:json" FROM journal
WHERE seq IN (SELECT seq FROM entry WHERE step = 0 AND card = coalesce(
                  (SELECT source FROM lineage WHERE card = :tree ORDER BY depth DESC LIMIT 1), :tree))
  AND seq <= coalesce((SELECT min(upto) FROM lineage WHERE card = :tree), 9223372036854775807)
  AND kind IN ('source.imported', 'source.updated') ORDER BY seq;

-- Up to which event each target of notifications has heard.
-- name: noticed
SELECT body ->> '$.target' AS target, max(body ->> '$.event') AS event FROM journal WHERE run = 'notices'
GROUP BY body ->> '$.target';

-- What each of them was last sent, or did not take.
-- name: deliveries
SELECT max(seq) AS seq, kind, at, body AS "body:json" FROM journal
WHERE run = 'notices' AND kind <> 'notice.began' GROUP BY body ->> '$.target';

-- Events of which people outside may hear.
-- name: noticeable
SELECT seq, run, kind, card, at, body AS "body:json" FROM journal
WHERE seq > :since AND (kind IN ('run.ended', 'branch.unpushed')
      OR kind = 'card.moved' AND body ->> '$.to' IN ('blocked', 'waiting_for_developer'))
ORDER BY seq LIMIT :limit;

-- What became of the newest push of each epic (one, or all that are done) to each remote.
-- name: pushes
SELECT p.card, p.seq, p.kind, p.body ->> '$.remote' AS remote, p.body ->> '$.url' AS url,
       p.body ->> '$.commit' AS "commit", p.body AS "body:json"
FROM (SELECT j.card, max(j.seq) AS seq FROM card c JOIN entry x ON x.card = c.id AND x.step = 0 JOIN journal j ON j.seq = x.seq
      WHERE c.type = 'epic' AND iif(:card IS NULL, c.status = 'done', c.id = :card)
        AND j.kind IN ('branch.pushed', 'branch.unpushed')
      GROUP BY j.card, j.body ->> '$.remote') newest
JOIN journal p ON p.seq = newest.seq ORDER BY p.seq;

-- One of the files that an epic started with; of a fork as it was when it was forked.
-- name: seed_file
SELECT hash_digits(blob) AS blob, labels AS "labels:json" FROM tree_file
WHERE tree = 'seed:' || coalesce((SELECT source FROM lineage WHERE card = :tree ORDER BY depth DESC LIMIT 1), :tree)
  AND path = :path AND blob IS NOT NULL
  AND coalesce(to_seq, 9223372036854775807)
      > coalesce((SELECT min(upto) FROM lineage WHERE card = :tree), 9223372036854775806)
  AND from_seq <= coalesce((SELECT min(upto) FROM lineage WHERE card = :tree), 9223372036854775806);

-- The files that an epic started with in the directories beneath another one, by the name they have there.
-- name: seed_files
SELECT path, hash_digits(blob) AS blob, labels AS "labels:json" FROM tree_file
WHERE tree = 'seed:' || coalesce((SELECT source FROM lineage WHERE card = :tree ORDER BY depth DESC LIMIT 1), :tree)
  AND path > :directory || '/' AND path < :directory || '0' AND path LIKE '%/' || :name
  AND to_seq IS NULL AND blob IS NOT NULL
ORDER BY path;

-- What was merged into a tree, by event: the changes of each merge; a fork has those of what it was forked from.
-- name: tree_merges
SELECT f.from_seq AS seq, CAST(strftime('%s', e.at) AS INTEGER) AS time, e.run, nullif(f.card, '') AS card, f.path,
       hash_digits(f.blob) AS blob
FROM (SELECT tree, from_seq, card, path, blob FROM tree_file WHERE tree = :tree
      UNION ALL SELECT f.tree, f.from_seq, f.card, f.path, f.blob FROM lineage l JOIN tree_file f
      ON f.tree = l.source AND f.from_seq <= l.upto WHERE l.card = :tree) f
JOIN journal e ON e.seq = f.from_seq
ORDER BY f.from_seq, f.path;

-- The files of a tree as they were after commit :seq (NULL: now), the tree's own rows over its base. A seed has files,
-- and no row in tree.
-- name: tree_files
WITH RECURSIVE layer (depth, id, seq, base, upto) AS (
    SELECT * FROM (SELECT 0, :tree, seq, base, coalesce(:seq, 9223372036854775807)
                   FROM (SELECT seq, base FROM tree WHERE id = :tree UNION ALL SELECT 0, NULL)
                   WHERE seq <= coalesce(:seq, 9223372036854775807) ORDER BY seq DESC LIMIT 1)
    UNION ALL
    SELECT l.depth + 1, l.base, coalesce(t.seq, 0), t.base, l.seq FROM layer l LEFT JOIN tree t
    ON t.id = l.base AND t.seq = (SELECT max(seq) FROM tree WHERE id = l.base AND seq <= l.seq)
    WHERE l.base IS NOT NULL AND l.depth < 16),
rows (depth, path, blob, card, labels) AS (
    SELECT l.depth, f.path, f.blob, iif(f.card = '', f.tree, f.card), f.labels FROM layer l JOIN tree_file f ON f.tree = l.id
    WHERE f.from_seq >= l.seq AND f.from_seq <= l.upto AND (f.to_seq IS NULL OR f.to_seq > l.upto))
SELECT path, hash_digits(blob) AS blob, card, labels AS "labels:json"
FROM (SELECT path, blob, card, labels, min(depth) FROM rows GROUP BY path)
WHERE blob IS NOT NULL ORDER BY path;

-- A tree's own changes, each with the blob it stands against.
-- name: tree_delta
SELECT path, hash_digits(blob) AS blob, hash_digits(base) AS base, labels AS "labels:json" FROM tree_file
WHERE tree = :tree AND to_seq IS NULL
UNION ALL SELECT f.path, hash_digits(f.blob), hash_digits(f.base), f.labels FROM lineage l JOIN tree_file f
ON f.tree = l.source AND f.from_seq <= l.upto AND (f.to_seq IS NULL OR f.to_seq > l.upto)
WHERE l.card = :tree AND NOT EXISTS (SELECT 1 FROM tree_file WHERE tree = :tree AND path = f.path)
  AND NOT EXISTS (SELECT 1 FROM lineage n JOIN tree_file g ON g.tree = n.source AND g.path = f.path
                  AND g.from_seq <= n.upto WHERE n.card = :tree AND n.depth < l.depth)
ORDER BY path;

-- The changes of all finished cards that :card depends on, also indirectly, earlier ones first; then its own.
-- name: tree_card
SELECT 1 WHERE EXISTS (SELECT 1 FROM dependency WHERE card = :card) OR EXISTS (SELECT 1 FROM tree_file WHERE tree = :card)
            OR EXISTS (SELECT 1 FROM lineage WHERE card = :card);
WITH RECURSIVE closure (id) AS (
    SELECT needs FROM dependency WHERE card = :card
    UNION SELECT d.needs FROM closure c JOIN dependency d ON d.card = c.id),
s (id, own) AS (
    SELECT id, 0 FROM closure JOIN card USING (id) WHERE status IN ('done', 'archived')
    UNION ALL SELECT :card, 1)
SELECT f.path, hash_digits(f.blob) AS blob, hash_digits(f.base) AS base, s.own, f.from_seq, f.labels AS "labels:json" FROM s
JOIN tree_file f ON f.tree = s.id AND f.to_seq IS NULL
UNION ALL
SELECT f.path, hash_digits(f.blob), hash_digits(f.base), s.own, f.from_seq, f.labels FROM s JOIN lineage l ON l.card = s.id JOIN tree_file f
ON f.tree = l.source AND f.from_seq <= l.upto AND (f.to_seq IS NULL OR f.to_seq > l.upto)
WHERE NOT EXISTS (SELECT 1 FROM tree_file WHERE tree = s.id AND path = f.path)
  AND NOT EXISTS (SELECT 1 FROM lineage n JOIN tree_file g ON g.tree = n.source AND g.path = f.path
                  AND g.from_seq <= n.upto WHERE n.card = s.id AND n.depth < l.depth)
ORDER BY own, from_seq, path;

-- The changes of an epic's finished cards, earlier ones first; a fork's have those of their sources.
-- name: tree_done
WITH s (id) AS MATERIALIZED (SELECT id FROM card WHERE epic = :epic AND status = 'done')
SELECT s.id AS card, f.path, hash_digits(f.blob) AS blob, hash_digits(f.base) AS base, f.from_seq, f.labels AS "labels:json"
FROM s JOIN tree_file f ON f.tree = s.id AND f.to_seq IS NULL
UNION ALL
SELECT s.id, f.path, hash_digits(f.blob), hash_digits(f.base), f.from_seq, f.labels FROM s JOIN lineage l ON l.card = s.id JOIN tree_file f
ON f.tree = l.source AND f.from_seq <= l.upto AND (f.to_seq IS NULL OR f.to_seq > l.upto)
WHERE NOT EXISTS (SELECT 1 FROM tree_file WHERE tree = s.id AND path = f.path)
  AND NOT EXISTS (SELECT 1 FROM lineage n JOIN tree_file g ON g.tree = n.source AND g.path = f.path
                  AND g.from_seq <= n.upto WHERE n.card = s.id AND n.depth < l.depth)
ORDER BY from_seq, path;

-- name: heads
SELECT seq, events, lower(hex(hash)) AS hash FROM head WHERE run = :run ORDER BY seq;

-- name: tree
SELECT id, seq, base, hash FROM tree WHERE id = :tree ORDER BY seq DESC LIMIT 1;

-- name: generation
SELECT id, files AS "files:json", at FROM generation WHERE id = :id;

-- The generation that served last; a fork's own is not the project's.
-- name: serving
SELECT seq, generation, actor, at FROM serving WHERE kind = 'loaded' ORDER BY seq DESC LIMIT 1;

-- What no person has accepted yet.
-- name: waiting
SELECT seq, generation, against, at, delta AS "delta:json" FROM serving WHERE kind = 'waiting'
  AND seq = (SELECT max(seq) FROM serving);

-- name: servings
SELECT seq, kind, generation, against, actor, at FROM serving ORDER BY seq;

-- name: house
SELECT config FROM house;

-- name: mcp_tools
SELECT server, tool, name, pin, description, schema, aside AS "aside:json", actor, at FROM mcp_tool
WHERE :server IS NULL OR server = :server ORDER BY server, tool;

-- name: mcp_tool
SELECT pin, aside AS "aside:json", identity AS "identity:json" FROM mcp_tool JOIN mcp_server USING (server)
WHERE server = :server AND tool = :tool;

-- name: mcp_server
SELECT identity AS "identity:json", version, actor, at FROM mcp_server WHERE server = :server;

-- name: counts
SELECT (SELECT count(*) FROM card) AS cards, (SELECT coalesce(max(seq), 0) FROM entry) AS events,
       (SELECT count(*) FROM run) AS runs, (SELECT count(*) FROM turn) AS turns,
       (SELECT count(*) FROM blob) AS blobs;

-- name: statuses
SELECT status, count(*) AS cards FROM card WHERE :epic IS NULL OR epic = :epic GROUP BY status ORDER BY status;

-- Runs of which nothing was heard since :before (one that was killed noted no end), and why one of them stays:
-- "open" its cards, or those of its turns, are not all final; "asked" a question is open; "younger" its card had a
-- younger run; "forked" a run that is still whole goes on from it. NULL: no run goes back to it.
-- name: old_runs
WITH past (id, card, at, body) AS MATERIALIZED (
    SELECT id, card, coalesce(ended_at, (SELECT max(e.at) FROM stream s JOIN event e ON e.seq = s.seq WHERE s.run = r.id)),
           body FROM run r),
final (status) AS (VALUES ('done'), ('canceled'), ('archived'))
SELECT p.id, p.card, r.status, r.ended_at, p.at AS "last", (SELECT sum(n) FROM stream WHERE run = p.id) AS events,
       CASE WHEN coalesce(c.status, '') NOT IN final
                 OR EXISTS (SELECT 1 FROM card i WHERE i.epic = p.card AND i.status NOT IN final)
                 OR EXISTS (SELECT 1 FROM turn t JOIN card i ON i.id = t.card WHERE t.run = p.id AND i.status NOT IN final)
            THEN 'open'
            WHEN EXISTS (SELECT 1 FROM approval WHERE run = p.id AND status IN ('pending', 'uncertain')) THEN 'asked'
            WHEN EXISTS (SELECT 1 FROM past o WHERE o.card = p.card AND o.at >= :before) THEN 'younger'
            WHEN EXISTS (SELECT 1 FROM past f WHERE f.body ->> '$.of' = p.id AND f.body ->> '$.dropped' IS NULL)
            THEN 'forked' END AS keeps
FROM past p JOIN run r ON r.id = p.id LEFT JOIN card c ON c.id = p.card
WHERE p.body ->> '$.dropped' IS NULL AND p.at < :before
ORDER BY p.at, p.id;

-- Cards that are final, and of whose epic all runs were dropped, or are in :runs (JSON).
-- name: dropped_cards
SELECT c.id, c.epic FROM card c
WHERE c.status IN ('done', 'canceled', 'archived') AND EXISTS (SELECT 1 FROM run r WHERE r.card = coalesce(c.epic, c.id))
  AND NOT EXISTS (SELECT 1 FROM run r WHERE r.card = coalesce(c.epic, c.id) AND r.body ->> '$.dropped' IS NULL
                  AND r.id NOT IN (SELECT value FROM json_each(:runs)))
ORDER BY c.epic, c.ordinal;

-- Events of the board about users and keys, and yeses of which one is not enough; where there were none ever, the
-- board's other events are not looked at.
-- What the audit shows, the newest first.
-- name: audit
WITH found (seq) AS (SELECT seq FROM entry WHERE (:before IS NULL OR seq < :before) AND kind IN (SELECT id FROM kind
    WHERE name GLOB 'user.*' OR name GLOB 'key.*' OR name IN ('approval.given', 'approval.answered'))
    ORDER BY seq DESC LIMIT :limit)
SELECT j.seq, j.run, j.turn, j.step, j.n, j.kind, j.card, j.actor, j.role, j.at, j.body AS "body:json"
FROM found JOIN journal j ON j.seq = found.seq ORDER BY j.seq DESC;

-- name: people_events
WITH RECURSIVE wanted (id) AS (SELECT id FROM kind WHERE name IN ('user.created', 'user.changed', 'user.removed',
    'user.signed_in', 'key.created', 'key.revoked', 'approval.given')),
chain (seq) AS (
    SELECT seq FROM stream WHERE run = 'board' AND turn = 0 AND seq > :since AND EXISTS (SELECT 1 FROM wanted)
    UNION ALL SELECT e.prev FROM chain JOIN entry e ON e.seq = chain.seq WHERE e.prev > :since)
SELECT v.seq, v.kind, v.actor, v.at, v.body AS "body:json" FROM chain JOIN entry e ON e.seq = chain.seq
JOIN event v ON v.seq = e.seq WHERE e.kind IN (SELECT id FROM wanted) ORDER BY v.seq;

-- Who began the run, and who went on with it.
-- name: run_people
WITH RECURSIVE chain (seq) AS (
    SELECT seq FROM stream WHERE run = :run AND turn = 0
    UNION ALL SELECT e.prev FROM chain JOIN entry e ON e.seq = chain.seq WHERE e.prev > 0)
SELECT DISTINCT body ->> '$.by' AS name FROM chain JOIN event USING (seq)
WHERE kind IN ('run.started', 'run.resumed') AND body ->> '$.by' IS NOT NULL ORDER BY name;
