/* rate.h: token buckets over tool calls, by tool, role and model. Pure: time is a parameter, in
 * nanoseconds of any clock that does not go back.
 *
 * A bucket holds `burst` calls and fills up at its rate; a call takes one from every bucket that it
 * concerns, or from none when one of them is empty.
 */
#ifndef MODEL_RATE_H
#define MODEL_RATE_H

#include "base/json.h"

#define RATES_MAX 1000

struct rates;

/* Makes full buckets of [{tool?, role?, model?, per_second | per_minute, burst?}...]. ERR_CONFIG
 * names the entry; ERR_MEMORY. The list is copied. */
int rates_build(const struct json *list, struct rates **out, struct err *err) MUST_CHECK;
void rates_free(struct rates *rates);

/* Who calls what; a NULL is nobody that a bucket names. */
struct rate_call {
    const char *tool, *role, *model;
};

/* Takes the call's share: 0, or how long it takes until there is one in the bucket *which. */
uint64_t rates_take(struct rates *rates, const struct rate_call *call, uint64_t now, size_t *which);

/* Takes the share of a call that was let through at `now`, whether there is one or not: of calls
 * that are known from elsewhere, oldest first. */
void rates_count(struct rates *rates, const struct rate_call *call, uint64_t now);

/* All buckets were empty at `now`: the least that they can have held then. */
void rates_empty(struct rates *rates, uint64_t now);

/* How long the slowest bucket takes from empty to full. */
uint64_t rates_longest(const struct rates *rates);

/* The calls in a second that bucket `which` gives. */
double rates_per_second(const struct rates *rates, size_t which);

#endif
