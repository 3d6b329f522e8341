/* parser.c: one run of the parser: started, shut in by itself (core/parser/main.c), and its answer
 * judged by how it ended. What the loop sees of it is child.c. */
#include "io/process/parser.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/process/child.h"
#include "io/process/embedded_exe.h"

extern const char parser_start[], parser_end[]; /* core/parser/ as a program */

#define PARSER_DOORS 2 /* enum parser_end of core/parser/parser.h */

struct parser {
    struct child child;
    parser_done *done; /* NULL: abandoned */
    void *ctx;
};

int parser_program(struct err *err)
{
    return embedded_exe_open("orket-parser", parser_start, parser_end, err);
}

/* ---- the end ---- */

static void free_parser(struct child *child)
{
    child_clear(child);
    free(child);
}

static int no_doors(struct err *err)
{
    err_set(err, ERR_JAIL, "the kernel does not let the parser shut itself in");
    err_fix(err, "use a kernel with seccomp on (docs/processes.md)");
    return ERR_JAIL;
}

static int judge(const struct child *child, struct err *err)
{
    int status = child->status;
    if (WIFEXITED(status) && WEXITSTATUS(status) == PARSER_DOORS)
        return no_doors(err);
    if (child->limit || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(err, ERR_LIMIT,
                       "the text is too much for the parser: too large, too deeply "
                       "nested or too ambiguous");
    return buf_ok(&child->streams[CHILD_OUT].bytes)
               ? 0
               : err_set(err, ERR_MEMORY, "no memory for the parser's answer");
}

static void finish(struct child *child)
{
    struct parser *p = (struct parser *)child;
    struct err err = {0};
    int rc = judge(child, &err);
    child_close(child); // frees p later, from the loop
    if (p->done)
        p->done(p->ctx, rc ? NULL : &child->streams[CHILD_OUT].bytes, rc ? &err : NULL);
}

/* ---- the start ---- */

/* What the program is started for. */
struct wish {
    const char *language, *text;
    size_t len;
    bool symbols;
};

static int spawn(int program, const struct wish *wish, int in, int out, pid_t *pid)
{
    char path[64], name[] = "orket-parser", kind[32], symbols[] = "symbols";
    char *environment[] = {NULL}, *argv[] = {name, kind, wish->symbols ? symbols : NULL, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    snprintf(path, sizeof path, "/proc/self/fd/%d", program);
    snprintf(kind, sizeof kind, "%s", wish->language);
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
    rc =
        rc ? rc : posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    rc = rc ? rc : posix_spawn(pid, path, &files, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

/* Without a descriptor of it nobody would hear of its end. */
static int open_process(struct child *child)
{
    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->pidfd >= 0)
        return 0;
    int error = errno;
    kill(child->pid, SIGKILL);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return error;
}

static int start_process(struct child *child, int program, const struct wish *wish, struct err *err)
{
    int in = child_input(wish->text, wish->len), out = -1, rc = 0;
    if (in < 0 || child_pipe(&child->streams[CHILD_OUT].fd, &out))
        rc = errno;
    rc = rc ? rc : spawn(program, wish, in, out, &child->pid);
    rc = rc ? rc : open_process(child);
    base_close_fd(&in);
    base_close_fd(&out);
    return rc ? err_os(err, rc, "the parser cannot be started") : 0;
}

int parser_begin(uv_loop_t *loop, int program, const char *language, bool symbols, const char *text,
                 size_t len, parser_done *done, void *ctx, struct parser **out, struct err *err)
{
    struct wish wish = {language, text, len, symbols};
    struct parser *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(err, ERR_MEMORY, "no memory to start the parser");
    child_init(&p->child, PARSER_ANSWER, finish, free_parser);
    p->done = done;
    p->ctx = ctx;
    int rc = start_process(&p->child, program, &wish, err);
    if (rc) {
        free_parser(&p->child);
        return rc;
    }
    if (child_watch(&p->child, loop, PARSER_WALL_MS)) {
        child_close(&p->child);
        return err_set(err, ERR_IO, "the loop does not take the parser");
    }
    *out = p;
    return 0;
}

void parser_abandon(struct parser *p)
{
    p->done = NULL;
    child_kill(&p->child);
}
