/* queue.c: the hand-over between the loop's thread and the writer's.
 *
 * Transactions committed in one turn of the loop cross in one go, just before the loop waits; what
 * the writer finished comes back through one uv_async. Both directions keep the order. */
#include <math.h>

#include "base/fault.h"
#include "io/store/parts.h"

#define GROUP_MAX 1024 /* transactions of one commit */

const double store_latency_bounds[STORE_LATENCY_BOUNDS] = {0.001, 0.0025, 0.005, 0.01,
                                                           0.05,  0.25,   1,     INFINITY};

static void list_init(struct tx_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static void list_append(struct tx_list *list, struct store_tx *tx)
{
    tx->next = NULL;
    *list->last = tx;
    list->last = &tx->next;
}

/* Moves all of `from` to the end of `to`. */
static void list_join(struct tx_list *to, struct tx_list *from)
{
    if (!from->first)
        return;
    *to->last = from->first;
    to->last = from->last;
    list_init(from);
}

/* Takes at most GROUP_MAX off the list. */
static struct store_tx *list_cut(struct tx_list *list)
{
    struct store_tx *first = list->first, *tx = first;
    for (int i = 1; i < GROUP_MAX && tx->next; i++)
        tx = tx->next;
    list->first = tx->next;
    if (!list->first)
        list->last = &list->first;
    tx->next = NULL;
    return first;
}

/* ---- the writer's thread ---- */

static struct store_tx *wait_for_work(struct queue *queue)
{
    uv_mutex_lock(&queue->mutex);
    while (!queue->waiting.first && !queue->stop)
        uv_cond_wait(&queue->cond, &queue->mutex);
    struct store_tx *list = queue->waiting.first ? list_cut(&queue->waiting) : NULL;
    uv_mutex_unlock(&queue->mutex);
    return list;
}

static void hand_back(struct queue *queue, struct store_tx *list)
{
    struct tx_list applied = {list, &list->next};
    FAULT(hand_back_before);
    while (*applied.last)
        applied.last = &(*applied.last)->next;
    uv_mutex_lock(&queue->mutex);
    list_join(&queue->applied, &applied);
    uv_mutex_unlock(&queue->mutex);
    uv_async_send(&queue->async);
    FAULT(hand_back_after);
}

static int open_first(struct store *store)
{
    struct queue *queue = &store->queue;
    struct err err = {0};
    int rc = store_connect(store, &err);
    uv_mutex_lock(&queue->mutex);
    queue->failed = err;
    queue->opened = true;
    uv_cond_broadcast(&queue->cond);
    uv_mutex_unlock(&queue->mutex);
    return rc;
}

static void write_all(void *arg)
{
    struct store *store = arg;
    if (open_first(store))
        return;
    for (struct store_tx *list; (list = wait_for_work(&store->queue));) {
        struct err err = {0};
        int rc;
        while ((rc = writer_apply(&store->writer, list, &err)) &&
               patience_wait(&store->queue, &err))
            ;
        if (rc)
            writer_fail(list, &err);
        patience_over(&store->queue, !rc);
        hand_back(&store->queue, list);
        writer_checkpoint(&store->writer);
    }
}

/* ---- the loop's side ---- */

static void cross(struct queue *queue)
{
    if (!queue->pending.first)
        return;
    FAULT(hand_over_before);
    uv_mutex_lock(&queue->mutex);
    list_join(&queue->waiting, &queue->pending);
    uv_cond_signal(&queue->cond);
    uv_mutex_unlock(&queue->mutex);
    FAULT(hand_over_after);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct store *store = prepare->data;
    cross(&store->queue);
    reader_let_go(store);
    uv_prepare_stop(prepare);
}

void queue_before_wait(struct store *store)
{
    uv_prepare_start(&store->queue.prepare, on_prepare);
}

void queue_push(struct store *store, struct store_tx *tx)
{
    struct queue *queue = &store->queue;
    if (!queue->running) {
        tx->code = ERR_CANCELED;
        tx_finish(tx);
        return;
    }
    tx->pushed = uv_hrtime();
    if (!queue->pending.first)
        queue_before_wait(store);
    list_append(&queue->pending, tx);
    if (queue->in_flight++ == 0)
        uv_ref((uv_handle_t *)&queue->async);
}

static void publish(struct store *store, const struct store_tx *tx)
{
    struct store_seen seen;
    if (!store->seen || tx->code || tx->events == 0)
        return;
    const struct item *items = tx_items(tx);
    for (size_t i = 0; i < tx_count(tx); i++) {
        if (items[i].type != ITEM_EVENT)
            continue;
        tx_seen(store, tx, &items[i], &seen);
        FAULT(tell_before);
        store->seen(store->seen_ctx, &seen);
        FAULT(tell_after);
    }
    store->seen(store->seen_ctx, NULL);
}

static void measure(struct store_latency *latency, const struct store_tx *tx)
{
    double seconds = (double)(uv_hrtime() - tx->pushed) / 1e9;
    latency->seconds += seconds;
    for (int i = STORE_LATENCY_BOUNDS - 1; i >= 0 && seconds <= store_latency_bounds[i]; i--)
        latency->upto[i]++;
}

struct store_latency store_latency(const struct store *store)
{
    struct store_latency latency = store->queue.latency;
    latency.waiting = store->queue.in_flight;
    return latency;
}

/* A callback may commit more, or close the store: the inner call then empties the list first. */
static void deliver(struct store *store)
{
    struct queue *queue = &store->queue;
    uv_mutex_lock(&queue->mutex);
    list_join(&queue->ready, &queue->applied);
    uv_mutex_unlock(&queue->mutex);
    patience_report(queue);
    reader_let_go(store);
    for (struct store_tx *tx; (tx = queue->ready.first);) {
        queue->ready.first = tx->next;
        if (!tx->next)
            queue->ready.last = &queue->ready.first;
        if (--queue->in_flight == 0 && queue->running)
            uv_unref((uv_handle_t *)&queue->async);
        measure(&queue->latency, tx);
        publish(store, tx);
        tx_finish(tx);
    }
}

static void on_async(uv_async_t *async)
{
    deliver(async->data);
}

/* The handles of the loop; until it is open the thread has nothing to tell. */
static int attach(struct store *store)
{
    struct queue *queue = &store->queue;
    int rc = uv_async_init(store->options.loop, &queue->async, on_async);
    if (rc)
        return rc;
    queue->handles = 2;
    queue->async.data = queue->prepare.data = store;
    uv_unref((uv_handle_t *)&queue->async);
    return uv_prepare_init(store->options.loop, &queue->prepare);
}

int queue_open(struct store *store, struct err *err)
{
    struct queue *queue = &store->queue;
    list_init(&queue->pending);
    list_init(&queue->waiting);
    list_init(&queue->applied);
    list_init(&queue->ready);
    if (uv_mutex_init(&queue->mutex))
        return err_set(err, ERR_MEMORY, "out of memory");
    if (uv_cond_init(&queue->cond)) {
        uv_mutex_destroy(&queue->mutex);
        return err_set(err, ERR_MEMORY, "out of memory");
    }
    int rc = uv_thread_create(&queue->thread, write_all, store);
    queue->running = rc == 0;
    if (!rc)
        return 0;
    uv_cond_destroy(&queue->cond);
    uv_mutex_destroy(&queue->mutex);
    return err_set(err, ERR_STORE, "no thread for the writer: %s", uv_strerror(rc));
}

static void wait_until_open(struct queue *queue)
{
    uv_mutex_lock(&queue->mutex);
    while (!queue->opened)
        uv_cond_wait(&queue->cond, &queue->mutex);
    uv_mutex_unlock(&queue->mutex);
}

int queue_wait(struct store *store, struct err *err)
{
    struct queue *queue = &store->queue;
    wait_until_open(queue);
    if (queue->failed.code && err)
        *err = queue->failed;
    if (queue->failed.code || queue->handles)
        return queue->failed.code;
    int rc = attach(store);
    return rc ? err_set(err, ERR_STORE, "no handle for the writer: %s", uv_strerror(rc)) : 0;
}

void queue_stop(struct store *store)
{
    struct queue *queue = &store->queue;
    if (!queue->running)
        return;
    cross(queue);
    uv_mutex_lock(&queue->mutex);
    queue->stop = true;
    uv_cond_signal(&queue->cond);
    uv_mutex_unlock(&queue->mutex);
    uv_thread_join(&queue->thread);
    queue->running = false;
    deliver(store);
    uv_cond_destroy(&queue->cond);
    uv_mutex_destroy(&queue->mutex);
}

static void on_closed(uv_handle_t *handle)
{
    struct store *store = handle->data;
    if (--store->queue.handles == 0)
        store_release(store);
}

void queue_close(struct store *store)
{
    struct queue *queue = &store->queue;
    if (queue->handles == 0) {
        store_release(store);
        return;
    }
    uv_close((uv_handle_t *)&queue->prepare, on_closed);
    uv_close((uv_handle_t *)&queue->async, on_closed);
}
