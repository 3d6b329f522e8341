/* embedded_exe.h: a program that is carried inside the binary, as a descriptor that can be executed
 * and that no process can change. */
#ifndef IO_EMBEDDED_EXE_H
#define IO_EMBEDDED_EXE_H

#include "base/err.h"

/* The bytes from start to end as a sealed file in memory; the descriptor is the caller's. */
int embedded_exe_open(const char *name, const char *start, const char *end,
                      struct err *err) MUST_CHECK;

#endif
