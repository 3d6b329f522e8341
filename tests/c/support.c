/* support.c: see support.h; linked with --wrap. */
#include "support.h"

#include <stddef.h>

static unsigned left;
static bool refused, only;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool refuse(void)
{
    if (left == 0)
        return false;
    if (left > 1) {
        left--;
        return false;
    }
    refused = true;
    left = only ? 0 : left;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return refuse() ? NULL : __real_realloc(old, size);
}

static void fail(unsigned n, bool alone)
{
    left = n;
    only = alone;
    refused = false;
}

void support_fail_at(unsigned n)
{
    fail(n, false);
}

void support_fail_only(unsigned n)
{
    fail(n, true);
}

bool support_failed(void)
{
    left = 0;
    return refused;
}
