/* proc.c: the life of one run on the loop: pipes, deadline, the process descriptor, the result.
 * Making the child is proc_spawn.c; what happens inside it is core/jail/.
 *
 * The end is one event: the process descriptor becomes readable when the jail's first process is
 * gone, and the kernel lets it go only after everything in its namespace. So whatever the program
 * wrote is then in the pipes, and nobody can write any more. */
#include "io/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "base/repair.h"
#include "io/carried.h"
#include "io/jail.h"
#include "io/proc_spawn.h"

extern const char jail_start[], jail_end[]; /* core/jail/ as a program, embedded by the Makefile */

enum { OUT, ERR, STREAMS };

struct stream {
    uv_poll_t poll;
    int fd; /* owned; -1 when there is none */
    struct buf bytes;
};

struct proc {
    uv_poll_t ended;
    uv_timer_t wall;
    struct stream streams[STREAMS];
    int pidfd, report; /* owned */
    pid_t pid;
    unsigned handles; /* open or closing */
    uint64_t started, output;
    const char *limit; /* one that we enforce and that was hit */
    bool canceled;
    proc_done *done; /* NULL: abandoned */
    void *ctx;
};

/* ---- the jail program ---- */

int proc_jail_open(struct err *err)
{
    return carried_open("orket-jail", jail_start, jail_end, err);
}

/* ---- the end ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void free_proc(struct proc *p)
{
    for (int i = 0; i < STREAMS; i++) {
        close_fd(&p->streams[i].fd);
        buf_clear(&p->streams[i].bytes);
    }
    close_fd(&p->pidfd);
    close_fd(&p->report);
    free(p);
}

static void on_closed(uv_handle_t *handle)
{
    struct proc *p = handle->data;
    if (--p->handles == 0)
        free_proc(p);
}

/* Closes those that were opened (the first p->handles); the last one frees p, from the loop. */
static void close_handles(struct proc *p)
{
    uv_handle_t *all[] = {(uv_handle_t *)&p->wall, (uv_handle_t *)&p->ended,
                          (uv_handle_t *)&p->streams[OUT].poll,
                          (uv_handle_t *)&p->streams[ERR].poll};
    for (unsigned i = 0, n = p->handles; i < n; i++)
        uv_close(all[i], on_closed);
}

static void kill_all(struct proc *p)
{
    syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
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
    struct buf safe = {0};
    utf8_repair(&safe, name, strlen(name));
    buf_put(&safe, "", 1);
    err_set(err, ERR_PROC, "'%s' cannot be started: %s", buf_ok(&safe) ? safe.data : "the program",
            strerror(error));
    buf_clear(&safe);
    if (error == ENOENT)
        err_fix(err, "a plain name has to be in /usr/local/bin, /usr/bin or /bin, one of the tree begins "
                     "with ./, and the interpreter that a script names in its first line has to be there");
    else if (error == EACCES)
        err_fix(err, "it has to be a file that may be executed (chmod +x), in the tree or in /usr or /bin");
    return ERR_PROC;
}

/* The last report says how the program ended; without one, the jail was killed from outside. */
static int read_report(struct proc *p, struct proc_result *result, struct err *err)
{
    struct jail_report r = {0};
    while (read(p->report, &r, sizeof r) == (ssize_t)sizeof r)
        result->layers = r.layers;
    bool told = r.end != JAIL_NONE;
    result->limit = p->limit ? p->limit : told ? limit_name(r.limit) : NULL;
    r.what[sizeof r.what - 1] = '\0';
    if (told && r.end == JAIL_NOT_ISOLATED)
        return proc_not_isolated(r.what, r.value, err);
    if (told && r.end == JAIL_NOT_STARTED)
        return not_started(r.what, r.value, err);
    result->exit = told && r.end == JAIL_EXITED ? r.value : -1;
    result->signal = !told ? SIGKILL : r.end == JAIL_SIGNALED ? r.value : 0;
    return 0;
}

/* The kernel's groups are empty now; most machines have none of them. */
static void remove_groups(const struct proc *p)
{
    static const char *const roots[] = {JAIL_CGROUP_V1_MEMORY, JAIL_CGROUP_V1_PIDS,
                                        JAIL_CGROUP_V1_CPU, JAIL_CGROUP_V2};
    char path[100];
    for (size_t i = 0; geteuid() == 0 && i < COUNT_OF(roots); i++) {
        snprintf(path, sizeof path, "%s/" JAIL_CGROUP_NAME "%d", roots[i], (int)p->pid);
        rmdir(path);
    }
}

static void finish(struct proc *p)
{
    struct err err = {0};
    struct proc_result result = {
        .out = &p->streams[OUT].bytes,
        .err = &p->streams[ERR].bytes,
        .ms = (uv_hrtime() - p->started) / 1000000,
    };
    int rc = p->canceled ? err_set(&err, ERR_CANCELED, "the process was canceled")
                         : read_report(p, &result, &err);
    if (rc == 0 && (!buf_ok(result.out) || !buf_ok(result.err)))
        rc = err_set(&err, ERR_MEMORY, "no memory for what the process wrote");
    remove_groups(p);
    close_handles(p); // frees p later, from the loop
    FAULT(verdict_before);
    if (p->done)
        p->done(p->ctx, rc ? NULL : &result, rc ? &err : NULL);
    FAULT(verdict_after);
}

/* ---- events ---- */

static void hit(struct proc *p, const char *limit)
{
    if (!p->limit)
        p->limit = limit;
    kill_all(p);
}

/* Takes what is in the pipe now; what is beyond the output limit is dropped and ends the run. */
static void drain(struct proc *p, struct stream *s)
{
    char block[16384];
    ssize_t n;
    while (s->fd >= 0 && (n = read(s->fd, block, sizeof block)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return; // EAGAIN: nothing more now
        size_t take = (uint64_t)n < p->output ? (size_t)n : (size_t)p->output;
        buf_put(&s->bytes, block, take);
        p->output -= take;
        if (take < (size_t)n) {
            hit(p, "output");
            return;
        }
    }
    uv_poll_stop(&s->poll);
}

static void on_output(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct proc *p = poll->data;
    drain(p, poll == &p->streams[OUT].poll ? &p->streams[OUT] : &p->streams[ERR]);
}

static void on_wall(uv_timer_t *timer)
{
    hit(timer->data, "time");
}

static void on_ended(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct proc *p = poll->data;
    if (waitpid(p->pid, NULL, WNOHANG) != p->pid)
        return;
    for (int i = 0; i < STREAMS; i++)
        drain(p, &p->streams[i]);
    finish(p);
}

/* ---- the start ---- */

/* Descriptors 0 to 3 are the child's to place: ours have to lie above. */
static int lift(int fd)
{
    if (fd < 0 || fd > JAIL_REPORT_FD)
        return fd;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, JAIL_REPORT_FD + 1);
    close(fd);
    return high;
}

static int make_pipe(int *ours, int *theirs)
{
    int fd[2];
    if (pipe2(fd, O_CLOEXEC))
        return -1;
    *ours = lift(fd[0]);
    *theirs = lift(fd[1]);
    if (*ours < 0 || *theirs < 0)
        return -1;
    return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

/* Standard input is a file in memory: nothing to feed while it runs. */
static int make_input(const struct proc_spec *spec)
{
    if (!spec->input)
        return lift(open("/dev/null", O_RDONLY | O_CLOEXEC));
    int fd = lift(memfd_create("stdin", MFD_CLOEXEC));
    for (size_t at = 0; fd >= 0 && at < spec->input_len;) {
        ssize_t n = write(fd, spec->input + at, spec->input_len - at);
        if (n < 0) {
            close(fd);
            return -1;
        }
        at += (size_t)n;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

static int make_stdio(struct proc *p, const struct proc_spec *spec, struct proc_stdio *theirs)
{
    theirs->fd[0] = make_input(spec);
    if (theirs->fd[0] < 0 || make_pipe(&p->streams[OUT].fd, &theirs->fd[1]) ||
        make_pipe(&p->streams[ERR].fd, &theirs->fd[2]) || make_pipe(&p->report, &theirs->fd[3]))
        return -1;
    return 0;
}

static struct proc_spec with_defaults(const struct proc_spec *spec)
{
    struct proc_spec s = *spec;
    s.wall_ms = s.wall_ms ? s.wall_ms : PROC_WALL_MS;
    s.cpu_ms = s.cpu_ms ? s.cpu_ms : PROC_CPU_MS;
    s.memory = s.memory ? s.memory : PROC_MEMORY;
    s.processes = s.processes ? s.processes : PROC_PROCESSES;
    s.file_size = s.file_size ? s.file_size : PROC_FILE_SIZE;
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
        return err_set(err, ERR_USAGE, "no program may write everywhere: / is no working directory");
    for (const char *const *e = spec->env; e && *e; e++)
        if (!strchr(*e, '=') || **e == '=')
            return err_set(err, ERR_USAGE, "an environment entry has no name");
    return 0;
}

static int listen_to(struct proc *p, uv_loop_t *loop, uv_poll_t *poll, int fd, uv_poll_cb cb)
{
    int rc = uv_poll_init(loop, poll, fd);
    if (rc)
        return rc;
    p->handles++;
    poll->data = p;
    return uv_poll_start(poll, UV_READABLE, cb);
}

/* From here on the handles own p: whoever gives up closes them. */
static int join_loop(struct proc *p, uv_loop_t *loop, uint64_t wall_ms)
{
    uv_timer_init(loop, &p->wall);
    p->wall.data = p;
    p->handles = 1;
    uv_update_time(loop);
    int rc = uv_timer_start(&p->wall, on_wall, wall_ms, 0);
    rc = rc ? rc : listen_to(p, loop, &p->ended, p->pidfd, on_ended);
    for (int i = 0; i < STREAMS; i++)
        rc = rc ? rc : listen_to(p, loop, &p->streams[i].poll, p->streams[i].fd, on_output);
    return rc;
}

static int spawn(struct proc *p, int jail, const struct proc_spec *spec, struct err *err)
{
    struct proc_stdio theirs = {{-1, -1, -1, -1}};
    int rc;
    if (make_stdio(p, spec, &theirs))
        rc = err_set(err, ERR_IO, "no descriptors for a process: %s", strerror(errno));
    else
        rc = p->pidfd = proc_spawn(jail, spec, &theirs, &p->pid, err);
    for (size_t i = 0; i < COUNT_OF(theirs.fd); i++)
        close_fd(&theirs.fd[i]);
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
    p->pidfd = p->report = p->streams[OUT].fd = p->streams[ERR].fd = -1;
    p->done = done;
    p->ctx = ctx;
    p->output = spec.output;
    p->started = uv_hrtime();
    rc = spawn(p, jail, &spec, err);
    if (rc) {
        free_proc(p);
        return rc;
    }
    if (join_loop(p, loop, spec.wall_ms)) {
        kill_all(p);
        waitpid(p->pid, NULL, 0);
        close_handles(p);
        return err_set(err, ERR_IO, "the loop does not take the process");
    }
    *out = p;
    return 0;
}

void proc_cancel(struct proc *p)
{
    p->canceled = true;
    kill_all(p);
}

void proc_abandon(struct proc *p)
{
    p->done = NULL;
    kill_all(p);
}
