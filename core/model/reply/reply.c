/* reply.c: each event is looked through under the shape, part by part. */
#include "model/reply/reply.h"

#include <string.h>

#include "base/text/sanitize.h"
#include "model/reply/calls.h"
#include "model/reply/error_body.h"

void reply_init(struct reply *reply, const struct shape *shape)
{
    *reply = (struct reply){
        .shape = shape, .prompt_tokens = -1, .completion_tokens = -1, .cached_tokens = -1};
}

void reply_clear(struct reply *reply)
{
    calls_drop(reply);
    free(reply->calls);
    json_doc_clear(&reply->doc);
    event_cache_clear(&reply->cache);
    buf_clear(&reply->content);
    buf_clear(&reply->reasoning);
    buf_clear(&reply->finish);
    buf_clear(&reply->model);
    buf_clear(&reply->kinds);
    part_order_clear(&reply->order);
    *reply = (struct reply){0};
}

/* ---- fields ---- */

struct target {
    struct event_cache *cache;
    struct buf *out;
};

static int add_text(void *ctx, const struct json *value)
{
    const struct target *target = ctx;
    size_t len;
    const char *text = json_string(value, &len);
    if (!text || !len)
        return SHAPE_PASS;
    buf_put(target->out, text, len);
    event_cache_found(target->cache, value, target->out);
    return buf_ok(target->out) ? 0 : ERR_MEMORY;
}

int reply_set_text(struct buf *out, const struct json *value)
{
    size_t len;
    const char *text = json_string(value, &len);
    if (!text || !len)
        return 0;
    buf_reset(out);
    buf_put(out, text, len);
    return buf_ok(out) ? 0 : ERR_MEMORY;
}

/* ---- events ---- */

static int error_of(struct reply *r, const struct shape_paths *paths, const struct json *at,
                    struct err *err)
{
    const struct json *error = shape_first(paths, SHAPE_ERROR, at);
    struct buf text = {0};
    if (!shape_is_true(error))
        return 0;
    error_body_text(&text, error);
    error_body_kinds(&r->kinds, error);
    err_set(err, ERR_HTTP, "the endpoint answered with an error: %s", text.len ? text.data : "");
    buf_clear(&text);
    return ERR_HTTP;
}

/* A text of a part, and where it stands among what is said. */
struct saying {
    enum part_kind kind;
    enum shape_field text, mark;
    struct buf *out;
};

static int mark_of(struct reply *r, const struct shape_paths *paths, const struct saying *s,
                   const struct json *at, const char **mark, size_t *len)
{
    const struct json *value = shape_first(paths, s->mark, at);
    *mark = json_string(value, len);
    if (*mark && *len)
        event_cache_spoil(&r->cache);
    else
        *mark = NULL;
    return 0;
}

/* A thought is signed by what follows it, a text by the part that it is. */
static int place(struct reply *r, const struct saying *s, int64_t index, size_t had, bool is_signed)
{
    if (s->kind == PART_THOUGHT || !is_signed)
        return part_order_more(&r->order, s->kind, index, had);
    return part_order_begin(&r->order, s->kind, index, had);
}

static int take_text(struct reply *r, const struct shape_paths *paths, const struct saying *s,
                     const struct json *at)
{
    struct target target = {&r->cache, s->out};
    size_t had = s->out->len, len = 0;
    const char *mark;
    int rc = shape_each(paths, s->text, at, add_text, &target);
    if (rc == 0)
        rc = mark_of(r, paths, s, at, &mark, &len);
    if (rc || (!mark && s->out->len == had))
        return rc;
    rc = place(r, s, json_int(shape_first(paths, SHAPE_INDEX, at), -1), had, mark != NULL);
    return rc == 0 && mark ? part_order_mark(&r->order, mark, len) : rc;
}

static int take_redacted(void *ctx, const struct json *value)
{
    struct reply *r = ctx;
    size_t len;
    const char *data = json_string(value, &len);
    if (!data || !len)
        return SHAPE_PASS;
    event_cache_spoil(&r->cache);
    int rc = part_order_begin(&r->order, PART_REDACTED, -1, 0);
    return rc ? rc : part_order_mark(&r->order, data, len);
}

static int take_part(void *ctx, const struct json *part)
{
    struct taking *t = ctx;
    struct reply *r = t->reply;
    const struct saying thought = {PART_THOUGHT, SHAPE_REASONING, SHAPE_SIGNATURE, &r->reasoning};
    const struct saying text = {PART_TEXT, SHAPE_CONTENT, SHAPE_TEXT_SIGNATURE, &r->content};
    int rc = take_text(r, t->paths, &thought, part);
    if (rc == 0)
        rc = take_text(r, t->paths, &text, part);
    if (rc == 0)
        rc = shape_each(t->paths, SHAPE_REDACTED, part, take_redacted, r);
    if (rc == 0)
        rc = shape_each(t->paths, SHAPE_CALLS, part, calls_take, t);
    return rc;
}

static void take_counts(struct reply *r, const struct shape_paths *paths, const struct json *root)
{
    const enum shape_field fields[] = {SHAPE_PROMPT_TOKENS, SHAPE_COMPLETION_TOKENS,
                                       SHAPE_CACHED_TOKENS};
    int64_t *const counts[] = {&r->prompt_tokens, &r->completion_tokens, &r->cached_tokens};
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        int64_t count = shape_count(paths, fields[i], root, REPLY_USAGE_MAX, r->counts[i]);
        *counts[i] = count >= 0 ? count : *counts[i];
    }
}

/* The index of a choice; one that is missing is 0.
 * False: it is no number, so it belongs to no reply. */
static bool index_of(const struct json *choice, int64_t *index)
{
    const struct json *value = json_get(choice, "index");
    *index = value && value->type != JSON_NULL ? json_int(value, INT64_MIN) : 0;
    return *index != INT64_MIN;
}

/* Of several choices the one is read that comes first; what belongs to another is another reply. It
 * becomes the first of the list, which is where the paths look. */
static void choose(struct reply *r, const struct shape_paths *paths, const struct json *root)
{
    const struct json *list = shape_first(paths, SHAPE_CHOICES, root);
    if (!list || list->type != JSON_ARRAY)
        return;
    // of the reply's doc
    struct json *own = (struct json *)list, *items = (struct json *)list->u.items;
    for (size_t i = 0; i < list->len; i++) {
        int64_t index;
        if (!index_of(&items[i], &index) || (r->chosen && index != r->choice))
            continue;
        r->chosen = true;
        r->choice = index;
        items[0] = items[i];
        return;
    }
    own->len = 0;
}

static int take(struct reply *r, const struct shape_paths *paths, const struct json *root,
                struct err *err)
{
    choose(r, paths, root);
    const struct json *finish = shape_first(paths, SHAPE_FINISH, root);
    const struct json *model = shape_first(paths, SHAPE_MODEL, root);
    struct taking taking = {r, paths, err, false};
    int rc = error_of(r, paths, root, err);
    if (rc == 0)
        rc = paths->fields[SHAPE_PARTS] ? shape_each(paths, SHAPE_PARTS, root, take_part, &taking)
                                        : take_part(&taking, root);
    if (rc == 0)
        rc = reply_set_text(&r->finish, finish);
    if (rc == 0)
        rc = reply_set_text(&r->model, model);
    if (event_cache_has(&r->cache, finish) || event_cache_has(&r->cache, model))
        event_cache_spoil(&r->cache);
    if (rc == ERR_MEMORY)
        err_set(err, rc, "out of memory while reading a reply");
    take_counts(r, paths, root);
    r->seen = r->seen || r->content.len || r->reasoning.len || r->finish.len;
    r->done = r->done || (rc == 0 && shape_first(paths, SHAPE_END, root));
    return rc;
}

static bool is_list(const struct json *value)
{
    return value->type == JSON_ARRAY && value->len && value->u.items[0].type == JSON_OBJECT;
}

/* Of a text with halves of letters, which is no JSON, with whole ones. */
static int parse_joined(struct reply *r, const char *text, size_t len)
{
    struct buf joined = {0};
    halves_join(&joined, text, len, r->half);
    int rc =
        buf_ok(&joined) ? json_parse(&r->doc, joined.data, joined.len, NULL, NULL) : ERR_MEMORY;
    buf_clear(&joined);
    event_cache_spoil(&r->cache);
    return rc;
}

/* An event by its number, or with 0 the whole reply. */
static int parse(struct reply *r, size_t event, const char *text, size_t len, struct err *err)
{
    struct err why;
    int rc = json_parse(&r->doc, text, len, NULL, &why);
    if (rc == ERR_JSON && memmem(text, len, "\\u", 2))
        rc = parse_joined(r, text, len);
    if (rc == 0 && (r->doc.root.type == JSON_OBJECT || (!event && is_list(&r->doc.root))))
        return 0;
    if (rc == ERR_MEMORY)
        return err_set(err, rc, "out of memory while reading a reply");
    struct buf quote = {0};
    char what[48] = "the reply";
    if (event)
        snprintf(what, sizeof what, "event %zu of the stream", event);
    error_body_excerpt(&quote, text, len);
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
    event_cache_begin(&r->cache);
    int rc = parse(r, r->events, text, len, err);
    if (rc == 0)
        rc = take(r, &r->shape->stream, &r->doc.root, err);
    if (rc == 0)
        event_cache_end(&r->cache, text, len);
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
    int rc = event_cache_take(&r->cache, text, len);
    if (rc == 0)
        return parse_event(r, text, len, err);
    return rc > 0 ? 0 : err_set(err, rc, "out of memory while reading a reply");
}

int reply_body(struct reply *r, const char *text, size_t len, struct err *err)
{
    int rc = parse(r, 0, text, len, err);
    const struct json *root = &r->doc.root;
    if (rc == 0 && root->type == JSON_OBJECT)
        rc = take(r, &r->shape->whole, root, err);
    for (size_t i = 0; rc == 0 && root->type == JSON_ARRAY && i < root->len; i++)
        rc = take(r, &r->shape->stream, &root->u.items[i], err);
    r->done = rc == 0 && r->seen;
    return rc;
}

/* ---- the end ---- */

int reply_end(struct reply *r, struct err *err)
{
    if (!r->done && !r->finish.len)
        return err_set(err, ERR_PROTOCOL,
                       r->seen ? "the reply ended before it was complete"
                               : "the reply holds no message");
    if (r->excess)
        calls_drop(r);
    for (size_t i = 0; i < r->call_count; i++)
        if (calls_complete(r, i))
            return err_set(err, ERR_MEMORY, "out of memory while reading a reply");
    json_doc_clear(&r->doc);
    event_cache_clear(&r->cache);
    return 0;
}

size_t reply_bytes(const struct reply *r)
{
    size_t said = r->content.len + r->reasoning.len + r->dropped;
    for (size_t i = 0; i < r->call_count; i++)
        said += r->calls[i].name.len + r->calls[i].arguments.len;
    return said;
}

void reply_error_text(const struct shape *shape, const char *body, size_t len, struct buf *out,
                      struct buf *kinds)
{
    struct json_doc doc = {0};
    const struct json *error = NULL;
    if (shape && json_parse(&doc, body, len, NULL, NULL) == 0)
        error = shape_first(&shape->whole, SHAPE_ERROR,
                            is_list(&doc.root) ? &doc.root.u.items[0] : &doc.root);
    if (shape_is_true(error)) {
        error_body_text(out, error);
        error_body_kinds(kinds, error);
    } else {
        error_body_excerpt(out, body, len);
    }
    json_doc_clear(&doc);
}
