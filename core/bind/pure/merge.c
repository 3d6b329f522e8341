/* merge.c: `orket.core.merge`: the three-way merge of one file's bytes (model/merge/merge.h). */
#include "model/merge/merge.h"

#include "bind/bind.h"

static struct merge_text l_check_text(lua_State *L, int idx)
{
    struct merge_text text = {.label = NULL};
    text.bytes = luaL_checklstring(L, idx, &text.len);
    return text;
}

static int answer(lua_State *L, const struct merge_text texts[3])
{
    struct buf *out = bind_scratch(L);
    struct merge_result result = {0};
    struct err err = {0};
    int rc = merge3(&texts[0], &texts[1], &texts[2], &result);
    *out = result.text;
    if (rc) {
        err_set(&err, rc, "no memory to merge");
        return bind_fail(L, &err);
    }
    lua_pushlstring(L, out->len ? out->data : "", out->len);
    lua_pushinteger(L, (lua_Integer)result.conflicts);
    lua_pushboolean(L, result.whole);
    return 3;
}

/* merge.text(base, ours, theirs[, our_label[, their_label]]) -> bytes, conflicts, whole
 *   | nil, message, code */
static int l_text(lua_State *L)
{
    struct merge_text texts[] = {l_check_text(L, 1), l_check_text(L, 2), l_check_text(L, 3)};
    texts[1].label = luaL_optstring(L, 4, NULL);
    texts[2].label = luaL_optstring(L, 5, NULL);
    return answer(L, texts);
}

/* merge.favor(base, ours, theirs) -> bytes, conflicts (theirs won), whole | nil, message, code */
static int l_favor(lua_State *L)
{
    struct merge_text texts[] = {l_check_text(L, 1), l_check_text(L, 2), l_check_text(L, 3)};
    texts[2].wins = true;
    return answer(L, texts);
}

static const luaL_Reg functions[] = {
    {"text", l_text},
    {"favor", l_favor},
    {NULL, NULL},
};

int luaopen_orket_merge(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
