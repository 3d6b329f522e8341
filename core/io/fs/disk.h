/* disk.h: why a file of .orket/ could not be written, as an error with its fix. */
#ifndef IO_DISK_H
#define IO_DISK_H

#include "base/err.h"

/* The code for errno: ERR_STORE_FULL (no space, a quota, a limit of size), ERR_STORE_READONLY (no
 * permission, a read-only disk), or that of err_of_errno. */
int disk_code(int error);

/* What cures it, or NULL. */
const char *disk_cure(int code);

/* EMFILE or ENFILE when no file can be opened now, else 0: for libraries that do not report why
 * they could not open theirs. */
int disk_no_descriptors(void);

/* Fills err from errno for the file; answers the code. */
int disk_fail(struct err *err, const char *path, int error);

#endif
