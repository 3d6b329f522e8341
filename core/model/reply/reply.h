/* reply.h: a model's reply put together from its events, or from one body. Pure.
 *
 * The shape says where things are; what comes out is the same for every provider: content,
 * reasoning apart from it, calls with their arguments as text, usage, the reason of the end. Events
 * may come in any order that keeps each fragment's order: fragments of parallel calls interleave,
 * ids and indexes may be missing, arguments may be an object at once.
 */
#ifndef MODEL_REPLY_H
#define MODEL_REPLY_H

#include "model/reply/draft_path.h"
#include "model/reply/event_cache.h"
#include "model/reply/part_order.h"
#include "model/reply/shape.h"

#define REPLY_CALLS_MAX 128       /* a reply with more has none, as reported to the model */
#define REPLY_CALLS_READ 1024     /* ERR_LIMIT beyond: it would not end */
#define REPLY_NAME_MAX  1024       /* bytes of a call's name or id */
#define REPLY_USAGE_MAX 1000000000 /* tokens; more, or less than none, is not told */

struct reply_call {
    struct buf id, name, arguments; /* after reply_end: id unique, arguments not empty */
    struct buf signature;           /* what the provider wants back with the call, or empty */
    int64_t index;                  /* the provider's, or -1 */
    bool over;                      /* another part of the reply has its index now */
    struct draft_path draft;        /* of the arguments, for who listens */
};

struct reply {
    const struct shape *shape; /* borrowed */
    struct json_doc doc;       /* of the last event that was parsed */
    struct event_cache cache;
    struct buf content, reasoning, finish, model;
    struct buf kinds;         /* of the error that it is: see error_body_kinds */
    struct part_order order;  /* the order of all that */
    struct reply_call *calls; /* owned */
    size_t call_count;
    size_t excess;  /* calls beyond REPLY_CALLS_MAX, which are not kept */
    size_t dropped; /* bytes of the calls that were dropped for that */
    size_t looked; /* bytes of arguments that were looked at for being complete */
    int64_t prompt_tokens, completion_tokens, cached_tokens; /* -1: not told, or nonsense */
    int64_t counts[3][SHAPE_PATHS_MAX]; /* what they are made of */
    bool chosen;
    int64_t choice; /* the index of the choice that is read, once it is chosen */
    size_t events;
    /* of a letter whose other half the next event may have, as halves_join keeps it */
    char half[5];
    bool done; /* the stream said that it is over */
    bool seen; /* something of a reply was found */
};

void reply_init(struct reply *reply, const struct shape *shape);
void reply_clear(struct reply *reply);

/* Takes the data of one event of a stream; blank data is nothing. What is new of the content is its
 * tail. ERR_PROTOCOL (no JSON, with its first bytes), ERR_HTTP (the event is an error; its
 * message), ERR_LIMIT, ERR_MEMORY. After `done` everything is ignored. */
int reply_event(struct reply *reply, const char *text, size_t len, struct err *err) MUST_CHECK;

/* Takes a body that is not streamed, or the events of a stream as one array. Errors as reply_event.
 */
int reply_body(struct reply *reply, const char *text, size_t len, struct err *err) MUST_CHECK;

/* Nothing more comes. A reply with more than REPLY_CALLS_MAX calls keeps none of them (`excess`):
 * half of what was meant is not done. Gives calls without an id, or with another's, an id of their
 * own ("call_" + position). ERR_PROTOCOL when the reply is not complete. */
int reply_end(struct reply *reply, struct err *err) MUST_CHECK;

/* Bytes of all that the reply says: content, reasoning, names and arguments of calls. */
size_t reply_bytes(const struct reply *reply);

/* Appends the canonical assistant message {apart?, content, role, tool_calls}, the bytes that
 * conversation, request and journal share. `apart` is there when the provider signed something, and
 * is for it alone: {said: [{text: bytes of the content, signature?} | {reasoning, signature} |
 * {redacted} | {call: id, signature?}]}, in its order. After reply_end. */
void reply_message(const struct reply *reply, struct buf *out);

/* The message of an error body (its error field under the shape, or the beginning of the text) in
 * one line of valid UTF-8, and its kinds as error_body_kinds; shape may be NULL. */
void reply_error_text(const struct shape *shape, const char *body, size_t len, struct buf *out,
                      struct buf *kinds);

#endif
