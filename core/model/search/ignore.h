/* ignore.h: which paths the ignore files of a tree leave out, with git's meaning of a pattern. Pure
 * text: who walks the tree reads the files and pushes them on the way down.
 *
 * rule    one line: a pattern, negated by !, for directories only when it ends in a slash. One with
 *         another slash is about a path below the rule's directory, any other about a last name
 * level   the rules of one file, in force for what is below its directory
 * ignore  the levels from the tree's root down to where a walk is
 *
 * The last rule of the deepest level that fits decides. A component is matched without going back
 * further than its last star, so that no pattern costs more than its length times the name's. */
#ifndef MODEL_IGNORE_H
#define MODEL_IGNORE_H

#include "base/buf.h"
#include "base/err.h"

#define IGNORE_FILE_MAX  ((size_t)1 << 20) /* bytes of a file; a larger one has no rules */
#define IGNORE_RULES_MAX 20000             /* in force at once; further ones are no rules */
#define IGNORE_PATTERN   4096              /* bytes of a pattern; a longer one is no rule */

struct ignore_rule {
    const char *text; /* the pattern without ! and slashes at its ends; borrowed */
    uint32_t len;
    bool negated, directory;
    bool anchored; /* about a path, not about a last name */
    bool literal;  /* nothing in it is special */
};

/* {0} has no levels. */
struct ignore {
    struct buf rules, levels, texts; /* private */
    size_t count;                    /* levels */
};

/* Reads one line, without its end; false when it is no rule: blank, a comment, too long. */
bool ignore_rule_read(struct ignore_rule *out, const char *line, size_t len);

/* Whether the rule's pattern fits a path below the rule's directory, whatever ! says. Takes its
 * steps off *budget, which ends at 0. */
bool ignore_rule_fits(const struct ignore_rule *rule, const char *path, size_t len,
                      bool is_directory, size_t *budget);

/* Puts the rules of a file in the directory of `base` bytes of path (0: the root) into force; the
 * text is copied. ERR_MEMORY. */
int ignore_push(struct ignore *ignore, size_t base, const char *text, size_t len) MUST_CHECK;

/* Ends the newest level. */
void ignore_pop(struct ignore *ignore);

enum ignored { IGNORED_UNSAID, IGNORED_YES, IGNORED_NO };

/* What the levels say of a path from the tree's root, whose directory is the newest level's or
 * below it. */
enum ignored ignore_judge(const struct ignore *ignore, const char *path, size_t len,
                          bool is_directory, size_t *budget);

void ignore_clear(struct ignore *ignore);

#endif
