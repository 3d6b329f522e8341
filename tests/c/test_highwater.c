/* test_highwater.c: the high-water mark. What was durable and is no longer there is reported by
 * every way to open the store and by the check, whatever was deleted, cut or replaced; what only
 * lags is not. */
#include "store_world.h"

#include <sys/stat.h>
#include <unistd.h>

#define COMMITS 8

static char *file_of(const struct world *w, const char *name)
{
    static char path[4][160];
    static unsigned next;
    char *out = path[next++ % 4];
    snprintf(out, 160, *name == '-' || !*name ? "%s/orket.db%s" : "%s/%s", w->dir, name);
    return out;
}

static void copy(const struct world *from, const struct world *to, const char *name)
{
    char command[400];
    snprintf(command, sizeof command, "cp %s %s 2>/dev/null || rm -f %s", file_of(from, name),
             file_of(to, name), file_of(to, name));
    assert_int_equal(system(command), 0);
}

static void write_some(struct world *w, char first, int from, int to)
{
    char body[3000], id[16];
    for (int i = from; i < to; i++) {
        snprintf(id, sizeof id, "%c%d", first, i);
        snprintf(body, sizeof body, "{\"name\":\"card %d\",\"note\":\"%0*d\",\"type\":\"issue\"}",
                 i, 2000, 0);
        assert_int_equal(write_one(w, w->board, "card.created", id, body), 0);
    }
}

/* What a killed process leaves: copies of the open files. The later half of the commits is in the
 * log, or all of them are. */
static void leave(struct world *left, char first, bool copied)
{
    struct world w;
    static const char *const names[] = {"", "-wal", "highwater"};
    world_dir(&w);
    world_dir(left);
    world_open(&w, NULL);
    write_some(&w, first, 0, COMMITS / 2);
    if (copied) {
        world_close(&w);
        world_open(&w, NULL);
    }
    write_some(&w, first, COMMITS / 2, COMMITS);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        copy(&w, left, names[i]);
    world_close(&w);
    world_remove(&w);
}

static int open_as(struct world *w, bool readonly, struct err *err)
{
    struct store_options options = world_options(w);
    *err = (struct err){0};
    options.readonly = readonly;
    assert_int_equal(uv_loop_init(&w->loop), 0);
    int rc = store_open(&options, &w->store, err);
    if (!rc)
        store_close(w->store);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    return rc;
}

/* 0: sound; 1: a problem is reported; else the error. */
static int check(struct world *w, struct err *err)
{
    struct store_options options = world_options(w);
    struct buf report = {0};
    bool sound = false;
    options.readonly = true;
    *err = (struct err){0};
    int rc = store_check(&options, &report, &sound, err);
    if (!rc && !sound)
        assert_non_null(strstr(report.data, "\"why\""));
    buf_clear(&report);
    return rc ? rc : !sound;
}

static void cut(struct world *w, const char *name, int of_100)
{
    struct stat info;
    assert_int_equal(stat(file_of(w, name), &info), 0);
    assert_int_equal(truncate(file_of(w, name), info.st_size * of_100 / 100), 0);
}

static void lose_log(struct world *w)
{
    assert_int_equal(unlink(file_of(w, "-wal")), 0);
}
static void empty_log(struct world *w)
{
    cut(w, "-wal", 0);
}
static void halve_log(struct world *w)
{
    cut(w, "-wal", 50);
}
static void cut_last_commit(struct world *w)
{
    cut(w, "-wal", 98);
}
static void lose_database(struct world *w)
{
    assert_int_equal(unlink(w->path), 0);
}
static void lose_both(struct world *w)
{
    lose_database(w);
    lose_log(w);
}
static void empty_database(struct world *w)
{
    cut(w, "", 0);
}
static void halve_database(struct world *w)
{
    cut(w, "", 50);
}
static void cut_database(struct world *w)
{
    cut(w, "", 97);
}

/* As long a history, but another one. */
static void replace(struct world *w)
{
    struct world other;
    leave(&other, 'D', false);
    copy(&other, w, "");
    copy(&other, w, "-wal");
    world_remove(&other);
}

static void what_is_lost(void **state)
{
    static void (*const losses[])(struct world *) = {
        lose_log,  empty_log,      halve_log,      cut_last_commit, lose_database,
        lose_both, empty_database, halve_database, cut_database,    replace};
    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(losses); i++) {
        struct world w;
        struct err err;
        struct stat before, after;
        leave(&w, 'C', i % 2);
        assert_int_equal(stat(file_of(&w, "highwater"), &before), 0);
        losses[i / 2](&w);
        int found = check(&w, &err);
        if (found != 1 && found != ERR_STORE_CORRUPT)
            fail_msg("loss %zu: the check answers %d %s", i, found, err.text);
        for (int readonly = 1; readonly >= 0; readonly--) {
            int rc = open_as(&w, readonly, &err);
            if (rc != ERR_STORE_CORRUPT || !err.text[0] || !strstr(err.fix, "backup"))
                fail_msg("loss %zu: readonly %d opens with %d %s; %s", i, readonly, rc, err.text,
                         err.fix);
        }
        assert_int_equal(stat(file_of(&w, "highwater"), &after), 0);
        assert_true(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec); // refused, and not forgotten
        world_remove(&w);
    }
}

static void tear_mark(struct world *w)
{
    cut(w, "highwater", 60);
}
static void empty_mark(struct world *w)
{
    cut(w, "highwater", 0);
}
static void lose_mark(struct world *w)
{
    unlink(file_of(w, "highwater"));
}
static void lose_nothing(struct world *w)
{
    (void)w;
}

/* What a power failure may leave of the mark, and projects from before there was one. */
static void what_lags(void **state)
{
    static void (*const losses[])(struct world *) = {lose_nothing, tear_mark, empty_mark,
                                                     lose_mark};
    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(losses); i++) {
        struct world w;
        struct err err;
        leave(&w, 'C', i % 2);
        losses[i / 2](&w);
        assert_int_equal(check(&w, &err), 0);
        assert_int_equal(open_as(&w, true, &err), 0);
        world_open(&w, NULL);
        assert_int_equal(count(&w, "SELECT count(*) FROM event"), COMMITS);
        write_some(&w, 'C', COMMITS, COMMITS + 1); // which makes the mark anew
        world_close(&w);
        assert_int_equal(check(&w, &err), 0);
        assert_int_equal(unlink(w.path), 0);
        assert_int_equal(open_as(&w, false, &err), ERR_STORE_CORRUPT);
        world_remove(&w);
    }
}

/* A mark of an earlier commit: the last ones are not missed, but nothing is refused. */
static void an_old_mark(void **state)
{
    struct world w, copy_of;
    struct err err;
    (void)state;
    world_dir(&w);
    world_dir(&copy_of);
    world_open(&w, NULL);
    write_some(&w, 'C', 0, 2);
    copy(&w, &copy_of, "highwater");
    write_some(&w, 'C', 2, 5);
    copy(&copy_of, &w, "highwater");
    copy(&w, &copy_of, "");
    copy(&w, &copy_of, "-wal");
    world_close(&w);
    assert_int_equal(check(&copy_of, &err), 0);
    assert_int_equal(open_as(&copy_of, false, &err), 0);
    world_remove(&w);
    world_remove(&copy_of);
}

/* A project without events has lost nothing. */
static void nothing_yet(void **state)
{
    struct world w;
    struct err err;
    (void)state;
    world_dir(&w);
    assert_int_equal(open_as(&w, false, &err), 0);
    assert_int_equal(access(file_of(&w, "highwater"), F_OK), -1);
    assert_int_equal(unlink(w.path), 0);
    assert_int_equal(open_as(&w, false, &err), 0);
    world_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_lost),
        cmocka_unit_test(what_lags),
        cmocka_unit_test(an_old_mark),
        cmocka_unit_test(nothing_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
