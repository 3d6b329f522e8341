/* test_store_log.c: the write-ahead log is copied into the database and begun anew while it is
 * written and read without pause, so that it stays small;
 * closing leaves none, or an empty one to a reader. */
#include "store_world.h"

#include <sys/stat.h>

#define LIMIT 50   /* pages */
#define FRAME 4120 /* bytes of a page in the log */
#define ROUNDS 400
#define GROUP  5

static int64_t log_size(const struct world *w)
{
    struct stat info;
    char name[128];
    snprintf(name, sizeof name, "%s-wal", w->path);
    return stat(name, &info) ? -1 : info.st_size;
}

static void open_small(struct world *w)
{
    struct store_options options = world_options(w);
    options.log_pages = LIMIT;
    options.hasty = true; // the disk's pace plays no part
    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_int_equal(store_open(&options, &w->store, NULL), 0);
    assert_int_equal(store_stream_open(w->store, "board", "0", "tester", NULL, &w->board, NULL), 0);
}

struct reading {
    const char *path;
    atomic_bool stop;
    long snapshots;
};

/* Another process, as good as: a snapshot after the other. */
static void read_on(void *arg)
{
    struct reading *reading = arg;
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(reading->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    for (; !reading->stop; reading->snapshots++)
        assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT sum(length(body)) FROM event; COMMIT",
                                      NULL, NULL, NULL),
                         SQLITE_OK);
    sqlite3_close(db);
}

static void write_group(struct world *w, struct outcome *outcomes)
{
    char body[3000];
    snprintf(body, sizeof body, "{\"text\":\"%0*d\"}", 2900, 0);
    for (int i = 0; i < GROUP; i++) {
        struct store_tx *tx = store_begin(w->board);
        add(tx, "note", NULL, body);
        commit(tx, &outcomes[i]);
    }
    uv_run(&w->loop, UV_RUN_DEFAULT);
    for (int i = 0; i < GROUP; i++)
        assert_int_equal(outcomes[i].code, 0);
}

static void the_log_stays_small(void **state)
{
    struct world w;
    struct outcome outcomes[GROUP];
    int64_t largest = 0;
    uv_thread_t thread;
    (void)state;
    world_dir(&w);
    open_small(&w);
    struct reading reading = {.path = w.path};
    assert_int_equal(uv_thread_create(&thread, read_on, &reading), 0);
    for (int i = 0; i < ROUNDS; i++) {
        write_group(&w, outcomes);
        largest = log_size(&w) > largest ? log_size(&w) : largest;
    }
    reading.stop = true;
    uv_thread_join(&thread);
    int64_t written = count(&w, "SELECT sum(length(body)) FROM event");
    world_close(&w);
    print_message("%lld bytes of events, %ld snapshots, largest log %lld bytes, limit %d\n",
                  (long long)written, reading.snapshots, (long long)largest, LIMIT * FRAME);
    assert_true(written > 20 * LIMIT * FRAME);
    assert_true(largest < 8 * LIMIT * FRAME);
    assert_int_equal(log_size(&w), -1);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

static void closing_empties_the_log(void **state)
{
    struct world w;
    struct outcome outcomes[GROUP];
    sqlite3 *db;
    (void)state;
    world_dir(&w);
    open_small(&w);
    write_group(&w, outcomes);
    assert_true(log_size(&w) > 0);
    assert_int_equal(sqlite3_open(w.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT * FROM event", NULL, NULL, NULL), SQLITE_OK);
    world_close(&w);
    assert_int_equal(log_size(&w), 0);
    sqlite3_close(db);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_stays_small),
        cmocka_unit_test(closing_empties_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
