/* pattern.h: Lua patterns, exactly as the manual describes them, but paid for: every character the
 * matcher looks at is a step, so a pattern that blows up ends at the script's limits and not in a
 * hundred years. Depth of recursion is bounded (MATCH_DEPTH), as in the stock matcher. */
#ifndef SCRIPT_LIB_PATTERN_H
#define SCRIPT_LIB_PATTERN_H

#include <lua.h>

#include "base/base.h"

#define PATTERN_CAPTURES 32

enum { CAPTURE_OPEN = -1, CAPTURE_POSITION = -2 };

struct match {
    lua_State *L;
    const char *subject, *subject_end; /* borrowed */
    const char *pattern_end;
    int depth, level; /* recursions left; captures begun */
    unsigned fuel;    /* steps until the next payment */
    struct {
        const char *at;
        ptrdiff_t len; /* or CAPTURE_OPEN, CAPTURE_POSITION */
    } captures[PATTERN_CAPTURES];
};

/* Prepares matching of pattern (which ends at pattern_end) in a subject. */
void match_begin(struct match *m, lua_State *L, const char *subject, size_t len,
                 const char *pattern_end);

/* The end of a match of `pattern` that starts at s, or NULL. Raises for malformed patterns and for
 * limits. Captures are those of this match. */
const char *match_at(struct match *m, const char *s, const char *pattern);

/* Pushes capture i (0-based) of a match s..end; the whole match when there is none and i is 0. */
void match_push_capture(struct match *m, int i, const char *s, const char *end);

/* Pushes all captures, or the whole match when there are none and s is given. Returns how many. */
int match_push_captures(struct match *m, const char *s, const char *end);

/* True when the pattern has no special characters, so that a plain search does. */
bool pattern_is_plain(const char *pattern, size_t len);

#endif
