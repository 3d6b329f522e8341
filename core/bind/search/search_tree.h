/* search_tree.h: looking into the files below a resolved target. Touches no Lua: one thread at a
 * time has it. Files that the call may not read are passed over, as if they were not there; so is
 * what ignore files leave out, unless everything is wanted, and .git always. */
#ifndef BIND_SEARCH_TREE_H
#define BIND_SEARCH_TREE_H

#include <stdatomic.h>

#include "io/fs/fs_list.h"
#include "model/gate.h"
#include "model/search/ignore.h"
#include "model/search/needle.h"

#define SEARCH_MATCHES 200                 /* matches, or paths, of one answer */
#define SEARCH_LINE    200                 /* bytes of a line that are shown */
#define SEARCH_ANSWER  ((size_t)48 << 10)  /* bytes of lines and paths that are shown */
#define SEARCH_CONTEXT 10                  /* lines shown on each side */
#define SEARCH_FILE    ((size_t)16 << 20)  /* largest file that is looked into */
#define SEARCH_BYTES   ((size_t)1 << 30)   /* bytes that are read in all */
#define SOURCES_MAX    3000                /* source files of one answer */
#define SOURCE_MAX     ((size_t)1 << 20)   /* the largest */
#define SOURCES_BYTES  ((size_t)16 << 20)  /* of all of them */
#define SEARCH_IGNORED ((size_t)100000000) /* steps that ignore files may cost */

/* One search with everything it needs. */
struct search {
    struct fs_target target; /* owned; FS_LIST: all files below it, FS_READ: this file */
    int root;                /* the tree's, owned: ignore files above the target; or -1 */
    struct gate *gate;       /* held */
    struct gate_call call;   /* role, card, tool: texts in `memory` */
    struct json_doc memory;  /* also what was found */
    struct needle needle;    /* len 0 and no regex: names only */
    struct ignore_rule glob; /* which files, by their path below the target; len 0: all */
    bool everything;         /* also what ignore files leave out */
    bool sources;            /* instead of matches: whole texts of source files */
    size_t limit, skip, context;
    atomic_bool canceled;
};

/* Fills *found; its memory is search->memory. With a needle {matches: [{path, line, text, before?,
 * after?}], files, more?, next?, ignored?}, without one {paths, …}; for sources
 * {files: [{path, language, text}], more?, ignored?}, the files that the parser has a grammar for.
 * next: how many to skip for what follows; ignored: files and directories that ignore files left
 * out. ERR_LIMIT: ignore files or the expression cost too much; ERR_CANCELED; failures of the
 * machine. */
int search_run(struct search *search, struct json *found, struct err *err) MUST_CHECK;

#endif
