/* fs_list.h: what is in a directory, or below it, of a target for FS_LIST. */
#ifndef IO_FS_LIST_H
#define IO_FS_LIST_H

#include "io/fs/fs.h"

#define FS_LIST_MAX ((size_t)10000)  /* of one answer, when nothing else is said */
#define FS_WALK_MAX ((size_t)200000) /* largest answer: names that are looked at for one */

struct fs_entry {
    const char *name; /* fs_list: last name; fs_walk: path below the target; in the list's memory */
    char type;        /* 'f' regular file, 'd' directory, 'l' link, 'w' whiteout, 'o' other */
    mode_t mode;      /* permissions */
    uint64_t size;    /* bytes of a regular file */
    uint64_t mtime;   /* nanoseconds since 1970 */
    uint64_t ctime;   /* likewise: of any change, which no program can choose */
    uint64_t inode;
};

/* "file", "directory", "link", "whiteout" or "other", static. */
const char *fs_type_name(char type);

struct fs_entries {
    struct fs_entry *items; /* sorted by the bytes of name */
    size_t count;
    bool more;         /* there are entries that are not in the list */
    struct buf memory; /* private */
};

/* The entries of the directory, at most max (0: FS_LIST_MAX; never above FS_WALK_MAX). Pass {0};
 * fs_entries_clear it afterwards, also on failure. Names that are not UTF-8 are left out. */
int fs_list(const struct fs_target *target, size_t max, struct fs_entries *out,
            struct err *err) MUST_CHECK;

/* The regular files below the directory, at most max; fs_walk_all: everything but directories, and
 * what a write that was killed half-way left behind is removed. Links are not followed. */
int fs_walk(const struct fs_target *target, size_t max, struct fs_entries *out,
            struct err *err) MUST_CHECK;
int fs_walk_all(const struct fs_target *target, size_t max, struct fs_entries *out,
                struct err *err) MUST_CHECK;

/* As fs_walk_all, of the changes of a union (io/union/union.h): with its whiteouts, and those
 * directories, before what is in them, that show nothing of the layers below. */
int fs_walk_changes(const struct fs_target *target, size_t max, struct fs_entries *out,
                    struct err *err) MUST_CHECK;

/* A walk with a visitor. Paths are below the target, not terminated; descriptors are borrowed.
 * 0 goes on, another value ends the walk and is its answer. */
struct fs_visitor {
    void *ctx;
    /* Whether a name is for this walk at all; a directory that is not is not opened. */
    bool (*wants)(void *ctx, const char *path, size_t len, char type);
    /* A directory begins (the target itself: ""), and ends. */
    int (*enter)(void *ctx, int dir, const char *path, size_t len);
    void (*leave)(void *ctx);
    /* Anything else, with its last name at path + name, terminated. */
    int (*meet)(void *ctx, int dir, const char *path, size_t len, size_t name, char type);
};

/* Visits what is below the directory, in the order of the bytes of whole paths. Links are not
 * followed. *cut: it was too deep, or more than FS_WALK_MAX names. The visitor's answer, or a
 * negative code. */
int fs_visit(const struct fs_target *target, const struct fs_visitor *visitor, bool *cut,
             struct err *err) MUST_CHECK;

void fs_entries_clear(struct fs_entries *entries);

#endif
