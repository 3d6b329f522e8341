/* union.h: one directory that shows read-only layers and, over them, what one card changed: an
 * overlay of the kernel, whose descriptor is a root for fs.h like any other.
 *
 * home     a directory that holds UNION_CHANGES and UNION_WORK
 * changes  files that are new or other than below, and whiteouts: character devices 0:0 that hide
 *          what has their name below (fs_hide)
 * work     the kernel's own; emptied before each mount
 * below    the layers; the first one lies over the others, nothing writes to them
 *
 * The mount is in no namespace that any process sees and ends with its last descriptor. Nothing in
 * it is synced. While it is open nothing else may change `changes`, and no other union may be open
 * on them. A jail makes a union of its own, of the same directories (jail/view.c). */
#ifndef IO_UNION_H
#define IO_UNION_H

#include "base/err.h"

#define UNION_CHANGES "changes"
#define UNION_WORK    "work"
#define UNION_MAX     32 /* layers of one union */

/* Marks are attributes of users, which the mount keeps from programs. Whatever a kernel does by
 * default, none of them leads to another file, and a base that was made anew is taken. */
#define UNION_OPTIONS ",userxattr,volatile,redirect_dir=nofollow,metacopy=off,index=off"

struct union_spec {
    const char *home;         /* beneath the root, of letters, digits and "._-%/" */
    const char *const *below; /* likewise, NULL-terminated, at least one */
};

/* Mounts it. Answers a descriptor, which the caller owns, or a negative code: ERR_LIBRARY when the
 * kernel does not do it for this user; ERR_USAGE (names, too many layers), ERR_IO, ERR_MEMORY,
 * ERR_DESCRIPTORS. */
int union_mount(int root, const struct union_spec *spec, struct err *err) MUST_CHECK;

/* Empties the kernel's own directory, before a mount that is not made here. ERR_IO. */
int union_prepare(int root, const struct union_spec *spec, struct err *err) MUST_CHECK;

#endif
