/* base.h: the few macros every floor uses. libc only; nothing here has state. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define COUNT_OF(array)        (sizeof(array) / sizeof((array)[0]))

/* Always on: the class of fault after which memory cannot be trusted. */
#define require(x)                                                                                 \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "orket: broken invariant %s at %s:%d\n", #x, __FILE__, __LINE__);      \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A bug that can be survived: `if (broken(x)) return ERR_BUG;` */
#define broken(x) __builtin_expect(!!(x), 0)

/* Declares a local that is released when it goes out of scope. */
#define auto_free  __attribute__((cleanup(base_free_ptr)))
#define auto_close __attribute__((cleanup(base_close_fd)))

static inline void base_free_ptr(void *p)
{
    free(*(void **)p);
}

static inline void base_close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* *sum = a + b; false when it would overflow. */
static inline bool add_ok(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

/* *product = a * b; false when it would overflow. */
static inline bool mul_ok(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* The value of a hexadecimal digit, or -1. */
static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
