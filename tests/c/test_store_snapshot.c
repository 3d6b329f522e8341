/* test_store_snapshot.c: a moment of the past answers every query as the live store did then, and
 * nothing can be written there, nor is anything left behind. */
#include "store_world.h"

#include "io/store/db/db.h"

static const char *const cards[] = {"E", "A", "B", "E2", "B2"};
static const char *const of_all[] = {"board",       "parked", "memories",   "memory",
                                     "runs",        "turns",  "open_turns", "events",
                                     "last_events", "counts", "statuses",   "memory_any"};
static const char *const of_card[] = {
    "card",       "card_state", "card_file", "view",  "context",    "backlog",     "children",
    "comments",   "verdict",    "runs",      "turns", "card_turns", "card_events", "events",
    "tree_files", "tree_delta", "tree_card", "tree",  "labels",     "lineage"};
static const char *const names[] = {"id", "card", "epic", "parent", "tree"};

static void dump_rows(struct store_query *query, struct buf *out)
{
    int rc;
    while ((rc = store_step(query, NULL)) > 0) {
        for (int i = 0; i < store_columns(query); i++) {
            struct store_value value = store_column(query, i);
            buf_printf(out, "|%d %lld %g ", value.type, (long long)value.integer, value.real);
            buf_put(out, value.text, value.len);
        }
        buf_puts(out, "\n");
    }
    assert_int_equal(rc, 0);
}

static void dump_query(struct store *store, const char *name, const char *card, const char *run,
                       struct buf *out)
{
    struct store_query *query;
    struct err err = {0};
    if (store_query(store, name, &query, &err))
        fail_msg("%s: %s", name, err.text);
    for (size_t i = 0; card && i < COUNT_OF(names); i++)
        (void)store_set_text(query, names[i], card, strlen(card));
    if (run) {
        assert_true(store_set_text(query, "run", run, strlen(run)));
        assert_true(store_set_int(query, "turn", 1));
    }
    buf_printf(out, "%s %s\n", name, card ? card : "");
    dump_rows(query, out);
    store_query_end(query);
}

/* All that a store answers, as text. */
static void dump(struct store *store, struct buf *out)
{
    struct hash hash;
    char hex[HASH_HEX + 1] = "none";
    for (size_t i = 0; i < COUNT_OF(of_all); i++)
        dump_query(store, of_all[i], NULL, NULL, out);
    for (size_t c = 0; c < COUNT_OF(cards); c++)
        for (size_t i = 0; i < COUNT_OF(of_card); i++)
            dump_query(store, of_card[i], cards[c], NULL, out);
    dump_query(store, "stream", NULL, "r", out);
    if (!store_head(store, "r", &hash, NULL))
        hash_hex(&hash, hex);
    buf_printf(out, "head %s\n", hex);
    assert_true(buf_ok(out));
}

static const struct {
    const char *turn, *kind, *card, *body;
    int64_t step;
} history[] = {
    {"0", "card.created", "E", "{\"name\":\"epic\",\"type\":\"epic\"}", 0},
    {"0", "card.created", "A", "{\"name\":\"a\",\"parent_id\":\"E\",\"type\":\"issue\"}", 0},
    {"0", "card.created", "B",
     "{\"depends_on\":[\"A\"],\"name\":\"b\",\"parent_id\":\"E\",\"type\":\"issue\"}", 0},
    {"0", "run.started", "E", "{\"generation\":\"g\"}", 0},
    {"1", "turn.started", "A",
     "{\"generation\":\"g\",\"model\":\"m\",\"role\":\"coder\",\"seat\":\"s\"}", 0},
    {"1", "card.moved", "A",
     "{\"assignee\":\"s\",\"from\":\"ready\",\"rev\":1,\"role\":\"coder\",\"to\":\"in_progress\","
     "\"type\":\"issue\"}",
     0},
    {"1", "step.reply", "A", "{\"usage\":{\"completion\":3,\"prompt\":5}}", 1},
    {"1", "turn.labelled", "A", "{\"labels\":[\"untrusted\"]}", 1},
    {"1", "file.written", "A", "{\"blob\":\"b1\",\"path\":\"f\"}", 1},
    {"1", "call.result", "A", "{\"ok\":true,\"tool\":\"write_file\"}", 1},
    {"1", "step.failed", "A", "{\"usage\":{\"completion\":1,\"prompt\":2}}", 2},
    {"1", "step.reply", "A", "{\"usage\":{\"completion\":1,\"prompt\":7}}", 2},
    {"1", "window.summarised", "A", "{\"usage\":{\"completion\":1,\"prompt\":2}}", 2},
    {"1", "file.written", "A", "{\"base\":\"b1\",\"blob\":\"b2\",\"path\":\"f\"}", 2},
    {"1", "file.deleted", "A", "{\"path\":\"f\"}", 2},
    {"0", "comment.added", "A", "{\"text\":\"hm\"}", 0},
    {"1", "card.changed", "A",
     "{\"labels\":[\"forge\"],\"rev\":2,\"set\":{\"depends_on\":[\"B\"],\"note\":\"n\"}}", 2},
    {"1", "approval.asked", "A", "{\"call\":\"c\",\"operation\":{\"op\":\"x\"}}", 2},
    {"1", "turn.ended", "A", "{\"outcome\":\"done\",\"steps\":2,\"tokens_in\":5,\"tokens_out\":3}",
     2},
    {"1", "card.moved", "A",
     "{\"from\":\"in_progress\",\"reason\":\"input\",\"rev\":3,\"role\":\"system\",\"to\":"
     "\"blocked\",\"type\":\"issue\"}",
     0},
    {"0", "card.moved", "A",
     "{\"from\":\"blocked\",\"rev\":4,\"role\":\"system\",\"to\":\"in_progress\",\"type\":"
     "\"issue\"}",
     0},
    {"0", "tree.opened", "A", "{\"from\":\"E\"}", 0},
    {"0", "tree.conflict", "A", "{\"path\":\"f\",\"with\":\"B\"}", 0},
    {"0", "verify.done", "A", "{\"log\":\"l\",\"ok\":true,\"tree\":\"t\"}", 0},
    {"0", "tree.merged", "A",
     "{\"changes\":[{\"blob\":\"b2\",\"path\":\"f\"}],\"hash\":\"h\",\"into\":\"E\"}", 0},
    {"0", "memory.noted", "A", "{\"keywords\":[\"k\"],\"text\":\"m\"}", 0},
    {"2", "turn.started", "B",
     "{\"generation\":\"g\",\"model\":\"m\",\"role\":\"coder\",\"seat\":\"s\"}", 0},
    {"2", "card.moved", "B",
     "{\"assignee\":\"s\",\"from\":\"ready\",\"rev\":1,\"role\":\"coder\",\"to\":\"in_progress\","
     "\"type\":\"issue\"}",
     0},
    {"2", "memory.ranked", "B", "{\"calls\":1,\"usage\":{\"prompt\":5}}", 0},
    {"2", "step.reply", "B", "{\"usage\":{\"completion\":3,\"prompt\":5}}", 1},
    {"2", "call.result", "B", "{\"ok\":true,\"tool\":\"read_file\"}", 1},
    {"2", "turn.labelled", "B", "{\"labels\":[\"forge\"]}", 1},
    {"0", "card.trusted", "B", "{}", 0}, // not of what is still being done
    {"2", "turn.labelled", "B", "{\"labels\":[\"forge\",\"web\"]}", 1},
    {"0", "card.trusted", "A", "{\"path\":\"f\"}", 0},
    {"0", "card.trusted", "A", "{}", 0},
    {"2", "step.reply", "B", "{\"usage\":{\"completion\":1,\"prompt\":7}}", 2},
    {"0", "card.changed", "B", "{\"rev\":2,\"set\":{\"note\":\"late\"}}", 0},
    {"0", "card.forked", "E2",
     "{\"at\":30,\"of\":\"E\",\"retry_count\":0,\"rev\":1,\"revision\":1,\"status\":\"ready\"}", 0},
    {"0", "cards.forked", "E2", "{\"at\":30,\"cards\":[{\"of\":\"B\",\"rev\":3}],\"suffix\":\"2\"}",
     0},
    {"0", "card.changed", "E", "{\"rev\":1,\"set\":{\"description\":\"d\",\"name\":\"another\"}}",
     0},
    {"0", "card.moved", "B2",
     "{\"from\":\"ready\",\"rev\":3,\"role\":\"system\",\"to\":\"in_progress\",\"type\":\"issue\"}",
     0},
    {"0", "card.changed", "B2", "{\"rev\":4,\"set\":{\"note\":\"of the fork\"}}", 0},
    {"2", "call.result", "B", "{\"ok\":true,\"tool\":\"write_file\"}", 2},
    {"2", "turn.abandoned", "B", "{}", 2},
    {"0", "card.trusted", "B", "{}", 0},
    {"0", "scripts.loaded", NULL, "{\"files\":{},\"generation\":\"g\"}", 0},
    {"0", "run.ended", "E", "{\"status\":\"parked\"}", 0},
};
#define MOMENTS COUNT_OF(history)

static void write_event(struct world *w, struct store_stream *stream, size_t i)
{
    struct outcome outcome;
    struct err err = {0};
    struct store_tx *tx = store_begin(stream);
    struct store_event event = {
        .kind = history[i].kind, .card = history[i].card, .step = history[i].step};
    buf_puts(store_body(tx), history[i].body);
    if (store_event(tx, &event, NULL, &err))
        fail_msg("%s", err.text);
    commit(tx, &outcome);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    if (outcome.code)
        fail_msg("%s of %s: %s", history[i].kind, history[i].card, outcome.err.text);
}

/* Writes the history; moments[n]: what the live store answered after n events,
 * when there is room. */
static void write_history(struct world *w, struct buf *moments)
{
    static const char *const turns[] = {"0", "1", "2"};
    struct store_stream *streams[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            store_stream_open(w->store, "r", turns[i], "agent:s", "coder", &streams[i], NULL), 0);
    for (size_t i = 0; i < MOMENTS; i++) {
        if (moments && i == 0)
            dump(w->store, &moments[0]);
        write_event(w, streams[history[i].turn[0] - '0'], i);
        if (moments)
            dump(w->store, &moments[i + 1]);
    }
    for (int i = 0; i < 3; i++)
        store_stream_close(streams[i]);
}

static int open_past(struct world *w, int64_t upto, struct store **store, struct err *err)
{
    struct store_options options = world_options(w);
    options.past = true;
    options.upto = upto;
    options.loop = NULL;
    return store_open(&options, store, err);
}

static void every_moment_is_as_it_was(void **state)
{
    struct world w;
    struct buf moments[MOMENTS + 1] = {{0}};
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    write_history(&w, moments);
    for (size_t n = 0; n <= MOMENTS; n++) {
        struct store *past;
        struct buf now = {0};
        struct err err = {0};
        if (open_past(&w, (int64_t)n, &past, &err)) // beside the owner
            fail_msg("%zu: %s", n, err.text);
        dump(past, &now);
        assert_string_equal(now.data, moments[n].data);
        if (n > 0)
            assert_string_not_equal(now.data, moments[n - 1].data);
        store_close(past);
        buf_clear(&now);
    }
    for (size_t n = 0; n <= MOMENTS; n++)
        buf_clear(&moments[n]);
    world_close(&w);
    world_remove(&w);
}

/* One that goes on, by one event and by several, is what it would be when opened there. */
static void a_moment_goes_on(void **state)
{
    struct world w;
    struct buf moments[MOMENTS + 1] = {{0}};
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    write_history(&w, moments);
    for (size_t stride = 1; stride <= 3; stride++) {
        struct store *past;
        struct err err = {0};
        assert_int_equal(open_past(&w, 0, &past, &err), 0);
        for (size_t n = 0; n <= MOMENTS; n += stride) {
            struct buf now = {0};
            if (store_forward(past, (int64_t)n, &err))
                fail_msg("%zu: %s", n, err.text);
            dump(past, &now);
            assert_string_equal(now.data, moments[n].data);
            buf_clear(&now);
        }
        assert_int_equal(store_forward(past, MOMENTS + 1, &err), ERR_NOT_FOUND);
        store_close(past);
    }
    for (size_t n = 0; n <= MOMENTS; n++)
        buf_clear(&moments[n]);
    world_close(&w);
    world_remove(&w);
}

/* That there are labels at all may be said by a file alone. */
static void a_labelled_file_is_not_passed_over(void **state)
{
    static const char *const bodies[] = {
        "{\"blob\":\"b1\",\"path\":\"f\"}",
        "{\"blob\":\"b1\",\"labels\":[\"untrusted\"],\"path\":\"g\"}"};
    struct world w;
    struct store *past;
    struct store_query *query;
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    make_card(&w, "A");
    for (size_t i = 0; i < COUNT_OF(bodies); i++)
        assert_int_equal(write_one(&w, w.board, "file.written", "A", bodies[i]), 0);
    assert_int_equal(open_past(&w, 0, &past, NULL), 0);
    for (int n = 2; n <= 3; n++) {
        assert_int_equal(store_forward(past, n, NULL), 0);
        assert_int_equal(store_query(past, "labels", &query, NULL), 0);
        assert_true(store_set_text(query, "card", "A", 1));
        assert_int_equal(store_step(query, NULL), n == 3);
        store_query_end(query);
    }
    store_close(past);
    world_close(&w);
    world_remove(&w);
}

/* Who reviewed a card may build on it later, and what a fork was done by may be verified once more:
 * what was done stays done, however far a moment goes on at once. */
static void what_was_done_stays_done(void **state)
{
    static const struct {
        const char *turn, *kind, *card, *body;
    } events[] = {
        {"0", "card.created", "A",
         "{\"name\":\"a\",\"type\":\"issue\",\"verification\":{\"fixture_path\":\"v\"}}"},
        {"0", "card.created", "E", "{\"name\":\"e\",\"type\":\"epic\"}"},
        {"1", "turn.started", "A", "{\"role\":\"coder\",\"seat\":\"s\"}"},
        {"2", "turn.started", "A", "{\"role\":\"integrity_guard\",\"seat\":\"g\"}"},
        {"0", "verify.done", "A", "{\"ok\":true,\"tree\":\"t\"}"},
        {"0", "card.forked", "F",
         "{\"at\":5,\"of\":\"E\",\"retry_count\":0,\"rev\":1,\"revision\":1,\"status\":\"ready\"}"},
        {"0", "cards.forked", "F",
         "{\"at\":5,\"cards\":[{\"of\":\"A\",\"rev\":1}],\"suffix\":\"2\"}"},
        {"4", "turn.started", "A2", "{\"role\":\"integrity_guard\",\"seat\":\"g\"}"},
        {"4", "card.moved", "A2",
         "{\"from\":\"ready\",\"rev\":1,\"to\":\"done\",\"tree\":\"t\",\"type\":\"issue\"}"},
        {"0", "verify.done", "A", "{\"ok\":false,\"tree\":\"u\"}"},
        {"0", "verify.done", "A", "{\"ok\":true,\"tree\":\"t\"}"},
        {"2", "card.moved", "A",
         "{\"from\":\"ready\",\"rev\":1,\"to\":\"done\",\"tree\":\"t\",\"type\":\"issue\"}"},
        {"2", "card.moved", "A",
         "{\"from\":\"done\",\"rev\":2,\"to\":\"ready\",\"type\":\"issue\"}"},
        {"3", "turn.started", "A", "{\"role\":\"coder\",\"seat\":\"g\"}"},
    };
    struct world w;
    struct store *past;
    struct err err = {0};
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        struct store_stream *stream;
        assert_int_equal(
            store_stream_open(w.store, "r", events[i].turn, "agent:s", NULL, &stream, NULL), 0);
        if (write_one(&w, stream, events[i].kind, events[i].card, events[i].body))
            fail_msg("event %zu", i + 1);
        store_stream_close(stream);
    }
    for (int i = 0; i < 2; i++) {
        if (open_past(&w, i ? (int64_t)COUNT_OF(events) : 0, &past, &err) ||
            store_forward(past, (int64_t)COUNT_OF(events), &err))
            fail_msg("%s", err.text);
        store_close(past);
    }
    world_close(&w);
    world_remove(&w);
}

/* What is written later is not seen in a moment that is open. */
static void a_moment_stands_still(void **state)
{
    struct world w;
    struct store *past;
    struct buf before = {0}, after = {0};
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    make_card(&w, "A");
    assert_int_equal(open_past(&w, 1, &past, NULL), 0);
    dump(past, &before);
    make_card(&w, "B");
    assert_int_equal(write_one(&w, w.board, "comment.added", "A", "{\"text\":\"late\"}"), 0);
    dump(past, &after);
    assert_string_equal(before.data, after.data);
    store_close(past);
    world_close(&w);
    world_remove(&w);
    buf_clear(&before);
    buf_clear(&after);
}

static void no_such_moment(void **state)
{
    struct world w;
    struct store *past;
    struct err err = {0};
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    make_card(&w, "A");
    assert_int_equal(open_past(&w, 2, &past, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "the last one is 1"));
    assert_int_equal(open_past(&w, -1, &past, &err), ERR_NOT_FOUND);
    world_close(&w);
    world_remove(&w);
}

/* Nobody can write there, and the database keeps its bytes, its log and its directory. */
static void nothing_is_written(void **state)
{
    struct world w;
    struct store *past;
    struct store_stream *stream = NULL;
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    write_history(&w, NULL);
    world_close(&w);
    int64_t version = count(&w, "PRAGMA data_version"),
            events = count(&w, "SELECT count(*) FROM event");
    assert_int_equal(open_past(&w, 9, &past, NULL), 0);
    if (!store_stream_open(past, "r", "2", "agent:s", NULL, &stream, NULL)) {
        assert_null(store_begin(stream));
        store_stream_close(stream);
    }
    store_close(past);
    assert_int_equal(count(&w, "PRAGMA data_version"), version);
    assert_int_equal(count(&w, "SELECT count(*) FROM event"), events);
    assert_true(check_world(&w, NULL));
    world_remove(&w); // fails on a file left behind
}

static void what_cannot_have_happened_is_no_moment(void **state)
{
    struct world w;
    struct store *past;
    struct err err = {0};
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    write_history(&w, NULL);
    world_close(&w);
    sql(&w, "UPDATE entry SET body = replace(body, '\"rev\":1', '\"rev\":7') WHERE seq = 6");
    assert_int_equal(open_past(&w, 5, &past, &err), 0);
    store_close(past);
    assert_int_equal(open_past(&w, 6, &past, &err), ERR_STORE_CORRUPT);
    assert_non_null(strstr(err.text, "event 6"));
    world_remove(&w);
}

/* An event that names itself, or a later one, as the one before it: `orket check` tells, and
 * nothing goes round. */
static void a_broken_list_ends(void **state)
{
    static const char *const breaks[] = {"UPDATE entry SET prev = seq",
                                         "UPDATE entry SET prev = seq + 1"};
    for (size_t i = 0; i < COUNT_OF(breaks); i++) {
        struct world w;
        struct store *past;
        struct buf out = {0};
        (void)state;
        world_dir(&w);
        world_open(&w, NULL);
        write_history(&w, NULL);
        world_close(&w);
        sql(&w, breaks[i]);
        assert_int_equal(open_past(&w, (int64_t)MOMENTS - 3, &past, NULL), 0);
        dump_query(past, "view", "B", NULL, &out);
        assert_true(out.len > 0);
        buf_clear(&out);
        store_close(past);
        world_remove(&w);
    }
}

/* A moment makes the texts of an event by functions of ours, everybody else by the view:
 * they are the same. */
static void events_are_read_as_the_view_shows_them(void **state)
{
    static const char rows[] =
        "WITH RECURSIVE i (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM i WHERE n < 3000), "
        "edge (n, at) AS (VALUES (0, 0), (1, -1), (2, -1000), (3, -62167219200000), (4, 1), "
        "(5, 253402300799999), (6, 253402300800000), (7, 951827696999), (8, 9223372036854775807), "
        "(9, 4102444799001)) "
        "INSERT INTO entry SELECT 1000 + i.n, 1, 0, 1000 + i.n, 0, 1, coalesce(edge.at, "
        "iif(i.n % 2, abs(random() % 253402300800000), 1790000000000 + i.n)), NULL, 'a', NULL, "
        "zeroblob(32), "
        "iif(i.n % 7, randomblob(32 * (i.n % 7 - 1)), NULL), CASE i.n % 7 "
        "WHEN 2 THEN '{\"a\":\"' || char(1) || '\"}' "
        "WHEN 3 THEN '{\"a\":\"' || char(1) || '\",\"b\":\"' || char(2) || '\"}' "
        "WHEN 4 THEN char(1) || char(2) || 'ä' || char(3) "
        "WHEN 5 THEN '[\"' || char(1) || '\",\"' || char(2) || '\",\"' || char(3) || '\",\"' || "
        "char(4) || '\"]' "
        "WHEN 6 THEN '[\"' || char(4) || '\",\"' || char(5) || '\"]' " // one more than there are
        "ELSE '{\"ä\":\"\\u0001\"}' END FROM i LEFT JOIN edge ON edge.n = i.n";
    static const char other[] =
        "SELECT seq FROM event v JOIN entry e USING (seq) WHERE v.at IS NOT event_time(e.at) OR "
        "v.body IS NOT event_body(e.body, e.names) LIMIT 1";
    struct world w;
    sqlite3 *db;
    sqlite3_stmt *stmt;
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    write_history(&w, NULL);
    world_close(&w);
    assert_int_equal(sqlite3_open(w.path, &db), SQLITE_OK);
    assert_int_equal(db_functions(db, NULL), 0);
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 3001);
    assert_int_equal(sqlite3_prepare_v2(db, other, -1, &stmt, NULL), SQLITE_OK);
    if (sqlite3_step(stmt) != SQLITE_DONE)
        fail_msg("the event %lld", (long long)sqlite3_column_int64(stmt, 0));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    world_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_moment_is_as_it_was),
        cmocka_unit_test(a_moment_goes_on),
        cmocka_unit_test(a_labelled_file_is_not_passed_over),
        cmocka_unit_test(what_was_done_stays_done),
        cmocka_unit_test(a_moment_stands_still),
        cmocka_unit_test(no_such_moment),
        cmocka_unit_test(nothing_is_written),
        cmocka_unit_test(what_cannot_have_happened_is_no_moment),
        cmocka_unit_test(a_broken_list_ends),
        cmocka_unit_test(events_are_read_as_the_view_shows_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
