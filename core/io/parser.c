/* parser.c: the life of one parse on the loop: the process, its answer, its deadline.
 *
 * The end is one event: the answer's pipe is closed, which only the end of the process does. What
 * the answer is worth is told by how it ended. */
#include "io/parser.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/carried.h"

extern const char parser_start[], parser_end[]; /* core/parser/ as a program */

#define PARSER_DOORS 2 /* enum parser_end of core/parser/parser.h */

struct parser {
    uv_poll_t poll;
    uv_timer_t wall;
    unsigned handles; /* open or closing */
    int answer;       /* owned */
    pid_t pid;
    struct buf facts;
    bool too_much;
    parser_done *done; /* NULL: abandoned */
    void *ctx;
};

int parser_program(struct err *err)
{
    return carried_open("orket-parser", parser_start, parser_end, err);
}

/* ---- the end ---- */

static void free_parser(struct parser *p)
{
    if (p->answer >= 0)
        close(p->answer);
    buf_clear(&p->facts);
    free(p);
}

static void on_closed(uv_handle_t *handle)
{
    struct parser *p = handle->data;
    if (--p->handles == 0)
        free_parser(p);
}

static void close_handles(struct parser *p)
{
    uv_close((uv_handle_t *)&p->wall, on_closed);
    if (p->handles > 1)
        uv_close((uv_handle_t *)&p->poll, on_closed);
}

/* How the process ended; it has ended, or ends now. */
static int reap(struct parser *p)
{
    int status = -1;
    kill(p->pid, SIGKILL);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static int judge(const struct parser *p, int status, struct err *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == PARSER_DOORS)
        return err_set(err, ERR_JAIL, "the kernel does not let the parser shut itself in");
    if (p->too_much || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(err, ERR_LIMIT, "the text is too much for the parser: too large, too deeply "
                                       "nested or too ambiguous");
    return buf_ok(&p->facts) ? 0 : err_set(err, ERR_MEMORY, "no memory for the parser's answer");
}

static void finish(struct parser *p)
{
    struct err err = {0};
    int rc = judge(p, reap(p), &err);
    close_handles(p); // frees p later, from the loop
    if (p->done)
        p->done(p->ctx, rc ? NULL : &p->facts, rc ? &err : NULL);
}

/* ---- events ---- */

static void on_answer(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct parser *p = poll->data;
    char block[16384];
    ssize_t n;
    while ((n = read(p->answer, block, sizeof block)) > 0) {
        p->too_much = p->too_much || p->facts.len + (size_t)n > PARSER_ANSWER;
        if (p->too_much)
            break;
        buf_put(&p->facts, block, (size_t)n);
    }
    if (p->too_much || n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        finish(p);
}

static void on_wall(uv_timer_t *timer)
{
    struct parser *p = timer->data;
    p->too_much = true;
    kill(p->pid, SIGKILL); // its pipe closes with it
}

/* ---- the start ---- */

/* Descriptors 0 to 2 are the child's to place: ours have to lie above. */
static int lift(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return high;
}

/* Standard input is a file in memory: nothing to feed while it runs. */
static int make_input(const char *text, size_t len)
{
    int fd = lift(memfd_create("source", MFD_CLOEXEC));
    for (size_t at = 0; fd >= 0 && at < len;) {
        ssize_t n = write(fd, text + at, len - at);
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

static int spawn(int program, const char *language, int in, int out, pid_t *pid)
{
    char path[64], name[] = "orket-parser", kind[32], *environment[] = {NULL};
    char *argv[] = {name, kind, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    snprintf(path, sizeof path, "/proc/self/fd/%d", program);
    snprintf(kind, sizeof kind, "%s", language);
    sigfillset(&all);
    sigemptyset(&none);
    if (posix_spawn_file_actions_init(&files))
        return ENOMEM;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    int rc = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    rc = rc ? rc : posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    rc = rc ? rc
            : posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    rc = rc ? rc : posix_spawn(pid, path, &files, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

static int start_process(struct parser *p, int program, const char *language, const char *text,
                         size_t len, struct err *err)
{
    int fd[2] = {-1, -1}, rc = 0;
    int in = make_input(text, len);
    if (in < 0 || pipe2(fd, O_CLOEXEC))
        rc = errno;
    fd[1] = lift(fd[1]);
    p->answer = fd[0];
    if (rc == 0 && (fd[1] < 0 || fcntl(fd[0], F_SETFL, O_NONBLOCK)))
        rc = errno;
    rc = rc ? rc : spawn(program, language, in, fd[1], &p->pid);
    base_close_fd(&in);
    base_close_fd(&fd[1]);
    return rc ? err_set(err, ERR_IO, "the parser cannot be started: %s", strerror(rc)) : 0;
}

static int join_loop(struct parser *p, uv_loop_t *loop)
{
    uv_timer_init(loop, &p->wall);
    p->wall.data = p->poll.data = p;
    p->handles = 1;
    uv_update_time(loop);
    int rc = uv_timer_start(&p->wall, on_wall, PARSER_WALL_MS, 0);
    rc = rc ? rc : uv_poll_init(loop, &p->poll, p->answer);
    if (rc)
        return rc;
    p->handles++;
    p->poll.data = p;
    return uv_poll_start(&p->poll, UV_READABLE, on_answer);
}

int parser_begin(uv_loop_t *loop, int program, const char *language, const char *text, size_t len,
                 parser_done *done, void *ctx, struct parser **out, struct err *err)
{
    struct parser *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(err, ERR_MEMORY, "no memory to start the parser");
    *p = (struct parser){.answer = -1, .done = done, .ctx = ctx};
    int rc = start_process(p, program, language, text, len, err);
    if (rc) {
        free_parser(p);
        return rc;
    }
    if (join_loop(p, loop)) {
        reap(p);
        close_handles(p);
        return err_set(err, ERR_IO, "the loop does not take the parser");
    }
    *out = p;
    return 0;
}

void parser_abandon(struct parser *p)
{
    p->done = NULL;
    kill(p->pid, SIGKILL);
}
