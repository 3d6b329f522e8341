/* draft_path.h: the file that a call names, found in its arguments while they come. For people who
 * watch: the call itself is judged by its whole arguments. Pure. */
#ifndef MODEL_REPLY_DRAFT_PATH_H
#define MODEL_REPLY_DRAFT_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define DRAFT_PATH_MAX 255 /* bytes */

/* {0} has looked at nothing. Each byte is looked at once. */
struct draft_path {
    size_t at;         /* bytes that were looked at */
    size_t begin;      /* of the string under way */
    size_t from, len;  /* the path; len 0: none stands there whole */
    unsigned depth;    /* of open objects and arrays */
    bool in_string, escaped;
    bool is_value;     /* behind a colon of the outermost object */
    bool is_path;      /* the key of that value names a file */
    bool unclear;      /* a key with escapes, or a second path: no path is told */
};

/* The path among these arguments, a JSON object that may not be whole, borrowed from them, and its
 * length; NULL when none is told: none is there yet, there are two, or it is not made of letters,
 * digits and -_./+@ alone. The arguments may only have grown since the last call. */
const char *draft_path(struct draft_path *draft, const char *arguments, size_t len,
                       size_t *path_len);

#endif
