/* test_store.c: writing and reading: numbers, compare-and-swap, groups, failures, limits,
 * kill -9. */
#include "store_world.h"

#include "io/keys/proof.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "support.h"

static int setup(void **state)
{
    struct world *w = malloc(sizeof *w);
    world_dir(w);
    world_open(w, faulty_vfs());
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    faulty_vfs();
    world_close(w);
    assert_true(check_world(w, NULL));
    world_remove(w);
    free(w);
    return 0;
}

static struct store_stream *open_stream(struct world *w, const char *turn)
{
    struct store_stream *stream;
    assert_int_equal(store_stream_open(w->store, "run1", turn, "agent", "coder", &stream, NULL), 0);
    return stream;
}

/* ---- what is written is read ---- */

static void events_are_numbered(void **state)
{
    struct world *w = *state;
    struct store_stream *stream = open_stream(w, "1");
    struct store_event event = {.kind = "note", .step = 2};
    struct outcome outcome;
    int64_t n;
    struct store_tx *tx = store_begin(stream);
    for (int i = 1; i <= 3; i++) {
        buf_puts(store_body(tx), "{}");
        assert_int_equal(store_event(tx, &event, &n, NULL), 0);
        assert_int_equal(n, i);
    }
    commit(tx, &outcome);
    assert_int_equal(store_stream_n(stream), 3);
    assert_int_equal(store_stream_step(stream), 2);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.seq, 1);
    store_stream_close(stream);
    stream = open_stream(w, "1"); // loads the head
    assert_int_equal(store_stream_n(stream), 3);
    assert_int_equal(store_stream_step(stream), 2);
    assert_int_equal(write_one(w, stream, "note", NULL, "{}"), 0);
    assert_int_equal(count(w, "SELECT n FROM event WHERE seq = 4 AND prev = 3"), 4);
    store_stream_close(stream);
}

/* Events as the loop's own connection sees them. */
static int64_t seen_events(struct store *store)
{
    struct store_query *query;
    assert_int_equal(store_query(store, "counts", &query, NULL), 0);
    assert_int_equal(store_step(query, NULL), 1);
    int64_t events = store_column(query, 1).integer;
    store_query_end(query);
    return events;
}

struct reading {
    struct store *store;
    int64_t events;
};

static void on_reading(void *ctx, int64_t seq, const struct err *err)
{
    struct reading *reading = ctx;
    assert_null(err);
    reading->events = seen_events(reading->store);
    assert_true(reading->events >= seq);
}

/* Reads of one turn of the loop share a snapshot; it must be gone when `done` comes. */
static void a_read_sees_what_is_done(void **state)
{
    struct world *w = *state;
    struct reading reading[3];
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 3; i++) {
            struct store_tx *tx = store_begin(w->board);
            reading[i].store = w->store;
            add(tx, "note", NULL, "{}");
            store_commit(tx, on_reading, &reading[i]);
            assert_int_equal(seen_events(w->store), 3 * round);
        }
        uv_run(&w->loop, UV_RUN_DEFAULT);
        assert_int_equal(reading[2].events, 3 * round + 3);
        assert_int_equal(seen_events(w->store), 3 * round + 3);
    }
}

/* A snapshot that outlived its turn of the loop would keep the log from ever beginning anew. */
static void a_waiting_loop_holds_no_snapshot(void **state)
{
    struct world *w = *state;
    assert_int_equal(write_one(w, w->board, "note", NULL, "{}"), 0);
    assert_int_equal(seen_events(w->store), 1);
    assert_int_equal(count(w, "PRAGMA wal_checkpoint(RESTART)"), 1); // busy: it is held
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(count(w, "PRAGMA wal_checkpoint(RESTART)"), 0);
}

static int collect(void *ctx, const void *bytes, size_t len)
{
    buf_put(ctx, bytes, len);
    buf_putc(ctx, '|');
    return 0;
}

static void blobs_and_conversations(void **state)
{
    struct world *w = *state;
    struct hash blob, first, second, fork;
    struct outcome outcome;
    struct buf out = {0};
    struct store_tx *tx = store_begin(w->board);
    assert_int_equal(store_put_blob(tx, "a\0b", 3, &blob, NULL), 0);
    assert_int_equal(store_put_blob(tx, "a\0b", 3, &blob, NULL), 0);
    assert_int_equal(store_put_blob(tx, "", 0, &first, NULL), 0);
    assert_int_equal(store_put_message(tx, NULL, "system", 6, &first, NULL), 0);
    assert_int_equal(store_put_message(tx, &first, "user", 4, &second, NULL), 0);
    assert_int_equal(store_put_message(tx, &first, "other", 5, &fork, NULL), 0);
    commit(tx, &outcome);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.code, 0);
    assert_int_equal(store_get_blob(w->store, &blob, &out, NULL), 0);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data, "a\0b", 3);
    buf_reset(&out);
    assert_int_equal(store_conversation(w->store, &second, collect, &out, NULL), 0);
    assert_int_equal(store_conversation(w->store, &fork, collect, &out, NULL), 0);
    assert_string_equal(out.data, "system|user|system|other|");
    assert_int_equal(count(w, "SELECT count(*) FROM blob"), 2); // "a\0b" once
    buf_reset(&out);
    assert_int_equal(store_get_message(w->store, &second, &out, NULL), 0);
    assert_string_equal(out.data, "user");
    assert_int_equal(store_get_message(w->store, &blob, &out, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_conversation(w->store, &blob, collect, &out, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_get_blob(w->store, &second, &out, NULL), ERR_NOT_FOUND);
    tx = store_begin(w->board);
    assert_int_equal(store_put_message(tx, &blob, "orphan", 6, &second, NULL), 0);
    commit(tx, &outcome);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.code, ERR_STALE);
    buf_clear(&out);
}

/* Two turns may say the very same: the link is stored once more, the conversation is the same. */
static void a_conversation_said_twice(void **state)
{
    struct world *w = *state;
    struct hash first, second, third;
    struct outcome outcome;
    struct buf out = {0};
    for (int i = 0; i < 3; i++) {
        struct store_tx *tx = store_begin(w->board);
        assert_int_equal(store_put_message(tx, NULL, "system", 6, &first, NULL), 0);
        assert_int_equal(store_put_message(tx, &first, "user", 4, &second, NULL), 0);
        assert_int_equal(store_put_message(tx, &second, "reply", 5, &third, NULL), 0);
        commit(tx, &outcome);
        uv_run(&w->loop, UV_RUN_DEFAULT);
        assert_int_equal(outcome.code, 0);
    }
    assert_int_equal(store_conversation(w->store, &third, collect, &out, NULL), 0);
    assert_string_equal(out.data, "system|user|reply|");
    assert_int_equal(count(w, "SELECT count(*) FROM message"), 3);
    buf_clear(&out);
}

static void names_move_in_bulk(void **state)
{
    struct world *w = *state;
    struct hash hash[3];
    struct outcome outcome;
    struct buf out = {0};
    for (int round = 0; round < 3; round++) {
        struct store_tx *tx = store_begin(w->board);
        for (int i = 0; i < 3000; i++) {
            int number = round * 3000 + i;
            assert_int_equal(store_put_blob(tx, &number, sizeof number, &hash[round], NULL), 0);
        }
        commit(tx, &outcome);
        uv_run(&w->loop, UV_RUN_DEFAULT);
        assert_int_equal(outcome.code, 0);
    }
    assert_int_equal(count(w, "SELECT count(*) FROM name"), 6000);
    assert_int_equal(count(w, "SELECT count(*) FROM name_recent"), 3000);
    for (int round = 0; round < 3; round++)
        assert_int_equal(store_get_blob(w->store, &hash[round], &out, NULL), 0);
    buf_clear(&out);
}

static void heads_do_not_depend_on_commit_order(void **state)
{
    struct world *w = *state;
    struct hash hash[2];
    for (int round = 0; round < 2; round++) {
        char run[8], seen[2][4] = {"10", "9"};
        snprintf(run, sizeof run, "r");
        struct world other;
        world_dir(&other);
        world_open(&other, NULL);
        for (int i = 0; i < 2; i++) {
            struct store_stream *stream;
            const char *turn = seen[round ? 1 - i : i];
            assert_int_equal(store_stream_open(other.store, run, turn, "a", NULL, &stream, NULL),
                             0);
            assert_int_equal(write_one(&other, stream, "note", NULL, "{\"a\":1}"), 0);
            store_stream_close(stream);
        }
        struct hash folded = {{0}}, last;
        last = stored_hash(
            &other, "SELECT e.hash FROM entry e JOIN stream s ON s.seq = e.seq WHERE s.turn = 9");
        folded = run_hash(&folded, "9", &last);
        last = stored_hash(
            &other, "SELECT e.hash FROM entry e JOIN stream s ON s.seq = e.seq WHERE s.turn = 10");
        folded = run_hash(&folded, "10", &last);
        assert_int_equal(store_head(other.store, run, &hash[round], NULL), 0);
        assert_int_equal(store_head(other.store, "none", &hash[round], NULL), ERR_NOT_FOUND);
        assert_int_equal(store_head(other.store, run, &hash[round], NULL), 0);
        assert_true(hash_equal(&hash[round], &folded));
        world_close(&other);
        world_remove(&other);
    }
    (void)w;
}

/* ---- compare-and-swap ---- */

static void stale_rolls_back_alone(void **state)
{
    static const char *const moves[] = {
        "{\"from\":\"ready\",\"rev\":1,\"to\":\"in_progress\",\"type\":\"issue\"}",
        "{\"from\":\"ready\",\"rev\":1,\"to\":\"done\",\"type\":\"issue\"}",
        "{\"from\":\"in_progress\",\"rev\":2,\"to\":\"ready\",\"type\":\"issue\"}",
    };
    struct world *w = *state;
    struct outcome outcome[3];
    make_card(w, "A");
    for (int i = 0; i < 3; i++) { // one commit: fine, stale at its end, fine
        struct store_tx *tx = store_begin(w->board);
        struct hash hash;
        add(tx, "comment.added", "A", i == 1 ? "{\"text\":\"lost\"}" : "{\"text\":\"kept\"}");
        assert_int_equal(store_put_blob(tx, &i, sizeof i, &hash, NULL), 0);
        add(tx, "card.moved", "A", moves[i]);
        commit(tx, &outcome[i]);
    }
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome[0].code, 0);
    assert_int_equal(outcome[1].code, ERR_STALE);
    assert_int_equal(outcome[2].code, 0);
    assert_int_equal(outcome[2].seq, 4); // no hole in the numbers
    assert_int_equal(count(w, "SELECT count(*) FROM comment WHERE text = 'kept'"), 2);
    assert_int_equal(count(w, "SELECT count(*) FROM comment"), 2);
    assert_int_equal(count(w, "SELECT count(*) FROM blob"), 2);
    assert_int_equal(count(w, "SELECT revision FROM card"), 3);
    assert_int_equal(store_stream_n(w->board), 5);
}

static void a_turn_breaks_after_a_failure(void **state)
{
    struct world *w = *state;
    struct store_stream *stream = open_stream(w, "7");
    struct outcome outcome[3];
    make_card(w, "A");
    struct store_tx *tx = store_begin(stream);
    add(tx, "card.moved", "A", "{\"from\":\"ready\",\"rev\":9,\"to\":\"done\",\"type\":\"issue\"}");
    commit(tx, &outcome[0]);
    for (int i = 1; i < 3; i++) { // queued behind it: they build on what did not happen
        tx = store_begin(stream);
        add(tx, "note", NULL, "{}");
        commit(tx, &outcome[i]);
    }
    assert_int_equal(store_stream_n(stream), 3);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    for (int i = 0; i < 3; i++)
        assert_int_equal(outcome[i].code, ERR_STALE);
    assert_int_equal(store_stream_n(stream), 0);
    assert_int_equal(write_one(w, stream, "note", NULL, "{}"), 0);
    assert_int_equal(store_stream_n(stream), 1);
    store_stream_close(stream);
}

static void the_board_does_not(void **state)
{
    struct world *w = *state;
    struct outcome outcome[2];
    make_card(w, "A");
    struct store_tx *tx = store_begin(w->board);
    add(tx, "card.moved", "A", "{\"from\":\"ready\",\"rev\":9,\"to\":\"done\",\"type\":\"issue\"}");
    commit(tx, &outcome[0]);
    tx = store_begin(w->board);
    add(tx, "note", NULL, "{}");
    commit(tx, &outcome[1]);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome[0].code, ERR_STALE);
    assert_int_equal(outcome[1].code, 0);
    assert_int_equal(store_stream_n(w->board), 2);
}

static void broken_rules_fail_alone(void **state)
{
    struct world *w = *state;
    make_card(w, "A");
    static const struct {
        const char *kind, *card, *body;
        int code;
    } rows[] = {
        {"card.created", "A", "{\"name\":\"again\",\"type\":\"issue\"}", ERR_EXISTS},
        {"card.created", "B", "{\"type\":\"issue\"}", ERR_EXISTS},            // no name: NOT NULL
        {"comment.added", "nobody", "{\"text\":\"x\"}", ERR_EXISTS},          // foreign key
        {"comment.added", NULL, "{\"text\":\"x\"}", ERR_EXISTS},
        {"card.changed", "A", "{\"rev\":1,\"set\":\"text\"}", ERR_STORE},     // not an object
        {"card.changed", "A", "{\"rev\":\"x\",\"set\":{}}", ERR_STALE},
        {"card.credits", "nobody", "{\"amount\":1}", ERR_STALE},
        {"run.ended", NULL, "{\"status\":\"done\"}", ERR_STALE},
        {"approval.answered", NULL, "{\"answer\":\"yes\",\"ask\":\"x\"}", ERR_STALE},
        {"tree.merged", "A", "{\"changes\":[{\"blob\":\"b\"}],\"into\":\"E\"}", ERR_EXISTS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(write_one(w, w->board, rows[i].kind, rows[i].card, rows[i].body),
                         rows[i].code);
    assert_int_equal(store_stream_n(w->board), 1);
}

/* ---- groups ---- */

static void one_turn_of_the_loop_is_one_commit(void **state)
{
    struct world *w = *state;
    struct outcome outcome[200];
    faulty_syncs = 0;
    for (int i = 0; i < 200; i++) {
        struct store_tx *tx = store_begin(w->board);
        add(tx, "note", NULL, "{}");
        commit(tx, &outcome[i]);
    }
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_true(faulty_syncs <= 2);
    for (int i = 0; i < 200; i++)
        assert_int_equal(outcome[i].seq, i + 1);
}

struct seen {
    int events, ends;
    int64_t last;
    char kinds[64];
};

static void on_seen(void *ctx, const struct store_seen *event)
{
    struct seen *seen = ctx;
    if (!event) {
        seen->ends++;
        return;
    }
    assert_int_equal(event->seq, seen->last + 1);
    seen->last = event->seq;
    seen->events++;
    assert_string_equal(event->run, "board");
    assert_string_equal(event->actor, "tester");
    assert_null(event->role);
    assert_int_equal(strlen(event->at), 24);
    assert_int_equal(event->body[0], '{');
}

/* A VACUUM, or an index of somebody's, makes SQLite prepare statements anew:
 * what they are given stays the same. */
static void another_program_changes_the_schema(void **state)
{
    static const char *const changes[] = {"DROP INDEX theirs", "VACUUM",
                                          "CREATE INDEX theirs ON card (name)"};
    struct world *w = *state;
    make_card(w, "C0");
    for (size_t i = 1; i <= 40; i++) {
        char id[16], body[96];
        sql(w, changes[i % COUNT_OF(changes)]);
        snprintf(id, sizeof id, "C%zu", i);
        make_card(w, id);
        snprintf(body, sizeof body,
                 "{\"rev\":1,\"set\":{\"note\":\"note %zu\",\"retry_count\":%zu}}", i, i);
        assert_int_equal(write_one(w, w->board, "card.changed", id, body), 0);
    }
    assert_int_equal(count(w, "SELECT count(*) FROM card WHERE note = 'note ' || substr(id, 2) AND "
                              "retry_count = substr(id, 2)"),
                     40);
}

static void subscribers_see_what_is_committed(void **state)
{
    struct world *w = *state;
    struct seen seen = {0};
    store_subscribe(w->store, on_seen, &seen);
    make_card(w, "A");
    assert_int_equal(write_one(w, w->board, "card.moved", "A",
                               "{\"from\":\"x\",\"rev\":1,\"to\":\"y\",\"type\":\"issue\"}"),
                     ERR_STALE);
    make_card(w, "B");
    assert_int_equal(seen.events, 2);
    assert_int_equal(seen.ends, 2);
    store_subscribe(w->store, NULL, NULL);
}

/* ---- the disk fails ---- */

static void fails_for_all(struct world *w, int code)
{
    struct outcome outcome[5];
    struct store_stream *stream = open_stream(w, "1");
    for (int i = 0; i < 5; i++) {
        struct store_tx *tx = store_begin(i < 3 ? w->board : stream);
        add(tx, "note", NULL, "{}");
        commit(tx, &outcome[i]);
    }
    uv_run(&w->loop, UV_RUN_DEFAULT);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(outcome[i].code, code);
        assert_true(outcome[i].err.fix[0]);
    }
    assert_int_equal(store_stream_n(stream), 0);
    store_stream_close(stream);
}

static void full_disk(void **state)
{
    struct world *w = *state;
    make_card(w, "A");
    faulty_write_error = SQLITE_FULL;
    fails_for_all(w, ERR_STORE_FULL);
    faulty_write_error = 0;
    make_card(w, "B"); // goes on when there is room again
    assert_int_equal(count(w, "SELECT count(*) FROM event"), 2);
    assert_int_equal(store_stream_n(w->board), 2);
}

static void failed_sync(void **state)
{
    struct world *w = *state;
    make_card(w, "A");
    faulty_sync_error = SQLITE_IOERR_FSYNC;
    fails_for_all(w, ERR_IO);
    faulty_sync_error = 0;
    make_card(w, "B");
    assert_int_equal(count(w, "SELECT count(*) FROM event"), 2);
}

static int64_t put_notes(struct store_tx *tx, int count)
{
    int64_t n = 0;
    for (int i = 0; i < count; i++) {
        struct store_event event = {.kind = "note", .step = i ? -1 : 7};
        buf_puts(store_body(tx), "{\"text\":\"again\"}");
        assert_int_equal(store_event(tx, &event, &n, NULL), 0);
    }
    return n;
}

/* What fails with the disk is tried again with the same events: they have the same numbers. What
 * was begun behind it fails as it did, also when there is room by then: the stream has no gap. */
static void tried_again(void **state)
{
    static const struct {
        int write, sync, code;
    } rows[] = {{SQLITE_FULL, 0, ERR_STORE_FULL},
                {SQLITE_IOERR_WRITE, 0, ERR_IO},
                {0, SQLITE_IOERR_FSYNC, ERR_IO},
                {SQLITE_IOERR_NOMEM, 0, ERR_MEMORY}};
    struct world *w = *state;
    struct store_stream *stream = open_stream(w, "1");
    struct outcome first, second, other;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t before = store_stream_n(stream), step = store_stream_step(stream);
        faulty_write_error = rows[i].write;
        faulty_sync_error = rows[i].sync;
        struct store_tx *tx = store_begin(stream);
        int64_t n = put_notes(tx, 3);
        commit(tx, &first);
        tx = store_begin(stream);
        assert_int_equal(put_notes(tx, 2), n + 2);
        while (first.code == 1)
            uv_run(&w->loop, UV_RUN_ONCE);
        faulty_write_error = faulty_sync_error = 0;
        commit(tx, &second); // there is room
        tx = store_begin(w->board);
        put_notes(tx, 1);
        commit(tx, &other);
        uv_run(&w->loop, UV_RUN_DEFAULT);
        assert_int_equal(first.code, rows[i].code);
        assert_int_equal(second.code, rows[i].code);
        assert_string_equal(second.err.text, first.err.text);
        assert_true(second.err.fix[0]);
        assert_int_equal(other.code, 0);
        assert_int_equal(store_stream_n(stream), before);
        assert_int_equal(store_stream_step(stream), step);
        for (int k = 0; k < 2; k++) {
            tx = store_begin(stream);
            assert_int_equal(put_notes(tx, 3 - k), before + 3 + 2 * k);
            commit(tx, k ? &second : &first);
        }
        uv_run(&w->loop, UV_RUN_DEFAULT);
        assert_true(first.code == 0 && second.code == 0 && first.seq < second.seq);
        assert_int_equal(store_stream_n(stream), before + 5);
    }
    store_stream_close(stream);
    assert_true(check_world(w, NULL));
}

static void copy_file(const char *from, const char *to, const char *tail)
{
    char command[400];
    snprintf(command, sizeof command, "cp %s%s %s%s", from, tail, to, tail);
    assert_int_equal(system(command), 0);
}

/* A commit whose sync failed is in the log all the same. It was answered as one that did not
 * happen, and is not found by who comes after a crash. */
static void a_failed_sync_is_no_commit(void **state)
{
    struct world *w = *state, after;
    struct outcome outcome;
    make_card(w, "A");
    struct store_tx *tx = store_begin(w->board);
    add(tx, "note", NULL, "{}");
    faulty_sync_once = SQLITE_IOERR_FSYNC;
    commit(tx, &outcome);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.code, ERR_IO);
    world_dir(&after);
    copy_file(w->path, after.path, "");
    copy_file(w->path, after.path, "-wal");
    world_open(&after, NULL);
    assert_int_equal(count(&after, "SELECT count(*) FROM event"), 1);
    world_close(&after);
    world_remove(&after);
}

static void held_by_another_program(void **state)
{
    struct world *w = *state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    fails_for_all(w, ERR_STORE_BUSY); // after the busy time
    sqlite3_close(db);
    make_card(w, "A");
}

/* ---- opening ---- */

static int open_code(struct world *w, bool readonly)
{
    struct err err = {0};
    struct store *store;
    struct store_options options = world_options(w);
    options.readonly = readonly;
    int code = store_open(&options, &store, &err);
    if (!code) {
        store_close(store);
        return 0;
    }
    assert_true(err.text[0]);
    assert_int_equal(err.code, code);
    return code;
}

static void two_writers(void **state)
{
    assert_int_equal(open_code(*state, false), ERR_OWNED);
    assert_int_equal(open_code(*state, true), 0);
}

static void bad_files(void **state)
{
    struct world w;
    (void)state;
    world_dir(&w);
    assert_int_equal(uv_loop_init(&w.loop), 0);
    assert_int_equal(open_code(&w, true), ERR_STORE); // missing
    sql(&w, "CREATE TABLE t(a)");
    assert_int_equal(open_code(&w, false), ERR_STORE); // of another program
    unlink(w.path);
    assert_int_equal(open_code(&w, false), 0);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    sql(&w, "PRAGMA user_version = 999");
    assert_int_equal(open_code(&w, false), ERR_STORE_NEWER);
    assert_int_equal(open_code(&w, true), ERR_STORE_NEWER);
    sql(&w, "PRAGMA user_version = 1");
    assert_int_equal(open_code(&w, true), ERR_STORE_OLDER); // needs a migration
    FILE *file = fopen(w.path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("not a database, whatever it is", file);
    fclose(file);
    assert_int_equal(open_code(&w, false), ERR_STORE_CORRUPT);
    assert_int_equal(open_code(&w, true), ERR_STORE_CORRUPT);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w.loop), 0);
    world_remove(&w);
}

static void write_text(struct world *w, const char *tail, const char *text)
{
    char name[128];
    snprintf(name, sizeof name, "%s%s", w->path, tail);
    FILE *file = fopen(name, "w");
    fputs(text, file);
    fclose(file);
}

static bool is_there(struct world *w, const char *tail)
{
    char name[128];
    snprintf(name, sizeof name, "%s%s", w->path, tail);
    return access(name, F_OK) == 0;
}

/* What a process that was killed, or a hand that removed one file of three, may leave. */
static void a_new_one_among_leftovers(void **state)
{
    struct world w;
    struct stat info;
    (void)state;
    world_dir(&w);
    write_text(&w, "", "");
    write_text(&w, "-new", "half of it");
    write_text(&w, "-journal", "of another");
    world_open(&w, NULL);
    make_card(&w, "A");
    world_close(&w);
    assert_int_equal(stat(w.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_false(is_there(&w, "-new"));
    assert_true(check_world(&w, NULL));
    assert_int_equal(count(&w, "SELECT count(*) FROM card"), 1);
    world_remove(&w);
}

/* The log of a database that is gone: its pages are none of the new one's. */
static void a_new_one_beside_an_old_log(void **state)
{
    struct world w, old;
    char command[300];
    (void)state;
    world_dir(&old);
    world_dir(&w);
    world_open(&old, NULL);
    make_card(&old, "OLD");
    snprintf(command, sizeof command, "cp %s-wal %s-wal", old.path, w.path);
    assert_int_equal(system(command), 0);
    world_close(&old);
    world_remove(&old);
    world_open(&w, NULL);
    make_card(&w, "NEW");
    world_close(&w);
    assert_int_equal(count(&w, "SELECT count(*) FROM card WHERE id = 'NEW'"), 1);
    assert_int_equal(count(&w, "SELECT count(*) FROM card"), 1);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

/* ---- opened beside ---- */

static int begin_beside(struct world *w, struct err *err)
{
    struct store_options options = world_options(w);
    options.beside = true;
    options.vfs = faulty_vfs();
    return store_open(&options, &w->store, err);
}

static void opened_beside(void **state)
{
    struct world w;
    (void)state;
    world_dir(&w);
    assert_int_equal(uv_loop_init(&w.loop), 0);
    assert_int_equal(begin_beside(&w, NULL), 0);
    store_close(w.store); // nobody waited for it
    assert_int_equal(begin_beside(&w, NULL), 0);
    assert_int_equal(store_opened(w.store, NULL), 0);
    assert_int_equal(store_opened(w.store, NULL), 0);
    assert_int_equal(faulty_syncs, 1); // the head of the log
    assert_int_equal(store_stream_open(w.store, "board", "0", "x", NULL, &w.board, NULL), 0);
    make_card(&w, "A");
    assert_int_equal(faulty_syncs, 2);
    world_close(&w);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

static void failed_beside(void **state)
{
    struct world w;
    struct err err = {0};
    (void)state;
    world_dir(&w);
    assert_int_equal(uv_loop_init(&w.loop), 0);
    sql(&w, "CREATE TABLE t(a)");
    assert_int_equal(begin_beside(&w, &err), 0);
    assert_int_equal(store_opened(w.store, &err), ERR_STORE);
    assert_non_null(strstr(err.text, "another program"));
    assert_int_equal(store_opened(w.store, NULL), ERR_STORE);
    store_close(w.store);
    assert_int_equal(uv_loop_close(&w.loop), 0); // no handle is left
    world_remove(&w);
}

static void readers_cannot_write(void **state)
{
    struct world *w = *state;
    struct store *reader;
    struct store_stream *stream;
    struct store_options options = world_options(w);
    options.readonly = true;
    options.loop = NULL;
    assert_int_equal(store_open(&options, &reader, NULL), 0);
    assert_int_equal(store_stream_open(reader, "board", "0", "x", NULL, &stream, NULL), 0);
    assert_null(store_begin(stream));
    store_stream_close(stream);
    store_close(reader);
}

/* ---- limits and misuse ---- */

static void limits(void **state)
{
    struct world *w = *state;
    struct err err = {0};
    struct hash hash;
    struct store_event event = {.kind = "note", .step = -1};
    char *big = calloc(1, STORE_BLOB_MAX + 1), id[STORE_ID_MAX + 2];
    struct store_tx *tx = store_begin(w->board);
    assert_int_equal(store_event(tx, &event, NULL, &err), ERR_USAGE); // no body
    buf_puts(store_body(tx), "[]");
    assert_int_equal(store_event(tx, &event, NULL, &err), ERR_USAGE);
    buf_puts(store_body(tx), "{}");
    event.kind = "no.such";
    assert_int_equal(store_event(tx, &event, NULL, &err), ERR_USAGE);
    event.kind = "note";
    memset(id, 'x', sizeof id);
    id[sizeof id - 1] = '\0';
    const char *const bad[] = {"", "a\nb", "\xff", id};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct store_stream *stream;
        buf_puts(store_body(tx), "{}");
        event.card = bad[i];
        assert_int_equal(store_event(tx, &event, NULL, &err), ERR_USAGE);
        assert_int_equal(store_stream_open(w->store, bad[i], "1", "a", NULL, &stream, NULL),
                         ERR_USAGE);
        assert_int_equal(store_stream_open(w->store, "r", bad[i], "a", NULL, &stream, NULL),
                         ERR_USAGE);
        assert_int_equal(store_stream_open(w->store, "r", "1", "a", bad[i], &stream, NULL),
                         ERR_USAGE);
    }
    event.card = NULL;
    memset(big, '{', STORE_BODY_MAX + 1);
    buf_put(store_body(tx), big, STORE_BODY_MAX + 1);
    assert_int_equal(store_event(tx, &event, NULL, &err), ERR_LIMIT);
    assert_int_equal(store_put_blob(tx, big, STORE_BLOB_MAX + 1, &hash, &err), ERR_LIMIT);
    add(tx, "note", NULL, "{}"); // it is still good
    assert_int_equal(store_put_blob(tx, big, STORE_BLOB_MAX, &hash, &err), 0);
    struct outcome outcome;
    commit(tx, &outcome);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.code, 0);
    tx = store_begin(w->board);
    int rc = 0;
    for (int i = 0; i < 5 && !rc; i++)
        rc = store_put_blob(tx, big, STORE_BLOB_MAX, &hash, &err);
    assert_int_equal(rc, ERR_LIMIT); // more than a transaction holds
    commit(tx, &outcome);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.code, ERR_LIMIT);
    store_abandon(store_begin(w->board));
    free(big);
}

/* Not told as a transaction that is too large. */
static void no_memory_for_a_blob(void **state)
{
    struct world *w = *state;
    struct hash hash;
    struct err err = {0};
    struct store_tx *tx = store_begin(w->board);
    char *blob = calloc(1, 1 << 20);
    support_fail_at(1);
    int rc = store_put_blob(tx, blob, 1 << 20, &hash, &err);
    support_fail_at(0);
    assert_int_equal(rc, ERR_MEMORY);
    assert_int_equal(err.code, ERR_MEMORY);
    struct outcome outcome;
    commit(tx, &outcome);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.code, ERR_MEMORY);
    free(blob);
}

static void queries_are_closed(void **state)
{
    struct world *w = *state;
    struct store_query *query, *again;
    assert_int_equal(store_query(w->store, "no_such", &query, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_query(w->store, "card", &query, NULL), 0);
    assert_int_equal(store_query(w->store, "card", &again, NULL), ERR_BUG);
    assert_false(store_set_int(query, "nothing", 1));
    assert_true(store_set_text(query, "id", "A'); DROP TABLE card; --", 24));
    assert_int_equal(store_step(query, NULL), 0);
    store_query_end(query);
    assert_int_equal(store_query(w->store, "card", &query, NULL), 0);
    store_query_end(query);
}

/* ---- processes and memory ---- */

/* Commits for ever; tells each acknowledged number. */
static void write_until_killed(const char *path, int out)
{
    struct world w = {0};
    snprintf(w.path, sizeof w.path, "%s", path);
    world_open(&w, NULL);
    struct store_stream *stream;
    if (store_stream_open(w.store, "run", "1", "child", NULL, &stream, NULL))
        _exit(2);
    for (;;) {
        struct outcome outcome[4];
        int64_t before = store_stream_n(stream);
        for (int i = 0; i < 4; i++) {
            struct hash hash;
            char body[64]; // one text is one row
            snprintf(body, sizeof body, "{\"text\":\"remember %lld.%d\"}", (long long)before, i);
            struct store_tx *tx = store_begin(stream);
            add(tx, "note", NULL, "{\"text\":\"x\"}");
            add(tx, "memory.noted", NULL, body);
            if (store_put_message(tx, NULL, &i, sizeof i, &hash, NULL))
                _exit(3);
            commit(tx, &outcome[i]);
        }
        uv_run(&w.loop, UV_RUN_DEFAULT);
        int64_t n = store_stream_n(stream);
        if (outcome[3].code || write(out, &n, sizeof n) != sizeof n)
            _exit(4);
    }
}

static void kill_keeps_the_acknowledged(void **state)
{
    struct world w;
    (void)state;
    world_dir(&w);
    for (int round = 0; round < 6; round++) {
        int pipes[2];
        int64_t n, last = 0;
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0)
            write_until_killed(w.path, pipes[1]);
        close(pipes[1]);
        for (int i = 0; i < 10 + round * 7 && read(pipes[0], &n, sizeof n) == sizeof n; i++)
            last = n;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(pipes[0], &n, sizeof n) == sizeof n)
            last = n;
        close(pipes[0]);
        assert_true(last > 0);
        assert_true(count(&w, "SELECT n FROM stream WHERE run = 'run'") >= last);
        assert_true(count(&w, "SELECT count(*) FROM memory") >= last / 2);
        assert_true(check_world(&w, NULL));
    }
    world_remove(&w);
}

/* Opens, writes, reads with the nth allocation failing: an error somewhere, or all is well. */
static void try_with_little_memory(struct world *w, unsigned n)
{
    struct store_options options = world_options(w);
    struct store *store;
    struct store_stream *stream;
    struct store_query *query;
    struct outcome outcome;
    struct hash hash;
    struct buf out = {0};
    assert_int_equal(uv_loop_init(&w->loop), 0);
    support_fail_at(n);
    int rc = store_open(&options, &store, NULL);
    if (!rc) {
        rc = store_stream_open(store, "board", "0", "tester", NULL, &stream, NULL);
        struct store_tx *tx = rc ? NULL : store_begin(stream);
        if (tx) {
            struct store_event event = {.kind = "memory.noted", .step = -1};
            buf_puts(store_body(tx), "{\"keywords\":[\"a\"],\"text\":\"x\"}");
            rc = store_event(tx, &event, NULL, NULL);
            rc = rc ? rc : store_put_message(tx, NULL, "m", 1, &hash, NULL);
            commit(tx, &outcome);
            uv_run(&w->loop, UV_RUN_DEFAULT);
            assert_true(outcome.code <= 0);
            assert_true(!rc || outcome.code); // what was refused is not acknowledged
            if (!outcome.code)
                rc = store_conversation(store, &hash, collect, &out, NULL);
        }
        if (!store_query(store, "counts", &query, NULL)) {
            rc = store_step(query, NULL);
            store_query_end(query);
        }
        if (stream)
            store_stream_close(stream);
        store_close(store);
    }
    support_fail_at(0);
    buf_clear(&out);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
}

static void little_memory(void **state)
{
    struct world w;
    (void)state;
    world_dir(&w);
    for (unsigned n = 1; n < 20000; n += n < 60 ? 1 : 1 + n / 12)
        try_with_little_memory(&w, n);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(events_are_numbered),
        WITH_STORE(a_read_sees_what_is_done),
        WITH_STORE(a_waiting_loop_holds_no_snapshot),
        WITH_STORE(blobs_and_conversations),
        WITH_STORE(a_conversation_said_twice),
        WITH_STORE(names_move_in_bulk),
        WITH_STORE(heads_do_not_depend_on_commit_order),
        WITH_STORE(stale_rolls_back_alone),
        WITH_STORE(a_turn_breaks_after_a_failure),
        WITH_STORE(the_board_does_not),
        WITH_STORE(broken_rules_fail_alone),
        WITH_STORE(one_turn_of_the_loop_is_one_commit),
        WITH_STORE(another_program_changes_the_schema),
        WITH_STORE(subscribers_see_what_is_committed),
        WITH_STORE(full_disk),
        WITH_STORE(failed_sync),
        WITH_STORE(tried_again),
        WITH_STORE(a_failed_sync_is_no_commit),
        WITH_STORE(held_by_another_program),
        WITH_STORE(two_writers),
        cmocka_unit_test(bad_files),
        cmocka_unit_test(a_new_one_among_leftovers),
        cmocka_unit_test(a_new_one_beside_an_old_log),
        cmocka_unit_test(opened_beside),
        cmocka_unit_test(failed_beside),
        WITH_STORE(readers_cannot_write),
        WITH_STORE(limits),
        WITH_STORE(no_memory_for_a_blob),
        WITH_STORE(queries_are_closed),
        cmocka_unit_test(kill_keeps_the_acknowledged),
        cmocka_unit_test(little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
