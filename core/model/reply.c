/* reply.c: fragments go to the call they name, or else to the last one. */
#include "model/reply.h"

#include <string.h>

#include "base/repair.h"

#define EXCERPT 120 /* bytes of foreign text quoted in an error */

void reply_init(struct reply *reply, const struct shape *shape)
{
    *reply = (struct reply){
        .shape = shape, .prompt_tokens = -1, .completion_tokens = -1, .cached_tokens = -1};
}

void reply_clear(struct reply *reply)
{
    for (size_t i = 0; i < reply->call_count; i++) {
        buf_clear(&reply->calls[i].id);
        buf_clear(&reply->calls[i].name);
        buf_clear(&reply->calls[i].arguments);
        buf_clear(&reply->calls[i].signature);
    }
    free(reply->calls);
    json_doc_clear(&reply->doc);
    delta_clear(&reply->delta);
    buf_clear(&reply->content);
    buf_clear(&reply->reasoning);
    buf_clear(&reply->finish);
    buf_clear(&reply->model);
    buf_clear(&reply->signature);
    *reply = (struct reply){0};
}

/* The beginning of foreign text, in one line of valid UTF-8. */
static void excerpt(struct buf *out, const char *text, size_t len)
{
    size_t from = out->len;
    utf8_repair(out, text, len < EXCERPT ? len : EXCERPT);
    for (size_t i = from; i < out->len; i++)
        if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7F)
            out->data[i] = ' ';
    while (out->len > from && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
    if (len > EXCERPT)
        buf_puts(out, "...");
}

/* ---- fields ---- */

struct target {
    struct delta *delta;
    struct buf *out;
};

static int add_text(void *ctx, const struct json *value)
{
    const struct target *target = ctx;
    size_t len;
    const char *text = json_string(value, &len);
    if (!text)
        return SHAPE_PASS;
    buf_put(target->out, text, len);
    delta_found(target->delta, value, target->out);
    return buf_ok(target->out) ? 0 : ERR_MEMORY;
}

static int set_text(struct buf *out, const struct json *value)
{
    size_t len;
    const char *text = json_string(value, &len);
    if (!text || !len)
        return 0;
    buf_reset(out);
    buf_put(out, text, len);
    return buf_ok(out) ? 0 : ERR_MEMORY;
}

/* ---- calls ---- */

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

/* Some servers give every call of a reply the index 0: another id with a name begins a new call. */
static bool is_another(const struct reply_call *call, const char *id, size_t len, bool named)
{
    return id && len && named && call->id.len && !same(&call->id, id, len);
}

/* The call that a fragment belongs to; NULL at the limit or without memory. */
static struct reply_call *call_for(struct reply *r, int64_t index, const struct json *id_value,
                                   bool named)
{
    size_t len = 0;
    const char *id = json_string(id_value, &len);
    for (size_t i = r->call_count; i-- > 0;) {
        struct reply_call *call = &r->calls[i];
        if (index >= 0 && call->index == index)
            return is_another(call, id, len, named) ? new_call(r, index) : call;
        if (index < 0 && len && same(&call->id, id, len))
            return call;
    }
    if (index < 0 && !len && !named && r->call_count)
        return &r->calls[r->call_count - 1];
    return new_call(r, index);
}

/* A name comes whole, in pieces, or whole again with every fragment. */
static void add_name(struct reply_call *call, const struct json *value)
{
    size_t len;
    const char *text = json_string(value, &len);
    if (text && len && !same(&call->name, text, len))
        buf_put(&call->name, text, len);
}

static void add_arguments(struct delta *delta, struct reply_call *call, const struct json *value)
{
    size_t len;
    const char *text = json_string(value, &len);
    if (text) {
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
    return set_text(out, value);
}

struct fragments {
    struct reply *reply;
    const struct shape_paths *paths;
    struct err *err;
};

static int add_fragment(void *ctx, const struct json *item)
{
    struct fragments *f = ctx;
    const struct json *id = shape_first(f->paths, SHAPE_ID, item);
    const struct json *name = shape_first(f->paths, SHAPE_NAME, item);
    const struct json *arguments = shape_first(f->paths, SHAPE_ARGUMENTS, item);
    if (!id && !name && !arguments) // another kind of item in the same list
        return 0;
    size_t name_len = 0, calls = f->reply->call_count;
    (void)json_string(name, &name_len);
    int64_t index = json_int(shape_first(f->paths, SHAPE_INDEX, item), -1);
    struct reply_call *call = call_for(f->reply, index, id, name_len > 0);
    if (!call && f->reply->call_count == REPLY_CALLS_MAX)
        return err_set(f->err, ERR_LIMIT, "the reply has more than %d calls", REPLY_CALLS_MAX);
    if (!call)
        return ERR_MEMORY;
    f->reply->seen = true;
    if (!call->id.len && set_text(&call->id, id))
        return ERR_MEMORY;
    add_name(call, name);
    add_arguments(&f->reply->delta, call, arguments);
    if (add_signature(&f->reply->delta, &call->signature,
                      shape_first(f->paths, SHAPE_CALL_SIGNATURE, item)))
        return ERR_MEMORY;
    if (name_len || calls != f->reply->call_count || delta_has(&f->reply->delta, id))
        delta_spoil(&f->reply->delta);
    if (call->name.len > REPLY_NAME_MAX || call->id.len > REPLY_NAME_MAX)
        return err_set(f->err, ERR_LIMIT, "a call's name or id is over %d bytes", REPLY_NAME_MAX);
    return buf_ok(&call->name) && buf_ok(&call->arguments) ? 0 : ERR_MEMORY;
}

static int add_call_list(void *ctx, const struct json *value)
{
    int rc = 0;
    if (value->type != JSON_ARRAY)
        return value->type == JSON_OBJECT ? add_fragment(ctx, value) : 0;
    for (size_t i = 0; i < value->len && rc == 0; i++)
        rc = add_fragment(ctx, &value->u.items[i]);
    return rc;
}

/* ---- events ---- */

static void error_text(struct buf *out, const struct json *error)
{
    const struct json *message = error->type == JSON_OBJECT ? json_get(error, "message") : error;
    const struct json *type = json_get(error, "type");
    size_t len;
    const char *text = json_string(message, &len);
    if (!text)
        text = json_string(type, &len);
    if (text) {
        excerpt(out, text, len);
        return;
    }
    struct buf json = {0};
    json_write(&json, error);
    if (buf_ok(&json))
        excerpt(out, json.data, json.len);
    buf_clear(&json);
}

static int error_of(const struct shape_paths *paths, const struct json *at, struct err *err)
{
    const struct json *error = shape_first(paths, SHAPE_ERROR, at);
    struct buf text = {0};
    if (!error || error->type == JSON_FALSE)
        return 0;
    error_text(&text, error);
    err_set(err, ERR_HTTP, "the endpoint answered with an error: %s", text.len ? text.data : "");
    buf_clear(&text);
    return ERR_HTTP;
}

static int64_t count_of(const struct shape_paths *paths, enum shape_field field,
                        const struct json *at, int64_t otherwise)
{
    int64_t count = shape_sum(paths, field, at, REPLY_USAGE_MAX);
    return count > 0 || otherwise < 0 ? count : otherwise; // a late 0 takes nothing back
}

static int take_signature(void *ctx, const struct json *value)
{
    struct reply *r = ctx;
    size_t len;
    if (!json_string(value, &len) || !len)
        return SHAPE_PASS;
    r->signatures++;
    return add_signature(&r->delta, &r->signature, value);
}

static int take(struct reply *r, const struct shape_paths *paths, struct err *err)
{
    const struct json *root = &r->doc.root;
    const struct json *finish = shape_first(paths, SHAPE_FINISH, root);
    const struct json *model = shape_first(paths, SHAPE_MODEL, root);
    struct target content = {&r->delta, &r->content}, reasoning = {&r->delta, &r->reasoning};
    struct fragments fragments = {r, paths, err};
    int rc = error_of(paths, root, err);
    if (rc == 0)
        rc = shape_each(paths, SHAPE_CONTENT, root, add_text, &content);
    if (rc == 0)
        rc = shape_each(paths, SHAPE_REASONING, root, add_text, &reasoning);
    if (rc == 0)
        rc = shape_each(paths, SHAPE_CALLS, root, add_call_list, &fragments);
    if (rc == 0)
        rc = shape_each(paths, SHAPE_SIGNATURE, root, take_signature, r);
    if (rc == 0)
        rc = set_text(&r->finish, finish);
    if (rc == 0)
        rc = set_text(&r->model, model);
    if (delta_has(&r->delta, finish) || delta_has(&r->delta, model))
        delta_spoil(&r->delta);
    if (rc == ERR_MEMORY)
        err_set(err, rc, "out of memory while reading a reply");
    r->prompt_tokens = count_of(paths, SHAPE_PROMPT_TOKENS, root, r->prompt_tokens);
    r->completion_tokens = count_of(paths, SHAPE_COMPLETION_TOKENS, root, r->completion_tokens);
    r->cached_tokens = count_of(paths, SHAPE_CACHED_TOKENS, root, r->cached_tokens);
    r->seen = r->seen || r->content.len || r->finish.len;
    return rc;
}

/* An event by its number, or with 0 the whole reply. */
static int parse(struct reply *r, size_t event, const char *text, size_t len, struct err *err)
{
    struct err why;
    int rc = json_parse(&r->doc, text, len, NULL, &why);
    if (rc == 0 && r->doc.root.type == JSON_OBJECT)
        return 0;
    if (rc == ERR_MEMORY)
        return err_set(err, rc, "out of memory while reading a reply");
    struct buf quote = {0};
    char what[48] = "the reply";
    if (event)
        snprintf(what, sizeof what, "event %zu of the stream", event);
    excerpt(&quote, text, len);
    err_set(err, rc == ERR_LIMIT ? ERR_LIMIT : ERR_PROTOCOL, "%s is no JSON object (%s): %s", what,
            rc ? why.text : "another value", quote.len ? quote.data : "");
    buf_clear(&quote);
    return rc == ERR_LIMIT ? ERR_LIMIT : ERR_PROTOCOL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int parse_event(struct reply *r, const char *text, size_t len, struct err *err)
{
    delta_begin(&r->delta);
    int rc = parse(r, r->events, text, len, err);
    if (rc == 0)
        rc = take(r, &r->shape->stream, err);
    if (rc == 0)
        delta_end(&r->delta, text, len);
    return rc;
}

int reply_event(struct reply *r, const char *text, size_t len, struct err *err)
{
    while (len && is_blank(text[len - 1]))
        len--;
    while (len && is_blank(*text)) {
        text++;
        len--;
    }
    if (len == 0 || r->done)
        return 0;
    r->events++;
    if (r->shape->done && len == strlen(r->shape->done) && memcmp(text, r->shape->done, len) == 0) {
        r->done = true;
        return 0;
    }
    int rc = delta_take(&r->delta, text, len);
    if (rc == 0)
        return parse_event(r, text, len, err);
    return rc > 0 ? 0 : err_set(err, rc, "out of memory while reading a reply");
}

int reply_body(struct reply *r, const char *text, size_t len, struct err *err)
{
    int rc = parse(r, 0, text, len, err);
    if (rc == 0)
        rc = take(r, &r->shape->whole, err);
    r->done = rc == 0 && r->seen;
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

static int complete_call(struct reply *r, size_t position)
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

int reply_end(struct reply *r, struct err *err)
{
    if (!r->done && !r->finish.len)
        return err_set(err, ERR_PROTOCOL,
                       r->seen ? "the reply ended before it was complete"
                               : "the reply holds no message");
    for (size_t i = 0; i < r->call_count; i++)
        if (complete_call(r, i))
            return err_set(err, ERR_MEMORY, "out of memory while reading a reply");
    json_doc_clear(&r->doc);
    delta_clear(&r->delta);
    return 0;
}

static void put_string(struct buf *out, const struct buf *text)
{
    json_write_string(out, text->len ? text->data : "", text->len);
}

static void put_call(struct buf *out, const struct reply_call *call)
{
    buf_puts(out, "{\"function\":{\"arguments\":");
    put_string(out, &call->arguments);
    buf_puts(out, ",\"name\":");
    put_string(out, &call->name);
    buf_puts(out, "},\"id\":");
    put_string(out, &call->id);
    buf_puts(out, ",\"type\":\"function\"}");
}

size_t reply_said(const struct reply *r)
{
    size_t said = r->content.len + r->reasoning.len;
    for (size_t i = 0; i < r->call_count; i++)
        said += r->calls[i].name.len + r->calls[i].arguments.len;
    return said;
}

static size_t signed_calls(const struct reply *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->call_count; i++)
        count += r->calls[i].signature.len > 0;
    return count;
}

static void put_call_signatures(struct buf *out, const struct reply *r)
{
    const char *mark = "\"calls\":{";
    for (size_t i = 0; i < r->call_count; i++) {
        if (!r->calls[i].signature.len)
            continue;
        buf_puts(out, mark);
        put_string(out, &r->calls[i].id);
        buf_putc(out, ':');
        put_string(out, &r->calls[i].signature);
        mark = ",";
    }
    buf_putc(out, '}');
}

/* Everything before the content; it comes first, so that a look at one byte tells that it is there.
 */
static void put_apart(struct buf *out, const struct reply *r)
{
    bool calls = signed_calls(r) > 0, thought = r->signatures == 1;
    if (!calls && !thought)
        return;
    buf_puts(out, "\"apart\":{");
    if (calls)
        put_call_signatures(out, r);
    if (thought) {
        buf_puts(out, calls ? ",\"reasoning\":" : "\"reasoning\":");
        put_string(out, &r->reasoning);
        buf_puts(out, ",\"signature\":");
        put_string(out, &r->signature);
    }
    buf_puts(out, "},");
}

void reply_message(const struct reply *r, struct buf *out)
{
    buf_putc(out, '{');
    put_apart(out, r);
    buf_puts(out, "\"content\":");
    if (r->content.len || !r->call_count)
        put_string(out, &r->content);
    else
        buf_puts(out, "null");
    buf_puts(out, ",\"role\":\"assistant\"");
    for (size_t i = 0; i < r->call_count; i++) {
        buf_puts(out, i ? "," : ",\"tool_calls\":[");
        put_call(out, &r->calls[i]);
    }
    buf_puts(out, r->call_count ? "]}" : "}");
}

void reply_error_text(const struct shape *shape, const char *body, size_t len, struct buf *out)
{
    struct json_doc doc = {0};
    const struct json *error = NULL;
    if (shape && json_parse(&doc, body, len, NULL, NULL) == 0)
        error = shape_first(&shape->whole, SHAPE_ERROR, &doc.root);
    if (error)
        error_text(out, error);
    else
        excerpt(out, body, len);
    json_doc_clear(&doc);
}
