/* visible.h: where a file or directory of the host can be seen inside a jail, whatever the path by
 * which it is known here. What the engine keeps from its programs (the project, its journal and
 * keys) is hidden by path; this answers whether there is another way to it.
 *
 * It knows the mounts: a directory that is bound to several places is found at each of them. It
 * does not know hard links, nor layers beneath an overlay. */
#ifndef IO_VISIBLE_H
#define IO_VISIBLE_H

#include <limits.h>

#include "base/err.h"

/* Gets each place: its path in the jail, and the shown directory that it is seen through. */
typedef void visible_fn(void *ctx, const char *place, const char *through);

/* The absolute path without links. Of what does not exist (yet), where it would be made. ERR_IO
 * when that cannot be found out, or is too long. */
int visible_real(const char *path, char out[PATH_MAX], struct err *err) MUST_CHECK;

/* Finds the places of `real` (see visible_real), or of a part of it, in what every jail shows
 * (io/process/jail.h) and in `more`: real paths, NULL-terminated; or NULL. ERR_IO (mounts or /etc
 * cannot be read), ERR_MEMORY. */
int visible_find(const char *real, const char *const *more, visible_fn *fn, void *ctx,
                 struct err *err) MUST_CHECK;

#endif
