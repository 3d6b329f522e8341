/* body.c: the bytes of an answer, as they come: events of a stream or a whole body, put together to
 * a reply, and what has grown of it told to who listens. When it ends, keys in it are hidden. */
#include "bind/llm/llm.h"

#include <ctype.h>
#include <string.h>

/* ---- the text as it grows ---- */

/* Bytes of what is no content: of arguments listeners get sizes only. */
static size_t beside_content(const struct reply *reply)
{
    size_t sum = reply->reasoning.len;
    for (size_t i = 0; i < reply->call_count; i++)
        sum += reply->calls[i].arguments.len;
    return sum;
}

/* What is new of a text, as far as it is settled that no key begins there. */
static struct llm_piece new_of(const struct llm_call *call, struct buf *text, size_t *told,
                               bool last)
{
    if (text->len == *told)
        return (struct llm_piece){"", 0};
    struct llm_piece piece = {.text = text->data + *told};
    piece.len = transfer_hide(call->transfer, text->data + *told, text->len - *told, last);
    *told += piece.len;
    return piece;
}

/* What no tool can be called is not shown. */
static size_t plain_name(const struct buf *name)
{
    size_t len = 0;
    while (len < name->len && name->data[len] &&
           (isalnum((unsigned char)name->data[len]) || strchr("_.-", name->data[len])))
        len++;
    return len == name->len && len <= LLM_TOOL_SHOWN ? len : 0;
}

static void copy_clean(const struct llm_call *call, char *out, const char *text, size_t len)
{
    if (len)
        memcpy(out, text, len);
    out[len] = 0;
    transfer_hide(call->transfer, out, len, true); // elsewhere only in whole replies
}

/* The tool of the last call and the file that it names. */
static void describe_call(struct llm_delta *delta, struct llm_call *call)
{
    if (!call->reply.call_count)
        return;
    struct reply_call *last = &call->reply.calls[call->reply.call_count - 1];
    size_t len;
    const char *path = draft_path(&last->draft, last->arguments.data, last->arguments.len, &len);
    copy_clean(call, delta->path, path, path ? len : 0);
    copy_clean(call, delta->tool, last->name.data, plain_name(&last->name));
}

void llm_report(struct llm_call *call, bool last)
{
    if (call->on_delta == LUA_NOREF || call->mode != MODE_STREAM)
        return;
    struct llm_delta delta = {.fn = call->on_delta, .beside = beside_content(&call->reply)};
    delta.content = new_of(call, &call->reply.content, &call->told, last);
    delta.thoughts = new_of(call, &call->reply.reasoning, &call->told_thoughts, last);
    if (!delta.content.len && !delta.thoughts.len && delta.beside == call->counted)
        return;
    call->counted = delta.beside;
    delta.calls = call->reply.call_count;
    describe_call(&delta, call);
    lua_State *L = call->llm->bind->L;
    lua_pushcfunction(L, llm_deliver_delta);
    lua_pushlightuserdata(L, &delta);
    (void)bind_call(L, 1, 0);
}

/* ---- a body that is no model's ---- */

struct piece {
    const struct llm_call *call;
    const char *bytes;
    size_t len;
};

/* (piece) -> whether it is enough; runs protected */
static int deliver_piece(lua_State *L)
{
    const struct piece *piece = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, piece->call->on_delta);
    lua_pushlstring(L, piece->bytes, piece->len);
    lua_pushstring(L, transfer_type(piece->call->transfer));
    lua_pushstring(L, transfer_session(piece->call->transfer));
    lua_call(L, 3, 1);
    return 1;
}

/* A piece as it came, for whoever asked without a shape and listens. */
static int hear(const struct llm_call *call, const char *bytes, size_t len)
{
    struct piece piece = {call, bytes, len};
    lua_State *L = call->llm->bind->L;
    lua_pushcfunction(L, deliver_piece);
    lua_pushlightuserdata(L, &piece);
    if (bind_call(L, 1, 1))
        return 0; // the program ends
    bool enough = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return enough ? TRANSPORT_ENOUGH : 0;
}

/* ---- the body ---- */

struct feed {
    struct llm_call *call;
    struct err *err;
};

static int feed(struct llm_call *call, const char *bytes, size_t len, struct err *err)
{
    struct feed into = {call, err};
    call->sse.ctx = &into;
    return sse_feed(&call->sse, bytes, len, err);
}

static int on_event(void *ctx, const struct sse_event *event)
{
    const struct feed *from = ctx;
    return reply_event(&from->call->reply, event->data, event->data_len, from->err);
}

/* Blanks and a byte order mark, which mean nothing before a body of either kind. */
static size_t blanks(const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && bytes[i] && strchr(" \t\r\n\xEF\xBB\xBF", bytes[i]))
        i++;
    return i;
}

static bool has_suffix(const char *text, const char *suffix)
{
    size_t len = strlen(text), end = strlen(suffix);
    return len > end && strcmp(text + len - end, suffix) == 0;
}

/* What the body is says its first byte, for some servers stream what they call JSON, and others
 * answer an error to who asked for a stream under a stream's type: JSON begins as no line of a
 * stream does. What is neither is what its media type says. */
static int choose_mode(struct llm_call *call, char first, struct err *err)
{
    const char *type = transfer_type(call->transfer);
    bool json = strcmp(type, "application/json") == 0 || has_suffix(type, "+json");
    bool open = !*type || strcmp(type, "text/plain") == 0 ||
                strcmp(type, "text/event-stream") == 0 ||
                strcmp(type, "application/octet-stream") == 0;
    if (!call->shape)
        call->mode = MODE_BODY;
    else if (!json && !open)
        return err_set(err, ERR_PROTOCOL, "the endpoint answered %s, not a model's reply", type);
    else
        call->mode = first == '{' || first == '[' || (json && !strchr("dei:r", first))
                         ? MODE_BODY
                         : MODE_STREAM;
    return 0;
}

int llm_on_body(void *ctx, const char *bytes, size_t len, struct err *err)
{
    struct llm_call *call = ctx;
    if (!call->shape && call->on_delta != LUA_NOREF)
        return hear(call, bytes, len);
    if (call->mode == MODE_UNKNOWN && call->shape) {
        size_t skipped = blanks(bytes, len);
        bytes += skipped;
        len -= skipped;
    }
    if (len == 0)
        return 0;
    if (call->mode == MODE_UNKNOWN && choose_mode(call, *bytes, err))
        return ERR_PROTOCOL;
    if (call->mode == MODE_BODY) {
        buf_put(&call->body, bytes, len);
        return buf_ok(&call->body) ? 0 : err_set(err, ERR_MEMORY, "out of memory for a reply");
    }
    int rc = feed(call, bytes, len, err);
    llm_report(call, false); // once for all events that came together
    return !rc && call->reply.done ? TRANSPORT_ENOUGH : rc;
}

/* ---- its end ---- */

/* The message of an error's body belongs to the error. */
static void add_error_text(struct llm_call *call, const struct transport_result *result,
                           struct err *err)
{
    struct buf text = {0};
    if (result->code != ERR_HTTP || !result->body_len)
        return;
    reply_error_text(call->shape, result->body, result->body_len, &text, &call->reply.kinds);
    struct err plain = *err;
    if (buf_ok(&text) && text.len)
        err_set(err, plain.code, "%s: %s", plain.text, text.data);
    buf_clear(&text);
}

/* Some servers do not end their last event. One that is not whole is no JSON. */
static int end_stream(struct llm_call *call, struct err *err)
{
    return call->mode == MODE_STREAM && !call->reply.done ? feed(call, "\n\n", 2, err) : 0;
}

int llm_end_reply(struct llm_call *call, const struct transport_result *result, struct err *err)
{
    if (result->code) {
        *err = *result->err;
        add_error_text(call, result, err);
        return result->code;
    }
    if (!call->shape)
        return 0;
    int rc = call->mode == MODE_BODY
                 ? reply_body(&call->reply, call->body.data, call->body.len, err)
                 : end_stream(call, err);
    if (rc)
        return rc;
    llm_hide_keys(&call->reply, call->transfer); // pieces that were clean may have made one
    return reply_end(&call->reply, err);
}

/* ---- what it takes ---- */

void llm_body_init(struct llm_call *call, const struct llm_caps *caps)
{
    sse_init(&call->sse, caps->line, caps->event, on_event, NULL);
    reply_init(&call->reply, call->shape);
}

void llm_body_clear(struct llm_call *call)
{
    sse_clear(&call->sse);
    reply_clear(&call->reply);
    buf_clear(&call->body);
}
