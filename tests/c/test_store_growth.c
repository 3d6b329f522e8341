/* test_store_growth.c: the file grows by what is new, whatever the size of a text, and texts that
 * were cut where pages end come back whole. */
#include <sys/stat.h>

#include "store_world.h"

#define STEPS 1000

/* One turn over one growing conversation, in the words of the engine. */
struct turn {
    struct world *w;
    struct store_stream *stream;
    struct hash convo;
    int64_t new_bytes;
    int step;
};

static void say(struct turn *turn, struct store_tx *tx, const char *text, size_t len,
                char hex[HASH_HEX + 1])
{
    struct hash parent = turn->convo;
    assert_int_equal(store_put_message(tx, &parent, text, len, &turn->convo, NULL), 0);
    turn->new_bytes += (int64_t)len;
    hash_hex(&turn->convo, hex);
}

static void put(struct turn *turn, struct store_tx *tx, const char *kind, const char *body)
{
    struct store_event event = {.kind = kind, .card = "A", .step = turn->step};
    buf_puts(store_body(tx), body);
    assert_int_equal(store_event(tx, &event, NULL, NULL), 0);
    turn->new_bytes += (int64_t)strlen(body);
}

/* A reply that carries a file, the file, and the tool's answer. */
static void one_step(struct turn *turn, int step, size_t size)
{
    char text[16384], body[512], convo[HASH_HEX + 1], blob[HASH_HEX + 1];
    struct hash hash;
    struct store_tx *tx = store_begin(turn->stream);
    turn->step = step;
    int head =
        snprintf(text, sizeof text, "{\"role\":\"assistant\",\"content\":\"so be it %d", step);
    memset(text + head, 'r', size + 200);
    say(turn, tx, text, (size_t)head + size + 200, convo);
    snprintf(body, sizeof body,
             "{\"convo\":\"%s\",\"finish\":\"tool_calls\",\"model\":\"m\",\"usage\":{"
             "\"completion\":87,\"prompt\":%d}}",
             convo, step * 300);
    put(turn, tx, "step.reply", body);
    snprintf(text, 20, "file %d", step);
    assert_int_equal(store_put_blob(tx, text, size, &hash, NULL), 0);
    turn->new_bytes += (int64_t)size;
    hash_hex(&hash, blob);
    snprintf(body, sizeof body,
             "{\"call\":\"call_%d_1\",\"operation\":\"%s\",\"tool\":\"write_file\"}", step, blob);
    put(turn, tx, "call.allowed", body);
    snprintf(body, sizeof body, "{\"blob\":\"%s\",\"path\":\"f%d.txt\"}", blob, step);
    put(turn, tx, "file.written", body);
    snprintf(text, 20, "answer %d", step);
    say(turn, tx, text, 180, convo);
    snprintf(body, sizeof body,
             "{\"call\":\"call_%d_1\",\"convo\":\"%s\",\"ok\":true,\"operations\":[{\"hash\":\"%"
             "s\",\"op\":\"fs.write\"}],"
             "\"progress\":true,\"tool\":\"write_file\"}",
             step, convo, blob);
    put(turn, tx, "call.result", body);
    struct outcome outcome;
    commit(tx, &outcome);
    uv_run(&turn->w->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.code, 0);
}

/* Closing empties the log into the file. */
static int64_t closed_size(struct world *w)
{
    struct stat st;
    world_close(w);
    assert_int_equal(stat(w->path, &st), 0);
    return st.st_size;
}

static void open_hasty(struct world *w)
{
    struct err err = {0};
    struct store_options options = world_options(w);
    options.hasty = true;
    assert_int_equal(uv_loop_init(&w->loop), 0);
    if (store_open(&options, &w->store, &err))
        fail_msg("%s", err.text);
    assert_int_equal(store_stream_open(w->store, "board", "0", "tester", NULL, &w->board, &err), 0);
}

static void grow(size_t size)
{
    struct world w;
    world_dir(&w);
    open_hasty(&w);
    make_card(&w, "A");
    int64_t before = closed_size(&w);
    open_hasty(&w);
    struct turn turn = {.w = &w};
    assert_int_equal(
        store_stream_open(w.store, "ep.1", "1", "agent:dev", "coder", &turn.stream, NULL), 0);
    struct store_tx *tx = store_begin(turn.stream);
    struct outcome outcome;
    assert_int_equal(store_put_message(tx, NULL, "system", 6, &turn.convo, NULL), 0);
    commit(tx, &outcome);
    for (int step = 1; step <= STEPS; step++)
        one_step(&turn, step, size);
    store_stream_close(turn.stream);
    int64_t grown = closed_size(&w) - before;
    if (grown * 10 > turn.new_bytes * 13)
        fail_msg("files of %zu bytes: %lld new bytes, %lld more in the file", size,
                 (long long)turn.new_bytes, (long long)grown);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

static void a_thousand_steps(void **state)
{
    static const size_t sizes[] = {300, 600, 1000, 1500, 2500, 4000, 6000};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        grow(sizes[i]);
}

/* The same once more, by another turn, is events only. */
static void said_again(void **state)
{
    struct world w;
    struct turn turn = {.w = &w};
    (void)state;
    world_dir(&w);
    open_hasty(&w);
    make_card(&w, "A");
    for (int number = 1; number <= 2; number++) {
        char name[16];
        snprintf(name, sizeof name, "%d", number);
        assert_int_equal(
            store_stream_open(w.store, "ep.1", name, "agent:dev", "coder", &turn.stream, NULL), 0);
        struct store_tx *tx = store_begin(turn.stream);
        struct outcome outcome;
        assert_int_equal(store_put_message(tx, NULL, "system", 6, &turn.convo, NULL), 0);
        commit(tx, &outcome);
        for (int step = 1; step <= 20; step++)
            one_step(&turn, step, 2500);
        store_stream_close(turn.stream);
        assert_int_equal(count(&w, "SELECT count(*) FROM message"), 41);
        assert_int_equal(count(&w, "SELECT count(*) FROM blob"), 20);
    }
    int64_t pieces = count(&w, "SELECT count(*) FROM piece");
    assert_true(pieces > 0 && pieces < 60);
    world_close(&w);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

/* ---- cut and joined ---- */

struct heard {
    size_t count;
    size_t len[64];
    char first[64];
};

static int hear(void *ctx, const void *bytes, size_t len)
{
    struct heard *heard = ctx;
    const char *text = bytes;
    for (size_t i = 0; i < len; i++)
        if (text[i] != (char)(i * 31 + len))
            return ERR_BUG;
    heard->len[heard->count++ % 64] = len;
    return 0;
}

static void pattern(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(i * 31 + len);
}

/* Lengths around every border: of a page, of two, of what goes into pages of its own,
 * the longest. */
static const size_t lengths[] = {
    0,     1,     39,    40,    41,    3900,  3990, 4000, 4020,          4030,
    4040,  4047,  4061,  4090,  4096,  4100,  5000, 8000, 8100,          8192,
    12000, 65000, 65535, 65536, 65537, 70000, 100,  7,    STORE_BLOB_MAX};

static void every_length(void **state)
{
    struct world w;
    char *text = malloc(STORE_BLOB_MAX);
    struct hash convo = {{0}}, blobs[COUNT_OF(lengths)];
    struct heard heard = {0};
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct outcome outcome;
        struct store_tx *tx = store_begin(w.board);
        struct hash parent = convo;
        pattern(text, lengths[i]);
        assert_int_equal(store_put_message(tx, i ? &parent : NULL, text, lengths[i], &convo, NULL),
                         0);
        assert_int_equal(store_put_blob(tx, text, lengths[i], &blobs[i], NULL), 0);
        commit(tx, &outcome);
        uv_run(&w.loop, UV_RUN_DEFAULT);
        assert_int_equal(outcome.code, 0);
    }
    assert_int_equal(store_conversation(w.store, &convo, hear, &heard, NULL), 0);
    assert_int_equal(heard.count, COUNT_OF(lengths));
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct buf out = {0};
        assert_int_equal(heard.len[i], lengths[i]);
        assert_int_equal(store_get_blob(w.store, &blobs[i], &out, NULL), 0);
        pattern(text, lengths[i]);
        assert_int_equal(out.len, lengths[i]);
        assert_memory_equal(out.data ? out.data : "", text, lengths[i]);
        buf_clear(&out);
    }
    world_close(&w);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
    free(text);
}

/* What is done to pieces is found. */
static void lost_pieces(void **state)
{
    static const struct {
        const char *sql, *why;
    } changes[] = {
        {"DELETE FROM piece WHERE id = 1", "a piece of it is missing"},
        {"UPDATE piece SET bytes = x'00' WHERE id = 2", "another hash"},
        {"UPDATE piece SET more = 0 WHERE id = 1", "another hash"},
        {"INSERT INTO piece (more, bytes) VALUES (0, x'00')", "belong to none"},
        {"UPDATE blob SET more = NULL", "another hash"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        struct world w;
        struct hash hash;
        struct outcome outcome;
        struct buf report = {0};
        char text[20000];
        world_dir(&w);
        world_open(&w, NULL);
        pattern(text, sizeof text);
        struct store_tx *tx = store_begin(w.board);
        assert_int_equal(store_put_blob(tx, text, sizeof text, &hash, NULL), 0);
        commit(tx, &outcome);
        uv_run(&w.loop, UV_RUN_DEFAULT);
        world_close(&w);
        sql(&w, changes[i].sql);
        assert_false(check_world(&w, &report));
        if (!strstr(report.data, changes[i].why))
            fail_msg("%s: %s", changes[i].sql, report.data);
        buf_clear(&report);
        world_remove(&w);
    }
}

/* ---- short rows ---- */

#define H "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define G "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static const struct {
    const char *card, *actor, *role;
    int step;
    const char *body;
} events[] = {
    {"A", "agent:dev", "coder", 0, "{\"first\":true}"},
    {"A", "agent:dev", "coder", 1, "{\"a\":\"" H "\"}"},
    {NULL, "agent:dev", "coder", 1, "{}"},
    {"A", "agent:dev", NULL, 1, "{\"a\":\"" H "\",\"b\":\"" G "\"}"},
    {"B", "agent:dev", "coder", 2, "{\"a\":\"" H "\",\"b\":[\"" G "\",\"" H "\"]}"},
    {"A", "human:me", "coder", 2, "{\"" H "\":\"" G "\",\"c\":\"" H "\",\"d\":\"" H "\"}"},
    {"A", "agent:dev", "coder", 3,
     "{\"a\":[\"" H "\",\"" G "\",\"" H "\",\"" G "\",\"" H "\",\"" G "\"]}"},
    {"A", "agent:dev", "coder", 3,
     "{\"a\":\"0" H "\",\"b\":\"" H "0\",\"c\":\" " H "\",\"d\":\"\\\"" H "\\\"\"}"},
    {"A", "agent:dev", "coder", 3,
     "{\"a\":\"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\"}"},
    {"A", "agent:dev", "coder", 0, "{\"a\":\"" H "\",\"\x01\":\"not canonical\"}"},
};

static const char *or_nothing(const void *text)
{
    return text ? text : "";
}

/* Each as it was given, by a plain connection without functions of ours. */
static void compare_events(struct world *w)
{
    sqlite3 *db;
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(
            db,
            "SELECT card, actor, role, step, body, kind FROM journal WHERE run = 'r' ORDER BY n",
            -1, &row, NULL),
        SQLITE_OK);
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        assert_int_equal(sqlite3_step(row), SQLITE_ROW);
        assert_string_equal(or_nothing(sqlite3_column_text(row, 0)), or_nothing(events[i].card));
        assert_string_equal((const char *)sqlite3_column_text(row, 1), events[i].actor);
        assert_string_equal(or_nothing(sqlite3_column_text(row, 2)), or_nothing(events[i].role));
        assert_int_equal(sqlite3_column_int(row, 3), events[i].step);
        assert_string_equal((const char *)sqlite3_column_text(row, 4), events[i].body);
        assert_string_equal((const char *)sqlite3_column_text(row, 5), "note");
    }
    assert_int_equal(sqlite3_step(row), SQLITE_DONE);
    sqlite3_finalize(row);
    sqlite3_close(db);
}

static void write_events(struct world *w, bool again)
{
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        struct store_stream *stream;
        struct outcome outcome;
        assert_int_equal(
            store_stream_open(w->store, "r", "1", events[i].actor, events[i].role, &stream, NULL),
            0);
        struct store_event event = {.kind = "note", .card = events[i].card, .step = events[i].step};
        struct store_tx *tx = store_begin(stream);
        buf_puts(store_body(tx), events[i].body);
        assert_int_equal(store_event(tx, &event, NULL, NULL), 0);
        commit(tx, &outcome);
        uv_run(&w->loop, UV_RUN_DEFAULT);
        assert_int_equal(outcome.code, 0);
        store_stream_close(stream);
        if (again) { // what the stream's events have in common is read again
            world_close(w);
            world_open(w, NULL);
        }
    }
}

static void as_they_were_given(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        struct world w;
        world_dir(&w);
        world_open(&w, NULL);
        write_events(&w, again);
        compare_events(&w);
        assert_int_equal(count(&w, "SELECT count(*) FROM entry WHERE actor IS NULL"), 4);
        world_close(&w);
        world_remove(&w);
    }
}

/* The first event of its kind, and of its stream, is undone: neither number is remembered. */
static void a_kind_that_was_undone(void **state)
{
    struct world w;
    struct outcome good, bad;
    struct store_stream *one, *two;
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    make_card(&w, "A");
    assert_int_equal(store_stream_open(w.store, "r", "1", "dev", "coder", &one, NULL), 0);
    assert_int_equal(store_stream_open(w.store, "r", "2", "dev", "coder", &two, NULL), 0);
    struct store_tx *tx = store_begin(one);
    add(tx, "note", "A", "{}");
    add(tx, "card.changed", "A", "{\"rev\":7,\"set\":{}}");
    commit(tx, &bad);
    tx = store_begin(two);
    add(tx, "note", "A", "{}");
    commit(tx, &good);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    assert_int_equal(bad.code, ERR_STALE);
    assert_int_equal(good.code, 0);
    assert_int_equal(write_one(&w, one, "note", "A", "{}"), 0);
    assert_int_equal(count(&w, "SELECT count(*) FROM event WHERE kind = 'note'"), 2);
    store_stream_close(one);
    store_stream_close(two);
    world_close(&w);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

/* What is left out of a row is part of the chain all the same. */
static void what_rows_leave_out(void **state)
{
    static const char *const changes[] = {
        "UPDATE entry SET names = zeroblob(length(names)) WHERE names IS NOT NULL",
        "UPDATE entry SET names = NULL WHERE names IS NOT NULL",
        "UPDATE entry SET names = substr(names, 33) WHERE length(names) > 32",
        "UPDATE stream SET actor = 'agent:guard' WHERE run = 'ep.1'",
        "UPDATE stream SET card = 'B' WHERE run = 'ep.1'",
        "UPDATE stream SET role = NULL WHERE run = 'ep.1'",
        "UPDATE kind SET name = 'operation.done' WHERE name = 'call.allowed'",
        "DELETE FROM kind WHERE name = 'call.allowed'",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        struct world w;
        struct buf report = {0};
        struct turn turn = {.w = &w};
        world_dir(&w);
        world_open(&w, NULL);
        make_card(&w, "A");
        assert_int_equal(
            store_stream_open(w.store, "ep.1", "1", "agent:dev", "coder", &turn.stream, NULL), 0);
        struct store_tx *tx = store_begin(turn.stream);
        struct outcome outcome;
        assert_int_equal(store_put_message(tx, NULL, "system", 6, &turn.convo, NULL), 0);
        add(tx, "turn.started", "A", "{}");
        struct store_event event = {.kind = "note", .card = "A", .step = 1};
        buf_puts(store_body(tx), "{}");
        assert_int_equal(store_event(tx, &event, NULL, NULL), 0);
        commit(tx, &outcome);
        one_step(&turn, 1, 100);
        store_stream_close(turn.stream);
        world_close(&w);
        assert_true(check_world(&w, NULL));
        sql(&w, changes[i]);
        if (check_world(&w, &report) || !strstr(report.data, "\"chain\""))
            fail_msg("%s: %s", changes[i], report.data);
        buf_clear(&report);
        world_remove(&w);
    }
}

/* Two texts whose hashes begin with the same four bytes, which is all that an index has of them. */
static void find_twins(char one[16], char two[16])
{
    enum { SLOTS = 1 << 20 };
    struct slot {
        uint32_t key, text;
    } *slots = calloc(SLOTS, sizeof *slots);
    assert_non_null(slots);
    for (uint32_t i = 1;; i++) {
        char text[16];
        struct hash hash = hash_of(text, (size_t)snprintf(text, sizeof text, "%u", i));
        uint32_t key;
        memcpy(&key, hash.bytes, sizeof key);
        size_t at = key & (SLOTS - 1);
        while (slots[at].text && slots[at].key != key)
            at = (at + 1) & (SLOTS - 1);
        if (slots[at].text) {
            memcpy(one, text, sizeof text);
            snprintf(two, 16, "%u", slots[at].text);
            free(slots);
            return;
        }
        assert_true(i < SLOTS / 2);
        slots[at] = (struct slot){key, i};
    }
}

static void twins(void **state)
{
    struct world w;
    struct outcome outcome;
    struct hash hashes[2];
    char texts[2][16];
    (void)state;
    find_twins(texts[0], texts[1]);
    world_dir(&w);
    world_open(&w, NULL);
    for (int round = 0; round < 2; round++) {
        struct store_tx *tx = store_begin(w.board);
        for (int i = 0; i < 2; i++)
            assert_int_equal(store_put_blob(tx, texts[i], strlen(texts[i]), &hashes[i], NULL), 0);
        commit(tx, &outcome);
        uv_run(&w.loop, UV_RUN_DEFAULT);
        assert_int_equal(outcome.code, 0);
    }
    assert_memory_equal(hashes[0].bytes, hashes[1].bytes, 4);
    assert_int_equal(count(&w, "SELECT count(*) FROM blob"), 2);
    for (int i = 0; i < 2; i++) {
        struct buf out = {0};
        assert_int_equal(store_get_blob(w.store, &hashes[i], &out, NULL), 0);
        assert_string_equal(out.data, texts[i]);
        buf_clear(&out);
    }
    world_close(&w);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_steps),
        cmocka_unit_test(said_again),
        cmocka_unit_test(every_length),
        cmocka_unit_test(lost_pieces),
        cmocka_unit_test(as_they_were_given),
        cmocka_unit_test(a_kind_that_was_undone),
        cmocka_unit_test(what_rows_leave_out),
        cmocka_unit_test(twins),
    };
    hash_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
