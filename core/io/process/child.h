/* child.h: a process that was started, on the loop: what it writes, its deadline, its end.
 *
 * Whoever starts one (proc.c, parser.c) embeds a child as its first member, gives it the process
 * and its own ends of the pipes, and has it watched. The end is one event: the process descriptor
 * becomes readable. Nobody can write any more then (of a jail the kernel has ended everything by
 * then), so what is in the pipes is all there is. */
#ifndef IO_CHILD_H
#define IO_CHILD_H

#include <sys/types.h>
#include <uv.h>

#include "base/buf.h"

#define CHILD_TAIL 4096 /* bytes kept of the standard error of one that goes on */

enum child_out { CHILD_OUT, CHILD_ERR, CHILD_STREAMS };

struct child;
typedef void child_fn(struct child *child);
typedef void child_output_fn(struct child *child, const char *bytes, size_t len);

struct child_stream {
    uv_poll_t poll;
    int fd; /* owned; -1 when there is none */
    struct buf bytes;
};

struct child {
    uv_poll_t ended;
    uv_timer_t wall;
    struct child_stream streams[CHILD_STREAMS];
    struct child_stream feed; /* what it has yet to read, of one that is talked to */
    bool input_ended;
    int pidfd; /* owned */
    pid_t pid;
    int status;         /* as of wait(2), at the end */
    unsigned handles;   /* open or closing */
    uint64_t output;    /* bytes that it may still write */
    uint64_t wall_ms;   /* from its start, or its last renewal */
    const char *limit;  /* "time", "output": the one that was hit; or NULL */
    /* gets its standard output as it comes, which is kept otherwise; or NULL */
    child_output_fn *on_output;
    child_fn *on_end;   /* it has ended and all it wrote was read: has to close it */
    child_fn *on_close; /* the loop has let go of it: has to clear and free it */
};

/* A child that writes at most `output` bytes; nothing is open. */
void child_init(struct child *child, uint64_t output, child_fn *on_end, child_fn *on_close);

/* Descriptors 0 to 4 are a child's to place, ours lie above: the same file there; `fd` is closed.
 * -1 stays -1. */
int child_lift(int fd) MUST_CHECK;

/* A pipe, lifted; ours does not block. -1 with errno; what is open then is in *ours and *theirs. */
int child_pipe(int *ours, int *theirs) MUST_CHECK;

/* A standard input, lifted: the text as a file in memory that nobody can change, or with NULL an
 * empty one. -1 with errno. */
int child_input(const char *text, size_t len) MUST_CHECK;

/* Two ends of a socket, lifted; ours does not block. -1 with errno. */
int child_pair(int *ours, int *theirs) MUST_CHECK;

/* A standard input that is written while it runs, lifted; ours does not block. -1 with errno. */
int child_input_pipe(int *ours, int *theirs) MUST_CHECK;

/* Writes more to its standard input: kept until it reads, and dropped when it reads no more.
 * ERR_MEMORY. */
int child_write(struct child *child, const char *text, size_t len) MUST_CHECK;

/* Its standard input ends after what was written. */
void child_end_input(struct child *child);

/* From now on it has its wall time anew and may write `output` bytes more; of its complaints so far
 * the last CHILD_TAIL are kept. */
void child_renew(struct child *child, uint64_t output);

/* Watches it, from now for wall_ms. When the loop does not take it, a code of libuv; it has been
 * killed and waited for then, and is to be closed. */
int child_watch(struct child *child, uv_loop_t *loop, uint64_t wall_ms) MUST_CHECK;

/* Kills it; on_end follows. */
void child_kill(struct child *child);

/* Takes it from the loop, which then calls on_close. */
void child_close(struct child *child);

/* Closes its descriptors and frees what it wrote. */
void child_clear(struct child *child);

#endif
