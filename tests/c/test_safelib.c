/* test_safelib.c: everything a script can reach, walked from the globals and the metatable of
 * strings, equals tests/escape/golden.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <string.h>

#include "base/buf.h"
#include "script/box.h"

struct walk {
    lua_State *L;
    struct buf names;
    int depth;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds every function below the table at the top, prefixed by where it was found. */
static void walk_table(struct walk *w, const char *prefix)
{
    if (++w->depth > 4)
        fail_msg("tables nested too deep at %s", prefix);
    lua_pushnil(w->L);
    while (lua_next(w->L, -2)) {
        char name[200];
        snprintf(name, sizeof name, "%s%s", prefix,
                 lua_type(w->L, -2) == LUA_TSTRING ? lua_tostring(w->L, -2) : "?");
        int type = lua_type(w->L, -1);
        if (type == LUA_TFUNCTION) {
            buf_printf(&w->names, "%s\n", name);
        } else if (type == LUA_TTABLE && strcmp(name, "_G") != 0 &&
                   strcmp(name, "\"\".__index") != 0) {
            snprintf(name + strlen(name), sizeof name - strlen(name), ".");
            walk_table(w, name);
        } else {
            assert_true(type != LUA_TUSERDATA && type != LUA_TTHREAD);
        }
        lua_pop(w->L, 1);
    }
    w->depth--;
}

static void sort_lines(const struct buf *in, struct buf *out)
{
    char *lines[300];
    size_t count = 0;
    for (char *line = strtok(in->data, "\n"); line && count < COUNT_OF(lines);
         line = strtok(NULL, "\n"))
        lines[count++] = line;
    qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s\n", lines[i]);
}

static void test_golden(void **state)
{
    struct box *box;
    struct err err = {0};
    struct buf sorted = {0}, golden = {0};
    (void)state;
    assert_int_equal(box_new(&box, 0, &err), 0);
    struct walk w = {.L = box_state(box)};
    lua_pushglobaltable(w.L);
    walk_table(&w, "");
    lua_pushliteral(w.L, "");
    assert_true(lua_getmetatable(w.L, -1));
    walk_table(&w, "\"\".");
    sort_lines(&w.names, &sorted);
    FILE *file = fopen("tests/escape/golden.txt", "rb");
    assert_non_null(file);
    char line[200];
    buf_puts(&golden, "");
    while (fgets(line, sizeof line, file))
        buf_puts(&golden, line);
    fclose(file);
    if (strcmp(sorted.data, golden.data) != 0)
        fail_msg("reachable functions differ from tests/escape/golden.txt:\n%s", sorted.data);
    buf_clear(&w.names);
    buf_clear(&sorted);
    buf_clear(&golden);
    box_free(box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
