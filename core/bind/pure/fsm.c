/* fsm.c: `orket.core.fsm`: the card state machine, asked by name. */
#include "model/fsm.h"

#include "bind/bind.h"

/* The string in field `name` of the table at 1; raises for any other type. An absent field (or
 * cjson.null) is an error unless optional; the bytes live as long as the table. */
static bool text_field(lua_State *L, const char *name, bool optional, struct fsm_text *text)
{
    int type = lua_getfield(L, 1, name);
    if (optional && (type == LUA_TNIL || (type == LUA_TLIGHTUSERDATA && !lua_touserdata(L, -1)))) {
        lua_pop(L, 1);
        return false;
    }
    if (type != LUA_TSTRING)
        luaL_error(L, "field '%s' must be a string, not %s", name, luaL_typename(L, -1));
    text->data = lua_tolstring(L, -1, &text->len);
    lua_pop(L, 1);
    return true;
}

static void set_text(lua_State *L, const char *field, const char *text)
{
    if (text && text[0]) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, field);
    }
}

/* fsm.check{type=, from=, to=, role=, reason=?} -> {ok=, rule=, why=, fix=?} */
static int l_check(lua_State *L)
{
    static const char *const known[] = {"type", "from", "to", "role", "reason", NULL};
    bind_check_options(L, 1, known);
    struct fsm_text type, from, to, role, reason;
    text_field(L, "type", false, &type);
    text_field(L, "from", false, &from);
    text_field(L, "to", false, &to);
    text_field(L, "role", false, &role);
    bool has_reason = text_field(L, "reason", true, &reason);
    struct fsm_verdict verdict = {0};
    fsm_check(type, from, to, role, has_reason ? &reason : NULL, &verdict);
    lua_createtable(L, 0, 4);
    lua_pushboolean(L, verdict.ok);
    lua_setfield(L, -2, "ok");
    set_text(L, "rule", verdict.rule);
    set_text(L, "why", verdict.why);
    set_text(L, "fix", verdict.fix);
    return 1;
}

static void push_words(lua_State *L, int first, int count, const char *(*name)(int),
                       const char *(*meaning)(int))
{
    lua_createtable(L, count, 0);
    for (int i = first; i < count; i++) {
        lua_createtable(L, 0, 2);
        set_text(L, "name", name(i));
        set_text(L, "meaning", meaning(i));
        lua_rawseti(L, -2, i - first + 1);
    }
}

/* fsm.names() -> {types=, statuses=, reasons=}, each an array of {name=, meaning=} */
static int l_names(lua_State *L)
{
    lua_createtable(L, 0, 3);
    push_words(L, 0, FSM_TYPE_COUNT, fsm_type_name, fsm_type_meaning);
    lua_setfield(L, -2, "types");
    push_words(L, 0, FSM_STATUS_COUNT, fsm_status_name, fsm_status_meaning);
    lua_setfield(L, -2, "statuses");
    push_words(L, FSM_REASON_NONE + 1, FSM_REASON_COUNT, fsm_reason_name, fsm_reason_meaning);
    lua_setfield(L, -2, "reasons");
    return 1;
}

static const char *who_name(uint8_t who)
{
    if (who == FSM_ANY)
        return "any";
    return who == FSM_GUARD ? "integrity_guard" : "system";
}

static void push_row(lua_State *L, const struct fsm_row *row, int type)
{
    lua_createtable(L, 0, 6);
    set_text(L, "type", fsm_type_name(type));
    set_text(L, "from", fsm_status_name(row->from));
    set_text(L, "to", fsm_status_name(row->to));
    set_text(L, "who", who_name(row->who));
    set_text(L, "what", row->what);
    lua_pushboolean(L, fsm_is_wait((enum fsm_status)row->to));
    lua_setfield(L, -2, "needs_reason");
}

/* fsm.rows() -> array of {type=, from=, to=, who="any"|"integrity_guard"|"system", needs_reason=,
 * what=} */
static int l_rows(lua_State *L)
{
    size_t count;
    const struct fsm_row *rows = fsm_rows(&count);
    lua_newtable(L);
    for (int type = 0; type < FSM_TYPE_COUNT; type++)
        for (size_t i = 0; i < count; i++)
            if (rows[i].types & 1 << type) {
                push_row(L, &rows[i], type);
                lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
            }
    return 1;
}

static const luaL_Reg functions[] = {
    {"check", l_check},
    {"names", l_names},
    {"rows", l_rows},
    {NULL, NULL},
};

int luaopen_orket_fsm(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
