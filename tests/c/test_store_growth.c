/* test_store_growth.c: the file grows by what is new, whatever the size of a text, and texts that were cut where
 * pages end come back whole. */
#include <sys/stat.h>

#include "store_world.h"

#define STEPS 1000

/* One turn over one growing conversation, in the words of the engine. */
struct turn {
    struct world *w;
    struct store_stream *stream;
    struct hash convo;
    int64_t new_bytes;
};

static void say(struct turn *turn, struct store_tx *tx, const char *text, size_t len, char hex[HASH_HEX + 1])
{
    struct hash parent = turn->convo;
    assert_int_equal(store_put_message(tx, &parent, text, len, &turn->convo, NULL), 0);
    turn->new_bytes += (int64_t)len;
    hash_hex(&turn->convo, hex);
}

static void put(struct turn *turn, struct store_tx *tx, const char *kind, const char *body)
{
    add(tx, kind, "A", body);
    turn->new_bytes += (int64_t)strlen(body);
}

/* A reply that carries a file, the file, and the tool's answer. */
static void one_step(struct turn *turn, int step, size_t size)
{
    char text[16384], body[512], convo[HASH_HEX + 1], blob[HASH_HEX + 1];
    struct hash hash;
    struct store_tx *tx = store_begin(turn->stream);
    int head = snprintf(text, sizeof text, "{\"role\":\"assistant\",\"content\":\"so be it %d", step);
    memset(text + head, 'r', size + 200);
    say(turn, tx, text, (size_t)head + size + 200, convo);
    snprintf(body, sizeof body, "{\"convo\":\"%s\",\"finish\":\"tool_calls\",\"model\":\"m\",\"usage\":{\"completion\":87,\"prompt\":%d}}",
             convo, step * 300);
    put(turn, tx, "step.reply", body);
    snprintf(text, 20, "file %d", step);
    assert_int_equal(store_put_blob(tx, text, size, &hash, NULL), 0);
    turn->new_bytes += (int64_t)size;
    hash_hex(&hash, blob);
    snprintf(body, sizeof body, "{\"call\":\"call_%d_1\",\"operation\":\"%s\",\"tool\":\"write_file\"}", step, blob);
    put(turn, tx, "call.allowed", body);
    snprintf(body, sizeof body, "{\"blob\":\"%s\",\"path\":\"f%d.txt\"}", blob, step);
    put(turn, tx, "file.written", body);
    snprintf(text, 20, "answer %d", step);
    say(turn, tx, text, 180, convo);
    snprintf(body, sizeof body, "{\"call\":\"call_%d_1\",\"convo\":\"%s\",\"ok\":true,\"operations\":[{\"hash\":\"%s\",\"op\":\"fs.write\"}],"
             "\"progress\":true,\"tool\":\"write_file\"}", step, convo, blob);
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
    assert_int_equal(store_stream_open(w.store, "ep.1", "1", "agent:dev", "coder", &turn.stream, NULL), 0);
    struct store_tx *tx = store_begin(turn.stream);
    struct outcome outcome;
    assert_int_equal(store_put_message(tx, NULL, "system", 6, &turn.convo, NULL), 0);
    commit(tx, &outcome);
    for (int step = 1; step <= STEPS; step++)
        one_step(&turn, step, size);
    store_stream_close(turn.stream);
    int64_t grown = closed_size(&w) - before;
    if (grown * 10 > turn.new_bytes * 13)
        fail_msg("files of %zu bytes: %lld new bytes, %lld more in the file", size, (long long)turn.new_bytes, (long long)grown);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

static void a_thousand_steps(void **state)
{
    static const size_t sizes[] = {1000, 1500, 2500, 4000, 6000};
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
        assert_int_equal(store_stream_open(w.store, "ep.1", name, "agent:dev", "coder", &turn.stream, NULL), 0);
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

/* Lengths around every border: of a page, of two, of what goes into pages of its own, the longest. */
static const size_t lengths[] = {0, 1, 39, 40, 41, 3900, 3990, 4000, 4020, 4030, 4040, 4047, 4061, 4090, 4096, 4100, 5000, 8000,
                                 8100, 8192, 12000, 65000, 65535, 65536, 65537, 70000, 100, 7, STORE_BLOB_MAX};

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
        assert_int_equal(store_put_message(tx, i ? &parent : NULL, text, lengths[i], &convo, NULL), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_steps),
        cmocka_unit_test(said_again),
        cmocka_unit_test(every_length),
        cmocka_unit_test(lost_pieces),
    };
    hash_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
