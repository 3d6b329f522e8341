/* slow_glob.h: path patterns by their definition, without any thought of speed: the oracle of
 * glob.c. */
#ifndef TESTS_SLOW_GLOB_H
#define TESTS_SLOW_GLOB_H

#include <stdbool.h>
#include <string.h>

static inline bool slow_word(const char *p, const char *pe, const char *w, const char *we)
{
    if (p == pe)
        return w == we;
    if (*p == '*')
        return slow_word(p + 1, pe, w, we) || (w < we && slow_word(p, pe, w + 1, we));
    if (w < we && *p == '?') {
        do
            w++;
        while (w < we && ((unsigned char)*w & 0xc0) == 0x80);
        return slow_word(p + 1, pe, w, we);
    }
    return w < we && *p == *w && slow_word(p + 1, pe, w + 1, we);
}

static inline bool slow_glob(const char *p, const char *n)
{
    const char *pe = p + strcspn(p, "/"), *ne = n + strcspn(n, "/");
    const char *p_rest = *pe ? pe + 1 : pe, *n_rest = *ne ? ne + 1 : ne;
    if (!*p)
        return !*n;
    if (pe - p == 2 && memcmp(p, "**", 2) == 0)
        return slow_glob(p_rest, n) || (*n && slow_glob(p, n_rest));
    return *n && slow_word(p, pe, n, ne) && slow_glob(p_rest, n_rest);
}

#endif
