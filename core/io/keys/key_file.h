/* key_file.h: a file of one line that is a key, or the hash of one: read only when no other user
 * could have written it, and written whole or not at all.
 */
#ifndef IO_KEY_FILE_H
#define IO_KEY_FILE_H

#include <sys/types.h>

#include "base/err.h"

#define KEY_FILE_LINE 160 /* bytes of the file that are looked at; a line of so many is no key */

/* The line, without its end and without a NUL. ERR_NOT_FOUND, ERR_DENIED (a link), ERR_IO. */
int key_file_read_public(const char *path, char line[KEY_FILE_LINE], size_t *len,
                         struct err *err) MUST_CHECK;

/* The same of a file for its owner's eyes alone. ERR_DENIED also when others may read or write it,
 * or when it belongs to another user. The caller wipes the line. */
int key_file_read_secret(const char *path, char line[KEY_FILE_LINE], size_t *len,
                         struct err *err) MUST_CHECK;

/* Writes text and a line end durably as `path`, which lies in `dir`: after a crash the file is
 * whole or what it was. ERR_MEMORY, ERR_STORE_FULL, ERR_STORE_READONLY, ERR_IO. */
int key_file_put(const char *dir, const char *path, const char *text, mode_t mode,
                 struct err *err) MUST_CHECK;

#endif
