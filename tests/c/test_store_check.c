/* test_store_check.c: whatever is written, the projections can be rebuilt from it; whatever is
 * changed behind the store's back is found. */
#include "store_world.h"

#include "io/keys/proof.h"

/* ---- random histories ---- */

static uint64_t random_state;

static unsigned pick(unsigned n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % n;
}

static const char *const statuses[] = {"ready", "in_progress", "blocked", "code_review",
                                       "canceled"};

/* One body of a random event of the kind, right or wrong. */
static const char *random_event(char *body, size_t size, char *card)
{
    unsigned a = pick(6), b = pick(6), rev = 1 + pick(4);
    snprintf(card, 8, "C%u", a);
    switch (pick(16)) {
    case 0:
    case 1:
        snprintf(body, size,
                 "{\"depends_on\":[\"C%u\",\"C%u\"],\"labels\":[\"x\"],\"name\":\"card\",\"parent_"
                 "id\":\"C0\","
                 "\"type\":\"%s\"}",
                 b, pick(6), a ? "issue" : "epic");
        return "card.created";
    case 2:
        snprintf(body, size,
                 "{\"rev\":%u,\"set\":{\"depends_on\":[\"C%u\"],\"description\":\"new\",\"note\":"
                 "\"n%u\"}}",
                 rev, b, b);
        return "card.changed";
    case 3:
    case 4:
    case 5:
        snprintf(
            body, size,
            "{\"from\":\"%s\",\"reason\":\"input\",\"rev\":%u,\"to\":\"%s\",\"type\":\"issue\"}",
            statuses[pick(5)], rev, statuses[pick(5)]);
        return "card.moved";
    case 6: snprintf(body, size, "{\"text\":\"comment %u \\u00e4\\n\"}", b); return "comment.added";
    case 7: snprintf(body, size, "{\"amount\":%u.25}", b); return "card.credits";
    case 8:
        snprintf(body, size, "{\"blob\":\"b%u\",\"path\":\"f%u\"}", pick(9), b);
        return "file.written";
    case 9: snprintf(body, size, "{\"path\":\"f%u\"}", b); return "file.deleted";
    case 10:
        snprintf(body, size,
                 "{\"changes\":[{\"blob\":\"b%u\",\"path\":\"f%u\"},{\"path\":\"g%u\"}],\"into\":"
                 "\"C0\"}",
                 a, b, b);
        return "tree.merged";
    case 11: snprintf(body, size, "{\"from\":\"C0\"}"); return "tree.opened";
    case 12:
        snprintf(body, size, "{\"log\":\"l\",\"ok\":%s,\"tree\":\"t%u\"}", b & 1 ? "true" : "false",
                 b);
        return "verify.done";
    case 13:
        snprintf(body, size, "{\"keywords\":[\"k\"],\"text\":\"t%u\"}", b);
        return "memory.noted";
    case 14:
        snprintf(body, size, "{\"call\":\"c\",\"operation\":{\"op\":\"fs.write\"},\"why\":\"w\"}");
        return "approval.asked";
    default: snprintf(body, size, "{\"path\":\"p%u\",\"with\":\"C1\"}", b); return "tree.conflict";
    }
}

static void random_history(uint64_t seed)
{
    struct world w;
    struct store_stream *streams[3];
    struct outcome outcomes[64];
    char body[512], card[16], turn[16];
    random_state = seed;
    world_dir(&w);
    world_open(&w, NULL);
    for (int i = 0; i < 3; i++) {
        snprintf(turn, sizeof turn, "%d", i);
        assert_int_equal(
            store_stream_open(w.store, "run", turn, "agent", "coder", &streams[i], NULL), 0);
    }
    for (int round = 0; round < 12; round++) {
        unsigned group = 1 + pick(60);
        for (unsigned i = 0; i < group; i++) {
            struct store_tx *tx = store_begin(streams[pick(3)]);
            struct hash hash;
            for (unsigned k = pick(4); k > 0; k--) {
                const char *kind = random_event(body, sizeof body, card);
                add(tx, kind, card, body);
            }
            assert_int_equal(store_put_message(tx, NULL, body, strlen(body), &hash, NULL), 0);
            commit(tx, &outcomes[i]);
        }
        uv_run(&w.loop, UV_RUN_DEFAULT);
    }
    for (int i = 0; i < 3; i++)
        store_stream_close(streams[i]);
    int64_t events = count(&w, "SELECT count(*) FROM event");
    assert_true(events > 20);
    assert_int_equal(count(&w, "SELECT max(seq) FROM event"), events); // no holes
    world_close(&w);
    assert_true(check_world(&w, NULL));
    world_remove(&w);
}

static void histories_are_rebuilt(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++)
        random_history(seed);
}

/* ---- tampering ---- */

static void write_history(struct world *w)
{
    world_dir(w);
    world_open(w, NULL);
    make_card(w, "A");
    make_card(w, "B");
    assert_int_equal(write_one(w, w->board, "comment.added", "A", "{\"text\":\"said\"}"), 0);
    struct outcome outcome;
    struct hash hash;
    struct store_tx *tx = store_begin(w->board);
    assert_int_equal(store_put_blob(tx, "content", 7, &hash, NULL), 0);
    assert_int_equal(store_put_message(tx, NULL, "system", 6, &hash, NULL), 0);
    assert_int_equal(store_put_message(tx, &hash, "user", 4, &hash, NULL), 0);
    commit(tx, &outcome);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.code, 0);
    world_close(w);
}

static void tampering_is_found(void **state)
{
    static const struct {
        const char *sql, *what;
    } rows[] = {
        {"UPDATE entry SET body = replace(body, 'said', 'lied') WHERE seq IN (SELECT seq FROM "
         "event WHERE kind = 'comment.added')",
         "\"chain\""},
        {"UPDATE entry SET actor = 'somebody' WHERE seq = 2", "\"chain\""},
        {"UPDATE entry SET hash = zeroblob(32) WHERE seq = 3", "\"chain\""},
        {"UPDATE entry SET hash = x'00' WHERE seq = 3", "\"chain\""},
        {"UPDATE entry SET at = at + 1 WHERE seq = 1", "\"chain\""},
        {"UPDATE entry SET at = at - 1 WHERE seq = 2", "\"chain\""},
        {"UPDATE entry SET at = at - 86400000", "\"chain\""},
        {"UPDATE entry SET at = 1 << 62 WHERE seq = 3", "\"chain\""},
        {"UPDATE entry SET card = 'B' WHERE seq = 3", "\"chain\""},
        {"DELETE FROM entry WHERE seq = 1", "\"chain\""},
        {"DELETE FROM entry WHERE seq = 3", "last events are missing"},
        {"UPDATE entry SET prev = 0 WHERE seq = 3", "\"chain\""},
        {"UPDATE entry SET stream = 9 WHERE seq = 3", "\"chain\""},
        {"INSERT INTO kind (name) VALUES ('no.such'); UPDATE entry SET kind = last_insert_rowid() "
         "WHERE seq = 3",
         "\"event\""},
        {"UPDATE stream SET n = 2", "\"chain\""},
        {"UPDATE blob SET bytes = CAST('nothing' AS BLOB)", "\"blob\""},
        {"UPDATE message SET bytes = CAST('uses' AS BLOB) WHERE bytes = CAST('user' AS BLOB)",
         "\"message\""},
        {"DELETE FROM message WHERE id = 1", "\"message\""},
        {"UPDATE message SET parent = NULL", "\"message\""},
        {"DELETE FROM name_recent WHERE id = 1", "cannot be found"},
        {"DELETE FROM name_recent WHERE id = -1", "cannot be found"},
        {"UPDATE card SET status = 'done' WHERE id = 'A'", "\"projection\""},
        {"UPDATE card SET note = 'x' WHERE id = 'B'", "\"projection\""},
        {"DELETE FROM comment", "\"projection\""},
        {"INSERT INTO verdict (card, tree, ok, log, at, seq) VALUES ('A', 't', 1, '', 'now', 1)",
         "\"projection\""},
        {"DROP TABLE memory", "sqlite_schema"},
        {"CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM card; END", "sqlite_schema"},
        {"DELETE FROM stream", "\"chain\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        struct buf report = {0};
        write_history(&w);
        assert_true(check_world(&w, NULL));
        sql(&w, rows[i].sql);
        if (check_world(&w, &report) || !strstr(report.data, rows[i].what))
            fail_msg("%s: %s", rows[i].sql, report.data);
        buf_clear(&report);
        world_remove(&w);
    }
}

/* The journal as it was written before times were hashed. */
static void make_timeless(struct world *w)
{
    sqlite3 *db;
    sqlite3_stmt *row, *set;
    struct hash hash = {{0}};
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    sqlite3_prepare_v2(
        db, "SELECT seq, run, turn, step, n, kind, card, actor, role, body FROM journal ORDER BY n",
        -1, &row, NULL);
    sqlite3_prepare_v2(db, "UPDATE entry SET hash = ?1 WHERE seq = ?2", -1, &set, NULL);
    while (sqlite3_step(row) == SQLITE_ROW) {
        const char *text[10];
        for (int i = 1; i < 10; i++)
            text[i] = (const char *)sqlite3_column_text(row, i);
        struct store_seen event = {
            .run = text[1],
            .turn = text[2],
            .step = sqlite3_column_int64(row, 3),
            .n = sqlite3_column_int64(row, 4),
            .kind = text[5],
            .card = text[6],
            .actor = text[7],
            .role = text[8],
            .body = text[9],
            .body_len = strlen(text[9]),
        };
        hash = event_hash(&hash, &event);
        sqlite3_bind_blob(set, 1, hash.bytes, HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_int64(set, 2, sqlite3_column_int64(row, 0));
        assert_int_equal(sqlite3_step(set), SQLITE_DONE);
        sqlite3_reset(set);
    }
    sqlite3_finalize(row);
    sqlite3_finalize(set);
    sqlite3_close(db);
    char mark[128];
    snprintf(mark, sizeof mark, "%s/highwater", w->dir);
    unlink(mark); // there was none either
}

/* It is sound and goes on; what is written from then on has its time hashed. */
static void timeless_journals_are_sound(void **state)
{
    struct world w;
    struct buf report = {0};
    (void)state;
    write_history(&w);
    make_timeless(&w);
    assert_true(check_world(&w, NULL));
    world_open(&w, NULL);
    assert_int_equal(write_one(&w, w.board, "comment.added", "A", "{\"text\":\"more\"}"), 0);
    world_close(&w);
    assert_true(check_world(&w, NULL));
    sql(&w, "UPDATE entry SET at = at + 1 WHERE seq = (SELECT max(seq) FROM entry)");
    assert_false(check_world(&w, &report));
    assert_non_null(strstr(report.data, "\"chain\""));
    buf_clear(&report);
    world_remove(&w);
}

/* A page of the file overwritten: an error or a report, never a crash, never "sound". */
static void damaged_pages(void **state)
{
    (void)state;
    for (int page = 1; page < 40; page += 3) {
        struct world w;
        struct err err = {0};
        struct buf report = {0};
        bool sound = false;
        write_history(&w);
        int64_t pages = count(&w, "PRAGMA page_count");
        FILE *file = fopen(w.path, "r+");
        assert_int_equal(fseek(file, 4096L * (page % pages), SEEK_SET), 0);
        for (int i = 0; i < 4096; i++)
            fputc((i * 7 + page) & 0xff, file);
        fclose(file);
        struct store_options options = world_options(&w);
        options.readonly = true;
        int rc = store_check(&options, &report, &sound, &err);
        assert_false(sound);
        if (rc)
            assert_true(err.text[0]);
        buf_clear(&report);
        world_remove(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_are_rebuilt),
        cmocka_unit_test(tampering_is_found),
        cmocka_unit_test(timeless_journals_are_sound),
        cmocka_unit_test(damaged_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
