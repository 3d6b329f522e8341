/* tx.c: the loop's side of writing: transactions that are filled, queued and come back finished. A
 * transaction copies all it is given into two buffers of its own, which the writer's thread reads;
 * between store_commit and tx_finish the loop does not touch it. */
#include <string.h>
#include <time.h>

#include "base/fault.h"
#include "io/store/parts.h"

#define SPARES_MAX  64
#define SPARE_BYTES 65536

/* ---- transactions ---- */

/* Appends a NUL-terminated text and answers its offset. */
static size_t keep_text(struct buf *data, const char *text)
{
    size_t at = data->len;
    buf_put(data, text, strlen(text) + 1);
    return at;
}

static struct store_tx *take_spare(struct store *store)
{
    struct store_tx *tx = store->spare;
    if (!tx)
        return calloc(1, sizeof *tx);
    store->spare = tx->next;
    store->spares--;
    struct buf data = tx->data, items = tx->items;
    *tx = (struct store_tx){.data = data, .items = items};
    buf_reset(&tx->data);
    buf_reset(&tx->items);
    return tx;
}

struct store_tx *store_begin(struct store_stream *stream)
{
    struct chain *chain = stream->chain;
    struct store_tx *tx = chain->store->queue.running ? take_spare(chain->store) : NULL;
    if (!tx)
        return NULL;
    chain->refs++;
    tx->chain = chain;
    tx->epoch = chain->epoch;
    tx->step = tx->step_before = chain->step;
    tx->data.max = STORE_TX_BYTES;
    buf_putc(&tx->data, '\0');
    tx->actor = keep_text(&tx->data, stream->actor);
    tx->role = stream->role ? keep_text(&tx->data, stream->role) : 0;
    tx->body = tx->data.len;
    return tx;
}

void tx_free(struct store_tx *tx)
{
    buf_clear(&tx->data);
    buf_clear(&tx->items);
    free(tx->err);
    free(tx);
}

void store_abandon(struct store_tx *tx)
{
    struct store *store = tx->chain->store;
    chain_release(tx->chain);
    free(tx->err);
    tx->err = NULL;
    if (store->spares >= SPARES_MAX || tx->data.cap > SPARE_BYTES || tx->items.cap > SPARE_BYTES) {
        tx_free(tx);
        return;
    }
    tx->next = store->spare;
    store->spare = tx;
    store->spares++;
}

static int spent(const struct store_tx *tx, struct err *err)
{
    if (buf_ok(&tx->data) && buf_ok(&tx->items))
        return 0;
    if (!tx->data.beyond)
        return err_set(err, ERR_MEMORY, "no memory for the transaction; nothing of it happened");
    err_set(err, ERR_LIMIT, "the transaction is over %zu MiB", STORE_TX_BYTES >> 20);
    err_fix(err, "make it smaller; nothing of it happened");
    return ERR_LIMIT;
}

/* Room for one more item, zeroed; the bytes appended since the last one are its. */
static struct item *add_item(struct store_tx *tx, enum item_type type, size_t max, struct err *err)
{
    if (spent(tx, err))
        return NULL;
    size_t len = tx->data.len - tx->body;
    if (len > max || tx_count(tx) >= STORE_TX_ITEMS) {
        err_set(err, ERR_LIMIT, "%zu bytes in item %zu of a transaction", len, tx_count(tx) + 1);
        err_fix(err, "at most %zu bytes here, and %u items", max, STORE_TX_ITEMS);
        return NULL;
    }
    struct item item = {.type = (uint8_t)type, .at = tx->body, .len = len};
    buf_putc(&tx->data, '\0');
    buf_put(&tx->items, &item, sizeof item);
    return spent(tx, err) ? NULL : &tx_items(tx)[tx_count(tx) - 1];
}

/* Why there was no room. */
static int no_item(const struct store_tx *tx)
{
    int rc = spent(tx, NULL);
    return rc ? rc : ERR_LIMIT;
}

/* A body that was begun and given up is dropped here. */
struct buf *store_body(struct store_tx *tx)
{
    if (buf_ok(&tx->data))
        tx->data.len = tx->body;
    return &tx->data;
}

/* Takes back what was appended for an item that is refused. */
static int refuse(struct store_tx *tx, int code)
{
    if (buf_ok(&tx->data))
        tx->data.len = tx->body;
    return code;
}

/* The time as text, in data; answers its offset. */
static size_t now(struct store *store, struct buf *data, int64_t *at_ms)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    *at_ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
    if (ts.tv_sec != store->second || !store->second_text[0]) {
        struct tm tm;
        gmtime_r(&ts.tv_sec, &tm);
        strftime(store->second_text, sizeof store->second_text, "%Y-%m-%dT%H:%M:%S", &tm);
        store->second = ts.tv_sec;
    }
    size_t at = data->len;
    int ms = (int)(ts.tv_nsec / 1000000);
    char tail[] = {
        '.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10), 'Z', '\0'};
    buf_puts(data, store->second_text);
    buf_put(data, tail, sizeof tail);
    return at;
}

static int check_event(struct store_tx *tx, const struct store_event *event, int kind,
                       struct err *err)
{
    int rc = spent(tx, err);
    if (!rc && kind < 0) {
        rc = err_set(err, ERR_USAGE, "unknown kind of event '%s'", event->kind);
        err_fix(err, "kinds are the sections of core/io/store/sql/projections.sql");
    }
    if (!rc && event->card)
        rc = check_id("card", event->card, err);
    if (!rc && (tx->data.len == tx->body || tx->data.data[tx->body] != '{'))
        rc = err_set(err, ERR_USAGE, "the body of an event is a JSON object");
    return rc;
}

int store_event(struct store_tx *tx, const struct store_event *event, int64_t *n, struct err *err)
{
    struct chain *chain = tx->chain;
    int kind = sql_find(&chain->store->kinds, event->kind);
    int rc = check_event(tx, event, kind, err);
    if (rc)
        return refuse(tx, rc);
    struct item *item = add_item(tx, ITEM_EVENT, STORE_BODY_MAX, err);
    if (!item)
        return refuse(tx, no_item(tx));
    item->kind = kind;
    item->step = event->step < 0 ? tx->step : event->step;
    item->card = event->card ? keep_text(&tx->data, event->card) : 0;
    item->time = now(chain->store, &tx->data, &item->at_ms);
    tx->body = tx->data.len;
    tx->step = item->step;
    tx->ends = tx->ends || kind == chain->store->ending;
    tx->events++;
    if (n)
        *n = chain->n + tx->events;
    return spent(tx, err);
}

static struct item *put(struct store_tx *tx, enum item_type type, const void *bytes, size_t len,
                        struct err *err)
{
    if (len > STORE_BLOB_MAX) {
        err_set(err, ERR_LIMIT, "a blob of %zu bytes", len);
        err_fix(err, "at most %zu bytes", STORE_BLOB_MAX);
        return NULL;
    }
    buf_put(&tx->data, bytes, len);
    struct item *item = add_item(tx, type, STORE_BLOB_MAX, err);
    tx->body = tx->data.len;
    return item;
}

int store_put_blob(struct store_tx *tx, const void *bytes, size_t len, struct hash *out,
                   struct err *err)
{
    struct item *item = put(tx, ITEM_BLOB, bytes, len, err);
    if (!item)
        return no_item(tx);
    item->hash = *out = hash_of(bytes, len);
    return 0;
}

int store_put_message(struct store_tx *tx, const struct hash *parent, const void *bytes, size_t len,
                      struct hash *out, struct err *err)
{
    struct item *item = put(tx, ITEM_MESSAGE, bytes, len, err);
    if (!item)
        return no_item(tx);
    item->has_parent = parent != NULL;
    if (parent)
        item->parent = *parent; /* before *out, which may be the same */
    struct hash_part parts[] = {{item->parent.bytes, parent ? HASH_SIZE : 0}, {bytes, len}};
    item->hash = *out = hash_parts(parts, COUNT_OF(parts));
    return 0;
}

size_t store_mark(const struct store_tx *tx)
{
    return tx_count(tx);
}

void store_rollback(struct store_tx *tx, size_t mark)
{
    if (!buf_ok(&tx->data) || !buf_ok(&tx->items))
        return; // it fails as a whole
    for (size_t i = mark; i < tx_count(tx); i++)
        tx->events -= tx_items(tx)[i].type == ITEM_EVENT;
    if (mark < tx_count(tx))
        tx->body = tx->data.len = tx_items(tx)[mark].at;
    if (mark < tx_count(tx))
        tx->items.len = mark * sizeof(struct item);
}

/* A transaction that lost its bytes travels on as one that failed, so that `done` comes in its
 * turn. */
static void fail_spent(struct store_tx *tx)
{
    struct err err = {0};
    tx->code = spent(tx, &err);
    if (!tx->code)
        return;
    tx->err = malloc(sizeof *tx->err);
    if (tx->err)
        *tx->err = err;
    buf_clear(&tx->data);
    buf_clear(&tx->items);
    tx->events = 0;
}

void store_commit(struct store_tx *tx, store_done *done, void *ctx)
{
    struct chain *chain = tx->chain;
    fail_spent(tx);
    if (chain->shared || tx->epoch == chain->epoch) { // else it fails with the one before it
        chain->n += tx->events;
        chain->step = tx->step;
    }
    tx->done = done;
    tx->ctx = ctx;
    queue_push(chain->store, tx);
}

/* ---- back from the writer ---- */

void tx_seen(const struct store *store, const struct store_tx *tx, const struct item *item,
             struct store_seen *seen)
{
    const char *data = tx->data.data;
    *seen = (struct store_seen){
        .seq = item->seq,
        .step = item->step,
        .n = item->n,
        .run = tx->chain->run,
        .turn = tx->chain->turn,
        .kind = store->kinds.items[item->kind].name,
        .card = item->card ? data + item->card : NULL,
        .actor = data + tx->actor,
        .role = tx->role ? data + tx->role : NULL,
        .at = data + item->time,
        .body = data + item->at,
        .body_len = item->len,
    };
}

/* After a failure the stream goes back to what the writer has: a caller that tries again with the
 * same events gets the same numbers. */
static void go_back(struct store_tx *tx)
{
    struct chain *chain = tx->chain;
    if (chain->shared) {
        chain->n -= tx->events;
    } else if (tx->epoch == chain->epoch) {
        chain->epoch++;
        chain->n = tx->n_after;
        chain->step = tx->step_before;
    }
}

void tx_finish(struct store_tx *tx)
{
    static const struct err no_memory = {.code = ERR_MEMORY, .text = "out of memory"};
    const struct err *err = NULL;
    if (tx->code) {
        go_back(tx);
        err = tx->err ? tx->err : &no_memory;
    }
    FAULT(acknowledge_before);
    if (tx->done)
        tx->done(tx->ctx, tx->first_seq, err);
    FAULT(acknowledge_after);
    store_abandon(tx);
}
