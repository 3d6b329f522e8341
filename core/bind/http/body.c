/* body.c: bodies with passwords: the core takes these out, Lua gets stars in their place. */
#include "bind/http/http.h"

#include <string.h>

#define STARS "********"

static const char *const fields[] = {"password", "new_password"};

/* Only what could spell such a field is looked at. */
static bool may_have_password(const struct http_request *request)
{
    return memmem(request->body, request->body_len, "password", 8) ||
           memmem(request->body, request->body_len, "\\u", 2);
}

static bool is_password(const struct json_member *member)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (member->key_len == strlen(fields[i]) && strcmp(member->key, fields[i]) == 0)
            return member->value.type == JSON_STRING;
    return false;
}

/* Sets the field in the table at idx, and puts the stars. */
static void take(lua_State *L, int idx, struct json_member *member)
{
    secret_text_push(L, member->value.u.string, member->value.len);
    lua_setfield(L, idx, member->key);
    member->value.u.string = STARS;
    member->value.len = sizeof STARS - 1;
}

/* The body without its passwords, which are in the table at the top then; false: it has none. */
static bool push_starred(lua_State *L, struct bind *bind, struct json_doc *doc)
{
    const struct json *root = &doc->root;
    struct buf *out = bind_text(bind);
    int table = lua_gettop(L);
    bool found = false;
    struct json_member *members = json_doc_alloc(doc, (root->len + 1) * sizeof *members);
    if (!members)
        luaL_error(L, "out of memory");
    for (uint32_t i = 0; i < root->len; i++) {
        members[i] = root->u.members[i];
        if (!is_password(&members[i]))
            continue;
        take(L, table, &members[i]);
        found = true;
    }
    if (!found)
        return false;
    struct json starred = *root;
    starred.u.members = members;
    json_write(out, &starred);
    if (!buf_ok(out))
        luaL_error(L, "out of memory");
    lua_pushlstring(L, out->data, out->len);
    return true;
}

void body_push(lua_State *L, struct bind *bind, const struct http_request *request)
{
    if (!may_have_password(request)) {
        lua_pushlstring(L, request->body, request->body_len);
        lua_pushnil(L);
        return;
    }
    struct json_doc *doc = bind_tree(bind);
    lua_newtable(L);
    if (json_parse(doc, request->body, request->body_len, NULL, NULL))
        lua_pushliteral(L, "{"); // no JSON: refused, and shown in no answer
    else if (doc->root.type != JSON_OBJECT || !push_starred(L, bind, doc))
        lua_pushlstring(L, request->body, request->body_len);
    lua_insert(L, -2); // body, passwords
}
