/* proc.h: one program, run in a jail, on the loop.
 *
 * argv only, never a shell. The program has a clean environment, no network but its own loopback
 * and, with egress, a proxy of the engine on it, no view of other processes, no capabilities, and a
 * file system of its own: the system's programs to read, its working directory and an empty scratch
 * to write. When it ends, or a limit is hit, everything it started is killed by the kernel, daemons
 * too. A kernel that refuses one of these boundaries is ERR_JAIL: there is no weaker way to run.
 * docs/processes.md has the whole list.
 *
 * The engine never forks: the child shares its memory only until it becomes the jail (core/jail/).
 */
#ifndef IO_PROC_H
#define IO_PROC_H

#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/net/egress.h"

/* Gets what it writes to its standard output, as it comes. */
typedef void proc_output_fn(void *ctx, const char *bytes, size_t len);

struct proc_spec {
    const char *const *argv; /* NULL-terminated, at least one */
    const char *const *env;  /* NULL-terminated "NAME=value" besides the clean ones; or NULL */
    const char *const *hide; /* NULL-terminated directories and files, empty inside; or NULL */
    const char *const *show; /* NULL-terminated directories that it can read besides; or NULL */
    const struct egress_spec *egress; /* what it may reach, through HTTP_PROXY; NULL: nothing */
    const char *program;     /* the absolute path to run; NULL: argv[0], by PATH inside */
    int cwd;                 /* a directory descriptor, borrowed during proc_start; -1: a scratch */
    /* NULL, or NULL-terminated absolute paths: where the program finds its tree, then the layers
     * of it, the upper one first; then cwd is the home of a union (io/union/union.h) */
    const char *const *layers;
    const char *input;       /* standard input, borrowed likewise; NULL: none */
    size_t input_len;
    /* gets the output of one that is talked to (proc_write), which is not kept; or NULL */
    proc_output_fn *on_output;
    uint64_t wall_ms, cpu_ms, memory, processes, file_size, files, output; /* 0: the defaults */
};

#define PROC_WALL_MS   30000                 /* from start to end */
#define PROC_CPU_MS    30000                 /* of all its processes together */
#define PROC_MEMORY    ((uint64_t)512 << 20) /* likewise */
#define PROC_PROCESSES 64                    /* processes and threads at one time */
#define PROC_FILE_SIZE ((uint64_t)64 << 20)  /* bytes of one file it writes */
#define PROC_FILES     10000                 /* files that may come to be in its directory */
#define PROC_OUTPUT    ((uint64_t)1 << 20)   /* bytes of stdout and stderr together */

struct proc_result {
    int exit;          /* exit code, or -1 when a signal ended it */
    int signal;        /* the signal, or 0 */
    const char *limit; /* "time", "cpu", "memory", "output", "files", "processes"; or NULL */
    const struct buf *out, *err; /* what it wrote, cut at the output limit; borrowed */
    const struct egress_request *requests; /* that it made, with egress; borrowed */
    size_t request_count;
    const char *egress_limit; /* the bound of its egress that was hit, or NULL */
    uint64_t ms;
    uint32_t layers; /* bits: what stood around it, proc_layer names them */
};

/* The name of a layer, from 0 on ("no_new_privs"); NULL after the last. */
const char *proc_layer(unsigned number);

/* Called exactly once, from the loop, unless proc_abandon came first: with a result, or with NULL
 * and an error (ERR_JAIL: not isolated; ERR_PROC: not started; ERR_CANCELED). */
typedef void proc_done(void *ctx, const struct proc_result *result, const struct err *err);

struct proc;

/* A descriptor of the jail program, for proc_start; the caller owns it, one serves any number of
 * runs. Or a negative code. */
int proc_jail_open(struct err *err) MUST_CHECK;

/* Starts it. *out is valid until done was called. ERR_USAGE (no argv, bad env), ERR_JAIL, ERR_IO,
 * ERR_MEMORY; then done is not called. */
int proc_start(uv_loop_t *loop, int jail, const struct proc_spec *spec, proc_done *done, void *ctx,
               struct proc **out, struct err *err) MUST_CHECK;

/* Writes to the standard input of one that is talked to; kept until it reads. ERR_MEMORY. */
int proc_write(struct proc *proc, const char *text, size_t len) MUST_CHECK;

/* Ends its standard input, after what was written. */
void proc_end_input(struct proc *proc);

/* It has its wall time and its bytes anew; of its complaints a tail is kept. Not from done. */
void proc_renew(struct proc *proc);

/* What it wrote to its standard error so far; borrowed until the loop goes on. */
const struct buf *proc_complaints(const struct proc *proc);

/* Kills it; done follows with ERR_CANCELED. */
void proc_cancel(struct proc *proc);

/* Kills it and forgets done and on_output: for a caller that is going away. */
void proc_abandon(struct proc *proc);

#endif
