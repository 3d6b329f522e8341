/* stream.c: the loop's side of streams: ids, chains (one per stream in use, shared by its handles
 * and by its transactions under way) and handles. */
#include <string.h>

#include "io/store/parts.h"

/* ---- ids ---- */

static bool is_id(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > STORE_ID_MAX || !utf8_valid(text, len))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

int check_id(const char *what, const char *text, struct err *err)
{
    if (text && is_id(text))
        return 0;
    err_set(err, ERR_USAGE, "the %s is missing or malformed", what);
    err_fix(err, "ids are 1 to %u bytes of UTF-8 without control characters", STORE_ID_MAX);
    return ERR_USAGE;
}

/* ---- chains ---- */

static size_t bucket_of(const char *run, const char *turn)
{
    uint32_t h = 2166136261u;
    for (const char *p = run; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    for (const char *p = turn; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return h % CHAIN_BUCKETS;
}

static struct chain **chain_slot(struct store *store, const char *run, const char *turn)
{
    struct chain **slot = &store->chains[bucket_of(run, turn)];
    while (*slot && (strcmp((*slot)->run, run) != 0 || strcmp((*slot)->turn, turn) != 0))
        slot = &(*slot)->next;
    return slot;
}

static void chain_free(struct chain *chain)
{
    free(chain->run);
    free(chain->turn);
    free(chain->who);
    free(chain->why);
    free(chain);
}

/* Three texts, each with a NUL; missing is a text of one byte that no id has. */
static const char *known(const char *text)
{
    return text ? text : "\x01";
}

int chain_set_who(struct chain *chain, const char *card, const char *actor, const char *role)
{
    struct buf who = {0};
    const char *texts[] = {known(card), actor, known(role)};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        buf_put(&who, texts[i], strlen(texts[i]) + 1);
    free(chain->who);
    chain->who = buf_ok(&who) ? buf_steal(&who, &(size_t){0}) : NULL;
    buf_clear(&who);
    return chain->who ? 0 : ERR_MEMORY;
}

bool chain_is_who(const struct chain *chain, const char *card, const char *actor, const char *role)
{
    const char *texts[] = {known(card), actor, known(role)}, *who = chain->who;
    for (size_t i = 0; who && i < COUNT_OF(texts); i++) {
        if (strcmp(who, texts[i]) != 0)
            return false;
        who += strlen(who) + 1;
    }
    return who != NULL;
}

void chain_release(struct chain *chain)
{
    if (--chain->refs > 0)
        return;
    struct chain **slot = chain_slot(chain->store, chain->run, chain->turn);
    struct store *store = chain->store;
    *slot = chain->next;
    chain_free(chain);
    store_release(store);
}

static int chain_new(struct store *store, const char *run, const char *turn, struct chain **out,
                     struct err *err)
{
    struct chain *chain = calloc(1, sizeof *chain);
    if (!chain)
        return err_set(err, ERR_MEMORY, "out of memory");
    *chain = (struct chain){
        .store = store, .run = strdup(run), .turn = strdup(turn), .shared = strcmp(turn, "0") == 0};
    int rc = chain->run && chain->turn ? reader_chain(store, chain, err)
                                       : err_set(err, ERR_MEMORY, "out of memory");
    if (rc) {
        chain_free(chain);
        return rc;
    }
    *chain_slot(store, run, turn) = chain;
    store->refs++;
    *out = chain;
    return 0;
}

/* ---- streams ---- */

static int check_place(const char *run, const char *turn, const char *actor, const char *role,
                       struct err *err)
{
    int rc = check_id("run", run, err);
    rc = rc ? rc : check_id("turn", turn, err);
    rc = rc ? rc : check_id("actor", actor, err);
    return rc || !role ? rc : check_id("role", role, err);
}

int store_stream_open(struct store *store, const char *run, const char *turn, const char *actor,
                      const char *role, struct store_stream **out, struct err *err)
{
    *out = NULL;
    int rc = check_place(run, turn, actor, role, err);
    if (rc)
        return rc;
    struct chain *chain = *chain_slot(store, run, turn);
    if (!chain && (rc = chain_new(store, run, turn, &chain, err)))
        return rc;
    chain->refs++;
    struct store_stream *stream = calloc(1, sizeof *stream);
    if (stream) {
        *stream = (struct store_stream){chain, strdup(actor), role ? strdup(role) : NULL};
        *out = stream;
    }
    if (stream && stream->actor && (!role || stream->role))
        return 0;
    if (stream)
        store_stream_close(stream);
    else
        chain_release(chain);
    *out = NULL;
    return err_set(err, ERR_MEMORY, "out of memory");
}

void store_stream_close(struct store_stream *stream)
{
    chain_release(stream->chain);
    free(stream->actor);
    free(stream->role);
    free(stream);
}

int64_t store_stream_n(const struct store_stream *stream)
{
    return stream->chain->n;
}

int64_t store_stream_step(const struct store_stream *stream)
{
    return stream->chain->step;
}
