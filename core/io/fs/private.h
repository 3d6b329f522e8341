/* private.h: a directory for one user's eyes: the engine's database, lock and socket. */
#ifndef IO_PRIVATE_H
#define IO_PRIVATE_H

#include "base/base.h"
#include "base/err.h"

/* Makes `path` (its parent exists) with mode 0700, or takes the write permission for others from
 * one that is there. ERR_DENIED when it belongs to another user, when it is a link, or when a link
 * lies in it: whoever put that there wants us to write elsewhere. ERR_IO. */
int private_dir(const char *path, struct err *err) MUST_CHECK;

#endif
