/* carried.h: a program that is carried inside the binary, as a descriptor that can be executed and
 * that nobody can change. */
#ifndef IO_CARRIED_H
#define IO_CARRIED_H

#include "base/err.h"

/* The bytes from start to end as a sealed file in memory; the descriptor is the caller's. */
int carried_open(const char *name, const char *start, const char *end, struct err *err) MUST_CHECK;

#endif
