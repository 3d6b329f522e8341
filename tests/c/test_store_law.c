/* test_store_law.c: the store itself refuses a card as done that nobody else reviewed, or that was
 * not verified as it is; nothing of a refused move stays. */
#include "store_world.h"

#define FIXTURE ",\"verification\":{\"fixture_path\":\"v\"}"
#define PASSED  {"verify.done", "0", "{\"ok\":true,\"tree\":\"t\"}"}

struct step {
    const char *kind, *turn, *body;
};

/* Turn 1 works with the seat s, turn 2 moves the card to done. */
static const struct {
    const char *type, *text, *reviewer;
    struct step before[3];
    int code;
} cases[] = {
    {"issue", "", "{\"role\":\"integrity_guard\",\"seat\":\"g\"}", {{0}}, 0},
    {"issue", "", "{\"role\":\"integrity_guard\",\"seat\":\"s\"}", {{0}}, ERR_STALE},
    {"issue", "", "{\"role\":\"coder\",\"seat\":\"g\"}", {{0}}, ERR_STALE},
    {"issue", FIXTURE, "{\"role\":\"integrity_guard\",\"seat\":\"g\"}", {{0}}, ERR_STALE},
    {"issue", FIXTURE, "{\"role\":\"integrity_guard\",\"seat\":\"g\"}", {PASSED}, 0},
    {"issue", FIXTURE, "{\"role\":\"integrity_guard\",\"seat\":\"s\"}", {PASSED}, ERR_STALE},
    {"issue",
     FIXTURE,
     "{\"role\":\"integrity_guard\",\"seat\":\"g\"}",
     {{"verify.done", "0", "{\"ok\":true,\"tree\":\"u\"}"}},
     ERR_STALE},
    {"issue",
     FIXTURE,
     "{\"role\":\"integrity_guard\",\"seat\":\"g\"}",
     {PASSED, {"verify.done", "0", "{\"ok\":false,\"tree\":\"t\"}"}},
     ERR_STALE},
    {"issue",
     "",
     "{\"role\":\"integrity_guard\",\"seat\":\"g\"}",
     {{"card.changed", "0", "{\"rev\":1,\"set\":{\"verification\":{\"fixture_path\":\"v\"}}}"}},
     ERR_STALE},
    {"epic", FIXTURE, "{\"role\":\"coder\",\"seat\":\"s\"}", {{0}}, 0},
};

static int write_in(struct world *w, const char *turn, const char *kind, const char *body)
{
    struct store_stream *stream;
    assert_int_equal(store_stream_open(w->store, "r", turn, "agent:x", NULL, &stream, NULL), 0);
    int code = write_one(w, stream, kind, "A", body);
    store_stream_close(stream);
    return code;
}

static int move_to_done(struct world *w, size_t i)
{
    char created[200], moved[200];
    snprintf(created, sizeof created, "{\"name\":\"a\",\"type\":\"%s\"%s}", cases[i].type,
             cases[i].text);
    assert_int_equal(write_in(w, "0", "card.created", created), 0);
    assert_int_equal(write_in(w, "1", "turn.started", "{\"role\":\"coder\",\"seat\":\"s\"}"), 0);
    assert_int_equal(write_in(w, "2", "turn.started", cases[i].reviewer), 0);
    for (const struct step *step = cases[i].before; step->kind; step++)
        assert_int_equal(write_in(w, step->turn, step->kind, step->body), 0);
    snprintf(moved, sizeof moved,
             "{\"from\":\"ready\",\"rev\":%d,\"to\":\"done\",\"tree\":\"t\",\"type\":\"%s\"}",
             (int)count(w, "SELECT revision FROM card"), cases[i].type);
    return write_in(w, "2", "card.moved", moved);
}

static void done_is_what_another_one_found_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world w;
        world_dir(&w);
        world_open(&w, NULL);
        if (move_to_done(&w, i) != cases[i].code)
            fail_msg("case %zu", i);
        bool refused = cases[i].code != 0;
        assert_int_equal(count(&w, "SELECT count(*) FROM card WHERE status = 'done'"), !refused);
        assert_int_equal(count(&w, "SELECT count(*) FROM event WHERE kind = 'card.moved'"),
                         !refused);
        assert_int_equal(
            count(&w, "SELECT count(*) FROM card WHERE moved = 1 AND status = 'ready'"), refused);
        world_close(&w);
        assert_true(check_world(&w, NULL));
        world_remove(&w);
    }
}

/* Another program may write what it likes into the file: `orket check` judges again. */
static void a_done_that_was_forged_is_told(void **state)
{
    struct world w;
    struct store *past;
    (void)state;
    world_dir(&w);
    world_open(&w, NULL);
    assert_int_equal(move_to_done(&w, 4), 0);
    world_close(&w);
    sql(&w, "UPDATE entry SET body = replace(body, '\"ok\":true', '\"ok\":false')");
    assert_false(check_world(&w, NULL));
    struct store_options options = world_options(&w);
    options.past = true;
    options.upto = 5;
    options.loop = NULL;
    assert_int_equal(store_open(&options, &past, NULL), ERR_STORE_CORRUPT);
    world_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(done_is_what_another_one_found_good),
        cmocka_unit_test(a_done_that_was_forged_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
