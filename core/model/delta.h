/* delta.h: most events of a stream differ from the one before in nothing but one text: its place is
 * remembered, and the next event is compared where it would be parsed. Pure. */
#ifndef MODEL_DELTA_H
#define MODEL_DELTA_H

#include "base/json.h"

/* {0} remembers nothing. Embedded in a reply, whose texts `into` points at. */
struct delta {
    struct buf event;  /* the last event that was parsed */
    size_t from, rest; /* where the text begins in it, at the quote; bytes behind the text */
    struct buf *into;  /* borrowed: what the text was added to; NULL: nothing is remembered */
    unsigned found;    /* texts of that event, not empty, that were added to anything */
};

/* Takes an event that differs from the last one only in its text, as parsing would. 1: taken; 0:
 * it is not like that, nothing has happened; ERR_MEMORY. */
int delta_take(struct delta *delta, const char *text, size_t len) MUST_CHECK;

/* An event is going to be parsed. */
void delta_begin(struct delta *delta);

/* Its text `value` was added to `into`, which stays where it is until the next delta_begin. */
void delta_found(struct delta *delta, const struct json *value, struct buf *into);

/* Is value its text? */
bool delta_has(const struct delta *delta, const struct json *value);

/* The event did what another of its kind must not do, or does in another way. */
void delta_spoil(struct delta *delta);

/* The event was taken: remembers it when it had one text. */
void delta_end(struct delta *delta, const char *text, size_t len);

void delta_clear(struct delta *delta);

#endif
