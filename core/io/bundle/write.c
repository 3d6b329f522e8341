/* write.c: records become lines. A line is finished when the one after it is known, so that it can
 * name it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/json.h"
#include "io/bundle/impl.h"

#define FLUSH ((size_t)256 << 10)

static const char *const names[] = {
#define X(name, text) [BUNDLE_##name] = text,
    BUNDLE_KINDS(X)
#undef X
};

const char *bundle_kind_name(enum bundle_kind kind)
{
    return names[kind];
}

struct hash bundle_link(const struct hash *before, const char *record, size_t len)
{
    struct hash_part parts[] = {{before->bytes, HASH_SIZE}, {record, len}};
    return hash_parts(parts, COUNT_OF(parts));
}

void bundle_begin(struct buf *out, int64_t i, const char *kind, const char *id)
{
    buf_printf(out, "{\"i\":%lld,\"record\":\"%s\",\"id\":", (long long)i, kind);
    json_write_string(out, id, strlen(id));
}

bool bundle_seal_text(struct buf *out, const char *run, const struct hash *link)
{
    char hex[HASH_HEX + 1];
    hash_hex(link, hex);
    buf_printf(out, "orket bundle v1\n%s\n%s", run, hex);
    return buf_ok(out);
}

/* ---- lines ---- */

static void flush(struct bundle *bundle)
{
    const char *at = bundle->out.data;
    size_t left = buf_ok(&bundle->out) ? bundle->out.len : 0;
    while (left > 0 && !bundle->error) {
        ssize_t n = write(bundle->fd, at, left);
        if (n < 0 && errno != EINTR)
            bundle->error = errno;
        at += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    if (buf_ok(&bundle->out))
        buf_reset(&bundle->out);
}

/* The last record becomes a line; next = NULL: it is the end. */
static void close_line(struct bundle *bundle, const char *next)
{
    struct buf *line = &bundle->line;
    if (bundle->records == 0)
        return;
    if (next) {
        buf_puts(line, ",\"next\":");
        json_write_string(line, next, strlen(next));
    }
    if (!buf_ok(line))
        return;
    char hex[HASH_HEX + 1];
    bundle->link = bundle_link(&bundle->link, line->data, line->len);
    hash_hex(&bundle->link, hex);
    buf_put(&bundle->out, line->data, line->len);
    buf_printf(&bundle->out, LINK_KEY "%s\"}\n", hex);
    buf_reset(line);
    if (bundle->out.len >= FLUSH)
        flush(bundle);
}

static struct buf *begin(struct bundle *bundle, enum bundle_kind kind, const char *id)
{
    char name[BUNDLE_NAME];
    snprintf(name, sizeof name, "%s %s", names[kind], id);
    close_line(bundle, name);
    bundle->records++;
    bundle->counts[kind]++;
    bundle_begin(&bundle->line, bundle->records, names[kind], id);
    return &bundle->line;
}

/* ---- fields ---- */

static void put_text(struct buf *line, const char *key, const char *text)
{
    buf_printf(line, ",\"%s\":", key);
    if (text)
        json_write_string(line, text, strlen(text));
    else
        buf_puts(line, "null");
}

static void put_hex(struct buf *line, const char *key, const uint8_t *bytes, size_t len)
{
    char hex[SIGN_HEX];
    sign_hex(bytes, len, hex);
    put_text(line, key, hex);
}

static void put_int(struct buf *line, const char *key, int64_t value)
{
    buf_printf(line, ",\"%s\":", key);
    json_write_int(line, value);
}

/* As text where it is text and that is not longer. */
static void put_bytes(struct buf *line, const void *bytes, size_t len)
{
    size_t before = line->len;
    if (utf8_valid(bytes, len)) {
        buf_puts(line, ",\"text\":");
        json_write_string(line, bytes, len);
        if (!buf_ok(line) || line->len - before <= 2 * len + 64)
            return;
        line->len = before;
    }
    buf_puts(line, ",\"base64\":\"");
    base64_encode(line, bytes, len);
    buf_putc(line, '"');
}

/* ---- records ---- */

void bundle_open(struct bundle *bundle, int fd)
{
    *bundle = (struct bundle){.fd = fd};
    bundle->line.max = BUNDLE_LINE;
}

void bundle_header(struct bundle *bundle, const char *run, const char *engine,
                   const struct sign_public *key)
{
    struct buf *line = begin(bundle, BUNDLE_HEADER, run);
    put_text(line, "format", BUNDLE_FORMAT);
    put_int(line, "version", BUNDLE_VERSION);
    put_text(line, "engine", engine);
    put_hex(line, "key", key->bytes, SIGN_PUBLIC);
}

void bundle_generation(struct bundle *bundle, const char *id, const char *files, size_t len)
{
    struct buf *line = begin(bundle, BUNDLE_GENERATION, id);
    buf_puts(line, ",\"files\":");
    buf_put(line, files, len);
}

static struct buf *begin_hash(struct bundle *bundle, enum bundle_kind kind, const struct hash *hash)
{
    char hex[HASH_HEX + 1];
    hash_hex(hash, hex);
    return begin(bundle, kind, hex);
}

void bundle_blob(struct bundle *bundle, const struct hash *hash, const void *bytes, size_t len)
{
    put_bytes(begin_hash(bundle, BUNDLE_BLOB, hash), bytes, len);
}

void bundle_message(struct bundle *bundle, const struct hash *hash, const struct hash *parent,
                    const void *bytes, size_t len)
{
    struct buf *line = begin_hash(bundle, BUNDLE_MESSAGE, hash);
    if (parent)
        put_hex(line, "parent", parent->bytes, HASH_SIZE);
    else
        put_text(line, "parent", NULL);
    put_bytes(line, bytes, len);
}

void bundle_event(struct bundle *bundle, enum bundle_kind kind, const struct store_seen *event,
                  const struct hash *prev, const struct hash *hash)
{
    char id[BUNDLE_NAME];
    snprintf(id, sizeof id, "%s/%s/%lld", event->run, event->turn, (long long)event->n);
    struct buf *line = begin(bundle, kind, id);
    put_text(line, "run", event->run);
    put_text(line, "turn", event->turn);
    put_int(line, "n", event->n);
    put_int(line, "step", event->step);
    put_text(line, "kind", event->kind);
    put_text(line, "card", event->card);
    put_text(line, "actor", event->actor);
    put_text(line, "role", event->role);
    put_int(line, "seq", event->seq);
    put_text(line, "at", event->at);
    put_hex(line, "prev", prev->bytes, HASH_SIZE);
    put_hex(line, "hash", hash->bytes, HASH_SIZE);
    buf_puts(line, ",\"body\":"); // last: its bytes are hashed as they are
    buf_put(line, event->body, event->body_len);
}

void bundle_source(struct bundle *bundle, const struct run_head *head, int64_t at,
                   const struct signature *signature)
{
    char id[BUNDLE_NAME];
    snprintf(id, sizeof id, "%s@%lld", head->run, (long long)at);
    struct buf *line = begin(bundle, BUNDLE_SOURCE, id);
    put_text(line, "run", head->run);
    put_int(line, "at", at);
    put_int(line, "events", head->events);
    put_hex(line, "hash", head->hash.bytes, HASH_SIZE);
    put_hex(line, "signature", signature->bytes, SIGN_SIGNATURE);
}

/* ---- the end ---- */

static void put_counts(struct bundle *bundle, struct buf *line)
{
    buf_puts(line, ",\"counts\":{");
    for (int kind = BUNDLE_HEADER + 1; kind < BUNDLE_END; kind++)
        buf_printf(line, "%s\"%s\":%lld", kind > BUNDLE_HEADER + 1 ? "," : "", names[kind],
                   (long long)bundle->counts[kind]);
    buf_putc(line, '}');
}

static int write_end(struct bundle *bundle, const struct run_head *head,
                     const struct signature *signature, const struct signer *signer)
{
    struct buf text = {0}, *line = begin(bundle, BUNDLE_END, head->run);
    if (!bundle_seal_text(&text, head->run, &bundle->link))
        return ERR_MEMORY;
    struct signature seal = signer_sign(signer, text.data, text.len);
    buf_clear(&text);
    put_counts(bundle, line);
    put_int(line, "events", head->events);
    put_hex(line, "hash", head->hash.bytes, HASH_SIZE);
    put_hex(line, "signature", signature->bytes, SIGN_SIGNATURE);
    put_hex(line, "seal", seal.bytes, SIGN_SIGNATURE);
    close_line(bundle, NULL);
    flush(bundle);
    return buf_ok(line) && buf_ok(&bundle->out) ? 0 : ERR_MEMORY;
}

int bundle_finish(struct bundle *bundle, const struct run_head *head,
                  const struct signature *signature, const struct signer *signer, struct err *err)
{
    int rc = write_end(bundle, head, signature, signer);
    if (rc || !buf_ok(&bundle->line) || !buf_ok(&bundle->out))
        return err_set(err, ERR_MEMORY, "out of memory, or a record is over %zu MiB",
                       BUNDLE_LINE >> 20);
    if (bundle->error)
        return err_set(err, bundle->error == ENOSPC ? ERR_STORE_FULL : ERR_IO,
                       "the bundle cannot be written: %s", strerror(bundle->error));
    return 0;
}

void bundle_clear(struct bundle *bundle)
{
    buf_clear(&bundle->line);
    buf_clear(&bundle->out);
}
