/* test_proc.c: the process wall: what a program gets, what it cannot do, how every limit is named.
 * Where the kernel refuses namespaces the runs are refused too: then only that is tested. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "io/process/proc.h"

struct outcome {
    int code; /* 0 or ERR_* */
    int exit, signal;
    char limit[16], out[4096], err[4096];
    size_t out_len;
    uint32_t layers;
    bool done;
};

struct house {
    uv_loop_t loop;
    int jail, cwd;
    char dir[64];
    bool refused;
};

static void keep(char *out, size_t size, const struct buf *bytes)
{
    size_t len = bytes->len < size - 1 ? bytes->len : size - 1;
    memcpy(out, len ? bytes->data : "", len);
    out[len] = '\0';
}

static void on_done(void *ctx, const struct proc_result *result, const struct err *err)
{
    struct outcome *o = ctx;
    assert_false(o->done);
    o->done = true;
    o->code = err ? err->code : 0;
    if (!result)
        return;
    o->exit = result->exit;
    o->layers = result->layers;
    o->signal = result->signal;
    snprintf(o->limit, sizeof o->limit, "%s", result->limit ? result->limit : "");
    o->out_len = result->out->len;
    keep(o->out, sizeof o->out, result->out);
    keep(o->err, sizeof o->err, result->err);
}

static struct outcome run(struct house *h, struct proc_spec spec)
{
    struct outcome o = {0};
    struct proc *proc;
    spec.cwd = h->cwd;
    o.code = proc_start(&h->loop, h->jail, &spec, on_done, &o, &proc, NULL);
    bool started = o.code == 0;
    uv_run(&h->loop, UV_RUN_DEFAULT);
    assert_int_equal(o.done, started);
    return o;
}

static struct outcome shell(struct house *h, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    return run(h, (struct proc_spec){.argv = argv, .wall_ms = 5000});
}

static int setup(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    assert_non_null(h);
    assert_int_equal(uv_loop_init(&h->loop), 0);
    strcpy(h->dir, "/tmp/orket-proc-XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    h->cwd = open(h->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    h->jail = proc_jail_open(NULL);
    assert_true(h->jail >= 0 && h->cwd >= 0);
    h->refused = shell(h, "exit 0").code == ERR_JAIL;
    *state = h;
    return 0;
}

static int teardown(void **state)
{
    struct house *h = *state;
    assert_int_equal(uv_loop_close(&h->loop), 0); // no handle is left open
    close(h->cwd);
    close(h->jail);
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", h->dir);
    assert_int_equal(system(command), 0);
    free(h);
    return 0;
}

#define NEEDS_JAIL(h)                                                                              \
    if ((h)->refused)                                                                              \
    skip()

/* ---- ends and limits ---- */

static void test_ends(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    static const struct {
        const char *script;
        struct proc_spec spec;
        int exit, signal;
        const char *limit, *out;
    } rows[] = {
        {"echo hi", {0}, 0, 0, "", "hi\n"},
        {"exit 7", {0}, 7, 0, "", ""},
        {"cat", {.input = "a\nb", .input_len = 3}, 0, 0, "", "a\nb"},
        {"cat", {0}, 0, 0, "", ""},
        {"kill -TERM $$", {0}, -1, 15, "", ""},
        {"trap 'echo caught' TERM; kill -TERM $$", {0}, 0, 0, "", "caught\n"},
        {"sleep 9", {.wall_ms = 50}, -1, 9, "time", ""},
        {"while :; do :; done", {.cpu_ms = 100}, -1, 9, "cpu", ""},
        {"yes", {.output = 5}, -1, 9, "output", "y\ny\ny"},
        {"yes >&2", {.output = 1000}, -1, 9, "output", ""},
        {"exec dd if=/dev/zero of=big bs=64k count=9 2>/dev/null", {.file_size = 100000}, -1, 25,
         "files", ""},
        {"x=$(head -c 300m /dev/zero | tr '\\0' x); sleep 9", {.memory = 30 << 20}, -1, 9, "memory",
         ""},
        {"for i in 1 2 3 4 5 6 7 8 9; do sleep 9 & done; wait", {.processes = 5}, -1, 9,
         "processes", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *const argv[] = {"sh", "-c", rows[i].script, NULL};
        struct proc_spec spec = rows[i].spec;
        spec.argv = argv;
        spec.wall_ms = spec.wall_ms ? spec.wall_ms : 5000;
        struct outcome o = run(h, spec);
        if (o.code || o.exit != rows[i].exit || o.signal != rows[i].signal ||
            strcmp(o.limit, rows[i].limit) != 0 || strcmp(o.out, rows[i].out) != 0)
            fail_msg("%s: %s exit %d signal %d limit '%s' out '%s' err '%s'", rows[i].script,
                     err_name(o.code), o.exit, o.signal, o.limit, o.out, o.err);
    }
}

/* ---- what it is given ---- */

static void test_environment(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    setenv("ORKET_TEST_KEY", "secret", 1);
    const char *const env[] = {"GREETING=hi", "LANG=C", NULL}, *const argv[] = {"env", NULL};
    struct outcome o = run(h, (struct proc_spec){.argv = argv, .env = env});
    assert_string_equal(o.out, "PATH=/usr/local/bin:/usr/bin:/bin\nHOME=/run/home\n"
                               "TMPDIR=/run/home\nGREETING=hi\nLANG=C\n");
    o = shell(h, "pwd; ls -A; touch ~/x \"$TMPDIR/y\" here && ls ~");
    char expected[128];
    snprintf(expected, sizeof expected, "%s\nx\ny\n", h->dir);
    assert_string_equal(o.out, expected);
    assert_int_equal(faccessat(h->cwd, "here", F_OK, 0), 0);
    assert_string_equal(shell(h, "ls -A ~").out, ""); // nothing stays
}

/* Each script tries one way out and prints nothing when it fails. */
static void test_walls(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    static const char *const rows[] = {
        "touch /tmp/orket-escape /etc/orket-escape /var/tmp/orket-escape && echo wrote",
        "echo core > /proc/sys/kernel/core_pattern && echo wrote",
        "head -c 1 /dev/vda /dev/sda /dev/mem /dev/kmsg",
        "mknod node b 254 0 && echo made",
        "mount -t tmpfs none . && echo mounted",
        "mount -o remount,rw / && echo mounted",
        "cat /proc/1/environ | tr '\\0' '\\n' | grep SECRET",
        "ps -e | grep -c test_proc | grep -v 0",
        "grep -E 'CapEff|CapPrm|CapBnd|CapAmb' /proc/self/status | grep -v '0000000000000000'",
        "grep NoNewPrivs /proc/self/status | grep -v '1$'",
        "grep -v -E 'lo:|Inter|face' /proc/net/dev",
        "ls /run | grep -v home",
        "kill -9 1; kill -STOP 1; sleep 0.05; test -d /proc/1 || echo killed",
        "ls -l /proc/self/fd | grep -E 'memfd|orket-jail' | grep -v stdin",
        "unshare -Ur true && unshare -Urm mount -o remount,rw / && echo mounted",
        "ulimit -c | grep -v '^0$'",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct outcome o = shell(h, rows[i]);
        if (o.code || o.out[0])
            fail_msg("%s: %s '%s'", rows[i], err_name(o.code), o.out);
    }
}

/* It is memory that no limit counts. */
static void test_input_is_fixed(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    const char *const argv[] = {"sh", "-c", "(echo more >&0) 2>/dev/null && echo grew; cat", NULL};
    struct proc_spec spec = {.argv = argv, .wall_ms = 5000, .input = "text", .input_len = 4};
    assert_string_equal(run(h, spec).out, "text");
}

static void test_hide(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    char dir[128], missing[140], script[200];
    snprintf(dir, sizeof dir, "%s/.hidden", h->dir);
    snprintf(missing, sizeof missing, "%s/none", dir);
    snprintf(script, sizeof script, "echo s > %s/secret", dir);
    assert_int_equal(mkdir(dir, 0755), 0);
    assert_int_equal(system(script), 0);
    const char *const hide[] = {dir, NULL}, *const no_such[] = {missing, NULL};
    const char *const argv[] = {"sh", "-c", "ls -A .hidden; umount .hidden; cat .hidden/secret",
                                NULL};
    struct outcome o = run(h, (struct proc_spec){.argv = argv, .hide = hide});
    assert_int_equal(o.code, 0);
    assert_string_equal(o.out, "");
    o = run(h, (struct proc_spec){.argv = argv, .hide = no_such}); // nothing to hide
    assert_int_equal(o.code, 0);
    assert_string_equal(o.out, "secret\ns\n");
}

/* What is shown can be read where it is outside, and not written. */
static void test_show(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    char dir[] = "/tmp/orket-show-XXXXXX", script[200], command[100];
    assert_non_null(mkdtemp(dir));
    snprintf(script, sizeof script, "echo shown > %s/file; chmod 600 %s/file", dir, dir);
    assert_int_equal(system(script), 0);
    snprintf(script, sizeof script, "cat %s/file; echo x > %s/file; ls /tmp | grep -c show", dir,
             dir);
    const char *const argv[] = {"sh", "-c", script, NULL}, *const show[] = {dir, NULL};
    assert_string_equal(run(h, (struct proc_spec){.argv = argv}).out, "0\n");
    assert_string_equal(run(h, (struct proc_spec){.argv = argv, .show = show}).out, "shown\n1\n");
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

/* The path is run as it is, whatever the program is called. */
static void test_program(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    const char *const argv[] = {"anything", "-c", "echo $0", "x", NULL};
    struct outcome o = run(h, (struct proc_spec){.argv = argv, .program = "/bin/sh"});
    assert_string_equal(o.out, "x\n");
    assert_int_equal(run(h, (struct proc_spec){.argv = argv, .program = "sh"}).code, ERR_USAGE);
}

static void test_layers(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    struct outcome ended = shell(h, "exit 3"), killed = shell(h, "yes > /dev/null & yes");
    assert_string_equal(killed.limit, "output");
    assert_int_equal(ended.layers, killed.layers);
    const char *const required[] = {"namespaces", "root",         "rlimits",  "capabilities",
                                    "uid",        "no_new_privs", "landlock", "seccomp"};
    for (unsigned i = 0; i < COUNT_OF(required); i++) {
        assert_string_equal(proc_layer(i), required[i]);
        assert_true(ended.layers >> i & 1);
    }
}

/* Without a tree: a place of its own, gone with it; no program gets the whole file system. */
static void test_scratch(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    int tree = h->cwd;
    h->cwd = -1;
    assert_string_equal(shell(h, "pwd; echo x > file; cat file").out, "/run/work\nx\n");
    assert_string_equal(shell(h, "ls").out, "");
    h->cwd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(shell(h, "true").code, ERR_USAGE);
    close(h->cwd);
    h->cwd = tree;
}

/* A child that went its own way ends with the program. */
static void test_no_daemon_survives(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    struct outcome o =
        shell(h, "(setsid sh -c 'sleep 0.3; touch late' >/dev/null 2>&1 &); echo gone");
    assert_string_equal(o.out, "gone\n");
    usleep(500000);
    assert_int_equal(faccessat(h->cwd, "late", F_OK, 0), -1);
}

/* ---- refusals ---- */

static void test_refusals(void **state)
{
    struct house *h = *state;
    const char *const none[] = {NULL}, *const empty[] = {"", NULL};
    const char *const missing[] = {"no-such-program", NULL}, *const bad_env[] = {"=x", NULL};
    const char *const dir[] = {"/", NULL}, *const ok[] = {"true", NULL};
    const char *many[2000];
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = "x";
    many[COUNT_OF(many) - 1] = NULL;
    assert_int_equal(run(h, (struct proc_spec){.argv = none}).code, ERR_USAGE);
    assert_int_equal(run(h, (struct proc_spec){.argv = empty}).code, ERR_USAGE);
    assert_int_equal(run(h, (struct proc_spec){.argv = ok, .env = bad_env}).code, ERR_USAGE);
    assert_int_equal(run(h, (struct proc_spec){.argv = many}).code, ERR_TOO_LARGE);
    assert_int_equal(run(h, (struct proc_spec){.argv = missing}).code, ERR_PROC);
    assert_int_equal(run(h, (struct proc_spec){.argv = dir}).code, ERR_PROC);
}

static void test_cancel(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    const char *const argv[] = {"sleep", "9", NULL};
    struct proc_spec spec = {.argv = argv, .cwd = h->cwd};
    struct proc *proc;
    struct outcome o = {0};
    assert_int_equal(proc_start(&h->loop, h->jail, &spec, on_done, &o, &proc, NULL), 0);
    proc_cancel(proc);
    uv_run(&h->loop, UV_RUN_DEFAULT);
    assert_true(o.done);
    assert_int_equal(o.code, ERR_CANCELED);
    struct outcome never = {0};
    assert_int_equal(proc_start(&h->loop, h->jail, &spec, on_done, &never, &proc, NULL), 0);
    proc_abandon(proc);
    uv_run(&h->loop, UV_RUN_DEFAULT);
    assert_false(never.done);
}

/* ---- one that is talked to ---- */

struct talk {
    struct outcome end;
    struct proc *proc;
    char heard[4096];
    size_t len;
    const char *answer; /* is said whenever a line came */
    bool renews, ends_input; /* then it may write as much again; then its input ends */
};

static void on_output(void *ctx, const char *bytes, size_t len)
{
    struct talk *t = ctx;
    assert_true(t->len + len < sizeof t->heard);
    memcpy(t->heard + t->len, bytes, len);
    t->len += len;
    if (!memchr(bytes, '\n', len))
        return;
    if (t->renews)
        proc_renew(t->proc);
    if (t->answer)
        assert_int_equal(proc_write(t->proc, t->answer, strlen(t->answer)), 0);
    if (t->ends_input) {
        proc_end_input(t->proc);
        assert_int_equal(proc_write(t->proc, "after the end", 13), 0); // and is not read
    }
}

static void on_talked(void *ctx, const struct proc_result *result, const struct err *err)
{
    struct talk *t = ctx;
    on_done(&t->end, result, err);
}

static void talk(struct house *h, struct talk *t, const char *script, uint64_t output)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct proc_spec spec = {
        .argv = argv, .wall_ms = 5000, .output = output, .cwd = h->cwd, .on_output = on_output};
    assert_int_equal(proc_start(&h->loop, h->jail, &spec, on_talked, t, &t->proc, NULL), 0);
    uv_run(&h->loop, UV_RUN_DEFAULT);
    assert_true(t->end.done);
}

static void test_talk(void **state)
{
    struct house *h = *state;
    if (h->refused)
        skip();
    struct talk t = {.answer = "one\ntwo\n", .ends_input = true};
    talk(h, &t, "echo who; cat; echo more >&2", 0);
    assert_int_equal(t.end.code, 0);
    assert_string_equal(t.heard, "who\none\ntwo\n");
    assert_int_equal(t.end.out_len, 0); // passed on, not kept
    assert_string_equal(t.end.err, "more\n");
}

/* What one may write is counted anew with each renewal, and not otherwise. */
static void test_talk_is_bounded(void **state)
{
    struct house *h = *state;
    if (h->refused)
        skip();
    static const char lines[] = "for i in 1 2 3 4 5; do echo 0123456789; read x; done";
    struct talk t = {.answer = "go\n"};
    talk(h, &t, lines, 25);
    assert_string_equal(t.end.limit, "output");
    assert_int_equal(t.len, 25);
    t = (struct talk){.answer = "go\n", .renews = true};
    talk(h, &t, lines, 25);
    assert_string_equal(t.end.limit, "");
    assert_int_equal(t.len, 55);
}

/* Each renewal begins the wall time anew. */
static void test_talk_has_time(void **state)
{
    struct house *h = *state;
    if (h->refused)
        skip();
    static const char script[] = "for i in 1 2 3 4; do echo x; sleep 0.4; done";
    for (unsigned renews = 0; renews < 2; renews++) {
        const char *const argv[] = {"sh", "-c", script, NULL};
        struct talk t = {.renews = renews};
        struct proc_spec spec = {
            .argv = argv, .wall_ms = 1200, .cwd = h->cwd, .on_output = on_output};
        assert_int_equal(proc_start(&h->loop, h->jail, &spec, on_talked, &t, &t.proc, NULL), 0);
        uv_run(&h->loop, UV_RUN_DEFAULT);
        assert_string_equal(t.end.limit, renews ? "" : "time");
    }
}

/* Of what one complains a tail is kept, however long it goes on. */
static void test_talk_complaints(void **state)
{
    struct house *h = *state;
    if (h->refused)
        skip();
    struct talk t = {.answer = "go\n", .renews = true};
    talk(h, &t,
         "head -c 4000 /dev/zero | tr '\\0' x >&2; head -c 4000 /dev/zero | tr '\\0' y >&2; echo "
         "1; read x; echo 2",
         0);
    assert_int_equal(t.end.code, 0);
    assert_int_equal(strspn(t.end.err, "x"), 96); // of the last 4096
}

/* It listens no more: what is said goes nowhere, and that is no event. */
static void test_talk_to_nobody(void **state)
{
    struct house *h = *state;
    if (h->refused)
        skip();
    struct talk t = {.answer = "anybody\n"};
    talk(h, &t, "exec 0<&-; echo x; echo y; exit 3", 0);
    assert_int_equal(t.end.exit, 3);
}

static void test_many_at_once(void **state)
{
    struct house *h = *state;
    NEEDS_JAIL(h);
    const char *const argv[] = {"cat", NULL};
    struct outcome all[20] = {{0}};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        char text[8];
        int len = snprintf(text, sizeof text, "n%zu", i);
        struct proc_spec spec = {
            .argv = argv, .cwd = h->cwd, .input = text, .input_len = (size_t)len};
        struct proc *proc;
        assert_int_equal(proc_start(&h->loop, h->jail, &spec, on_done, &all[i], &proc, NULL), 0);
    }
    uv_run(&h->loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        char text[8];
        snprintf(text, sizeof text, "n%zu", i);
        assert_true(all[i].done);
        assert_string_equal(all[i].out, text);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_ends),
        T(test_environment),
        T(test_walls),
        T(test_input_is_fixed),
        T(test_hide),
        T(test_show),
        T(test_program),
        T(test_layers),
        T(test_scratch),
        T(test_no_daemon_survives),
        T(test_refusals),
        T(test_cancel),
        T(test_many_at_once),
        T(test_talk),
        T(test_talk_is_bounded),
        T(test_talk_has_time),
        T(test_talk_complaints),
        T(test_talk_to_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
