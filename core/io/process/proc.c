/* proc.c: one run of a program in a jail: its report and result. What the loop sees of it is
 * child.c, making it is proc_spawn.c, what happens inside it is core/jail/. */
#include "io/process/proc.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "base/text/sanitize.h"
#include "io/process/child.h"
#include "io/process/embedded_exe.h"
#include "io/process/jail.h"
#include "io/process/proc_groups.h"
#include "io/process/proc_spawn.h"

extern const char jail_start[], jail_end[]; /* core/jail/ as a program, embedded by the Makefile */

struct proc {
    struct child child;
    int report, handover; /* owned */
    struct egress *egress; /* owned; NULL without */
    uint64_t started, output;
    bool canceled;
    proc_done *done; /* NULL: abandoned */
    proc_output_fn *on_output;
    void *ctx;
};

/* ---- the jail program ---- */

int proc_jail_open(struct err *err)
{
    return embedded_exe_open("orket-jail", jail_start, jail_end, err);
}

/* ---- the end ---- */

static void free_proc(struct child *child)
{
    struct proc *p = (struct proc *)child;
    child_clear(child);
    base_close_fd(&p->report);
    base_close_fd(&p->handover);
    egress_close(p->egress);
    free(p);
}

static const char *limit_name(int limit)
{
    static const char *const names[] = {NULL, "cpu", "memory", "processes", "files"};
    return limit > 0 && limit < (int)COUNT_OF(names) ? names[limit] : NULL;
}

const char *proc_layer(unsigned number)
{
    static const char *const names[] = {
#define X(name, text) text,
        JAIL_LAYERS(X)
#undef X
    };
    return number < COUNT_OF(names) ? names[number] : NULL;
}

/* What the kernel calls missing may be the interpreter that a script names in its first line. */
static int not_started(const char *name, int error, struct err *err)
{
    if (err_of_errno(error) == ERR_DESCRIPTORS)
        return err_os(err, error, "no program can be started");
    struct buf safe = {0};
    utf8_sanitize(&safe, name, strlen(name));
    buf_put(&safe, "", 1);
    err_set(err, ERR_PROC, "'%s' cannot be started: %s", buf_ok(&safe) ? safe.data : "the program",
            strerror(error));
    buf_clear(&safe);
    if (error == ENOENT)
        err_fix(
            err,
            "a plain name has to be in /usr/local/bin, /usr/bin or /bin, one of the tree begins "
            "with ./, and the interpreter that a script names in its first line has to be there");
    else if (error == ENOEXEC)
        err_fix(err, "begin a script with #! and the path of its interpreter; a program has to be "
                     "one of this machine");
    else if (error == EACCES)
        err_fix(
            err,
            "it has to be a file that may be executed (chmod +x), in the tree or in /usr or /bin");
    return ERR_PROC;
}

/* No fault of the program's: it may use more than there is. */
static int disk_full(struct err *err)
{
    err_set(err, ERR_IO,
            "the disk that holds the tree has too little room left for a program's files");
    err_fix(
        err,
        "free some space on the disk that holds workspace/ (a program may use 16 times its limit "
        "`fsize`), then run it again");
    return ERR_IO;
}

/* Nothing in a jail can end its first process: the kernel did, because memory was missing,
 * or a person. */
static int killed(struct err *err)
{
    err_set(err, ERR_IO, "the process that watches over a program was killed from outside");
    err_fix(err, "look whether the kernel ran out of memory (dmesg), then run it again");
    return ERR_IO;
}

/* The last report says how the program ended; without one, the jail was killed: by us at a
 * limit, or from outside. */
static int read_report(struct proc *p, struct proc_result *result, struct err *err)
{
    struct jail_report r = {0};
    while (read(p->report, &r, sizeof r) == (ssize_t)sizeof r)
        result->layers = r.layers;
    bool told = r.end != JAIL_NONE;
    result->limit = p->child.limit;
    if (told && !result->limit)
        result->limit = limit_name(r.limit);
    r.what[sizeof r.what - 1] = '\0';
    if (told && r.end == JAIL_NOT_ISOLATED)
        return proc_not_isolated(r.what, r.value, err);
    if (told && r.end == JAIL_NOT_STARTED)
        return not_started(r.what, r.value, err);
    if (told && r.limit == JAIL_DISK)
        return disk_full(err);
    if (!told && !result->limit)
        return killed(err);
    result->exit = told && r.end == JAIL_EXITED ? r.value : -1;
    result->signal = told ? 0 : SIGKILL;
    if (told && r.end == JAIL_SIGNALED)
        result->signal = r.value;
    return 0;
}

/* Nothing of the program is left that could ask. */
static void end_egress(struct egress *egress, struct proc_result *result)
{
    egress_stop(egress);
    result->requests = egress_requests(egress, &result->request_count);
    result->egress_limit = egress_limit(egress);
}

static void finish(struct child *child)
{
    struct proc *p = (struct proc *)child;
    struct err err = {0};
    struct proc_result result = {
        .out = &child->streams[CHILD_OUT].bytes,
        .err = &child->streams[CHILD_ERR].bytes,
        .ms = (uv_hrtime() - p->started) / 1000000,
    };
    int rc = p->canceled ? err_set(&err, ERR_CANCELED, "the process was canceled")
                         : read_report(p, &result, &err);
    if (rc == 0 && (!buf_ok(result.out) || !buf_ok(result.err)))
        rc = err_set(&err, ERR_MEMORY, "no memory for what the process wrote");
    if (p->egress)
        end_egress(p->egress, &result);
    proc_groups_remove(p->child.pid);
    child_close(child); // frees p later, from the loop
    FAULT(verdict_before);
    if (p->done)
        p->done(p->ctx, rc ? NULL : &result, rc ? &err : NULL);
    FAULT(verdict_after);
}

static void on_output(struct child *child, const char *bytes, size_t len)
{
    struct proc *p = (struct proc *)child;
    if (p->on_output)
        p->on_output(p->ctx, bytes, len);
}

/* ---- the start ---- */

static int make_stdio(struct proc *p, const struct proc_spec *spec, struct proc_stdio *theirs)
{
    struct child_stream *streams = p->child.streams;
    if (!spec->on_output)
        theirs->fd[0] = child_input(spec->input, spec->input_len);
    else if (child_input_pipe(&p->child.feed.fd, &theirs->fd[0]))
        return -1;
    if (theirs->fd[0] < 0 || child_pipe(&streams[CHILD_OUT].fd, &theirs->fd[1]) ||
        child_pipe(&streams[CHILD_ERR].fd, &theirs->fd[2]) ||
        child_pipe(&p->report, &theirs->fd[3]))
        return -1;
    return spec->egress ? child_pair(&p->handover, &theirs->fd[4]) : 0;
}

static struct proc_spec with_defaults(const struct proc_spec *spec)
{
    struct proc_spec s = *spec;
    s.wall_ms = s.wall_ms ? s.wall_ms : PROC_WALL_MS;
    s.cpu_ms = s.cpu_ms ? s.cpu_ms : PROC_CPU_MS;
    s.memory = s.memory ? s.memory : PROC_MEMORY;
    s.processes = s.processes ? s.processes : PROC_PROCESSES;
    s.file_size = s.file_size ? s.file_size : PROC_FILE_SIZE;
    s.files = s.files ? s.files : PROC_FILES;
    s.output = s.output ? s.output : PROC_OUTPUT;
    return s;
}

static int check(const struct proc_spec *spec, struct err *err)
{
    if (!spec->argv || !spec->argv[0] || !spec->argv[0][0])
        return err_set(err, ERR_USAGE, "no program to run");
    if (spec->program && spec->program[0] != '/')
        return err_set(err, ERR_USAGE, "the path of a program is absolute");
    struct stat root, cwd;
    if (spec->cwd >= 0 && stat("/", &root) == 0 && fstat(spec->cwd, &cwd) == 0 &&
        root.st_dev == cwd.st_dev && root.st_ino == cwd.st_ino)
        return err_set(err, ERR_USAGE,
                       "no program may write everywhere: / is no working directory");
    for (const char *const *e = spec->env; e && *e; e++)
        if (!strchr(*e, '=') || **e == '=')
            return err_set(err, ERR_USAGE, "an environment entry has no name");
    return 0;
}

static int spawn(struct proc *p, int jail, const struct proc_spec *spec, struct err *err)
{
    struct proc_stdio theirs = {{-1, -1, -1, -1, -1}};
    int rc;
    if (make_stdio(p, spec, &theirs))
        rc = err_os(err, errno, "the pipes of a process");
    else
        rc = p->child.pidfd = proc_spawn(jail, spec, &theirs, &p->child.pid, err);
    for (size_t i = 0; i < COUNT_OF(theirs.fd); i++)
        base_close_fd(&theirs.fd[i]);
    return rc < 0 ? rc : 0;
}

int proc_start(uv_loop_t *loop, int jail, const struct proc_spec *given, proc_done *done, void *ctx,
               struct proc **out, struct err *err)
{
    int rc = check(given, err);
    if (rc)
        return rc;
    struct proc_spec spec = with_defaults(given);
    struct proc *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(err, ERR_MEMORY, "no memory to start a process");
    child_init(&p->child, spec.output, finish, free_proc);
    p->report = p->handover = -1;
    p->done = done;
    p->on_output = spec.on_output;
    p->child.on_output = spec.on_output ? on_output : NULL;
    p->ctx = ctx;
    p->started = uv_hrtime();
    p->output = spec.output;
    rc = spawn(p, jail, &spec, err);
    if (rc) {
        free_proc(&p->child);
        return rc;
    }
    if (child_watch(&p->child, loop, spec.wall_ms)) {
        proc_groups_remove(p->child.pid);
        child_close(&p->child);
        return err_set(err, ERR_IO, "the loop does not take the process");
    }
    if (spec.egress) {
        rc = egress_open(&p->egress, loop, spec.egress, p->handover, err);
        p->handover = -1;
    }
    if (rc) {
        proc_abandon(p);
        return rc;
    }
    *out = p;
    return 0;
}

int proc_write(struct proc *p, const char *text, size_t len)
{
    return child_write(&p->child, text, len);
}

void proc_end_input(struct proc *p)
{
    child_end_input(&p->child);
}

void proc_renew(struct proc *p)
{
    child_renew(&p->child, p->output);
}

const struct buf *proc_complaints(const struct proc *p)
{
    return &p->child.streams[CHILD_ERR].bytes;
}

void proc_cancel(struct proc *p)
{
    p->canceled = true;
    child_kill(&p->child);
}

void proc_abandon(struct proc *p)
{
    p->done = NULL;
    p->on_output = NULL;
    child_kill(&p->child);
}
