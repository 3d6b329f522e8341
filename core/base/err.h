/* err.h: errors are values with stable codes.
 *
 * A function that can fail returns 0 or a negative ERR_* of the table below. Callers outside the
 * program see the *name* ("ERR_JSON"), never the number. `struct err` carries the cause and the
 * cure in words; it is optional everywhere (NULL = not wanted).
 *
 * class: input    the caller's data is wrong            (shown to whoever gave it)
 *        refusal  the rules say no                      (goes back to the model)
 *        tool     an effect failed in the world         (goes back to the model)
 *        model    the model or its endpoint failed      (backs off, retries)
 *        limit    a bound was hit                       (named, never silent)
 *        environment  disk, memory, descriptors, a missing library, cancellation, shutdown: no
 *                 fault of the agent's, the model's or the project's; leaves no event of the
 *                 agent's
 *        system   another writer was faster, or the outcome is unknown
 *        bug      ours
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"

/* X(name, class, text) in numeric order; append inside your group, names never change. */
#define ERR_TABLE(X)                                                                               \
    X(BUG, bug, "internal error")                                                                  \
    X(MEMORY, environment, "out of memory")                                                        \
    X(IO, environment, "input/output error")                                                       \
    X(USAGE, input, "wrong usage")                                                                 \
    X(LIMIT, limit, "a limit was hit")                                                             \
    X(TIMEOUT, limit, "a deadline passed")                                                         \
    X(CANCELED, environment, "canceled")                                                           \
    X(NOT_FOUND, input, "not found")                                                               \
    X(EXISTS, input, "already exists")                                                             \
    X(JSON, input, "not valid JSON")                                                               \
    X(UTF8, input, "not valid UTF-8")                                                              \
    X(SCHEMA, input, "does not match the schema")                                                  \
    X(SCHEMA_UNSUPPORTED, input, "the schema uses an unknown keyword")                             \
    X(CONFIG, input, "the project's configuration is wrong")                                       \
    X(CYCLE, input, "dependencies form a cycle")                                                   \
    X(TRANSITION, refusal, "the state machine does not allow this")                                \
    X(DENIED, refusal, "the gate refused")                                                         \
    X(PATH, tool, "the path is not inside the tree")                                               \
    X(TOO_LARGE, tool, "too large")                                                                \
    X(NOT_FILE, tool, "not a regular file")                                                        \
    X(NOT_DIR, tool, "not a directory")                                                            \
    X(STORE, environment, "the database failed")                                                   \
    X(STORE_NEWER, input, "the database was written by a newer version")                           \
    X(STORE_OLDER, input, "the database was written by an older version")                          \
    X(STORE_BUSY, environment, "another program holds the database")                               \
    X(STORE_FULL, environment, "no space is left for the database")                                \
    X(STORE_READONLY, environment, "the database may not be written")                              \
    X(STORE_CORRUPT, environment, "the database is damaged")                                       \
    X(STALE, system, "somebody else changed it first")                                             \
    X(OWNED, environment, "another process owns the project")                                      \
    X(UNCERTAIN, system, "it is unknown whether it happened")                                      \
    X(NET, model, "the endpoint could not be reached")                                             \
    X(HTTP, model, "the endpoint answered with an error")                                          \
    X(PROTOCOL, model, "the endpoint broke the protocol")                                          \
    X(CONTEXT, limit, "the request does not fit into the window of the model")                     \
    X(SCRIPT, bug, "a script failed")                                                              \
    X(SCRIPT_SYNTAX, input, "a script does not compile")                                           \
    X(SCRIPT_MEMORY, limit, "a script used too much memory")                                       \
    X(SCRIPT_STEPS, limit, "a script used too many steps")                                         \
    X(SCRIPT_TIME, limit, "a script ran too long")                                                 \
    X(SCRIPT_CONTRACT, bug, "a script broke its contract")                                         \
    X(PROC, tool, "the process failed")                                                            \
    X(LIBRARY, environment, "a library of the system is missing")                                  \
    X(JAIL, environment, "no program can be isolated here")                                        \
    X(CASSETTE, input, "the cassette and the run differ")                                          \
    X(REPLAY, system, "the replay and the record differ")                                          \
    X(PLAN, refusal, "no plan that holds was proposed")                                            \
    X(DESCRIPTORS, environment, "no file descriptor is left")                                      \
    X(GIT, input, "git failed")                                                                    \
    X(CONFLICT, input, "both sides changed the same lines")

enum {
    ERR_NONE_ = 0,
#define X(name, class, text) ERR_POS_##name,
    ERR_TABLE(X)
#undef X
#define X(name, class, text) ERR_##name = -ERR_POS_##name,
        ERR_TABLE(X)
#undef X
};

struct err {
    int code;       /* 0 or ERR_* */
    char text[400]; /* the cause, one sentence, UTF-8 */
    char fix[200];  /* the cure, one sentence, may be empty */
};

/* Fills err (when not NULL) and returns code, for `return err_set(e, ERR_X, ...)`. The text is
 * valid UTF-8 whatever bytes went into it, and wherever a precision cut them: see utf8_clean. */
int err_set(struct err *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Adds the cure; returns err->code (or ERR_BUG without err). */
int err_fix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The code for an errno that is about the host and not about what was asked for: ERR_DESCRIPTORS
 * (EMFILE, ENFILE), ERR_MEMORY (ENOMEM), else ERR_IO. */
int err_of_errno(int error);

/* Fills err with that code, the text and ": " and the errno's own text,
 * and the fix for the code. */
int err_os(struct err *err, int error, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The fix for a failure of the host, one static sentence; NULL for other codes. */
const char *err_host_fix(int code);

/* "ERR_JSON", "input", "not valid JSON"; unknown codes answer as ERR_BUG. Static strings. */
const char *err_name(int code);
const char *err_class(int code);
const char *err_text(int code);

/* The machine failed, not what was asked for: class environment. */
bool err_is_environment(int code);

#endif
