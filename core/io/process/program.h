/* program.h: which file a program of a jail is, before it runs. */
#ifndef IO_PROGRAM_H
#define IO_PROGRAM_H

#include "io/fs/fs.h"

/* Resolves `name` as the jail will: without a slash by its PATH, absolute as it is, else beneath
 * the tree. *out is the file itself, links followed: absolute and one of the system's
 * ("/usr/bin/make"), or "./" and its canonical name in the tree. ERR_NOT_FOUND, ERR_NOT_FILE (no
 * regular file that may be executed), ERR_PATH (leaves the tree, or no place that a jail has).
 * root < 0: there is no tree. */
int program_find(int root, const char *name, char out[FS_PATH_MAX + 3],
                 struct err *err) MUST_CHECK;

#endif
