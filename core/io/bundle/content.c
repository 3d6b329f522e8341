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

/* The name under which others speak of this record. */
static const char *known_as(struct content *c, enum bundle_kind kind, const struct hash *hash)
{
    if (!names_add(&c->names, kind, hash))
        c->memory = ERR_MEMORY;
    return NULL;
}

static const char *lost(struct content *c, const char *what)
{
    snprintf(c->why, sizeof c->why, "%s, which it names, is not in the file", what);
    return c->why;
}

/* ---- kinds ---- */

static const char *header_fault(struct content *c)
{
    struct bundle_report *report = c->report;
    const char *run = text_of(c, "id"), *engine = text_of(c, "engine");
    if (!json_is(field(c, "format"), BUNDLE_FORMAT) ||
        json_int(field(c, "version"), 0) < BUNDLE_OLDEST ||
        json_int(field(c, "version"), 0) > BUNDLE_VERSION)
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
    if (!hash_equal(&hash, &name))
        return "its bytes have another hash";
    return known_as(c, BUNDLE_BLOB, &hash);
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
    if (!hash_equal(&hash, &name))
        return "its hash does not follow from its parent and its bytes";
    if (!first && !names_have(&c->names, BUNDLE_MESSAGE, &parent))
        return "the message before it is not in the file";
    return known_as(c, BUNDLE_MESSAGE, &hash);
}

static const char *generation_fault(struct content *c)
{
    char what[160];
    const char *id = text_of(c, "id");
    const struct json *files = field(c, "files");
    if (!id || !files || files->type != JSON_OBJECT)
        return "it lacks a field";
    if (names_lost_in(&c->names, files, what, sizeof what))
        return lost(c, what);
    struct hash hash = names_generation(id, strlen(id));
    return known_as(c, BUNDLE_GENERATION, &hash);
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
        .seq = json_int(field(c, "seq"), 0),
        .step = json_int(field(c, "step"), -1),
        .kind = text_of(c, "kind"),
        .card = text_of(c, "card"),
        .actor = text_of(c, "actor"),
        .role = text_of(c, "role"),
        .at = text_of(c, "at"),
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
    char what[160];
    if (!read_event(c, event, prev, hash) || !is_named(c, event))
        return "it lacks a field";
    if (!event_hash_is(prev, event, hash))
        return "its hash does not follow from its bytes and the one before";
    return names_lost_by(&c->names, event->kind, field(c, "body"), what, sizeof what)
               ? lost(c, what)
               : NULL;
}

static void end_stream(struct section *s)
{
    if (s->n > 0)
        s->hash = run_hash(&s->hash, s->turn, &s->head);
    s->n = 0;
    s->head = (struct hash){{0}};
}

/* The event is the next one of its run. */
static const char *chain_fault(struct section *s, const struct store_seen *event,
                               const struct hash *prev, const struct hash *hash)
{
    if (strcmp(event->run, s->run) != 0)
        return "it is of another run";
    if (strcmp(event->turn, s->turn) != 0)
        end_stream(s);
    if (event->n != s->n + 1 || !hash_equal(prev, &s->head))
        return "it does not follow from the event before it";
    snprintf(s->turn, sizeof s->turn, "%s", event->turn);
    s->n = event->n;
    s->head = *hash;
    s->last = event->seq > s->last ? event->seq : s->last;
    s->events++;
    return NULL;
}

/* ---- what a fork stands on ---- */

/* A fork names the very run and moment whose events stand before its own. */
static const char *origin_fault(struct content *c, const struct store_seen *event)
{
    const struct json *body = field(c, "body"), *named = json_get(body, "hash");
    char hex[HASH_HEX + 1];
    if (strcmp(event->kind, "run.forked") != 0)
        return NULL;
    hash_hex(&c->source.hash, hex);
    if (!c->report->source[0] || !json_is(json_get(body, "of"), c->report->source) ||
        json_int(json_get(body, "at"), -1) != c->report->source_at)
        return "the events that it goes on from do not stand before it";
    c->section.forked = true;
    return !named || json_is(named, hex)
               ? NULL
               : "the events before it are not those that it goes on from";
}

static const char *section_fault(struct content *c, const char *run)
{
    struct store_seen event;
    struct hash prev, hash;
    const char *why = any_event_fault(c, &event, &prev, &hash);
    if (!why && c->section.events == 0)
        snprintf(c->section.run, sizeof c->section.run, "%s", run ? run : event.run);
    why = why ? why : origin_fault(c, &event);
    return why ? why : chain_fault(&c->section, &event, &prev, &hash);
}

static const char *event_fault(struct content *c)
{
    return section_fault(c, c->report->run);
}

static const char *prefix_fault(struct content *c)
{
    return section_fault(c, NULL);
}

/* The head that a record tells is the one of the section, and its signature is the key's. */
static const char *head_fault(struct content *c, struct run_head *head)
{
    struct hash hash;
    struct signature signature;
    end_stream(&c->section);
    *head = (struct run_head){c->section.run, c->section.events, c->section.hash};
    if (!hash_field(c, "hash", &hash) || !hex_of(c, "signature", signature.bytes, SIGN_SIGNATURE))
        return "it lacks a field";
    if (!hash_equal(&hash, &head->hash) || json_int(field(c, "events"), -1) != head->events)
        return "the events do not have the hash of the run that it names";
    if (c->report->source[0] && !c->section.forked)
        return "its run is no fork, but a source stands before it";
    return head_verify(&c->report->key, head, &signature)
               ? NULL
               : "the head of the run is not signed by the key of the header";
}

static const char *source_fault(struct content *c)
{
    char id[BUNDLE_NAME];
    int64_t at = json_int(field(c, "at"), -1);
    const char *why = head_fault(c, &c->source);
    snprintf(id, sizeof id, "%s@%lld", c->section.run, (long long)at);
    if (why)
        return why;
    if (!json_is(field(c, "id"), id) || !json_is(field(c, "run"), c->section.run) ||
        c->section.last > at)
        return "it is not the moment that its events lead to";
    snprintf(c->report->source, sizeof c->report->source, "%s", c->section.run);
    c->report->source_at = at;
    c->source.run = c->report->source;
    c->section = (struct section){.n = 0};
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
    for (int kind = BUNDLE_HEADER + 1; kind < BUNDLE_END; kind++)
        if (json_int(json_get(counts, bundle_kind_name((enum bundle_kind)kind)), -1) !=
            c->report->counts[kind])
            return false;
    return json_int(field(c, "events"), -1) == c->section.events;
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
    struct run_head head;
    if (c->section.events == 0)
        return "the run has no event";
    if (!counts_agree(c))
        return "its counts are not those of the records";
    const char *why = head_fault(c, &head);
    if (why)
        return why;
    if (!json_is(field(c, "id"), head.run))
        return "it is the end of another run";
    if (!seal_holds(c))
        return "the bundle is not sealed by the key of the header: some record is not the signer's";
    c->report->hash = head.hash;
    return NULL;
}

/* ---- all of it ---- */

/* Kinds come in their order, but that each source stands behind its prefix, and a fork's own
 * events, or the next prefix, behind that. */
static bool is_in_place(int last, enum bundle_kind kind)
{
    if (kind == BUNDLE_HEADER || last < 0)
        return kind == BUNDLE_HEADER && last < 0;
    if (last == BUNDLE_SOURCE)
        return kind == BUNDLE_PREFIX || kind == BUNDLE_EVENT;
    if (last == BUNDLE_PREFIX || kind == BUNDLE_SOURCE)
        return last == BUNDLE_PREFIX && (kind == BUNDLE_PREFIX || kind == BUNDLE_SOURCE);
    return (int)kind >= last;
}

const char *content_fault(struct content *content, enum bundle_kind kind)
{
    static const char *(*const faults[])(struct content *) = {
        [BUNDLE_HEADER] = header_fault,   [BUNDLE_BLOB] = blob_fault,
        [BUNDLE_MESSAGE] = message_fault, [BUNDLE_GENERATION] = generation_fault,
        [BUNDLE_PREFIX] = prefix_fault,   [BUNDLE_SOURCE] = source_fault,
        [BUNDLE_EVENT] = event_fault,     [BUNDLE_BOARD] = board_fault,
        [BUNDLE_END] = end_fault,
    };
    if (!is_in_place(content->last, kind))
        return "it is not where its kind belongs";
    content->last = (int)kind;
    return faults[kind](content);
}

void content_clear(struct content *content)
{
    buf_clear(&content->bytes);
    names_clear(&content->names);
}
