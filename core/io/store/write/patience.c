/* patience.c: a commit that the machine refuses (no space, an I/O error, no memory) need not fail:
 * what it holds was paid for. The writer waits and tries it again, for as long as store_be_patient
 * said; meanwhile nothing else is written, and the loop gets the reason. Commits fail at once
 * unless store_be_patient was called. */
#include "io/store/parts.h"

#define PAUSE_MS 500 /* between two attempts */

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* ---- the writer's thread ---- */

/* What may be over in a while; a damaged database is not. */
static bool may_pass(int code)
{
    return code == ERR_STORE_FULL || code == ERR_STORE_READONLY || code == ERR_STORE_BUSY ||
           code == ERR_IO || code == ERR_MEMORY || code == ERR_DESCRIPTORS;
}

/* Once it was in vain, later commits do not wait as long again. */
static bool is_wanted(const struct queue *queue, struct patience *p, int code)
{
    if (!p->ms || queue->stop || p->given_up || !may_pass(code))
        return false;
    p->given_up = now_ms() - p->since >= p->ms;
    return !p->given_up;
}

bool patience_wait(struct queue *queue, const struct err *why)
{
    struct patience *p = &queue->patience;
    uv_mutex_lock(&queue->mutex);
    p->since = p->since ? p->since : now_ms();
    bool wanted = is_wanted(queue, p, why->code);
    if (wanted) {
        p->why = *why;
        uv_async_send(&queue->async);
    }
    uint64_t until = now_ms() + PAUSE_MS, now;
    while (wanted && !queue->stop && !p->given_up && (now = now_ms()) < until)
        uv_cond_timedwait(&queue->cond, &queue->mutex, (until - now) * 1000000);
    uv_mutex_unlock(&queue->mutex);
    return wanted;
}

void patience_over(struct queue *queue, bool took)
{
    struct patience *p = &queue->patience;
    uv_mutex_lock(&queue->mutex);
    if (p->why.code)
        p->took = took;
    p->since = 0;
    p->why.code = 0;
    uv_mutex_unlock(&queue->mutex);
}

/* ---- the loop's side ---- */

void patience_report(struct queue *queue)
{
    struct patience *p = &queue->patience;
    uv_mutex_lock(&queue->mutex);
    struct err why = p->why;
    bool took = p->took;
    uv_mutex_unlock(&queue->mutex);
    if (!p->stuck || (why.code != 0) == p->reported)
        return;
    p->reported = why.code != 0;
    p->stuck(p->ctx, p->reported ? &why : NULL, took);
}

void store_be_patient(struct store *store, uint64_t ms, store_stuck_fn *stuck, void *ctx)
{
    struct queue *queue = &store->queue;
    if (!queue->running)
        return;
    uv_mutex_lock(&queue->mutex);
    queue->patience.ms = ms;
    queue->patience.stuck = stuck;
    queue->patience.ctx = ctx;
    queue->patience.given_up = false;
    uv_mutex_unlock(&queue->mutex);
}

void store_give_up(struct store *store)
{
    struct queue *queue = &store->queue;
    if (!queue->running)
        return;
    uv_mutex_lock(&queue->mutex);
    queue->patience.given_up = true;
    uv_cond_signal(&queue->cond);
    uv_mutex_unlock(&queue->mutex);
}
