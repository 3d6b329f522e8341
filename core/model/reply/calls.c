/* calls.c: fragments go to the call they name, or else to the last one. */
#include "model/reply/calls.h"

#include <string.h>

#define WHOLE_MAX  65536            /* bytes of arguments that are looked at for being complete */
#define LOOKED_MAX ((size_t)4 << 20) /* and of all of them, again and again, in one reply */

static bool same(const struct buf *have, const char *text, size_t len)
{
    return have->len == len && (len == 0 || memcmp(have->data, text, len) == 0);
}

static struct reply_call *new_call(struct reply *r, int64_t index)
{
    if (r->call_count == REPLY_CALLS_MAX)
        return NULL;
    struct reply_call *calls = realloc(r->calls, (r->call_count + 1) * sizeof *calls);
    if (!calls)
        return NULL;
    r->calls = calls;
    calls[r->call_count] = (struct reply_call){.index = index};
    return &calls[r->call_count++];
}

static bool is_whole(struct reply *r, const struct buf *arguments)
{
    struct json_doc doc = {0};
    if (arguments->len > WHOLE_MAX || !arguments->len ||
        arguments->data[arguments->len - 1] != '}' || r->looked > LOOKED_MAX)
        return false;
    r->looked += arguments->len;
    bool whole = json_parse(&doc, arguments->data, arguments->len, NULL, NULL) == 0;
    json_doc_clear(&doc);
    return whole;
}

/* What is known of a fragment before it is known whose it is. */
struct fragment {
    const struct json *id, *name, *arguments; /* NULL: it has none */
    size_t id_len, name_len;
    int64_t index; /* or -1 */
};

/* Some servers give every call of a reply the index 0: another id with a name begins a new call,
 * and so does a name with arguments where those of the call are complete. */
static bool is_another(struct reply *r, const struct reply_call *call, const struct fragment *f)
{
    size_t len = 0;
    if (!f->name_len)
        return false;
    if (f->id_len && call->id.len)
        return !same(&call->id, json_string(f->id, &len), f->id_len);
    return f->arguments && (!json_string(f->arguments, &len) || len) &&
           is_whole(r, &call->arguments);
}

/* The call that a fragment belongs to; NULL at the limit or without memory. */
static struct reply_call *call_for(struct reply *r, const struct fragment *f)
{
    for (size_t i = r->call_count; i-- > 0;) {
        struct reply_call *call = &r->calls[i];
        size_t len;
        if (f->index >= 0 && call->index == f->index)
            return is_another(r, call, f) ? new_call(r, f->index) : call;
        if (f->index < 0 && f->id_len && same(&call->id, json_string(f->id, &len), f->id_len))
            return call;
    }
    if (f->index < 0 && !f->id_len && !f->name_len && r->call_count)
        return &r->calls[r->call_count - 1];
    return new_call(r, f->index);
}

/* A name comes whole, in pieces, or whole again with every fragment. */
static void add_name(struct reply_call *call, const struct json *value)
{
    size_t len;
    const char *text = json_string(value, &len);
    if (text && len && !same(&call->name, text, len))
        buf_put(&call->name, text, len);
}

/* Some servers begin with an empty object and say the arguments behind it, as text. */
static bool is_empty(const struct buf *arguments)
{
    return same(arguments, "{}", 2);
}

static void add_arguments(struct delta *delta, struct reply_call *call, const struct json *value)
{
    size_t len;
    const char *text = json_string(value, &len);
    if (text) {
        if (len && *text == '{' && is_empty(&call->arguments))
            buf_reset(&call->arguments);
        buf_put(&call->arguments, text, len);
        delta_found(delta, value, &call->arguments);
    } else if (value) {
        json_write(&call->arguments, value);
        delta_spoil(delta);
    }
}

/* Texts beside what is said: an event that has one is like no other. */
static int add_signature(struct delta *delta, struct buf *out, const struct json *value)
{
    if (value)
        delta_spoil(delta);
    return reply_set_text(out, value);
}

static struct fragment fragment_of(const struct shape_paths *paths, const struct json *item)
{
    struct fragment f = {.id = shape_first(paths, SHAPE_ID, item),
                         .name = shape_first(paths, SHAPE_NAME, item),
                         .arguments = shape_first(paths, SHAPE_ARGUMENTS, item),
                         .index = json_int(shape_first(paths, SHAPE_INDEX, item), -1)};
    (void)json_string(f.id, &f.id_len);
    (void)json_string(f.name, &f.name_len);
    return f;
}

static int fill_call(struct reply *r, struct reply_call *call, const struct fragment *f)
{
    r->seen = true;
    if (!call->id.len && reply_set_text(&call->id, f->id))
        return ERR_MEMORY;
    add_name(call, f->name);
    add_arguments(&r->delta, call, f->arguments);
    if (f->name_len || delta_has(&r->delta, f->id))
        delta_spoil(&r->delta);
    return buf_ok(&call->name) && buf_ok(&call->arguments) ? 0 : ERR_MEMORY;
}

/* Of a call that nobody began, as of a tool that runs at the server, there is nothing to make. */
static bool is_orphan(const struct reply *r, const struct fragment *f)
{
    for (size_t i = 0; i < r->call_count; i++)
        if (f->index < 0 || r->calls[i].index == f->index)
            return false;
    return !f->name_len && !f->id_len;
}

static int add_fragment(void *ctx, const struct json *item)
{
    struct taking *all = ctx;
    struct reply *r = all->reply;
    struct fragment f = fragment_of(all->paths, item);
    size_t calls = r->call_count;
    if ((!f.id && !f.name && !f.arguments) || is_orphan(r, &f)) // another kind of item
        return 0;
    struct reply_call *call = call_for(r, &f);
    if (!call && r->call_count == REPLY_CALLS_MAX)
        return err_set(all->err, ERR_LIMIT, "the reply has more than %d calls", REPLY_CALLS_MAX);
    if (!call || fill_call(r, call, &f) ||
        add_signature(&r->delta, &call->signature,
                      shape_first(all->paths, SHAPE_CALL_SIGNATURE, item)))
        return ERR_MEMORY;
    if (calls != r->call_count) {
        delta_spoil(&r->delta);
        if (said_begin(&r->said, SAID_CALL, -1, calls))
            return ERR_MEMORY;
    }
    if (call->name.len > REPLY_NAME_MAX || call->id.len > REPLY_NAME_MAX)
        return err_set(all->err, ERR_LIMIT, "a call's name or id is over %d bytes", REPLY_NAME_MAX);
    return 0;
}

int calls_take(void *ctx, const struct json *value)
{
    int rc = 0;
    if (value->type != JSON_ARRAY)
        return value->type == JSON_OBJECT ? add_fragment(ctx, value) : 0;
    if (!value->len) // some send the list with every event
        return SHAPE_PASS;
    for (size_t i = 0; i < value->len && rc == 0; i++)
        rc = add_fragment(ctx, &value->u.items[i]);
    return rc;
}

/* ---- the end ---- */

static bool is_taken(const struct reply *r, size_t position)
{
    const struct buf *id = &r->calls[position].id;
    for (size_t i = 0; i < position; i++)
        if (same(&r->calls[i].id, id->data, id->len))
            return true;
    return false;
}

int calls_complete(struct reply *r, size_t position)
{
    struct reply_call *call = &r->calls[position];
    for (size_t n = position; !call->id.len || is_taken(r, position); n++) {
        buf_reset(&call->id);
        buf_printf(&call->id, "call_%zu", n);
        if (!buf_ok(&call->id))
            return ERR_MEMORY;
    }
    if (!call->arguments.len)
        buf_puts(&call->arguments, "{}");
    return buf_ok(&call->arguments) ? 0 : ERR_MEMORY;
}
