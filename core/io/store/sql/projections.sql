-- projections.sql: what each kind of event does to the projections.
--
-- A section per kind, `-- kind: NAME`; a kind without a section cannot be written. Its statements run
-- in order, in the transaction of the event. `:x` is the event's envelope (:seq :run :turn :step :n
-- :kind :card :actor :role :at :body), `$x` the field x of its body (missing: NULL; arrays and
-- objects: JSON text), `$x::y` the field y of the object x. A statement under `-- must` has to change
-- exactly one row, otherwise the transaction is ERR_STALE and nothing of it happens. One under
-- `-- each x` is run for every item of the array x: `@item`, or the field y of it: `@y`. One under
-- `-- with x` is not run where the body has no x (or x::y), under `-- with x = text` where that is not
-- its text. json_put(a, b) is a with the members of b, NULL when it has none; hash_bytes(x) the bytes of
-- 64 hexadecimal digits.
-- Deterministic: only the event and the tables, no clock, no randomness.

-- kind: card.created
-- must
INSERT INTO card (id, type, name, status, priority, wait_reason, return_to, seat, assignee, parent, epic,
                  build, ordinal, revision, retry_count, max_retries, credits, note, turns, tokens_in,
                  tokens_out, created_at, updated_at, text, moved, labels)
VALUES (:card, $type, $name, coalesce($status, 'ready'), coalesce($priority, 2.0), $wait_reason, $return_to,
        $seat, $assignee, $parent_id, coalesce($epic, iif($type = 'issue', $parent_id, NULL)), $build_id,
        coalesce($ordinal, (SELECT coalesce(max(ordinal), 0) + 1 FROM card)), 1, coalesce($retry_count, 0),
        coalesce($max_retries, 3), coalesce($credits, 0.0), $note, 0, 0, 0, :at, :at,
        :seq, :seq, $data_labels);
INSERT INTO card_text (id, data) VALUES (:seq,
        json_remove(:body, '$.id', '$.type', '$.name', '$.status', '$.priority', '$.wait_reason',
                    '$.return_to', '$.seat', '$.assignee', '$.parent_id', '$.epic', '$.build_id',
                    '$.ordinal', '$.revision', '$.retry_count', '$.max_retries', '$.credits', '$.note',
                    '$.depends_on', '$.data_labels'));
-- each depends_on
INSERT OR IGNORE INTO dependency (card, needs) VALUES (:card, @item);
-- each data_labels
INSERT OR IGNORE INTO label (name, seq) VALUES (@item, :seq);

-- kind: card.changed
-- must
UPDATE card SET
    name = coalesce($set ->> '$.name', name),
    priority = coalesce($set ->> '$.priority', priority),
    seat = iif(json_type($set, '$.seat') IS NULL, seat, $set ->> '$.seat'),
    assignee = iif(json_type($set, '$.assignee') IS NULL, assignee, $set ->> '$.assignee'),
    parent = iif(json_type($set, '$.parent_id') IS NULL, parent, $set ->> '$.parent_id'),
    epic = iif(json_type($set, '$.epic') IS NULL,
               iif(json_type($set, '$.parent_id') IS NULL OR type <> 'issue', epic, $set ->> '$.parent_id'),
               $set ->> '$.epic'),
    build = iif(json_type($set, '$.build_id') IS NULL, build, $set ->> '$.build_id'),
    retry_count = coalesce($set ->> '$.retry_count', retry_count),
    max_retries = coalesce($set ->> '$.max_retries', max_retries),
    note = iif(json_type($set, '$.note') IS NULL, note, $set ->> '$.note'),
    note_labels = iif(json_type($set, '$.note') IS NULL, note_labels, $labels),
    revision = revision + 1,
    updated_at = :at
WHERE id = :card AND revision = $rev;
-- NULL, which is ignored, where no other fields are set; a SELECT would make a table for it
-- with set
INSERT OR IGNORE INTO card_text (id, data) VALUES (:seq,
        json_put((SELECT data FROM card_text WHERE id = (SELECT text FROM card WHERE id = :card)),
                 json_remove($set, '$.id', '$.type', '$.name', '$.status', '$.priority', '$.wait_reason',
                             '$.return_to', '$.seat', '$.assignee', '$.parent_id', '$.epic', '$.build_id',
                             '$.ordinal', '$.revision', '$.retry_count', '$.max_retries', '$.credits', '$.note',
                             '$.depends_on')));
UPDATE card SET text = :seq WHERE id = :card AND EXISTS (SELECT 1 FROM card_text WHERE id = :seq);
-- with set::depends_on
DELETE FROM dependency WHERE card = :card;
-- with set::depends_on
INSERT OR IGNORE INTO dependency (card, needs) SELECT :card, value FROM json_each($set -> '$.depends_on');

-- kind: card.moved
-- must
UPDATE card SET
    status = $to,
    wait_reason = $reason,
    return_to = $return_to,
    assignee = coalesce($assignee, assignee),
    seat = coalesce($seat, seat),
    note = coalesce($note, note),
    note_labels = iif($note IS NULL, note_labels, $labels),
    retry_count = coalesce($retry_count, retry_count),
    revision = revision + 1,
    updated_at = :at,
    moved = :seq
WHERE id = :card AND revision = $rev AND status = $from AND type = $type;
-- an issue is done only after a review by a seat that did none of its work, and with a passing verdict for exactly
-- this tree when it has a verification
-- with to = done
-- must
UPDATE card SET moved = :seq
WHERE id = :card
  AND (type <> 'issue'
       OR NOT EXISTS (SELECT 1 FROM turn own JOIN turn author ON author.card = own.card AND author.seat = own.seat
                      WHERE own.run = :run AND own.turn = :turn AND own.card = :card
                        AND author.role <> 'integrity_guard')
          AND NOT EXISTS (SELECT 1 FROM lineage l JOIN turn author ON author.card = l.source AND author.seq <= l.upto
                          JOIN turn own ON own.run = :run AND own.turn = :turn AND own.seat = author.seat
                          WHERE l.card = :card AND author.role <> 'integrity_guard')
          AND ((SELECT data ->> '$.verification.fixture_path' FROM card_text WHERE id = card.text) IS NULL
               OR EXISTS (SELECT 1 FROM verdict WHERE card = :card AND tree = $tree AND ok)
               OR EXISTS (SELECT 1 FROM lineage l JOIN verdict v ON v.card = l.source AND v.seq <= l.upto
                          WHERE l.card = :card AND v.tree = $tree AND v.ok)));
-- its question, when it was not answered before: no turn waits for it any more (found by its card: the index of
-- statuses is written meanwhile)
-- with from = blocked
UPDATE approval SET status = 'void' WHERE +status = 'pending' AND card = :card;

-- The epic of a fork: its source as it was after commit $at. What has changed since is in the body; a source
-- that is not of revision $rev any more is another one. Its text is the source's, or the one that was said then,
-- which is still there.
-- kind: card.forked
-- must
INSERT INTO card (id, type, name, status, priority, wait_reason, return_to, seat, assignee, parent, epic,
                  build, ordinal, revision, retry_count, max_retries, credits, note, turns, tokens_in,
                  tokens_out, created_at, updated_at, text, moved, labels, note_labels)
SELECT :card, type, coalesce($name, name), $status, coalesce($priority, priority), $wait_reason, $return_to,
       $seat, $assignee, NULL, NULL, build, o.next, $revision, $retry_count, coalesce($max_retries, max_retries),
       0.0, $note, 0, 0, 0, :at, :at,
       iif($data IS NULL, text, coalesce((SELECT min(id) FROM card_text WHERE length(data) = length($data) AND data = $data), -o.next)),
       :seq, $data_labels, $note_labels
FROM card, (SELECT coalesce(max(ordinal), 0) + 1 AS next FROM card) o
WHERE id = $of AND revision = $rev AND type <> 'issue';
INSERT INTO card_text (id, data) SELECT text, $data FROM card WHERE id = :card AND text = -ordinal;
INSERT INTO lineage (card, depth, source, upto)
SELECT :card, 1, $of, $at UNION ALL SELECT :card, depth + 1, source, min(upto, $at) FROM lineage WHERE card = $of;
INSERT INTO tree (id, seq, base) VALUES (:card, $at, $of);

-- The open cards of a fork, in their order, under ids that end in $suffix: as the epic's. What an item does not
-- say is as on a card that no turn has begun; of what it needs, that which is forked as well has the fork's id.
-- Nothing is forked as done.
-- kind: cards.forked
-- must
-- each cards
INSERT INTO card (id, type, name, status, priority, wait_reason, return_to, seat, assignee, parent, epic,
                  build, ordinal, revision, retry_count, max_retries, credits, note, turns, tokens_in,
                  tokens_out, created_at, updated_at, text, moved, labels, note_labels)
SELECT @of || $suffix, type, coalesce(@name, name), coalesce(@status, 'ready'), coalesce(@priority, priority),
       @wait_reason, @return_to, @seat, @assignee, :card, :card, build, o.next, coalesce(@revision, @rev),
       coalesce(@retry_count, 0), coalesce(@max_retries, max_retries), 0.0, @note, 0, 0, 0, :at, :at,
       iif(@data IS NULL, text, coalesce((SELECT min(id) FROM card_text WHERE length(data) = length(@data) AND data = @data), -o.next)),
       :seq, @data_labels, @note_labels
FROM card, (SELECT coalesce(max(ordinal), 0) + 1 AS next FROM card) o
WHERE id = @of AND revision = @rev AND type = 'issue' AND coalesce(@status, 'ready') <> 'done';
-- each cards
INSERT INTO card_text (id, data) SELECT text, @data FROM card WHERE id = @of || $suffix AND text = -ordinal;
-- each cards
INSERT INTO lineage (card, depth, source, upto)
SELECT @of || $suffix, 1, @of, $at
UNION ALL SELECT @of || $suffix, depth + 1, source, min(upto, $at) FROM lineage WHERE card = @of;
-- each cards
INSERT OR IGNORE INTO dependency (card, needs)
SELECT @of || $suffix, iif(EXISTS (SELECT 1 FROM card WHERE id = d.needs || $suffix AND epic = :card),
                           d.needs || $suffix, d.needs)
FROM dependency d WHERE d.card = @of AND @depends_on IS NULL
UNION ALL SELECT @of || $suffix, value FROM json_each(coalesce(@depends_on, '[]'));
-- each cards
INSERT INTO conflict (card, path, other, seq, labels)
SELECT @of || $suffix, value ->> '$.path', value ->> '$.with', :seq, value -> '$.labels' FROM json_each(coalesce(@conflicts, '[]'));
-- each cards
INSERT INTO verdict (card, tree, ok, log, at, seq, labels)
SELECT @of || $suffix, @verdict ->> '$.tree', @verdict ->> '$.ok', @verdict ->> '$.log', @verdict ->> '$.at', :seq,
       @verdict -> '$.labels'
WHERE @verdict IS NOT NULL;

-- kind: card.credits
-- must
UPDATE card SET credits = credits + $amount WHERE id = :card;

-- kind: card.nominated
INSERT INTO proposal (seq, kind, card, role, body, at) VALUES (:seq, 'nomination', :card, :role, :body, :at);

-- kind: refinement.proposed
INSERT INTO proposal (seq, kind, card, role, body, at) VALUES (:seq, 'refinement', :card, :role, :body, :at);

-- A person took what an agent had proposed as an example of good work into the project's file, $now.
-- kind: example.accepted
-- must
UPDATE proposal SET status = 'accepted', answered_by = :actor WHERE seq = $proposal AND status IS NULL;

-- kind: example.rejected
-- must
UPDATE proposal SET status = 'rejected', answered_by = :actor WHERE seq = $proposal AND status IS NULL;

-- kind: example.removed
UPDATE proposal SET status = 'removed', answered_by = :actor WHERE seq = $proposal;

-- A person took the proposal of a plan's turn: what it makes is in the same transaction.
-- kind: plan.accepted
INSERT INTO plan (seq, card, rock, files) VALUES (:seq, :card, $rock, $files);

-- The files of the accepted plan $plan are there.
-- kind: plan.written
-- must
UPDATE plan SET written = :seq WHERE seq = $plan AND written IS NULL;

-- kind: comment.added
INSERT INTO comment (card, seq, author, role, text, at, labels) VALUES (:card, :seq, :actor, :role, $text, :at, $labels);
-- each labels
INSERT OR IGNORE INTO label (name, seq) VALUES (@item, :seq);

-- What an agent says in a conversation, where its reply is the answer: no tool said it.
-- kind: turn.said
INSERT INTO comment (card, seq, author, role, text, at, labels) VALUES (:card, :seq, :actor, :role, $text, :at, $labels);
-- each labels
INSERT OR IGNORE INTO label (name, seq) VALUES (@item, :seq);

-- A turn has read what carries labels: $labels is all of them so far, they only grow.
-- kind: turn.labelled
-- must
UPDATE turn SET labels = $labels WHERE run = :run AND turn = :turn;
-- each labels
INSERT OR IGNORE INTO label (name, seq) VALUES (@item, :seq);

-- A person answers for what came from outside: a file of this card's tree ($path), or all that was said on the card.
-- kind: card.trusted
UPDATE tree_file SET labels = NULL
WHERE tree IN (:card, 'seed:' || :card) AND path = $path AND to_seq IS NULL AND labels IS NOT NULL;
UPDATE card SET labels = NULL, note_labels = NULL WHERE id = :card AND $path IS NULL;
UPDATE comment SET labels = NULL WHERE card = :card AND $path IS NULL AND labels IS NOT NULL;
UPDATE memory SET labels = NULL WHERE card = :card AND $path IS NULL AND labels IS NOT NULL;
UPDATE verdict SET labels = NULL WHERE card = :card AND $path IS NULL AND labels IS NOT NULL;
UPDATE conflict SET labels = NULL WHERE card = :card AND $path IS NULL AND labels IS NOT NULL;
UPDATE turn SET labels = NULL WHERE card = :card AND outcome IS NOT NULL AND $path IS NULL AND labels IS NOT NULL;

-- One owner: another run that noted no end, and is not under way beside this one ($beside), was interrupted.
-- kind: run.started
UPDATE run SET status = 'interrupted' WHERE ended_at IS NULL AND id <> :run AND status <> 'forked'
  AND id NOT IN (SELECT value FROM json_each(:body, '$.beside'));
-- must
INSERT INTO run (id, card, generation, status, started_at, body)
VALUES (:run, coalesce(:card, $card), $generation, 'running', :at, json_patch(:body, json_object('served',
        json(iif($served IS NULL, 'null', json_object('taken', $served, 'by', $by, 'at', :at))))));
INSERT OR REPLACE INTO house (id, config) SELECT 1, $config WHERE $config IS NOT NULL;

-- kind: run.forked
-- must
INSERT INTO run (id, card, generation, status, started_at, body)
VALUES (:run, :card, $generation, 'forked', :at, :body);

-- kind: run.resumed
UPDATE run SET status = 'interrupted' WHERE ended_at IS NULL AND id <> :run AND status <> 'forked'
  AND id NOT IN (SELECT value FROM json_each(:body, '$.beside'));
-- must
UPDATE run SET status = 'running', generation = coalesce($generation, generation), ended_at = NULL,
               started_at = iif(status = 'forked', :at, started_at), -- a fork begins when it first runs
               body = json_patch(json_set(body, '$.only', $only), json_object('rock', $rock, 'served',
                      json(iif($served IS NULL, 'null', json_object('taken', $served, 'by', $by, 'at', :at)))))
WHERE id = :run;
INSERT OR REPLACE INTO house (id, config) SELECT 1, $config WHERE $config IS NOT NULL;

-- kind: run.ended
-- must
UPDATE run SET status = $status, ended_at = :at, body = iif($with_server, body, json_remove(body, '$.served'))
WHERE id = :run;

-- A person halted the run $run: no server takes it up by itself.
-- kind: run.halted
UPDATE run SET body = json_remove(body, '$.served') WHERE id = $run;

-- The run $run, long ended, lost its prompts, replies and calls to `orket gc`; what it was: $hash, $events.
-- What was lost is gone: the cards are as the commits before say.
-- kind: store.restored

-- kind: run.dropped
-- must
UPDATE run SET body = json_put(body, json_object('dropped', :at)) WHERE id = $run;
DELETE FROM report WHERE run = $run;

-- What is left of an event of a dropped run: its number and its hash.
-- kind: dropped

-- kind: turn.started
-- must
INSERT INTO turn (run, turn, seq, card, seat, role, generation, engine, model, arm, steps, tokens_in, tokens_out,
                  started_at)
VALUES (:run, :turn, :seq, :card, $seat, $role, $generation, $engine, $model, $arm, 0, 0, 0, :at);

-- The turn $turn of this run goes on with what a turn of another run had come to.
-- kind: turn.forked
-- must
INSERT INTO turn (run, turn, seq, card, seat, role, generation, engine, model, arm, steps, tokens_in, tokens_out,
                  started_at)
VALUES (:run, $turn, :seq, :card, $seat, $role, $generation, $engine, $model, $arm, 0, 0, 0, :at);

-- kind: turn.ended
-- must
UPDATE turn SET outcome = $outcome, refusals = coalesce($refusals, 0), steps = coalesce($steps, steps), tokens_in = coalesce($tokens_in, tokens_in),
                tokens_out = coalesce($tokens_out, tokens_out), calls = coalesce($calls, calls),
                money = coalesce($money, money), took = coalesce($took, took), ended_at = :at
WHERE run = :run AND turn = :turn AND outcome IS NULL;
UPDATE card SET turns = turns + 1, tokens_in = tokens_in + coalesce($tokens_in, 0),
                tokens_out = tokens_out + coalesce($tokens_out, 0)
WHERE id = :card;

-- kind: turn.abandoned
-- must
UPDATE turn SET outcome = 'abandoned', ended_at = :at WHERE run = :run AND turn = :turn AND outcome IS NULL;
UPDATE card SET tokens_in = tokens_in + coalesce((SELECT tokens_in FROM turn WHERE run = :run AND turn = :turn), 0),
                tokens_out = tokens_out + coalesce((SELECT tokens_out FROM turn WHERE run = :run AND turn = :turn), 0)
WHERE id = :card;

-- kind: step.reply
UPDATE turn SET steps = :step, tokens_in = tokens_in + coalesce($usage::prompt, 0),
                tokens_out = tokens_out + coalesce($usage::completion, 0), calls = calls + 1,
                money = money + coalesce($money, 0), took = took + coalesce($took, 0)
WHERE run = :run AND turn = :turn;

-- kind: turn.prompted

-- kind: turn.nudged

-- The turn ends, because its last $steps steps came to nothing new.
-- kind: turn.looped
INSERT INTO report (seq, run, turn, step, n, card, actor, role, decision, rule, why, fix, at)
VALUES (:seq, :run, :turn, :step, :n, :card, :actor, :role, 'deny', $rule, $why, $fix, :at);

-- kind: window.compacted

-- kind: window.summarised
UPDATE turn SET tokens_in = tokens_in + coalesce($usage::prompt, 0),
                tokens_out = tokens_out + coalesce($usage::completion, 0), calls = calls + 1,
                money = money + coalesce($money, 0), took = took + coalesce($took, 0)
WHERE run = :run AND turn = :turn;

-- The turn ends: not even what has to be said fits into its model's window.
-- kind: window.full
INSERT INTO report (seq, run, turn, step, n, card, actor, role, decision, rule, why, fix, at)
VALUES (:seq, :run, :turn, :step, :n, :card, :actor, :role, 'deny', $rule, $why, $fix, :at);

-- kind: turn.failed

-- kind: step.failed
UPDATE turn SET tokens_in = tokens_in + coalesce($usage::prompt, 0),
                tokens_out = tokens_out + coalesce($usage::completion, 0), calls = calls + 1,
                money = money + coalesce($money, 0), took = took + coalesce($took, 0)
WHERE run = :run AND turn = :turn;

-- kind: call.allowed

-- kind: call.refused
INSERT INTO report (seq, run, turn, step, n, card, actor, role, decision, rule, call, tool, why, fix, place, convo, at)
VALUES (:seq, :run, :turn, :step, :n, :card, :actor, :role, coalesce($decision, 'deny'), coalesce($rule, '?'), $call, $tool,
        $why, $fix, $where, $convo, :at);

-- Of an allowed call: what its tool's script asked for.
-- kind: operation.refused
INSERT INTO report (seq, run, turn, step, n, card, actor, role, decision, rule, call, tool, attempt, why, fix, place, at)
VALUES (:seq, :run, :turn, :step, :n, :card, :actor, :role, coalesce($decision, 'deny'), coalesce($rule, '?'), $call, $tool,
        $operation, $why, $fix, $where, :at);

-- kind: call.result

-- A turn that is not over with it waits for room.
-- kind: budget.reached
UPDATE turn SET waits = $cap WHERE run = :run AND turn = :turn AND $ends IS NULL;
INSERT INTO report (seq, run, turn, step, n, card, actor, role, decision, rule, why, fix, place, at)
VALUES (:seq, :run, :turn, :step, :n, :card, :actor, :role, 'deny', $rule, $why, $fix, $where, :at);

-- The model of a turn is not asked until then.
-- kind: model.paused
UPDATE turn SET waits = 'until/' || $until WHERE run = :run AND turn = :turn;

-- kind: branch.pushed

-- kind: branch.unpushed

-- kind: budget.lifted
UPDATE turn SET waits = NULL WHERE run = :run AND turn = :turn;

-- kind: budget.warned

-- kind: file.written
-- with size
UPDATE turn SET disk = disk + $size WHERE $size IS NOT NULL AND run = :run AND turn = :turn;
UPDATE tree_file SET to_seq = :seq
WHERE tree = coalesce($tree, :card) AND path = $path AND to_seq IS NULL;
INSERT INTO tree_file (tree, path, from_seq, blob, base, card, labels)
VALUES (coalesce($tree, :card), $path, :seq, hash_bytes($blob), hash_bytes($base), iif($tree IS NULL, '', :card),
        $labels);
-- each labels
INSERT OR IGNORE INTO label (name, seq) VALUES (@item, :seq);

-- kind: file.deleted
UPDATE tree_file SET to_seq = :seq
WHERE tree = coalesce($tree, :card) AND path = $path AND to_seq IS NULL;
INSERT INTO tree_file (tree, path, from_seq, blob, base, card)
VALUES (coalesce($tree, :card), $path, :seq, NULL, hash_bytes($base), iif($tree IS NULL, '', :card));

-- kind: source.imported

-- kind: source.updated
-- each changes
UPDATE tree_file SET to_seq = :seq WHERE tree = :card AND path = @path AND to_seq IS NULL;
-- each changes
INSERT INTO tree_file (tree, path, from_seq, blob, base, card, labels)
VALUES (:card, @path, :seq, hash_bytes(@blob), hash_bytes(@base), NULL, @labels);
INSERT INTO tree (id, seq) SELECT :card, 0 WHERE NOT EXISTS (SELECT 1 FROM tree WHERE id = :card);
-- must
UPDATE tree SET hash = coalesce($hash, hash)
WHERE id = :card AND seq = (SELECT max(seq) FROM tree WHERE id = :card)
  AND coalesce(hash, '') = coalesce($was, hash, '');

-- kind: tree.opened
UPDATE tree_file SET to_seq = :seq WHERE tree = coalesce($tree, :card) AND to_seq IS NULL;
INSERT INTO tree (id, seq, base, hash) VALUES (coalesce($tree, :card), :seq, $from, $hash);

-- kind: tree.merged
-- each changes
UPDATE tree_file SET to_seq = :seq WHERE tree = $into AND path = @path AND to_seq IS NULL;
-- each changes
INSERT INTO tree_file (tree, path, from_seq, blob, base, card, labels)
VALUES ($into, @path, :seq, hash_bytes(@blob), hash_bytes(@base), :card, @labels);
INSERT INTO tree (id, seq) SELECT $into, 0 WHERE NOT EXISTS (SELECT 1 FROM tree WHERE id = $into);
-- must
UPDATE tree SET hash = coalesce($hash, hash)
WHERE id = $into AND seq = (SELECT max(seq) FROM tree WHERE id = $into)
  AND coalesce(hash, '') = coalesce($was, hash, '');
DELETE FROM conflict WHERE card = :card;

-- kind: tree.conflict
INSERT INTO conflict (card, path, other, seq, labels) VALUES (:card, $path, $with, :seq, $labels)
ON CONFLICT (card, path) DO UPDATE SET other = excluded.other, seq = excluded.seq, labels = excluded.labels;

-- kind: verify.done
INSERT INTO verdict (card, tree, ok, log, at, seq, labels) VALUES (:card, $tree, $ok, $log, :at, :seq, $labels)
ON CONFLICT (card, tree) DO UPDATE SET ok = excluded.ok, log = excluded.log, at = excluded.at,
                                       seq = excluded.seq, labels = excluded.labels;

-- The same text in the same place is one row, with the newest provenance and all labels, or those that a person gives
-- it; what a person had forgotten comes back only when a person says it. Not said otherwise, it is for the epic of its card.
-- kind: memory.noted
INSERT INTO memory_fts (rowid, text, place)
SELECT m.id, m.text || ' ' || coalesce(m.keywords, ''), m.place FROM memory m
WHERE m.scope = coalesce($scope, 'epic') AND m.reader = coalesce($reader, '') AND m.digest = note_digest($text)
  AND m.epic = iif($scope = 'project', '', coalesce($epic, (SELECT coalesce(epic, id) FROM card WHERE id = :card), ''))
  AND m.forgotten IS NOT NULL AND :role = 'human';
INSERT INTO memory (id, seq, scope, epic, reader, digest, run, turn, card, actor, role, rule, at, text, keywords,
                    expires_at, labels)
VALUES (:seq, :seq, coalesce($scope, 'epic'),
        iif($scope = 'project', '', coalesce($epic, (SELECT coalesce(epic, id) FROM card WHERE id = :card), '')),
        coalesce($reader, ''), note_digest($text), :run, :turn, :card, :actor, :role, $rule, :at, $text, $keywords,
        coalesce($expires_at, iif($days IS NULL, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', :at, '+' || $days || ' days'))), $labels)
ON CONFLICT (scope, epic, reader, digest) DO UPDATE SET
    seq = excluded.seq, run = excluded.run, turn = excluded.turn, card = excluded.card, actor = excluded.actor,
    role = excluded.role, rule = excluded.rule, at = excluded.at, expires_at = excluded.expires_at,
    labels = CASE WHEN :role = 'human' THEN excluded.labels
                  WHEN excluded.labels IS NULL OR labels IS NULL THEN coalesce(excluded.labels, labels)
                  ELSE (SELECT json_group_array(value) FROM (
                      SELECT value FROM json_each(memory.labels)
                      UNION SELECT value FROM json_each(excluded.labels) ORDER BY value)) END,
    forgotten = iif(:role = 'human', NULL, forgotten);
INSERT INTO memory_fts (rowid, text, place)
SELECT id, text || ' ' || coalesce(keywords, ''), place FROM memory WHERE id = :seq;
-- What ended more than a day ago goes, some rows at a time.
INSERT INTO memory_fts (memory_fts, rowid, text, place)
SELECT 'delete', id, text || ' ' || coalesce(keywords, ''), place FROM memory
WHERE id IN (SELECT id FROM memory WHERE expires_at < strftime('%Y-%m-%dT%H:%M:%fZ', :at, '-1 day') AND forgotten IS NULL
             ORDER BY expires_at, id LIMIT 20);
DELETE FROM memory
WHERE id IN (SELECT id FROM memory WHERE expires_at < strftime('%Y-%m-%dT%H:%M:%fZ', :at, '-1 day') AND forgotten IS NULL
             ORDER BY expires_at, id LIMIT 20);
-- each labels
INSERT OR IGNORE INTO label (name, seq) VALUES (@item, :seq);

-- It holds a secret: it is not remembered.
-- kind: memory.refused
INSERT INTO report (seq, run, turn, step, n, card, actor, role, decision, rule, why, fix, at)
VALUES (:seq, :run, :turn, :step, :n, :card, :actor, :role, 'deny', $rule, $why, $fix, :at);

-- How near rows are to a turn's card, as the embedder told it, or why it did not; and what that cost.
-- kind: memory.ranked
UPDATE turn SET tokens_in = tokens_in + coalesce($usage::prompt, 0), calls = calls + coalesce($calls, 0),
                money = money + coalesce($money, 0), took = took + coalesce($took, 0)
WHERE run = :run AND turn = :turn;

-- kind: memory.forgotten
INSERT INTO memory_fts (memory_fts, rowid, text, place)
SELECT 'delete', id, text || ' ' || coalesce(keywords, ''), place FROM memory WHERE id = $id AND forgotten IS NULL;
-- must
UPDATE memory SET forgotten = :seq WHERE id = $id AND forgotten IS NULL;

-- kind: approval.asked
INSERT INTO approval (id, card, run, turn, call, role, tool, operation, paths, rule, why, place, hash, before, status,
                      asked_at, expires_at)
VALUES (:run || '/' || :turn || '/' || :n, :card, :run, :turn, $call, :role, $tool,
        coalesce($operation, json_object('tool', $tool, 'arguments', $arguments)), $paths, $rule, $why, $where, $hash,
        $before, 'pending', :at, $expires_at);

INSERT INTO report (seq, run, turn, step, n, card, actor, role, decision, rule, call, tool, attempt, why, fix, place, at)
VALUES (:seq, :run, :turn, :step, :n, :card, :actor, :role, 'ask', coalesce($rule, '?'), $call, $tool, $operation, $why, $fix,
        $where, :at);

-- kind: approval.answered
-- must
UPDATE approval SET status = $answer, answered_by = :actor, answer_why = $why, answered_at = :at
WHERE id = $ask AND status = 'pending';

-- What an answered question came to when its turn went on: used, denied, expired, void, refused.
-- kind: approval.settled
-- must
UPDATE approval SET status = $outcome WHERE id = $ask;

-- kind: operation.intended

-- kind: operation.done

-- kind: command.ran

-- kind: egress.request
INSERT INTO report (seq, run, turn, step, n, card, actor, role, decision, rule, call, tool, attempt, why, fix, at)
SELECT :seq, :run, :turn, :step, :n, :card, :actor, :role, 'deny', $rule, $call, 'run_command',
       json_object('op', 'egress.request', 'method', $method, 'host', $host, 'port', $port, 'path', $path), $why, $fix, :at
WHERE $rule IS NOT NULL;

-- kind: tree.kept

-- kind: operation.settled

-- kind: operation.uncertain
INSERT INTO approval (id, card, run, turn, call, operation, why, status, asked_at)
VALUES (:run || '/' || :turn || '/' || :n, :card, :run, :turn, $call, $operation, $why, 'uncertain', :at);

-- kind: operation.answered
-- must
UPDATE approval SET status = $answer, answered_by = :actor, answer_why = $text, answered_at = :at
WHERE id = $ask AND status = 'uncertain';

-- kind: canary.started
UPDATE canary SET status = 'replaced', ended = :seq WHERE status = 'trying';
INSERT INTO canary (seq, generation, stable, status, body) VALUES (:seq, $generation, $stable, 'trying', :body);

-- kind: canary.promoted
-- must
UPDATE canary SET status = 'promoted', result = :body, ended = :seq WHERE status = 'trying' AND generation = $generation;

-- kind: canary.rolled_back
-- must
UPDATE canary SET status = 'rolled_back', result = :body, ended = :seq WHERE status = 'trying' AND generation = $generation;

-- kind: scripts.loaded
INSERT OR IGNORE INTO generation (id, files, at) VALUES ($generation, coalesce($files, '{}'), :at);
INSERT INTO serving (seq, kind, generation, actor, at)
SELECT :seq, 'loaded', $generation, :actor, :at WHERE :run = 'board' AND $fork IS NULL;

-- kind: scripts.waiting
INSERT OR IGNORE INTO generation (id, files, at) VALUES ($generation, coalesce($files, '{}'), :at);
INSERT INTO serving (seq, kind, generation, against, actor, delta, at)
VALUES (:seq, 'waiting', $generation, $against, :actor, $delta, :at);

-- Only what waits now can be accepted.
-- kind: scripts.accepted
-- must
INSERT INTO serving (seq, kind, generation, against, actor, at)
SELECT :seq, 'accepted', generation, against, :actor, :at
FROM (SELECT kind, generation, against FROM serving ORDER BY seq DESC LIMIT 1)
WHERE kind = 'waiting' AND generation = $generation AND against = $against;

-- People wrote another configuration than $was, which the run before followed from; $delta is what it makes possible.
-- kind: config.changed
INSERT OR REPLACE INTO house (id, config) VALUES (1, $now);

-- A person trusts these tools of an MCP server, which is this one, as it describes them, and none of its others.
-- kind: mcp.trusted
INSERT OR REPLACE INTO mcp_server (server, identity, version, actor, at) VALUES ($server, $identity, $version, :actor, :at);
DELETE FROM mcp_tool WHERE server = $server;
-- each tools
INSERT INTO mcp_tool (server, tool, name, pin, description, schema, actor, at)
VALUES ($server, @tool, @name, @pin, @description, @schema, :actor, :at);

-- The server describes a trusted tool in another way: it waits for a person.
-- kind: mcp.changed
INSERT OR IGNORE INTO mcp_tool (server, tool, name, pin, actor, at) VALUES ($server, $tool, $name, '', :actor, :at);
UPDATE mcp_tool SET aside = :body WHERE server = $server AND tool = $tool;

-- A person wrote a card into its file, or took it out; what the board does of it is in the same transaction.
-- kind: card.authored

-- What was answered to a request with an Idempotency-Key; streams of the run "requests", one for each day.
-- kind: request.answered

-- Notifications: up to which event a new target needs to hear nothing; what one was sent, or did not take. Streams
-- of the run "notices", one for each day.
-- kind: notice.began

-- kind: notice.sent

-- kind: notice.failed

-- Scripts are proposed: what they make possible, what recorded runs would have come to, which fixtures fail.
-- kind: scripts.proposed
INSERT INTO proposal (seq, kind, role, body, at) VALUES (:seq, 'scripts', :role, :body, :at);

-- A person accepts them, or not: an answer counts once.
-- kind: scripts.decided
-- must
UPDATE proposal SET status = $answer, answered_by = :actor WHERE seq = $proposal AND kind = 'scripts' AND status IS NULL;

-- kind: policy.failed

-- kind: policy.rolled_back

-- A person saved a file of the project (configuration, script, verification).
-- kind: project.saved

-- kind: note

-- Users and access keys: people/roster.lua folds these events, which are few; no table has them.
-- kind: user.created

-- kind: user.changed

-- kind: user.removed

-- kind: user.signed_in

-- kind: key.created

-- kind: key.revoked

-- One of the persons who have to say yes to the question $ask did; it still waits for another one.
-- kind: approval.given
