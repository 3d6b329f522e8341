/* tx.h: streams and transactions, as the loop fills them and the writer's thread reads them. */
#ifndef IO_STORE_TX_H
#define IO_STORE_TX_H

#include "base/buf.h"
#include "io/store.h"

/* ---- stream.c ---- */

/* One stream's chain; shared by its handles and queued transactions. */
struct chain {
    struct chain *next; /* in its bucket */
    struct store *store;
    char *run, *turn;
    unsigned refs;
    bool shared; /* turn 0: has many writers, whose transactions stand alone */
    /* the loop's side */
    int64_t n, step;
    uint32_t epoch; /* counts failed transactions that were noticed */
    /* the writer's side */
    struct chain_head {
        int64_t id, n, seq; /* id 0: the stream has no row yet */
        struct hash hash;
        int64_t message_id; /* the message written last, 0 = none yet */
        bool message_new;   /* it was not there before: nothing follows it yet */
        struct hash message;
        bool changed; /* its row is not yet what it should be */
    } head, mark;
    char *who; /* card, actor, role of its first event, as in its row; NULL: it has none */
    uint32_t broken; /* transactions of an epoch below this one fail */
    struct err *why; /* the failure of the environment that broke it; NULL: another one */
};

struct store_stream {
    struct chain *chain;
    char *actor, *role;
};
/* ERR_USAGE unless text is an id; `what` names it in the error. */
int check_id(const char *what, const char *text, struct err *err);
void chain_release(struct chain *chain);
/* Whom the events of the stream are by when they do not say so themselves;
 * card and role may be NULL. */
int chain_set_who(struct chain *chain, const char *card, const char *actor, const char *role);
bool chain_is_who(const struct chain *chain, const char *card, const char *actor, const char *role);

/* ---- tx.c ---- */

enum item_type { ITEM_EVENT, ITEM_BLOB, ITEM_MESSAGE };

struct item {
    uint8_t type;
    bool has_parent;
    int kind;                 /* index of the section */
    size_t at, len;           /* body or bytes, in tx->data */
    size_t card, time;        /* offsets of texts; card 0 = none */
    int64_t at_ms;            /* the time, in milliseconds since 1970 */
    int64_t step, n, seq;     /* n, seq: set by the writer */
    struct hash hash;         /* of a blob, or the name of a message */
    struct hash parent;       /* message */
};

struct store_tx {
    struct store_tx *next;
    struct chain *chain;
    struct buf data;  /* texts; offset 0 is a NUL */
    struct buf items; /* struct item */
    size_t actor, role, body;
    int64_t events, step, step_before; /* of the stream, when it was begun */
    uint32_t epoch;
    bool ends; /* has an event that ends a run */
    uint64_t pushed; /* when it was committed, of uv_hrtime */
    int64_t first_seq;
    int64_t n_after; /* what the stream's number really is, after a failure */
    int code;
    struct err *err; /* owned, only after a failure (NULL when memory was short) */
    store_done *done;
    void *ctx;
};

static inline struct item *tx_items(const struct store_tx *tx)
{
    return (struct item *)(void *)tx->items.data;
}
static inline size_t tx_count(const struct store_tx *tx)
{
    return tx->items.len / sizeof(struct item);
}
void tx_free(struct store_tx *tx);
/* Fills *seen from an event item of a transaction (pointers into it). */
void tx_seen(const struct store *store, const struct store_tx *tx, const struct item *item,
             struct store_seen *seen);
/* Calls `done` and lets go of the transaction. */
void tx_finish(struct store_tx *tx);

#endif
