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

/* Without memory it is not known: the call's arguments fail, and with them the reply. */
static bool is_whole(struct reply *r, struct buf *arguments)
{
    struct json_doc doc = {0};
    if (arguments->len > WHOLE_MAX || !arguments->len ||
        arguments->data[arguments->len - 1] != '}' || r->looked > LOOKED_MAX)
        return false;
    r->looked += arguments->len;
    int rc = json_parse(&doc, arguments->data, arguments->len, NULL, NULL);
    json_doc_clear(&doc);
    arguments->failed |= rc == ERR_MEMORY;
    return rc == 0;
}

/* What is known of a fragment before it is known whose it is. */
struct fragment {
    const struct json *id, *name, *arguments; /* NULL: it has none */
    size_t id_len, name_len, arguments_len;   /* of texts; an object as arguments has one too */
    int64_t index;                            /* or -1 */
};

static bool names(const struct buf *have, const struct json *value)
{
    size_t len;
    const char *text = json_string(value, &len);
    return text && same(have, text, len);
}

/* Begins a fragment with a name another call than this one? Some servers give every call of a reply
 * the index 0, or none; some say the name, or name and id, with every fragment. No server is known
 * to say a name in pieces, and two names together may be a third tool's:
 * another name is another call. */
static bool is_another(struct reply *r, struct reply_call *call, const struct fragment *f)
{
    if (!f->name_len)
        return false; // LM Studio has an id of its own for every fragment
    if (f->id_len && call->id.len && !names(&call->id, f->id))
        return true;
    if (call->name.len && !names(&call->name, f->name))
        return true;
    return !(f->id_len && call->id.len) && f->arguments_len && is_whole(r, &call->arguments);
}

/* The same for one without index and id: the name may be said again while the arguments go on. */
static bool goes_on(struct reply *r, struct reply_call *call, const struct fragment *f)
{
    const char *text = json_string(f->arguments, NULL);
    if (!f->name_len)
        return true;
    return text && names(&call->name, f->name) && !is_whole(r, &call->arguments)
        && (*text != '{' || !call->arguments.len);
}

/* The begun call that a fragment belongs to, or NULL. */
static struct reply_call *begun(struct reply *r, const struct fragment *f)
{
    struct reply_call *last = r->call_count ? &r->calls[r->call_count - 1] : NULL;
    for (size_t i = r->call_count; i-- > 0;) {
        struct reply_call *call = &r->calls[i];
        bool meant = f->index >= 0 ? !call->over && call->index == f->index
                                   : f->id_len && names(&call->id, f->id);
        if (meant)
            return is_another(r, call, f) ? NULL : call;
    }
    if (f->index >= 0) // what was begun without an index may get one
        return last && last->index < 0 && !f->name_len && !f->id_len ? last : NULL;
    return last && !f->id_len && goes_on(r, last, f) ? last : NULL;
}

/* No tool's name is longer: the gate reports the call as one of an unknown tool. */
static size_t name_len(const char *text, size_t len)
{
    if (len <= REPLY_NAME_MAX)
        return len;
    for (len = REPLY_NAME_MAX; len && ((unsigned char)text[len] & 0xC0) == 0x80; len--)
        ;
    return len;
}

static void set_name(struct reply_call *call, const struct json *value)
{
    size_t len;
    const char *text = json_string(value, &len);
    if (text && !call->name.len)
        buf_put(&call->name, text, name_len(text, len));
}

/* Some servers begin with an empty object and say the arguments behind it, as text. */
static bool is_empty(const struct buf *arguments)
{
    return same(arguments, "{}", 2);
}

static void begin_anew(struct reply_call *call)
{
    buf_reset(&call->arguments);
    call->draft = (struct draft_path){0};
}

static void add_arguments(struct event_cache *cache, struct reply_call *call,
                          const struct json *value)
{
    size_t len;
    const char *text = json_string(value, &len);
    if (text) {
        if (len && *text == '{' && is_empty(&call->arguments))
            begin_anew(call);
        buf_put(&call->arguments, text, len);
        event_cache_found(cache, value, &call->arguments);
    } else if (value) {
        if (is_empty(&call->arguments)) // Gemini's may come behind their call's name
            begin_anew(call);
        json_write(&call->arguments, value);
        event_cache_spoil(cache);
    }
}

/* Texts beside what is said: an event that has one is like no other. */
static int add_signature(struct event_cache *cache, struct buf *out, const struct json *value)
{
    if (value)
        event_cache_spoil(cache);
    return reply_set_text(out, value);
}

static struct fragment fragment_of(const struct shape_paths *paths, const struct json *item)
{
    struct fragment f = {.id = shape_first(paths, SHAPE_ID, item),
                         .name = shape_first(paths, SHAPE_NAME, item),
                         .arguments = shape_first(paths, SHAPE_ARGUMENTS, item),
                         .index = json_int(shape_first(paths, SHAPE_INDEX, item), -1)};
    (void)json_string(f.id, &f.id_len);
    if (f.id_len > REPLY_NAME_MAX) { // it gets one of its own
        f.id = NULL;
        f.id_len = 0;
    }
    (void)json_string(f.name, &f.name_len);
    if (f.arguments && !json_string(f.arguments, &f.arguments_len))
        f.arguments_len = 1;
    return f;
}

static int fill_call(struct reply *r, struct reply_call *call, const struct fragment *f)
{
    r->seen = true;
    if (!call->id.len && reply_set_text(&call->id, f->id))
        return ERR_MEMORY;
    set_name(call, f->name);
    add_arguments(&r->cache, call, f->arguments);
    if (f->name_len || event_cache_has(&r->cache, f->id))
        event_cache_spoil(&r->cache);
    return buf_ok(&call->name) && buf_ok(&call->arguments) ? 0 : ERR_MEMORY;
}

/* Of a call that was not begun, as of a tool that runs at the server, nothing is made; but in a
 * list of calls its arguments may stand before its name. */
static bool is_orphan(const struct taking *all, const struct fragment *f)
{
    return !f->name_len && !f->id_len && !(all->listed && f->arguments_len);
}

/* One call too many: it is counted, and read to its end. */
static int exceed(struct reply *r, const struct fragment *f, struct err *err)
{
    r->dropped += f->name_len + f->arguments_len;
    event_cache_spoil(&r->cache);
    r->excess += f->name_len || !r->excess;
    if (r->excess > REPLY_CALLS_READ)
        return err_set(err, ERR_LIMIT, "the reply has more than %d calls", REPLY_CALLS_READ);
    return 0;
}

/* A part of another kind takes an index: what follows with it, as the arguments of a tool that runs
 * at the server, is none of the call's that had it. */
static void end_call(struct reply *r, int64_t index)
{
    event_cache_spoil(&r->cache);
    for (size_t i = 0; i < r->call_count; i++)
        r->calls[i].over |= r->calls[i].index == index;
}

static int add_fragment(void *ctx, const struct json *item)
{
    struct taking *all = ctx;
    struct reply *r = all->reply;
    struct fragment f = fragment_of(all->paths, item);
    size_t calls = r->call_count;
    if (!f.id && !f.name && !f.arguments) { // another kind of item
        if (shape_first(all->paths, SHAPE_BEGINS, item))
            end_call(r, f.index);
        return 0;
    }
    struct reply_call *call = begun(r, &f);
    if (!call && is_orphan(all, &f))
        return 0;
    if (!call)
        call = new_call(r, f.index);
    else if (call->index < 0)
        call->index = f.index;
    if (!call && r->call_count == REPLY_CALLS_MAX)
        return exceed(r, &f, all->err);
    if (!call || fill_call(r, call, &f) ||
        add_signature(&r->cache, &call->signature,
                      shape_first(all->paths, SHAPE_CALL_SIGNATURE, item)))
        return ERR_MEMORY;
    if (calls != r->call_count) {
        event_cache_spoil(&r->cache);
        if (part_order_begin(&r->order, PART_CALL, -1, calls))
            return ERR_MEMORY;
    }
    return 0;
}

int calls_take(void *ctx, const struct json *value)
{
    int rc = 0;
    ((struct taking *)ctx)->listed = value->type == JSON_ARRAY;
    if (value->type != JSON_ARRAY)
        return value->type == JSON_OBJECT ? add_fragment(ctx, value) : 0;
    if (!value->len) // some send the list with every event
        return SHAPE_PASS;
    for (size_t i = 0; i < value->len && rc == 0; i++)
        rc = add_fragment(ctx, &value->u.items[i]);
    return rc;
}

/* ---- the end ---- */

void calls_drop(struct reply *r)
{
    for (size_t i = 0; i < r->call_count; i++) {
        r->dropped += r->calls[i].name.len + r->calls[i].arguments.len;
        buf_clear(&r->calls[i].id);
        buf_clear(&r->calls[i].name);
        buf_clear(&r->calls[i].arguments);
        buf_clear(&r->calls[i].signature);
    }
    r->call_count = 0;
    r->order.lost = true; // what stood between them cannot be told without them
}

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
