/* result.c: what llm.post tells done. */
#include "bind/llm/llm.h"

static void set_int(lua_State *L, const char *key, int64_t value)
{
    if (value < 0)
        return;
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void set_buf(lua_State *L, const char *key, const struct buf *text)
{
    lua_pushlstring(L, text->len ? text->data : "", text->len);
    lua_setfield(L, -2, key);
}

static void push_calls(lua_State *L, const struct reply *reply)
{
    lua_createtable(L, (int)reply->call_count, 0);
    for (size_t i = 0; i < reply->call_count; i++) {
        lua_createtable(L, 0, 3);
        set_buf(L, "id", &reply->calls[i].id);
        set_buf(L, "name", &reply->calls[i].name);
        set_buf(L, "arguments", &reply->calls[i].arguments);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_usage(lua_State *L, const struct reply *reply)
{
    lua_createtable(L, 0, 3);
    set_int(L, "prompt", reply->prompt_tokens);
    set_int(L, "completion", reply->completion_tokens);
    set_int(L, "cached", reply->cached_tokens);
}

static void hide(struct buf *text, const struct transfer *transfer)
{
    if (text->len)
        transfer_hide(transfer, text->data, text->len, true);
}

void llm_hide_keys(struct reply *reply, const struct transfer *transfer)
{
    hide(&reply->content, transfer);
    hide(&reply->reasoning, transfer);
    hide(&reply->finish, transfer);
    hide(&reply->model, transfer);
    for (size_t i = 0; i < reply->order.count; i++)
        hide(&reply->order.parts[i].mark, transfer);
    for (size_t i = 0; i < reply->call_count; i++) {
        hide(&reply->calls[i].id, transfer);
        hide(&reply->calls[i].name, transfer);
        hide(&reply->calls[i].arguments, transfer);
        hide(&reply->calls[i].signature, transfer);
    }
}

static void set_text(lua_State *L, const char *key, const char *text)
{
    if (!*text)
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

int llm_deliver_delta(lua_State *L)
{
    const struct llm_delta *delta = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, delta->fn);
    lua_pushlstring(L, delta->content.text, delta->content.len);
    lua_createtable(L, 0, 5);
    set_int(L, "beside", (int64_t)delta->beside);
    set_int(L, "calls", (int64_t)delta->calls);
    set_text(L, "tool", delta->tool);
    set_text(L, "path", delta->path);
    if (delta->thoughts.len) {
        lua_pushlstring(L, delta->thoughts.text, delta->thoughts.len);
        lua_setfield(L, -2, "thoughts");
    }
    lua_call(L, 2, 0);
    return 0;
}

void llm_push_reply(lua_State *L, const struct reply *reply)
{
    lua_createtable(L, 0, 10);
    if (reply->content.len || !reply->call_count)
        set_buf(L, "content", &reply->content);
    if (reply->reasoning.len)
        set_buf(L, "reasoning", &reply->reasoning);
    if (reply->finish.len)
        set_buf(L, "finish", &reply->finish);
    if (reply->model.len)
        set_buf(L, "model", &reply->model);
    push_calls(L, reply);
    lua_setfield(L, -2, "calls");
    push_usage(L, reply);
    lua_setfield(L, -2, "usage");
    if (reply->excess) {
        set_int(L, "calls_max", REPLY_CALLS_MAX);
        set_int(L, "dropped", (int64_t)reply->dropped);
    }
    struct buf *message = bind_scratch(L);
    reply_message(reply, message);
    if (!buf_ok(message))
        luaL_error(L, "out of memory");
    lua_pushlstring(L, message->data, message->len);
    buf_clear(message);
    lua_setfield(L, -3, "message");
    lua_pop(L, 1);
}

void llm_push_body(lua_State *L, const struct buf *body)
{
    lua_createtable(L, 0, 3);
    set_buf(L, "body", body);
}

/* What the server did before it failed, as far as that is known. */
static void push_spent(lua_State *L, const struct reply *reply)
{
    size_t said = reply_bytes(reply);
    if (reply->prompt_tokens >= 0 || reply->completion_tokens >= 0) {
        push_usage(L, reply);
        lua_setfield(L, -2, "usage");
    }
    if (said)
        set_int(L, "said", (int64_t)said);
}

int llm_push_failure(lua_State *L, const struct err *err, const struct transport_result *result,
                     const struct reply *reply)
{
    lua_pushnil(L);
    lua_pushstring(L, err->text[0] ? err->text : err_text(err->code));
    lua_pushstring(L, err_name(err->code));
    lua_createtable(L, 0, 9);
    if (reply->kinds.len)
        set_buf(L, "kinds", &reply->kinds);
    if (result->retry_after >= 0) {
        lua_pushnumber(L, (lua_Number)result->retry_after / 1000);
        lua_setfield(L, -2, "retry_after");
    }
    if (result->deadline) {
        lua_pushstring(L, result->deadline);
        lua_setfield(L, -2, "deadline");
    }
    if (err->fix[0]) {
        lua_pushstring(L, err->fix);
        lua_setfield(L, -2, "fix");
    }
    if (result->challenge && result->challenge[0]) {
        lua_pushstring(L, result->challenge);
        lua_setfield(L, -2, "challenge");
    }
    if (result->body_len) {
        lua_pushlstring(L, result->body, result->body_len);
        lua_setfield(L, -2, "body");
    }
    lua_pushboolean(L, result->began);
    lua_setfield(L, -2, "began");
    push_spent(L, reply);
    return 4;
}
