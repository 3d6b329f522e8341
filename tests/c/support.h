/* support.h: a failing allocator for unit tests. Every malloc, calloc and realloc of the program
 * and of its static libraries goes through it. */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <stdbool.h>

/* From now on the nth allocation fails, and every one after it; 0 = none fails. */
void support_fail_at(unsigned n);

/* From now on the nth allocation fails, and none after it. */
void support_fail_only(unsigned n);

/* Stops failing; true when some allocation was refused since support_fail_at. */
bool support_failed(void);

#endif
