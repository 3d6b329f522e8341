/* rate.c: each bucket is one number: the time at which it will be full again. */
#include "model/rate.h"

#include <string.h>

#define SECOND 1000000000.0
#define ROOM_MAX 1e18 /* nanoseconds: who fills longer is never full again */

struct bucket {
    char *tool, *role, *model; /* NULL: any */
    uint64_t interval;         /* between two calls, when it is empty */
    uint64_t room;             /* how far ahead of now it may be filled up at most */
    uint64_t full_at;
};

struct rates {
    size_t count;
    struct bucket buckets[];
};

static int wrong(struct err *err, size_t number, const char *what)
{
    return err_set(err, ERR_CONFIG, "rate %zu: %s", number + 1, what);
}

static double number_of(const struct json *value)
{
    if (value && value->type == JSON_INT)
        return (double)value->u.integer;
    return value && value->type == JSON_REAL ? value->u.real : 0;
}

static int copy_name(const struct json *entry, const char *key, char **out, size_t number,
                     struct err *err)
{
    size_t len;
    const struct json *value = json_get(entry, key);
    const char *text = json_string(value, &len);
    if (!value)
        return 0;
    if (!text || len == 0 || strlen(text) != len)
        return wrong(err, number, "'tool', 'role' and 'model' are names");
    *out = strdup(text);
    return *out ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

static int check_keys(const struct json *entry, size_t number, struct err *err)
{
    static const char *const known[] = {"tool",       "role",  "model", "per_second",
                                        "per_minute", "burst", NULL};
    if (entry->type != JSON_OBJECT)
        return wrong(err, number, "must be an object");
    return json_unknown_key(entry, known) ? wrong(err, number, "has an unknown key") : 0;
}

static int build_speed(struct bucket *bucket, const struct json *entry, size_t number,
                       struct err *err)
{
    const struct json *second = json_get(entry, "per_second"),
                      *minute = json_get(entry, "per_minute"), *more = json_get(entry, "burst");
    double speed = second ? number_of(second) : number_of(minute) / 60;
    double burst = more ? number_of(more) : 1;
    if (!second == !minute || !(speed >= 1e-6 && speed <= 1e6))
        return wrong(err, number, "needs one of per_second and per_minute, up to 1000000 a second");
    if (!(burst >= 1 && burst <= 1e6))
        return wrong(err, number, "'burst' is 1 to 1000000");
    double room = burst * (SECOND / speed);
    bucket->interval = (uint64_t)(SECOND / speed);
    bucket->room = (uint64_t)(room < ROOM_MAX ? room : ROOM_MAX);
    return 0;
}

static int build_bucket(struct bucket *bucket, const struct json *entry, size_t number,
                        struct err *err)
{
    int rc = check_keys(entry, number, err);
    if (rc == 0)
        rc = copy_name(entry, "tool", &bucket->tool, number, err);
    if (rc == 0)
        rc = copy_name(entry, "role", &bucket->role, number, err);
    if (rc == 0)
        rc = copy_name(entry, "model", &bucket->model, number, err);
    return rc ? rc : build_speed(bucket, entry, number, err);
}

int rates_build(const struct json *list, struct rates **out, struct err *err)
{
    if (!list || list->type != JSON_ARRAY || list->len > RATES_MAX)
        return err_set(err, ERR_CONFIG, "rates are a list of at most %d", RATES_MAX);
    struct rates *rates = calloc(1, sizeof *rates + list->len * sizeof *rates->buckets);
    if (!rates)
        return err_set(err, ERR_MEMORY, "out of memory");
    rates->count = list->len;
    for (uint32_t i = 0; i < list->len; i++) {
        int rc = build_bucket(&rates->buckets[i], &list->u.items[i], i, err);
        if (rc)
            return rates_free(rates), rc;
    }
    *out = rates;
    return 0;
}

void rates_free(struct rates *rates)
{
    for (size_t i = 0; rates && i < rates->count; i++) {
        free(rates->buckets[i].tool);
        free(rates->buckets[i].role);
        free(rates->buckets[i].model);
    }
    free(rates);
}

static bool fits(const char *wanted, const char *name)
{
    return !wanted || (name && strcmp(wanted, name) == 0);
}

static bool concerns(const struct bucket *bucket, const struct rate_call *call)
{
    return fits(bucket->tool, call->tool) && fits(bucket->role, call->role) &&
           fits(bucket->model, call->model);
}

/* When the bucket would be full again with one more taken, and how long until that may be. */
static uint64_t next_full(const struct bucket *bucket, uint64_t now)
{
    return (bucket->full_at > now ? bucket->full_at : now) + bucket->interval;
}

uint64_t rates_take(struct rates *rates, const struct rate_call *call, uint64_t now, size_t *which)
{
    uint64_t longest = 0;
    for (size_t i = 0; i < rates->count; i++) {
        const struct bucket *bucket = &rates->buckets[i];
        uint64_t full = next_full(bucket, now), limit = now + bucket->room;
        if (concerns(bucket, call) && full > limit && full - limit > longest) {
            longest = full - limit;
            *which = i;
        }
    }
    for (size_t i = 0; longest == 0 && i < rates->count; i++)
        if (concerns(&rates->buckets[i], call))
            rates->buckets[i].full_at = next_full(&rates->buckets[i], now);
    return longest;
}

void rates_count(struct rates *rates, const struct rate_call *call, uint64_t now)
{
    for (size_t i = 0; i < rates->count; i++) {
        struct bucket *bucket = &rates->buckets[i];
        uint64_t full = next_full(bucket, now), empty = now + bucket->room;
        if (concerns(bucket, call))
            bucket->full_at = full < empty ? full : empty;
    }
}

void rates_empty(struct rates *rates, uint64_t now)
{
    for (size_t i = 0; i < rates->count; i++)
        rates->buckets[i].full_at = now + rates->buckets[i].room;
}

uint64_t rates_longest(const struct rates *rates)
{
    uint64_t longest = 0;
    for (size_t i = 0; i < rates->count; i++)
        longest = rates->buckets[i].room > longest ? rates->buckets[i].room : longest;
    return longest;
}

double rates_per_second(const struct rates *rates, size_t which)
{
    return SECOND / (double)rates->buckets[which].interval;
}
