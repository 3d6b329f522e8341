/* calls.h: the calls of a reply, put together from fragments. Private to the reply. */
#ifndef MODEL_REPLY_CALLS_H
#define MODEL_REPLY_CALLS_H

#include "model/reply/reply.h"

/* What is read at the moment. */
struct taking {
    struct reply *reply;
    const struct shape_paths *paths;
    struct err *err; /* or NULL */
    bool listed;     /* the calls stand in a list of their own */
};

/* A shape_fn over struct taking: a fragment of a call, or a list of such. ERR_LIMIT, ERR_MEMORY. */
int calls_take(void *taking, const struct json *value);

/* Gives the call at this position an id that none before it has, and arguments. ERR_MEMORY. */
int calls_complete(struct reply *reply, size_t position) MUST_CHECK;

/* Drops all of them; the bytes that they had stay counted. */
void calls_drop(struct reply *reply);

/* Replaces a text by a value that is one and not empty. ERR_MEMORY. */
int reply_set_text(struct buf *out, const struct json *value) MUST_CHECK;

#endif
