/* content.c: does a record say what its own bytes, and the ones before it, say? Its link is right
 * already. */
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "io/bundle/impl.h"

/* ---- fields ---- */

static const struct json *field(const struct content *c, const char *key)
{
    return json_get(&c->doc->root, key);
}

/* A text without NUL, or NULL. */
static const char *text_of(const struct content *c, const char *key)
{
    size_t len;
    const char *text = json_string(field(c, key), &len);
    return text && strlen(text) == len && len <= STORE_ID_MAX ? text : NULL;
}

static bool hex_of(const struct content *c, const char *key, uint8_t *out, size_t size)
{
    size_t len;
    const char *hex = json_string(field(c, key), &len);
    return hex && sign_from_hex(hex, len, out, size);
}

static bool hash_field(const struct content *c, const char *key, struct hash *out)
{
    return hex_of(c, key, out->bytes, HASH_SIZE);
}

/* The bytes of a blob or a message. */
static bool bytes_of(struct content *c, const char **bytes, size_t *len)
{
    *bytes = json_string(field(c, "text"), len);
    if (*bytes)
        return !field(c, "base64");
    size_t coded_len;
    const char *coded = json_string(field(c, "base64"), &coded_len);
    buf_reset(&c->bytes);
    buf_put(&c->bytes, "", 0);
    if (!coded || !base64_decode(&c->bytes, coded, coded_len))
        return false;
    c->memory = buf_ok(&c->bytes) ? 0 : ERR_MEMORY;
    *bytes = c->bytes.data;
    *len = c->bytes.len;
    return buf_ok(&c->bytes);
}

/* ---- kinds ---- */

static const char *header_fault(struct content *c)
{
    struct bundle_report *report = c->report;
    const char *run = text_of(c, "id"), *engine = text_of(c, "engine");
    if (!json_is(field(c, "format"), BUNDLE_FORMAT) ||
        json_int(field(c, "version"), 0) != BUNDLE_VERSION)
        return "it is no bundle, or of a version that this program does not know";
    if (!run || !engine || strlen(engine) >= sizeof report->engine ||
        !hex_of(c, "key", report->key.bytes, SIGN_PUBLIC))
        return "it lacks a field";
    snprintf(report->run, sizeof report->run, "%s", run);
    snprintf(report->engine, sizeof report->engine, "%s", engine);
    report->has_key = true;
    return NULL;
}

static const char *blob_fault(struct content *c)
{
    struct hash name, hash;
    const char *bytes;
    size_t len;
    if (!hash_field(c, "id", &name) || !bytes_of(c, &bytes, &len))
        return "it lacks a field";
    hash = hash_of(bytes, len);
    return hash_equal(&hash, &name) ? NULL : "its bytes have another hash";
}

static const char *message_fault(struct content *c)
{
    struct hash name, parent, hash;
    const char *bytes;
    size_t len;
    const struct json *up = field(c, "parent");
    bool first = up && up->type == JSON_NULL;
    if (!hash_field(c, "id", &name) || !bytes_of(c, &bytes, &len) ||
        (!first && !hash_field(c, "parent", &parent)))
        return "it lacks a field";
    struct hash_part parts[] = {{parent.bytes, first ? 0 : HASH_SIZE}, {bytes, len}};
    hash = hash_parts(parts, COUNT_OF(parts));
    return hash_equal(&hash, &name) ? NULL
                                    : "its hash does not follow from its parent and its bytes";
}

/* ---- events ---- */

/* The body's own bytes: from its first to the comma before `next`. */
static bool body_of(const struct content *c, struct store_seen *event)
{
    const struct json *body = field(c, "body"), *next = field(c, "next");
    static const char tail[] = ",\"next\":";
    if (!body || body->type != JSON_OBJECT || !next || next->at < sizeof tail)
        return false;
    size_t end = next->at - (sizeof tail - 1);
    if (body->at >= end || end > c->len || memcmp(c->line + end, tail, sizeof tail - 1) != 0)
        return false;
    event->body = c->line + body->at;
    event->body_len = end - body->at;
    return true;
}

static bool read_event(const struct content *c, struct store_seen *event, struct hash *prev,
                       struct hash *hash)
{
    *event = (struct store_seen){
        .run = text_of(c, "run"),
        .turn = text_of(c, "turn"),
        .n = json_int(field(c, "n"), 0),
        .step = json_int(field(c, "step"), -1),
        .kind = text_of(c, "kind"),
        .card = text_of(c, "card"),
        .actor = text_of(c, "actor"),
        .role = text_of(c, "role"),
    };
    return event->run && event->turn && event->n > 0 && event->step >= 0 && event->kind &&
           event->actor && body_of(c, event) && hash_field(c, "prev", prev) &&
           hash_field(c, "hash", hash);
}

/* The id says where it is, once more. */
static bool is_named(const struct content *c, const struct store_seen *event)
{
    char id[BUNDLE_NAME];
    snprintf(id, sizeof id, "%s/%s/%lld", event->run, event->turn, (long long)event->n);
    return json_is(field(c, "id"), id);
}

static const char *any_event_fault(struct content *c, struct store_seen *event, struct hash *prev,
                                   struct hash *hash)
{
    if (!read_event(c, event, prev, hash) || !is_named(c, event))
        return "it lacks a field";
    struct hash right = event_hash(prev, event);
    return hash_equal(&right, hash) ? NULL
                                    : "its hash does not follow from its bytes and the one before";
}

static void end_stream(struct content *c)
{
    if (c->n > 0)
        c->run = run_hash(&c->run, c->turn, &c->head);
    c->n = 0;
    c->head = (struct hash){{0}};
}

static const char *event_fault(struct content *c)
{
    struct store_seen event;
    struct hash prev, hash;
    const char *why = any_event_fault(c, &event, &prev, &hash);
    if (why)
        return why;
    if (strcmp(event.run, c->report->run) != 0)
        return "it is of another run";
    if (strcmp(event.turn, c->turn) != 0)
        end_stream(c);
    if (event.n != c->n + 1 || !hash_equal(&prev, &c->head))
        return "it does not follow from the event before it";
    snprintf(c->turn, sizeof c->turn, "%s", event.turn);
    c->n = event.n;
    c->head = hash;
    c->events++;
    return NULL;
}

static const char *board_fault(struct content *c)
{
    struct store_seen event;
    struct hash prev, hash;
    return any_event_fault(c, &event, &prev, &hash);
}

/* ---- the end ---- */

static bool counts_agree(const struct content *c)
{
    const struct json *counts = field(c, "counts");
    for (int kind = BUNDLE_GENERATION; kind < BUNDLE_END; kind++)
        if (json_int(json_get(counts, bundle_kind_name((enum bundle_kind)kind)), -1) !=
            c->report->counts[kind])
            return false;
    return json_int(field(c, "events"), -1) == c->events;
}

static bool seal_holds(struct content *c)
{
    struct signature seal;
    struct buf text = {0};
    if (!hex_of(c, "seal", seal.bytes, SIGN_SIGNATURE))
        return false;
    bool made = bundle_seal_text(&text, c->report->run, &c->link);
    c->memory = made ? 0 : ERR_MEMORY;
    bool holds = made && sign_verify(&c->report->key, text.data, text.len, &seal);
    buf_clear(&text);
    return holds;
}

static const char *end_fault(struct content *c)
{
    struct hash hash;
    struct signature signature;
    end_stream(c);
    struct run_head head = {.run = c->report->run, .events = c->events, .hash = c->run};
    if (!json_is(field(c, "id"), head.run) || !hash_field(c, "hash", &hash) ||
        !hex_of(c, "signature", signature.bytes, SIGN_SIGNATURE))
        return "it lacks a field";
    if (!counts_agree(c))
        return "its counts are not those of the records";
    if (!hash_equal(&hash, &head.hash))
        return "the events do not have the hash of the run that it names";
    if (!head_verify(&c->report->key, &head, &signature))
        return "the head of the run is not signed by the key of the header";
    if (!seal_holds(c))
        return "the bundle is not sealed by the key of the header: some record is not the signer's";
    c->report->hash = hash;
    return NULL;
}

const char *content_fault(struct content *content, enum bundle_kind kind)
{
    static const char *(*const faults[])(struct content *) = {
        [BUNDLE_HEADER] = header_fault,   [BUNDLE_BLOB] = blob_fault,
        [BUNDLE_MESSAGE] = message_fault, [BUNDLE_EVENT] = event_fault,
        [BUNDLE_BOARD] = board_fault,     [BUNDLE_END] = end_fault,
    };
    if ((int)kind < content->last || (kind == BUNDLE_HEADER) != (content->last < 0))
        return "it is not where its kind belongs";
    content->last = (int)kind;
    return faults[kind] ? faults[kind](content) : NULL;
}
