/* guard.c: each event goes through GUARDED. */
#include "script/guard.h"

static int leave(struct guard *g, int rc)
{
    meter_host(g->meter, false);
    return rc ? rc : g->meter->limit;
}

#define GUARDED(name, params, args)                                                                \
    static int on_##name params                                                                    \
    {                                                                                              \
        struct guard *g = ctx;                                                                     \
        meter_host(g->meter, true);                                                                \
        return leave(g, g->sink->name args);                                                       \
    }

GUARDED(null, (void *ctx, size_t at), (g->ctx, at))
GUARDED(boolean, (void *ctx, bool value, size_t at), (g->ctx, value, at))
GUARDED(integer, (void *ctx, int64_t value, size_t at), (g->ctx, value, at))
GUARDED(real, (void *ctx, double value, size_t at), (g->ctx, value, at))
GUARDED(string, (void *ctx, const char *text, size_t len, size_t at), (g->ctx, text, len, at))
GUARDED(key, (void *ctx, const char *text, size_t len, size_t at), (g->ctx, text, len, at))
GUARDED(begin_array, (void *ctx, size_t at), (g->ctx, at))
GUARDED(end_array, (void *ctx), (g->ctx))
GUARDED(begin_object, (void *ctx, size_t at), (g->ctx, at))
GUARDED(end_object, (void *ctx, size_t *fault), (g->ctx, fault))

const struct json_sink guard_sink = {
    .null = on_null,
    .boolean = on_boolean,
    .integer = on_integer,
    .real = on_real,
    .string = on_string,
    .key = on_key,
    .begin_array = on_begin_array,
    .end_array = on_end_array,
    .begin_object = on_begin_object,
    .end_object = on_end_object,
};
