/* child.c: see child.h. */
#include "io/process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "io/process/jail.h"

void child_init(struct child *child, uint64_t output, child_fn *on_end, child_fn *on_close)
{
    *child = (struct child){
        .pidfd = -1,
        .output = output,
        .on_end = on_end,
        .on_close = on_close,
    };
    for (int i = 0; i < CHILD_STREAMS; i++)
        child->streams[i].fd = -1;
    child->feed.fd = -1;
}

/* ---- descriptors ---- */

int child_lift(int fd)
{
    if (fd < 0 || fd > JAIL_HANDOVER_FD)
        return fd;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, JAIL_HANDOVER_FD + 1);
    close(fd);
    return high;
}

int child_pipe(int *ours, int *theirs)
{
    int fd[2];
    if (pipe2(fd, O_CLOEXEC))
        return -1;
    *ours = child_lift(fd[0]);
    *theirs = child_lift(fd[1]);
    if (*ours < 0 || *theirs < 0)
        return -1;
    return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(fd, text, len);
        if (n < 0)
            return -1;
        text += n;
        len -= (size_t)n;
    }
    return lseek(fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

/* Sealed: the memory of a file is counted by no limit of its reader. */
int child_input(const char *text, size_t len)
{
    if (!text)
        return child_lift(open("/dev/null", O_RDONLY | O_CLOEXEC));
    int fd = child_lift(memfd_create("stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (fd >= 0 &&
        (write_all(fd, text, len) ||
         fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK))) {
        close(fd);
        return -1;
    }
    return fd;
}

int child_pair(int *ours, int *theirs)
{
    int fd[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
        return -1;
    *ours = child_lift(fd[0]);
    *theirs = child_lift(fd[1]);
    if (*ours < 0 || *theirs < 0)
        return -1;
    return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

/* A socket: its end can be told while the descriptor stays. No code here reads from it. */
int child_input_pipe(int *ours, int *theirs)
{
    return child_pair(ours, theirs) || shutdown(*ours, SHUT_RD) ? -1 : 0;
}

/* ---- what is said to it ---- */

/* Whoever does not listen any more is not told: its end is an event of its own. */
static void feed_more(struct child *child)
{
    struct child_stream *feed = &child->feed;
    ssize_t n = 0;
    size_t done = 0;
    while (done < feed->bytes.len &&
           (n = send(feed->fd, feed->bytes.data + done, feed->bytes.len - done, MSG_NOSIGNAL)) > 0)
        done += (size_t)n;
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        done = feed->bytes.len;
    memmove(feed->bytes.data, feed->bytes.data + done, feed->bytes.len - done);
    feed->bytes.len -= done;
    if (feed->bytes.len)
        return;
    uv_poll_stop(&feed->poll);
    if (child->input_ended)
        shutdown(feed->fd, SHUT_WR);
}

static void on_feed(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    feed_more(poll->data);
}

int child_write(struct child *child, const char *text, size_t len)
{
    if (child->feed.fd < 0 || child->input_ended || !len)
        return 0;
    buf_put(&child->feed.bytes, text, len);
    if (!buf_ok(&child->feed.bytes))
        return ERR_MEMORY;
    feed_more(child);
    if (!child->feed.bytes.len)
        return 0;
    return uv_poll_start(&child->feed.poll, UV_WRITABLE, on_feed) ? ERR_MEMORY : 0;
}

void child_end_input(struct child *child)
{
    if (child->feed.fd < 0 || child->input_ended)
        return;
    child->input_ended = true;
    if (!child->feed.bytes.len)
        shutdown(child->feed.fd, SHUT_WR);
}

static void on_wall(uv_timer_t *timer);

void child_renew(struct child *child, uint64_t output)
{
    struct buf *said = &child->streams[CHILD_ERR].bytes;
    child->output = output;
    uv_timer_start(&child->wall, on_wall, child->wall_ms, 0);
    if (said->len <= CHILD_TAIL)
        return;
    memmove(said->data, said->data + said->len - CHILD_TAIL, CHILD_TAIL);
    said->len = CHILD_TAIL;
    said->data[said->len] = '\0';
}

/* ---- the end ---- */

void child_clear(struct child *child)
{
    for (int i = 0; i < CHILD_STREAMS; i++) {
        base_close_fd(&child->streams[i].fd);
        buf_clear(&child->streams[i].bytes);
    }
    base_close_fd(&child->feed.fd);
    buf_clear(&child->feed.bytes);
    base_close_fd(&child->pidfd);
}

static void on_closed(uv_handle_t *handle)
{
    struct child *child = handle->data;
    if (--child->handles == 0)
        child->on_close(child);
}

/* Those that were opened are the first child->handles. */
void child_close(struct child *child)
{
    uv_handle_t *all[] = {(uv_handle_t *)&child->wall, (uv_handle_t *)&child->ended,
                          (uv_handle_t *)&child->streams[CHILD_OUT].poll,
                          (uv_handle_t *)&child->streams[CHILD_ERR].poll,
                          (uv_handle_t *)&child->feed.poll};
    for (unsigned i = 0, n = child->handles; i < n; i++)
        uv_close(all[i], on_closed);
}

void child_kill(struct child *child)
{
    syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
}

/* ---- events ---- */

static void hit(struct child *child, const char *limit)
{
    if (!child->limit)
        child->limit = limit;
    child_kill(child);
}

/* Takes what is in the pipe now; what is beyond the output limit is dropped and ends the run. */
static void drain(struct child *child, struct child_stream *s)
{
    char block[16384];
    ssize_t n;
    while (s->fd >= 0 && (n = read(s->fd, block, sizeof block)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return; // EAGAIN: nothing more now
        size_t take = (uint64_t)n < child->output ? (size_t)n : (size_t)child->output;
        child->output -= take;
        if (child->on_output && s == &child->streams[CHILD_OUT])
            child->on_output(child, block, take);
        else
            buf_put(&s->bytes, block, take);
        if (take < (size_t)n) {
            hit(child, "output");
            return;
        }
    }
    if (s->fd >= 0)
        uv_poll_stop(&s->poll);
}

static void on_output(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct child *child = poll->data;
    drain(child, &child->streams[poll == &child->streams[CHILD_OUT].poll ? CHILD_OUT : CHILD_ERR]);
}

static void on_wall(uv_timer_t *timer)
{
    hit(timer->data, "time");
}

static void on_ended(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct child *child = poll->data;
    if (waitpid(child->pid, &child->status, WNOHANG) != child->pid)
        return;
    for (int i = 0; i < CHILD_STREAMS; i++)
        drain(child, &child->streams[i]);
    child->on_end(child);
}

/* ---- the start ---- */

static int listen_to(struct child *child, uv_loop_t *loop, uv_poll_t *poll, int fd, uv_poll_cb cb)
{
    int rc = uv_poll_init(loop, poll, fd);
    if (rc)
        return rc;
    child->handles++;
    poll->data = child;
    return uv_poll_start(poll, UV_READABLE, cb);
}

/* From here on the handles own the child: whoever gives up closes them. */
static int join(struct child *child, uv_loop_t *loop, uint64_t wall_ms)
{
    uv_timer_init(loop, &child->wall);
    child->wall.data = child;
    child->handles = 1;
    uv_update_time(loop);
    child->wall_ms = wall_ms;
    int rc = uv_timer_start(&child->wall, on_wall, wall_ms, 0);
    rc = rc ? rc : listen_to(child, loop, &child->ended, child->pidfd, on_ended);
    for (int i = 0; i < CHILD_STREAMS; i++) {
        struct child_stream *s = &child->streams[i];
        rc = rc || s->fd < 0 ? rc : listen_to(child, loop, &s->poll, s->fd, on_output);
    }
    if (rc || child->feed.fd < 0)
        return rc;
    rc = uv_poll_init(loop, &child->feed.poll, child->feed.fd);
    child->handles += rc ? 0 : 1;
    child->feed.poll.data = child;
    return rc;
}

int child_watch(struct child *child, uv_loop_t *loop, uint64_t wall_ms)
{
    int rc = join(child, loop, wall_ms);
    if (rc == 0)
        return 0;
    child_kill(child);
    while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
        ;
    return rc;
}
