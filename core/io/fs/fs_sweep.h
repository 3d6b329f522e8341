/* fs_sweep.h: what programs may leave in a tree, made such that fs.h can name all of it. */
#ifndef IO_FS_SWEEP_H
#define IO_FS_SWEEP_H

#include "base/buf.h"
#include "base/err.h"

/* Removes beneath root what no path of fs.h reaches: links, fifos, sockets, names that are no
 * names, what lies too deep; opens what is closed to its owner. Only files with names and
 * directories are left. Appends to *removed what went (its place, not its bytes), one line each, at
 * most 100; *count counts all. ERR_IO. */
int fs_sweep(int root, struct buf *removed, size_t *count, struct err *err) MUST_CHECK;

/* The same for the changes of a union: its whiteouts stay. */
int fs_sweep_changes(int root, struct buf *removed, size_t *count, struct err *err) MUST_CHECK;

/* Removes whatever has this name in the directory, with all that is in it; nothing there is fine.
 * ERR_IO. */
int fs_remove(int dir, const char *name, struct err *err) MUST_CHECK;

#endif
