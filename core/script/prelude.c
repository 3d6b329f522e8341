/* prelude.c: parsing took most of the time that a script needs to be prepared. */
#include "script/prelude.h"

#include <lauxlib.h>

#include "base/buf.h"

struct prelude {
    size_t holds;
    struct buf code;
    struct box *box; /* made when it is first asked for */
};

static int put(lua_State *L, const void *bytes, size_t len, void *code)
{
    (void)L;
    buf_put(code, bytes, len);
    return buf_ok((struct buf *)code) ? 0 : 1;
}

static int compile(lua_State *L, const char *text, size_t len, struct buf *code, struct err *err)
{
    int rc = luaL_loadbufferx(L, text, len, "@prelude", "t");
    if (rc == LUA_ERRSYNTAX)
        return err_set(err, ERR_SCRIPT_SYNTAX, "%s", lua_tostring(L, -1));
    if (rc != LUA_OK || lua_dump(L, put, code, 0))
        return err_set(err, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
    return 0;
}

int prelude_new(struct prelude **out, const char *text, size_t len, struct err *err)
{
    struct prelude *prelude = calloc(1, sizeof *prelude);
    lua_State *L = prelude ? luaL_newstate() : NULL;
    if (prelude)
        prelude->holds = 1;
    int rc = L ? compile(L, text, len, &prelude->code, err)
               : err_set(err, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
    if (L)
        lua_close(L);
    if (rc) {
        prelude_free(prelude);
        return rc;
    }
    *out = prelude;
    return 0;
}

struct prelude *prelude_hold(struct prelude *prelude)
{
    if (prelude)
        prelude->holds++;
    return prelude;
}

void prelude_free(struct prelude *prelude)
{
    if (!prelude || --prelude->holds > 0)
        return;
    buf_clear(&prelude->code);
    box_free(prelude->box);
    free(prelude);
}

struct box_text prelude_text(const struct prelude *prelude)
{
    return (struct box_text){
        .name = "prelude", .bytes = prelude->code.data, .len = prelude->code.len, .compiled = true};
}

static int make_box(const struct prelude *prelude, struct box **out, struct err *err)
{
    struct box_text text = prelude_text(prelude);
    struct box *box;
    int rc = box_new(&box, 0, err);
    if (rc)
        return rc;
    rc = box_load(box, &text, NULL, err);
    rc = rc ? rc : box_seal(box, err);
    if (rc)
        box_free(box);
    else
        *out = box;
    return rc;
}

int prelude_box(struct prelude *prelude, struct box **out, struct err *err)
{
    int rc = prelude->box ? 0 : make_box(prelude, &prelude->box, err);
    if (rc)
        return rc;
    box_reset(prelude->box);
    *out = prelude->box;
    return 0;
}
