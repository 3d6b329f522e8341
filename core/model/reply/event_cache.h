/* event_cache.h: most events of a stream differ from the one before in nothing but one text: its
 * place is remembered, and the next event is compared where it would be parsed. Pure. */
#ifndef MODEL_EVENT_CACHE_H
#define MODEL_EVENT_CACHE_H

#include "base/json.h"

/* {0} remembers nothing. Embedded in a reply, whose texts `into` points at. */
struct event_cache {
    struct buf event;  /* the last event that was parsed */
    size_t from, rest; /* where the text begins in it, at the quote; bytes behind the text */
    struct buf *into;  /* borrowed: what the text was added to; NULL: nothing is remembered */
    unsigned found;    /* texts of that event, not empty, that were added to anything */
};

/* Takes an event that differs from the last one only in its text, as parsing would. 1: taken; 0:
 * it is not like that, nothing has happened; ERR_MEMORY. */
int event_cache_take(struct event_cache *cache, const char *text, size_t len) MUST_CHECK;

/* An event is going to be parsed. */
void event_cache_begin(struct event_cache *cache);

/* Its text `value` was added to `into`, which stays where it is until the next
 * event_cache_begin. */
void event_cache_found(struct event_cache *cache, const struct json *value, struct buf *into);

/* Is value its text? */
bool event_cache_has(const struct event_cache *cache, const struct json *value);

/* The event did what another of its kind must not do, or does in another way. */
void event_cache_spoil(struct event_cache *cache);

/* The event was taken: remembers it when it had one text. */
void event_cache_end(struct event_cache *cache, const char *text, size_t len);

void event_cache_clear(struct event_cache *cache);

#endif
