/* test_power.c: the power fails. Transactions are written through a disk that keeps every change
 * (power_vfs.h); then the directory is made as it may be left by a failure at any boundary between
 * two changes, and opened: it is sound, all that was acknowledged is there, nothing of a
 * transaction is there without the rest of it, and work goes on. CUTS= and SEED= size it
 * (bench/evidence). */
#include "store_world.h"

#include <time.h>

#include "power_vfs.h"

#define TXS     40 /* of a round, which is the work of one process */
#define ROUNDS  4
#define CARDS   3
#define LOG_MAX 60 /* pages: the log is copied and begun anew many times */

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

/* ---- the work ---- */

/* What became of the transaction: code 1 = nothing yet, `at`:
 * changes of the disk when it was told. */
struct tx_seen {
    int code, number;
    size_t at;
    unsigned parts;
};

struct work {
    struct world w;
    struct tx_seen *txs; /* of this process and of all before it */
    int count;
    int rev[CARDS];
};

static void on_done(void *ctx, int64_t seq, const struct err *err)
{
    struct tx_seen *tx = ctx;
    (void)seq;
    assert_int_equal(tx->code, 1);
    tx->code = err ? err->code : 0;
    tx->at = power_count();
}

static void put_bytes(struct store_tx *tx, int number, char hex[HASH_HEX + 1])
{
    char bytes[20000];
    struct hash hash;
    size_t len = 20 + pick(pick(4) ? 200 : sizeof bytes - 20);
    memset(bytes, 'a' + number % 26, len);
    snprintf(bytes, 20, "blob %d", number);
    assert_int_equal(store_put_blob(tx, bytes, len, &hash, NULL), 0);
    hash_hex(&hash, hex);
    assert_int_equal(store_put_message(tx, NULL, "system", 6, &hash, NULL), 0);
    assert_int_equal(store_put_message(tx, &hash, bytes, len / 2, &hash, NULL), 0);
}

/* Each transaction's events say which one it is and how many parts it has. */
static void write_tx(struct work *work, struct store_stream *stream)
{
    struct tx_seen *seen = &work->txs[work->count];
    struct store_tx *tx = store_begin(stream);
    char body[256], hex[HASH_HEX + 1], card[8];
    *seen = (struct tx_seen){.code = 1, .number = work->count, .parts = 1 + pick(4)};
    put_bytes(tx, work->count, hex);
    for (unsigned i = 0; i < seen->parts; i++) {
        snprintf(body, sizeof body, "{\"blob\":\"%s\",\"parts\":%u,\"tx\":%d}", hex, seen->parts,
                 work->count);
        add(tx, "note", NULL, body);
    }
    if (stream == work->w.board && pick(2)) {
        unsigned c = pick(CARDS);
        snprintf(card, sizeof card, "C%u", c);
        snprintf(body, sizeof body,
                 "{\"from\":\"%s\",\"rev\":%d,\"to\":\"%s\",\"type\":\"issue\"}",
                 work->rev[c] % 2 ? "ready" : "in_progress", work->rev[c],
                 work->rev[c] % 2 ? "in_progress" : "ready");
        work->rev[c] += pick(4) ? 1 : 0; // else the next one comes too late
        add(tx, "card.moved", card, body);
    }
    store_commit(tx, on_done, seen);
    work->count++;
}

static int64_t ask(struct work *work, const char *name, const char *text, int column)
{
    struct store_query *query;
    assert_int_equal(store_query(work->w.store, name, &query, NULL), 0);
    if (text)
        assert_true(store_set_text(query, "id", text, strlen(text)));
    int64_t value = store_step(query, NULL) == 1 ? store_column(query, column).integer : -1;
    store_query_end(query);
    return value;
}

/* Cards that are not there yet are made; where they stand is read. */
static void prepare_cards(struct work *work)
{
    for (int i = 0; i < CARDS; i++) {
        char id[16];
        snprintf(id, sizeof id, "C%d", i);
        if (ask(work, "card_state", id, 3) < 0)
            make_card(&work->w, id);
        work->rev[i] = (int)ask(work, "card_state", id, 3);
    }
}

static void open_power(struct work *work, const char *vfs, bool beside)
{
    struct store_options options = world_options(&work->w);
    struct err err = {0};
    options.vfs = vfs;
    options.beside = beside;
    options.log_pages = LOG_MAX;
    assert_int_equal(uv_loop_init(&work->w.loop), 0);
    if (store_open(&options, &work->w.store, &err) || store_opened(work->w.store, &err))
        fail_msg("%s: %s", work->w.path, err.text);
    assert_int_equal(
        store_stream_open(work->w.store, "board", "0", "tester", NULL, &work->w.board, &err), 0);
}

/* One process's work: groups of transactions in several streams, recorded. */
static void work_on(struct work *work, int round)
{
    struct store_stream *stream;
    char turn[16];
    open_power(work, power_begin(work->w.dir), round % 2);
    prepare_cards(work);
    snprintf(turn, sizeof turn, "%d", round + 1);
    assert_int_equal(store_stream_open(work->w.store, "run", turn, "agent", "coder", &stream, NULL),
                     0);
    for (int until = work->count + TXS; work->count < until;) {
        for (unsigned group = 1 + pick(6); group > 0 && work->count < until; group--)
            write_tx(work, pick(2) ? stream : work->w.board);
        uv_run(&work->w.loop, UV_RUN_DEFAULT);
    }
    store_stream_close(stream);
    world_close(&work->w);
}

/* ---- what is left ---- */

struct left {
    unsigned parts; /* events found */
    char blob[HASH_HEX + 1];
};

static void read_left(struct world *w, struct left *left, int count)
{
    static const char sql[] =
        "SELECT body ->> '$.tx', body ->> '$.blob' FROM event WHERE kind = 'note'";
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        int tx = sqlite3_column_int(stmt, 0);
        assert_true(tx >= 0 && tx < count);
        left[tx].parts++;
        snprintf(left[tx].blob, sizeof left[tx].blob, "%s", sqlite3_column_text(stmt, 1));
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

static void check_blob(struct world *w, const struct left *left, int number)
{
    struct buf bytes = {0};
    struct hash hash;
    char start[20];
    assert_true(hash_from_hex(left->blob, HASH_HEX, &hash));
    assert_int_equal(store_get_blob(w->store, &hash, &bytes, NULL), 0);
    snprintf(start, sizeof start, "blob %d", number);
    assert_string_equal(bytes.data, start);
    buf_clear(&bytes);
}

static void check_left(struct work *work, const struct left *left, size_t at)
{
    for (int i = 0; i < work->count; i++) {
        const struct tx_seen *tx = &work->txs[i];
        bool promised = tx->code == 0 && tx->at <= at;
        if (left[i].parts == 0 && promised)
            fail_msg("transaction %d was acknowledged before change %zu and is gone", i, at);
        if (left[i].parts > 0 && tx->code < 0)
            fail_msg("transaction %d failed and is there", i);
        if (left[i].parts > 0 && left[i].parts != tx->parts)
            fail_msg("transaction %d has %u of %u parts", i, left[i].parts, tx->parts);
        if (left[i].parts > 0)
            check_blob(&work->w, &left[i], i);
    }
}

/* A check that only reads comes first, when there is something; then the next owner. */
static void check_cut(struct work *work, const char *dir, size_t at, struct left *left)
{
    struct work after = {.txs = work->txs, .count = work->count};
    memcpy(after.w.dir, dir, sizeof after.w.dir);
    snprintf(after.w.path, sizeof after.w.path, "%s/orket.db", dir);
    if (access(after.w.path, F_OK) == 0)
        assert_true(check_world(&after.w, NULL));
    open_power(&after, NULL, at % 2);
    memset(left, 0, (size_t)work->count * sizeof *left);
    read_left(&after.w, left, work->count);
    check_left(&after, left, at);
    assert_int_equal(write_one(&after.w, after.w.board, "comment.added", NULL, "{\"text\":\"x\"}"),
                     ERR_EXISTS);
    assert_int_equal(
        write_one(&after.w, after.w.board, "scripts.loaded", NULL, "{\"generation\":\"g\"}"), 0);
    world_close(&after.w);
    assert_true(check_world(&after.w, NULL));
}

static void make_dir(char dir[64])
{
    strcpy(dir, "/tmp/orket-power-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static void remove_mark(const char *dir)
{
    char path[128];
    snprintf(path, sizeof path, "%s/highwater", dir);
    unlink(path);
}

static void remove_dir(const char *dir)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-owner", "-journal", "-new"};
    char name[128];
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        snprintf(name, sizeof name, "%s/orket.db%s", dir, tails[i]);
        unlink(name);
    }
    remove_mark(dir);
    assert_int_equal(rmdir(dir), 0);
}

/* ---- rounds ---- */

struct tally {
    long cuts, left, marked; /* marked: with a high-water mark, which none of them contradicts */
    size_t next; /* the boundary to be cut next in order; then at random */
};

/* Boundaries in order: before and after what syncs. Then anywhere. */
static size_t choose_cut(struct tally *tally)
{
    size_t changes = power_count();
    while (tally->next <= changes) {
        size_t at = tally->next++;
        if ((at < changes && power_is_sync(at)) || (at > 0 && power_is_sync(at - 1)))
            if (pick(2)) // the other half of them in other rounds
                return at;
    }
    return pick((unsigned)changes + 1);
}

/* What is left of the last cut is what the next round begins with. */
static void adopt(struct work *work, const char *dir, const struct left *left)
{
    remove_dir(work->w.dir);
    memcpy(work->w.dir, dir, sizeof work->w.dir);
    snprintf(work->w.path, sizeof work->w.path, "%s/orket.db", dir);
    for (int i = 0; i < work->count; i++) {
        work->txs[i].at = 0;
        work->txs[i].code = left[i].parts > 0 ? 0 : ERR_CANCELED;
    }
}

static bool has_mark(const char *dir)
{
    char path[128];
    snprintf(path, sizeof path, "%s/highwater", dir);
    return access(path, F_OK) == 0;
}

static void one_round(struct work *work, int round, long cuts, struct tally *tally)
{
    struct left *left = calloc((size_t)work->count + TXS, sizeof *left);
    char dir[64];
    work_on(work, round);
    tally->next = 0;
    for (long i = 0; i < cuts; i++, tally->cuts++) {
        size_t at = choose_cut(tally);
        make_dir(dir);
        power_cut(at, random_state + at, dir);
        tally->marked += has_mark(dir);
        check_cut(work, dir, at, left);
        for (int k = 0; k < work->count; k++)
            tally->left += left[k].parts > 0;
        if (i + 1 < cuts)
            remove_dir(dir);
    }
    power_end();
    adopt(work, dir, left);
    free(left);
}

/* A database from its making through ROUNDS failures. */
static void one_life(long cuts, struct tally *tally)
{
    struct work work = {0};
    make_dir(work.w.dir);
    snprintf(work.w.path, sizeof work.w.path, "%s/orket.db", work.w.dir);
    work.txs = calloc(ROUNDS * TXS, sizeof *work.txs);
    for (int round = 0; round < ROUNDS; round++)
        one_round(&work, round, cuts, tally);
    remove_dir(work.w.dir);
    free(work.txs);
}

static void nothing_acknowledged_is_lost(void **state)
{
    long cuts = number("CUTS", 60), seed = number("SEED", 1);
    struct tally tally = {0};
    (void)state;
    random_state = (uint64_t)seed;
    while (tally.cuts < cuts)
        one_life(cuts < 200 ? 15 : 25, &tally);
    print_message("%ld cuts, %ld with a high-water mark, seed %ld: %ld transactions looked at, all "
                  "as promised\n",
                  tally.cuts, tally.marked, seed, tally.left);
    assert_true(tally.marked > tally.cuts / 4);
}

/* Somebody removed the database and left its log: the new one must not take that for its own, in
 * whatever order the names reach the disk. */
static void a_log_that_was_left_behind(void **state)
{
    (void)state;
    random_state = (uint64_t)number("SEED", 1);
    for (int i = 0; i < 3; i++) {
        struct tally tally = {0};
        struct work work = {0};
        char dir[64];
        make_dir(work.w.dir);
        snprintf(work.w.path, sizeof work.w.path, "%s/orket.db", work.w.dir);
        work.txs = calloc(2 * TXS, sizeof *work.txs);
        work_on(&work, 0);
        make_dir(dir);
        power_cut(power_count() * 2 / 3, 0, dir);
        power_end();
        remove_dir(work.w.dir);
        memcpy(work.w.dir, dir, sizeof dir);
        snprintf(work.w.path, sizeof work.w.path, "%s/orket.db", dir);
        assert_int_equal(unlink(work.w.path), 0);
        if (has_mark(dir)) // with it the next owner would not begin anew (test_damage.c)
            remove_mark(dir);
        work.count = 0;
        one_round(&work, 0, 25, &tally);
        remove_dir(work.w.dir);
        free(work.txs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost),
        cmocka_unit_test(a_log_that_was_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
