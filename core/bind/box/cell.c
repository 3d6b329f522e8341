/* cell.c: `box.cell`: a box for any text, and the options of boxes that Lua gives. */
#include "bind/box/box.h"
#include "script/value.h"

#define CELL_TYPE "orket.cell"

/* ---- options ---- */

lua_Integer box_option(lua_State *L, int idx, const char *name, lua_Integer least)
{
    lua_Integer value = 0;
    if (lua_getfield(L, idx, name) != LUA_TNIL) {
        value = luaL_checkinteger(L, -1);
        if (value < least)
            luaL_error(L, "%s must be at least %I", name, (LUAI_UACINT)least);
    }
    lua_pop(L, 1);
    return value;
}

struct box_limits box_check_limits(lua_State *L, int idx)
{
    static const char *const known[] = {"steps", "ms", NULL};
    struct box_limits limits = {0};
    if (lua_isnoneornil(L, idx))
        return limits;
    bind_check_options(L, idx, known);
    limits.steps = box_option(L, idx, "steps", 1);
    lua_Integer ms = box_option(L, idx, "ms", 1);
    limits.ms = ms > 3600000 ? 3600000 : (unsigned)ms;
    return limits;
}

struct box_text box_check_text(lua_State *L, int name, int text)
{
    struct box_text made = {.name = luaL_checkstring(L, name)};
    made.bytes = luaL_checklstring(L, text, &made.len);
    return made;
}

/* ---- cells ---- */

struct cell {
    struct box *box;
};

/* box.cell({mem=bytes}|nil) -> cell | nil, message, code, fix */
int box_l_cell(lua_State *L)
{
    static const char *const known[] = {"mem", NULL};
    size_t mem = 0;
    if (!lua_isnoneornil(L, 1)) {
        bind_check_options(L, 1, known);
        mem = (size_t)box_option(L, 1, "mem", 1);
    }
    struct cell *cell = lua_newuserdatauv(L, sizeof *cell, 0);
    cell->box = NULL;
    luaL_setmetatable(L, CELL_TYPE);
    struct err err = {0};
    if (box_new(&cell->box, mem, &err) || box_seal(cell->box, &err))
        return bind_fail(L, &err);
    return 1;
}

static const char *limit_name(int code)
{
    switch (code) {
    case ERR_SCRIPT_MEMORY:
        return "memory";
    case ERR_SCRIPT_STEPS:
        return "steps";
    case ERR_SCRIPT_TIME:
        return "time";
    default:
        return NULL;
    }
}

static void push_report(lua_State *L, const struct box *box, int rc, const struct err *err)
{
    const char *failure = limit_name(rc) ? "limit" : "error";
    lua_createtable(L, 0, 5);
    lua_pushstring(L, rc ? failure : "ok");
    lua_setfield(L, -2, "outcome");
    if (limit_name(rc)) {
        lua_pushstring(L, limit_name(rc));
        lua_setfield(L, -2, "limit");
    }
    if (rc) {
        lua_pushstring(L, err->text);
        lua_setfield(L, -2, "message");
    } else {
        value_push(L, box_value(box));
        lua_setfield(L, -2, "value");
    }
    lua_pushnumber(L, box_ms(box));
    lua_setfield(L, -2, "ms");
    lua_pushinteger(L, (lua_Integer)box_peak(box));
    lua_setfield(L, -2, "peak_bytes");
}

/* cell:run(name, source, {steps=, ms=}|nil) -> {outcome="ok"|"error"|"limit", limit=, value=,
 * message=, ms=, peak_bytes=}; in a restored box; without `steps` only the time counts */
static int l_cell_run(lua_State *L)
{
    struct cell *cell = luaL_checkudata(L, 1, CELL_TYPE);
    struct box_text text = box_check_text(L, 2, 3);
    struct box_limits limits = box_check_limits(L, 4);
    if (!limits.steps)
        limits.steps = BOX_NO_STEPS;
    limits.strict = true;
    struct err err = {0};
    box_reset(cell->box);
    int rc = box_load(cell->box, &text, &limits, &err);
    if (!rc)
        rc = box_describe(cell->box, &err);
    push_report(L, cell->box, rc, &err);
    return 1;
}

static int l_cell_gc(lua_State *L)
{
    struct cell *cell = luaL_checkudata(L, 1, CELL_TYPE);
    box_free(cell->box);
    cell->box = NULL;
    return 0;
}

static const luaL_Reg cell_methods[] = {
    {"run", l_cell_run},
    {NULL, NULL},
};

void box_open_cell(lua_State *L)
{
    bind_type(L, CELL_TYPE, cell_methods, l_cell_gc);
}
