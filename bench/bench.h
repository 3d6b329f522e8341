/* bench.h: what programs that measure share: their arguments, and an order of times. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* An argument and where its value goes: a number, or else a text. */
struct argument {
    const char *name;
    long *number;
    const char **text;
};

/* Reads pairs "--name value". false: one is unknown, or has no value. */
static inline bool arguments_read(const struct argument *known, size_t count, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        size_t k = 0;
        while (k < count && strcmp(argv[i], known[k].name) != 0)
            k++;
        if (k == count || i + 1 == argc)
            return false;
        if (known[k].number)
            *known[k].number = atol(argv[i + 1]);
        else
            *known[k].text = argv[i + 1];
    }
    return true;
}

/* For qsort: doubles, the smallest first. */
static inline int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#endif
