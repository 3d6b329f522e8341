/* bundle.c: `orket.core.bundle`: a run in one file, written and verified. */
#include "io/bundle.h"

#include <string.h>

#include "bind/store/store.h"
#include "io/store_export.h"

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void set_hex(lua_State *L, const char *key, const uint8_t *bytes, size_t len)
{
    char hex[SIGN_HEX];
    sign_hex(bytes, len, hex);
    set_text(L, key, hex);
}

static void set_int(lua_State *L, const char *key, int64_t value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void set_counts(lua_State *L, int64_t records, const int64_t counts[BUNDLE_KIND_COUNT])
{
    set_int(L, "records", records);
    lua_createtable(L, 0, BUNDLE_KIND_COUNT);
    for (int kind = BUNDLE_HEADER + 1; kind < BUNDLE_END; kind++)
        set_int(L, bundle_kind_name((enum bundle_kind)kind), counts[kind]);
    lua_setfield(L, -2, "counts");
}

static int write_to(struct store *store, const char *run, const char *engine, const char *path,
                    struct store_exported *out, struct err *err)
{
    int fd = 1;
    int rc = path ? bundle_create(path, &fd, err) : 0;
    if (rc)
        return rc;
    rc = store_export(store, run, engine, fd, out, err);
    if (!path)
        return rc;
    int kept = bundle_keep(path, fd, rc == 0, rc ? NULL : err);
    return rc ? rc : kept;
}

/* bundle.export(store, run, engine[, path]) -> {records=, counts=, hash=, key=} | nil, message,
 * code, fix: to the file, which appears when it is whole, or to standard output */
static int l_export(lua_State *L)
{
    struct store *store = bind_check_store(L, 1);
    const char *run = luaL_checkstring(L, 2), *engine = luaL_checkstring(L, 3);
    struct store_exported out;
    struct err err = {0};
    if (write_to(store, run, engine, luaL_optstring(L, 4, NULL), &out, &err))
        return bind_fail(L, &err);
    lua_createtable(L, 0, 4);
    set_counts(L, out.records, out.counts);
    set_hex(L, "hash", out.hash.bytes, HASH_SIZE);
    set_hex(L, "key", out.key.bytes, SIGN_PUBLIC);
    return 1;
}

static void push_problem(lua_State *L, const struct bundle_report *report)
{
    lua_createtable(L, 0, 5);
    set_text(L, "what", report->what);
    set_text(L, "why", report->why);
    set_text(L, "kind", report->kind);
    if (report->id[0])
        set_text(L, "id", report->id);
    set_int(L, "line", report->line);
}

/* bundle.verify(path) -> {ok=, run=, engine=, key=, hash=, records=, counts=, problem={what=, why=,
 * kind=, id=, line=}} | nil, message, code */
static int l_verify(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct bundle_report report;
    struct err err = {0};
    if (bundle_verify(path, &report, &err))
        return bind_fail(L, &err);
    lua_createtable(L, 0, 8);
    lua_pushboolean(L, report.intact);
    lua_setfield(L, -2, "ok");
    set_counts(L, report.records, report.counts);
    if (report.has_key) {
        set_text(L, "run", report.run);
        set_text(L, "engine", report.engine);
        set_hex(L, "key", report.key.bytes, SIGN_PUBLIC);
    }
    if (report.intact) {
        set_hex(L, "hash", report.hash.bytes, HASH_SIZE);
        if (report.source[0]) {
            set_text(L, "source", report.source);
            set_int(L, "source_at", report.source_at);
        }
        return 1;
    }
    push_problem(L, &report);
    lua_setfield(L, -2, "problem");
    return 1;
}

static const luaL_Reg functions[] = {
    {"export", l_export},
    {"verify", l_verify},
    {NULL, NULL},
};

int luaopen_orket_bundle(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
