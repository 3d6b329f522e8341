/* bench.c: `orket.core.bench`: timing of what is too quick to be timed from Lua. */
#include <time.h>

#include "bind/bind.h"
#include "model/gate.h"
#include "script/value.h"

#define CALLS_MAX 4096
#define ROUNDS    5 /* the median of so many is answered */

/* Prepared calls: parsed arguments, resolved paths. Texts belong to the doc they came in. */
struct calls {
    struct gate *gate;
    struct gate_call *items;
    struct gate_path *paths; /* one for each call */
    size_t count;
};

#define CALLS_TYPE "orket.bench.calls"

static int l_calls_gc(lua_State *L)
{
    struct calls *calls = luaL_checkudata(L, 1, CALLS_TYPE);
    gate_free(calls->gate);
    free(calls->items);
    free(calls->paths);
    *calls = (struct calls){0};
    return 0;
}

static const char *text_of(const struct json *object, const char *key)
{
    return json_string(json_get(object, key), NULL);
}

static void resolve(void *ctx, const struct json *value)
{
    struct gate_path *path = ctx;
    path->value = value;
}

/* {role, type, status, tool, arguments, size, name?}: without a name the path leaves the tree. */
static void prepare(struct calls *calls, const struct json *row)
{
    struct gate_call *call = &calls->items[calls->count];
    struct gate_path *path = &calls->paths[calls->count++];
    size_t len = 0;
    *call = (struct gate_call){
        .role = text_of(row, "role"),
        .card_type = text_of(row, "type"),
        .card_status = text_of(row, "status"),
        .tool = text_of(row, "tool"),
        .arguments = json_get(row, "arguments"),
        .size = (size_t)json_int(json_get(row, "size"), 0),
        .paths = path,
        .path_count = 1,
    };
    json_string(json_get(row, "tool"), &len);
    call->tool_len = len;
    const char *name = json_string(json_get(row, "name"), &len);
    *path = (struct gate_path){.name = name, .len = name ? len : 0, .code = name ? 0 : ERR_PATH};
    gate_each_path(calls->gate, call, resolve, path);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Of this thread: a decision never sleeps, and what else the machine does is not its cost. */
static double cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Judges all calls over and over; nanoseconds for one, the median of ROUNDS. */
static double time_calls(const struct calls *calls, size_t decisions)
{
    double rounds[ROUNDS];
    struct gate_verdict verdict;
    size_t turns = decisions / calls->count + 1;
    for (int r = 0; r < ROUNDS; r++) {
        double began = cpu_now();
        for (size_t i = 0; i < turns; i++)
            for (size_t j = 0; j < calls->count; j++)
                gate_judge_call(calls->gate, &calls->items[j], &verdict);
        rounds[r] = (cpu_now() - began) / (double)(turns * calls->count);
    }
    qsort(rounds, ROUNDS, sizeof *rounds, by_value);
    return rounds[ROUNDS / 2];
}

static void push_rules(lua_State *L, const struct calls *calls)
{
    lua_createtable(L, (int)calls->count, 0);
    for (size_t i = 0; i < calls->count; i++) {
        struct gate_verdict verdict;
        gate_judge_call(calls->gate, &calls->items[i], &verdict);
        lua_pushstring(L, verdict.rule);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* bench.gate(config, calls[, decisions]) -> rule of each call, nanoseconds for one decision
 *   | nil, message, code       without `decisions` nothing is timed */
static int l_gate(lua_State *L)
{
    struct err err = {0};
    lua_Integer decisions = luaL_optinteger(L, 3, 0);
    struct json_doc *config = bind_new_doc(L), *rows = bind_new_doc(L);
    struct calls *calls = lua_newuserdatauv(L, sizeof *calls, 0);
    *calls = (struct calls){0};
    luaL_setmetatable(L, CALLS_TYPE);
    if (value_read(L, 1, config, NULL, &config->root, &err) ||
        value_read(L, 2, rows, NULL, &rows->root, &err) ||
        gate_build(&config->root, &calls->gate, &err))
        return bind_fail(L, &err);
    const struct json *list = &rows->root;
    bool fits = list->type == JSON_ARRAY && list->len > 0 && list->len <= CALLS_MAX;
    luaL_argcheck(L, fits, 2, "a list of 1 to 4096 calls");
    calls->items = calloc(list->len, sizeof *calls->items);
    calls->paths = calloc(list->len, sizeof *calls->paths);
    if (!calls->items || !calls->paths)
        return luaL_error(L, "out of memory");
    for (uint32_t i = 0; i < list->len; i++)
        prepare(calls, &list->u.items[i]);
    push_rules(L, calls);
    lua_pushnumber(L, decisions > 0 ? time_calls(calls, (size_t)decisions) : 0);
    return 2;
}

static const luaL_Reg functions[] = {
    {"gate", l_gate},
    {NULL, NULL},
};

int luaopen_orket_bench(lua_State *L)
{
    static const luaL_Reg none[] = {{NULL, NULL}};
    bind_type(L, CALLS_TYPE, none, l_calls_gc);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
