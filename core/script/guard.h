/* guard.h: a sink around a sink. The walk over a script's value may be cut off by the watch at any
 * moment, the making of trees and texts (malloc) may not: the guard marks those moments, and ends
 * the walk when a limit was hit meanwhile. */
#ifndef SCRIPT_GUARD_H
#define SCRIPT_GUARD_H

#include "base/json.h"
#include "script/limits/meter.h"

struct guard {
    struct meter *meter;
    const struct json_sink *sink;
    void *ctx;
};

/* ctx is a struct guard. */
extern const struct json_sink guard_sink;

#endif
