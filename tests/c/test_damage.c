/* test_damage.c: bytes of the database and of its log turn into others: opening, reading or the
 * check says so, or nothing that was stored is different. Never a crash. N= and SEED= size it
 * (bench/evidence). */
#include "store_world.h"

#define TURNS 12

static uint64_t random_state;

static unsigned pick(unsigned n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % n;
}

static long number(const char *name, long otherwise)
{
    return getenv(name) ? atol(getenv(name)) : otherwise;
}

static void copy(const char *from, const char *to)
{
    char command[400];
    snprintf(command, sizeof command, "cp %s %s 2>/dev/null || rm -f %s", from, to, to);
    assert_int_equal(system(command), 0);
}

/* A history whose last part is only in the log, as a kill leaves it: copies of the open files. */
static void write_history(struct world *w, struct world *left)
{
    char body[4000], log[120], log_left[120];
    struct outcome outcome;
    struct hash hash;
    world_dir(w);
    world_open(w, NULL);
    world_dir(left);
    for (int i = 0; i < TURNS; i++) {
        struct store_tx *tx = store_begin(w->board);
        snprintf(body, sizeof body, "%d %0*d", i, 300 * i, 0);
        assert_int_equal(store_put_blob(tx, body, strlen(body), &hash, NULL), 0);
        assert_int_equal(store_put_message(tx, NULL, body, strlen(body) / 2, &hash, NULL), 0);
        snprintf(body, sizeof body, "{\"name\":\"card %d\",\"note\":\"%0*d\",\"type\":\"issue\"}",
                 i, 200 * i, 0);
        char id[8];
        snprintf(id, sizeof id, "C%d", i);
        add(tx, "card.created", id, body);
        commit(tx, &outcome);
        uv_run(&w->loop, UV_RUN_DEFAULT);
        assert_int_equal(outcome.code, 0);
        if (i == TURNS / 2)
            assert_int_equal(count(w, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    }
    snprintf(log, sizeof log, "%s-wal", w->path);
    snprintf(log_left, sizeof log_left, "%s-wal", left->path);
    copy(w->path, left->path);
    copy(log, log_left);
    world_close(w);
}

/* What is stored, as one hash. The time of an event is not verified by anything
 * (docs/durability.md). */
static bool fingerprint(const struct world *w, struct hash *out)
{
    static const char *const texts[] = {
        ("SELECT seq, stream, prev, n, step, kind, card, actor, role, body, hash FROM event "
         "ORDER BY seq"),
        "SELECT hash, bytes FROM blob ORDER BY id",
        "SELECT hash, parent, bytes FROM message ORDER BY id",
        "SELECT id, name, status, revision, note, text FROM card ORDER BY id",
        "SELECT * FROM card_text",
        "SELECT * FROM piece",
    };
    struct buf all = {0};
    sqlite3 *db;
    bool ok = sqlite3_open(w->path, &db) == SQLITE_OK;
    for (size_t i = 0; ok && i < sizeof texts / sizeof *texts; i++) {
        sqlite3_stmt *stmt = NULL;
        int step = SQLITE_ERROR;
        if (!sqlite3_prepare_v2(db, texts[i], -1, &stmt, NULL))
            while ((step = sqlite3_step(stmt)) == SQLITE_ROW)
                for (int c = 0; c < sqlite3_column_count(stmt); c++) {
                    int len = sqlite3_column_bytes(stmt, c);
                    buf_put(&all, &len, sizeof len);
                    buf_put(&all, sqlite3_column_blob(stmt, c) ? sqlite3_column_blob(stmt, c) : "",
                            (size_t)len);
                }
        ok = step == SQLITE_DONE;
        sqlite3_finalize(stmt);
    }
    sqlite3_close(db);
    *out = hash_of(all.data, all.len);
    buf_clear(&all);
    return ok;
}

static void flip(const char *path, long at, int by)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ by, file);
    fclose(file);
}

static long size_of(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    fclose(file);
    return size;
}

/* Whether something says that it is damaged: the next owner, else the check. */
static bool is_told(struct world *w)
{
    struct store_options options = world_options(w);
    struct buf report = {0};
    struct err err = {0};
    bool sound = false;
    assert_int_equal(uv_loop_init(&w->loop), 0);
    int rc = store_open(&options, &w->store, &err);
    if (!rc)
        store_close(w->store);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    if (rc)
        assert_true(err.text[0] && err.fix[0]);
    options.readonly = true;
    err = (struct err){0};
    if (!rc && store_check(&options, &report, &sound, &err))
        assert_true(err.text[0]);
    buf_clear(&report);
    return rc || !sound;
}

struct tally {
    long told, harmless, cut;
};

/* In the log: all commits but the last two are behind each other, and their loss is told. Of those
 * two the file cannot say more than after a power failure; what is left is then whole and sound. */
static void try_one(const struct world *left, struct world *w, bool in_log,
                    const struct hash *right, struct tally *tally)
{
    char log[120], from[120];
    struct hash now;
    snprintf(log, sizeof log, "%s-wal", w->path);
    snprintf(from, sizeof from, "%s-wal", left->path);
    world_remove(w);
    world_dir(w);
    snprintf(log, sizeof log, "%s-wal", w->path);
    copy(left->path, w->path);
    copy(from, log);
    const char *path = in_log ? log : w->path;
    long at = (long)pick((unsigned)size_of(path));
    flip(path, at, 1 + (int)pick(255));
    if (is_told(w))
        tally->told++;
    else if (fingerprint(w, &now) && hash_equal(&now, right))
        tally->harmless++;
    else if (in_log && count(w, "SELECT count(*) FROM event") >= TURNS - 2)
        tally->cut++;
    else
        fail_msg("byte %ld of %s: other data, and nobody says so", at,
                 in_log ? "the log" : "the database");
}

static void damage(bool in_log, long n)
{
    struct world w, left, copy_of;
    struct tally tally = {0};
    struct hash right;
    random_state = (uint64_t)number("SEED", 1);
    write_history(&w, &left);
    world_dir(&copy_of);
    assert_true(fingerprint(&w, &right));
    for (long i = 0; i < n; i++)
        try_one(&left, &copy_of, in_log, &right, &tally);
    world_remove(&w);
    world_remove(&left);
    world_remove(&copy_of);
    print_message("%ld bytes of %s: %ld told, %ld harmless, %ld cut off the last commits\n", n,
                  in_log ? "the log" : "the database", tally.told, tally.harmless, tally.cut);
    assert_true(tally.told > n / 20);
}

static void a_damaged_database(void **state)
{
    (void)state;
    damage(false, number("N", 100));
}

static void a_damaged_log(void **state)
{
    (void)state;
    damage(true, number("N", 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_database),
        cmocka_unit_test(a_damaged_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
