/* test_store_heads.c: a run that ends leaves a signed head in the same commit; what is changed
 * behind its back is found, with a reason. */
#include <sys/stat.h>

#include "store_world.h"

#include "io/keys/proof.h"

static const char *const bodies[] = {"{\"status\":\"drained\"}", "{\"status\":\"done\"}"};

static struct store_stream *stream(struct world *w, const char *run, const char *turn)
{
    struct store_stream *out;
    assert_int_equal(store_stream_open(w->store, run, turn, "tester", NULL, &out, NULL), 0);
    return out;
}

static void one(struct world *w, const char *run, const char *turn, const char *kind,
                const char *body)
{
    struct store_stream *s = stream(w, run, turn);
    assert_int_equal(write_one(w, s, kind, NULL, body), 0);
    store_stream_close(s);
}

/* Two runs, the first drained and gone on with; between and after them other events. */
static void fill(struct world *w)
{
    one(w, "r.1", "0", "run.started", "{}");
    one(w, "r.1", "1", "note", "{\"a\":1}");
    one(w, "r.1", "10", "note", "{\"a\":2}");
    one(w, "r.1", "0", "run.ended", bodies[0]);
    one(w, "r.1", "2", "note", "{\"late\":true}");
    one(w, "r.1", "0", "run.resumed", "{}");
    one(w, "r.1", "10", "note", "{\"a\":3}");
    one(w, "r.2", "0", "run.started", "{}");
    one(w, "r.1", "0", "run.ended", bodies[1]);
    one(w, "board", "0", "note", "{}");
    one(w, "r.2", "0", "run.ended", bodies[1]);
    one(w, "r.3", "0", "run.started", "{}");
}

static void make(struct world *w)
{
    world_dir(w);
    world_open(w, NULL);
    fill(w);
    world_close(w);
}

static void test_signed(void **state)
{
    struct world w;
    (void)state;
    make(&w);
    assert_int_equal(count(&w, "SELECT count(*) FROM head"), 3);
    assert_int_equal(count(&w, "SELECT count(*) FROM head WHERE run = 'r.1'"), 2);
    assert_int_equal(count(&w, "SELECT events FROM head WHERE run = 'r.1' ORDER BY seq LIMIT 1"),
                     4);
    assert_int_equal(
        count(&w, "SELECT events FROM head WHERE run = 'r.1' ORDER BY seq DESC LIMIT 1"), 8);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

/* The last head is what store_head answers, signed by the key that lies there. */
static void test_by_the_key(void **state)
{
    struct world w;
    struct hash now;
    struct sign_public key;
    sqlite3 *db;
    sqlite3_stmt *row;
    struct signature signature;
    (void)state;
    make(&w);
    world_open(&w, NULL);
    assert_int_equal(store_head(w.store, "r.1", &now, NULL), 0);
    world_close(&w);
    assert_int_equal(sign_read_public(w.dir, &key, NULL), 0);
    assert_int_equal(sqlite3_open(w.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(
                         db, "SELECT hash, signature FROM head WHERE run = 'r.1' ORDER BY seq DESC",
                         -1, &row, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    assert_memory_equal(sqlite3_column_blob(row, 0), now.bytes, HASH_SIZE);
    memcpy(signature.bytes, sqlite3_column_blob(row, 1), SIGN_SIGNATURE);
    assert_true(head_verify(&key, &(struct run_head){"r.1", 8, now}, &signature));
    sqlite3_finalize(row);
    sqlite3_close(db);
    world_remove(&w);
}

/* An end that does not happen is not signed; one that shares its commit is. */
static void test_same_commit(void **state)
{
    struct world w;
    struct outcome good, bad, also;
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    struct store_stream *a = stream(&w, "a", "0"), *b = stream(&w, "b", "0"),
                        *c = stream(&w, "a", "1");
    struct store_tx *tx = store_begin(b);
    add(tx, "run.ended", NULL, bodies[1]); // never began
    commit(tx, &bad);
    tx = store_begin(a);
    add(tx, "run.started", NULL, "{}");
    add(tx, "run.ended", NULL, bodies[1]);
    commit(tx, &good);
    tx = store_begin(c);
    add(tx, "note", NULL, "{}");
    commit(tx, &also);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    assert_int_equal(bad.code, ERR_STALE);
    assert_int_equal(good.code | also.code, 0);
    store_stream_close(a);
    store_stream_close(b);
    store_stream_close(c);
    world_close(&w);
    assert_int_equal(count(&w, "SELECT count(*) FROM head"), 1);
    assert_int_equal(count(&w, "SELECT events FROM head WHERE run = 'a'"), 3);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

static const struct {
    const char *sql, *why;
} changes[] = {
    {"DELETE FROM head WHERE run = 'r.2'", "its end is not signed"},
    {"DELETE FROM head WHERE run = 'r.1' AND events = 8", "its end is not signed"},
    {"UPDATE head SET events = events + 1 WHERE run = 'r.2'", "not over what it says"},
    {"UPDATE head SET hash = (SELECT hash FROM head WHERE run = 'r.1') WHERE run = 'r.2'",
     "not over what it says"},
    {"UPDATE head SET signature = zeroblob(64)", "not over what it says"},
    {"UPDATE head SET signature = x'00'", "malformed"},
    {"UPDATE head SET key = zeroblob(32) WHERE run = 'r.2'", "not over what it says"},
    {"UPDATE head SET seq = seq - 1 WHERE run = 'r.2'", "not those that were signed"},
    {"UPDATE head SET run = 'r.4' WHERE run = 'r.2'", "not over what it says"},
    {"DELETE FROM entry WHERE seq = (SELECT seq FROM stream WHERE run = 'r.1' AND turn = 10)",
     "not those that were signed"},
};

static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        struct world w;
        struct buf report = {0};
        make(&w);
        sql(&w, changes[i].sql);
        assert_false(check_world(&w, &report));
        if (!strstr(report.data, changes[i].why))
            fail_msg("%s: %s", changes[i].sql, report.data);
        buf_clear(&report);
        world_remove(&w);
    }
}

/* Whoever rewrites a stream with all its hashes, but has no key. */
static void test_forged(void **state)
{
    struct world w;
    struct buf report = {0};
    struct store_seen event = {.run = "r.2",
                               .turn = "0",
                               .n = 2,
                               .kind = "run.ended",
                               .actor = "tester",
                               .body = "{\"status\":\"failed\"}",
                               .body_len = 19};
    char text[512], hex[HASH_HEX + 1];
    struct hash before;
    (void)state;
    make(&w);
    before = stored_hash(&w, "SELECT hash FROM event WHERE kind = 'run.started' AND stream = "
                             "(SELECT id FROM stream WHERE run = 'r.2')");
    before = event_hash(&before, &event); // without a time, as it once was: the chain holds
    hash_hex(&before, hex);
    snprintf(text, sizeof text,
             "UPDATE run SET status = 'failed' WHERE id = 'r.2';"
             "UPDATE entry SET body = '%s', hash = x'%s' WHERE seq = (SELECT seq FROM stream WHERE "
             "run = 'r.2')",
             event.body, hex);
    sql(&w, text);
    assert_false(check_world(&w, &report));
    assert_null(strstr(report.data, "chain"));
    assert_non_null(strstr(report.data, "not those that were signed"));
    buf_clear(&report);
    world_remove(&w);
}

static void move_beside(struct world *from, struct world *to, const char *name)
{
    char paths[2][128];
    snprintf(paths[0], sizeof paths[0], "%s/%s", from->dir, name);
    snprintf(paths[1], sizeof paths[1], "%s/%s", to->dir, name);
    assert_int_equal(rename(paths[0], paths[1]), 0);
}

/* A head by a key that is not the project's; and a project that has lost what to compare with. */
static void test_other_key(void **state)
{
    struct world w, other;
    struct buf report = {0};
    char text[256], to[128];
    (void)state;
    make(&w);
    make(&other);
    snprintf(text, sizeof text,
             "ATTACH '%s' AS o; DELETE FROM head; INSERT INTO head SELECT * FROM o.head",
             other.path);
    sql(&w, text);
    assert_false(check_world(&w, &report));
    assert_non_null(strstr(report.data, "another key"));
    assert_int_equal(rename(other.path, w.path), 0);
    move_beside(&other, &w, "highwater");
    move_beside(&other, &w, "key.pub");
    snprintf(to, sizeof to, "%s/key.pub", w.dir);
    assert_true(check_world(&w, NULL)); // all of it exchanged: who keeps the key elsewhere will see
    unlink(to);
    buf_reset(&report);
    assert_false(check_world(&w, &report));
    assert_non_null(strstr(report.data, "no key.pub"));
    buf_clear(&report);
    world_remove(&w);
    world_remove(&other);
}

/* A key that may not be used keeps the store shut: nothing is written that could not be signed. */
static void test_refused(void **state)
{
    struct world w;
    struct store *store;
    struct err err = {0};
    char key[128];
    (void)state;
    make(&w);
    snprintf(key, sizeof key, "%s/key", w.dir);
    assert_int_equal(chmod(key, 0644), 0);
    struct store_options options = world_options(&w);
    assert_int_equal(uv_loop_init(&w.loop), 0);
    assert_int_equal(store_open(&options, &store, &err), ERR_DENIED);
    assert_non_null(strstr(err.fix, "chmod 600"));
    uv_run(&w.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w.loop), 0);
    world_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signed),      cmocka_unit_test(test_by_the_key),
        cmocka_unit_test(test_same_commit), cmocka_unit_test(test_changes),
        cmocka_unit_test(test_forged),      cmocka_unit_test(test_other_key),
        cmocka_unit_test(test_refused),
    };
    hash_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
