/* Every file of tests/escape, at every entry: stopped in time, inside the memory cap, and without a
 * trace for whoever runs next in the same box.
 *
 * A file begins with `-- tries: what` and `-- expect: limit | error | ok | stopped`; with
 * `-- generate` it is a program of ours that answers the hostile text (parser bombs). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "script/pool.h"

enum { MS = 20, FILES = 400 };

#if defined(GCSTRESS) || defined(__SANITIZE_ADDRESS__)
#define SLOW 1
#else
#define SLOW 0
#endif

static const char *const functions[] = {"self_test", "prompt", "route", "decide"};

struct attack {
    char name[64];
    char expect[16];
    struct buf text;
};

static double cpu_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* ---- files ---- */

static void read_all(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;)
        buf_put(out, piece, n);
    fclose(file);
}

static void generate(struct buf *text)
{
    size_t len;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (luaL_loadbuffer(L, text->data, text->len, "generate") || lua_pcall(L, 0, 1, 0))
        fail_msg("%s", lua_tostring(L, -1));
    const char *made = lua_tolstring(L, -1, &len);
    buf_reset(text);
    buf_put(text, made, len);
    lua_close(L);
}

static void load_attack(const char *name, struct attack *a)
{
    char path[300];
    memset(a, 0, sizeof *a);
    snprintf(path, sizeof path, "tests/escape/%.63s", name);
    snprintf(a->name, sizeof a->name, "%.63s", name);
    read_all(path, &a->text);
    if (strncmp(a->text.data, "-- tries: ", 10) != 0)
        fail_msg("%s does not say what it tries", name);
    if (sscanf(strchr(a->text.data, '\n'), "\n-- expect: %15s", a->expect) != 1)
        fail_msg("%s does not say what it expects", name);
    if (strstr(a->text.data, "\n-- generate\n"))
        generate(&a->text);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static size_t list_files(char names[FILES][64])
{
    size_t count = 0;
    DIR *dir = opendir("tests/escape");
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t len = strlen(entry->d_name);
        if (len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0 && count < FILES)
            snprintf(names[count++], 64, "%.63s", entry->d_name);
    }
    closedir(dir);
    qsort(names, count, 64, by_name);
    return count;
}

/* ---- judging ---- */

static bool is_limit(int rc)
{
    return rc == ERR_SCRIPT_MEMORY || rc == ERR_SCRIPT_STEPS || rc == ERR_SCRIPT_TIME;
}

static bool is_error(int rc)
{
    return rc == ERR_SCRIPT || rc == ERR_SCRIPT_SYNTAX || rc == ERR_SCRIPT_CONTRACT;
}

/* Tells what is wrong; 1 when something is. */
static int judge(const struct attack *a, const char *entry, int rc, double ms,
                 const struct err *err)
{
    bool any = strcmp(a->expect, "limit") && strcmp(a->expect, "error") && strcmp(a->expect, "ok");
    bool fits = (is_limit(rc) && (any || strcmp(a->expect, "limit") == 0)) ||
                (is_error(rc) && (any || strcmp(a->expect, "error") == 0)) ||
                (rc == 0 && (any || strcmp(a->expect, "ok") == 0));
    bool in_time = ms <= (SLOW ? 1000 : 100);
    if ((fits || (SLOW && (is_limit(rc) || rc == 0))) && in_time)
        return 0;
    print_error("%s at %s: expected %s, got %s after %.1f ms: %s\n", a->name, entry, a->expect,
                rc ? err_name(rc) : "ok", ms, rc ? err->text : "");
    return 1;
}

/* ---- entries ---- */

/* What ends by itself gets time enough on a busy machine; judge() counts its own time. */
static struct box_limits limits_of(const struct attack *a)
{
    bool ends = strcmp(a->expect, "error") == 0 || strcmp(a->expect, "ok") == 0;
    return (struct box_limits){.steps = BOX_NO_STEPS, .ms = ends ? 2000 : MS, .strict = true};
}

/* The file's text as the body of a function. */
static void wrap(const struct attack *a, const char *before, const char *after, struct buf *out)
{
    buf_puts(out, "local function body(...)\n");
    buf_put(out, a->text.data, a->text.len);
    buf_puts(out,
             "\nend\nreturn { canary = function() return string.rep('x', 3) .. tostring(x_leak) .. "
             "tostring(getmetatable('')) .. tostring(cjson.array_mt.__index) end, entry = "
             "function(...) ");
    buf_puts(out, before);
    buf_puts(out, after);
    buf_puts(out, " end }");
    assert_true(buf_ok(out));
}

static void check_pristine(struct script *script)
{
    struct err err = {0};
    struct box *box;
    struct box_call call = {.function = "canary"};
    assert_int_equal(script_take(script, &box, &err), 0);
    if (box_call(box, &call, SLOW ? &(struct box_limits){.ms = 5000} : NULL, &err))
        fail_msg("canary: %s", err.text);
    assert_true(json_is(box_value(box), "xxxnillockednil"));
    script_give(script, box);
}

/* Prepares the wrapped text; judges at once when it does not even load. */
static struct script *prepare(const struct attack *a, const char *entry, const struct buf *text,
                              int *faults)
{
    struct err err = {0};
    struct script *script = NULL;
    struct script_source source = {
        .text = {.name = a->name, .bytes = text->data, .len = text->len}};
    double start = cpu_ms();
    int rc = script_new(&script, &source, &err);
    if (rc)
        *faults += judge(a, entry, rc, (cpu_ms() - start) * MS / BOX_MS, &err);
    return rc ? NULL : script;
}

static int run_through(const struct attack *a, struct box *box, const struct box_call *call,
                       struct err *err)
{
    struct json nothing = {0};
    struct box_limits limits = limits_of(a);
    int rc = box_call(box, call, &limits, err);
    for (int i = 0; rc == BOX_YIELD && i < 10; i++)
        rc = box_resume(box, &nothing, err);
    return rc;
}

static int attack_function(const struct attack *a, const char *entry, const char *before,
                           const char *after)
{
    struct buf text = {0};
    struct err err = {0};
    struct box *box;
    wrap(a, before, after, &text);
    int faults = 0;
    struct script *script = prepare(a, entry, &text, &faults);
    if (script) {
        struct box_call call = {.function = "entry",
                                .session =
                                    strcmp(entry, "tool") == 0 || strcmp(entry, "close") == 0};
        assert_int_equal(script_take(script, &box, &err), 0);
        double start = cpu_ms();
        int rc = run_through(a, box, &call, &err);
        faults += judge(a, entry, rc, cpu_ms() - start, &err);
        assert_true(box_peak(box) <= BOX_MEM);
        script_give(script, box);
        check_pristine(script);
        script_free(script);
    }
    buf_clear(&text);
    return faults;
}

static int attack_load(const struct attack *a)
{
    struct err err = {0};
    struct box *box;
    struct box_text text = {.name = a->name, .bytes = a->text.data, .len = a->text.len};
    struct box_limits limits = limits_of(a);
    assert_int_equal(box_new(&box, 0, &err), 0);
    double start = cpu_ms();
    int rc = box_load(box, &text, &limits, &err);
    int faults = judge(a, "load", rc, cpu_ms() - start, &err);
    assert_true(box_peak(box) <= BOX_MEM);
    box_free(box);
    return faults;
}

/* A session given up while a __close handler is pending: nothing may run. */
static int attack_abandon(const struct attack *a)
{
    struct buf text = {0};
    struct err err = {0};
    struct box *box;
    struct box_call call = {.function = "entry", .session = true};
    wrap(a, "local x <close> = setmetatable({}, { __close = body }) perform({ op = 'wait' })", "",
         &text);
    int faults = 0;
    struct script *script = prepare(a, "abandon", &text, &faults);
    if (script) {
        assert_int_equal(script_take(script, &box, &err), 0);
        assert_int_equal(box_call(box, &call, NULL, &err), BOX_YIELD);
        double start = cpu_ms();
        script_give(script, box);
        assert_true(cpu_ms() - start < 5);
        check_pristine(script);
        script_free(script);
    }
    buf_clear(&text);
    return faults;
}

static void test_every_file_at_every_entry(void **state)
{
    static char names[FILES][64];
    (void)state;
    size_t count = list_files(names);
    assert_true(count >= 60);
    int faults = 0;
    const char *only = getenv("ESCAPE");
    for (size_t i = 0; i < count; i++) {
        struct attack a;
        if (only && !strstr(names[i], only))
            continue;
        load_attack(names[i], &a);
        faults += attack_load(&a);
        for (size_t f = 0; f < COUNT_OF(functions) && !(SLOW && f); f++)
            faults += attack_function(&a, functions[f], "return body(...)", "");
        faults += attack_function(&a, "tool",
                                  "perform({ op = 'fs.read', path = 'x' }) return body(...)", "");
        faults +=
            attack_function(&a, "close", "local x <close> = setmetatable({}, { __close = body }) ",
                            "perform({ op = 'wait' })");
        faults += attack_abandon(&a);
        buf_clear(&a.text);
    }
    assert_int_equal(faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_file_at_every_entry)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
