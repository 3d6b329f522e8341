/* aside.c: store:read_aside: a query that takes longer than the loop may wait, on a thread of the
 * pool, over a connection of its own, with its rows as one JSON text. It sees every commit that was
 * durable when it began. */
#include <string.h>

#include "bind/pool.h"
#include "bind/store/store.h"
#include "io/store_read.h"

#define PARAMS 8

struct param {
    char *name; /* owned, as is a text */
    struct store_value value;
};

/* A query with copies of all that it was asked with. */
struct aside {
    struct store_options options; /* path owned */
    char *query;
    struct param params[PARAMS];
    size_t count;
};

static void clear(void *data)
{
    struct aside *aside = data;
    for (size_t i = 0; i < aside->count; i++) {
        free(aside->params[i].name);
        free((char *)aside->params[i].value.text);
    }
    free((char *)aside->options.path);
    free(aside->query);
    free(aside);
}

/* ---- on the thread ---- */

static bool set_param(struct store_query *query, const struct param *param)
{
    const struct store_value *value = &param->value;
    switch (value->type) {
    case STORE_INT:
        return store_set_int(query, param->name, value->integer);
    case STORE_REAL:
        return store_set_real(query, param->name, value->real);
    case STORE_TEXT:
        return store_set_text(query, param->name, value->text, value->len);
    default:
        return true;
    }
}

static void put_value(struct buf *out, const struct store_value *value, bool is_json)
{
    if (value->type == STORE_INT)
        json_write_int(out, value->integer);
    else if (value->type == STORE_REAL)
        json_write_real(out, value->real);
    else if (is_json)
        buf_put(out, value->text, value->len);
    else
        json_write_string(out, value->text, value->len);
}

/* NULL is left out, as it is nil in a row of store:read. */
static void put_row(struct buf *out, struct store_query *query, int columns)
{
    const char *before = "";
    buf_putc(out, '{');
    for (int i = 0; i < columns; i++) {
        struct store_value value = store_column(query, i);
        const char *name = store_column_name(query, i);
        size_t len = strcspn(name, ":");
        if (value.type == STORE_NULL)
            continue;
        buf_puts(out, before);
        json_write_string(out, name, len);
        buf_putc(out, ':');
        put_value(out, &value, name[len] == ':');
        before = ",";
    }
    buf_putc(out, '}');
}

static int put_rows(struct aside *aside, struct store_query *query, struct buf *out,
                    struct err *err)
{
    const char *before = "";
    int rc = 0;
    for (size_t i = 0; i < aside->count && !rc; i++)
        if (!set_param(query, &aside->params[i]))
            rc = err_set(err, ERR_USAGE, "the query '%s' has no parameter '%s'", aside->query,
                         aside->params[i].name);
    int columns = store_columns(query);
    buf_putc(out, '[');
    while (rc >= 0 && buf_ok(out) && (rc = store_step(query, err)) > 0) {
        buf_puts(out, before);
        put_row(out, query, columns);
        before = ",";
    }
    buf_putc(out, ']');
    return rc < 0 ? rc : 0;
}

static int run(void *data, struct buf *out, struct err *err)
{
    struct aside *aside = data;
    struct store *store = NULL;
    struct store_query *query = NULL;
    int rc = store_open(&aside->options, &store, err);
    rc = rc ? rc : store_query(store, aside->query, &query, err);
    rc = rc ? rc : put_rows(aside, query, out, err);
    if (query)
        store_query_end(query);
    if (store)
        store_close(store);
    return rc;
}

/* ---- what is asked ---- */

static char *copy(const char *text, size_t len)
{
    char *kept = malloc(len + 1);
    if (kept)
        memcpy(kept, text, len + 1);
    return kept;
}

/* The value at the top; false without memory. */
static bool take_value(lua_State *L, struct store_value *out)
{
    int type = lua_type(L, -1);
    if (type == LUA_TSTRING) {
        const char *text = lua_tolstring(L, -1, &out->len);
        out->type = STORE_TEXT;
        out->text = copy(text, out->len);
        return out->text != NULL;
    }
    out->type = STORE_INT;
    out->integer = lua_isboolean(L, -1) ? lua_toboolean(L, -1) : lua_tointeger(L, -1);
    if (type == LUA_TNUMBER && !lua_isinteger(L, -1)) {
        out->type = STORE_REAL;
        out->real = lua_tonumber(L, -1);
    }
    return true;
}

/* Raises while nothing is held. */
static void check_params(lua_State *L, int idx)
{
    int count = 0;
    luaL_checktype(L, idx, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        int type = lua_type(L, -1);
        bool fits = type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TBOOLEAN;
        luaL_argcheck(L, fits && lua_type(L, -2) == LUA_TSTRING, idx, "parameters by name");
        luaL_argcheck(L, ++count <= PARAMS, idx, "too many parameters");
    }
}

static bool fill(lua_State *L, struct aside *aside, const struct store *store)
{
    size_t len;
    const char *query = lua_tolstring(L, 2, &len), *path = store_path(store);
    aside->query = copy(query, len);
    aside->options.path = copy(path, strlen(path));
    bool ok = aside->query && aside->options.path;
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) {
        struct param *param = &aside->params[aside->count++];
        const char *name = lua_tolstring(L, -2, &len);
        param->name = copy(name, len);
        ok = take_value(L, &param->value) && param->name && ok;
    }
    return ok;
}

/* store:read_aside(name, params, done: fun(json|nil, message?, code?, fix?)) */
int store_l_read_aside(lua_State *L)
{
    const struct store *store = bind_check_store(L, 1);
    luaL_checkstring(L, 2);
    check_params(L, 3);
    luaL_checktype(L, 4, LUA_TFUNCTION);
    struct aside *aside = calloc(1, sizeof *aside); // nothing raises from here on
    if (aside) {
        aside->options.readonly = true;
        store_set_files(&aside->options);
        if (!fill(L, aside, store)) {
            clear(aside);
            aside = NULL;
        }
    }
    return bind_pool(L, 4, run, clear, aside);
}
