/* activation.c: the environment's LISTEN_PID, LISTEN_FDS and NOTIFY_SOCKET. */
#include "io/net/http/activation.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST 3

static long number_of(const char *name)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

static bool read_address(const struct sockaddr_storage *address, char host[ACTIVATION_HOST],
                         unsigned *port)
{
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        *port = ntohs(in->sin_port);
        return inet_ntop(AF_INET, &in->sin_addr, host, ACTIVATION_HOST) != NULL;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    *port = ntohs(in6->sin6_port);
    return address->ss_family == AF_INET6 &&
           inet_ntop(AF_INET6, &in6->sin6_addr, host, ACTIVATION_HOST) != NULL;
}

static bool is_listening(int fd)
{
    int listens = 0, type = 0;
    socklen_t len = sizeof listens, type_len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 && type == SOCK_STREAM;
}

int activation_socket(char host[ACTIVATION_HOST], unsigned *port, struct err *err)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    long count = number_of("LISTEN_FDS");
    if (number_of("LISTEN_PID") != (long)getpid() || count < 1)
        return -1;
    if (count > 1 || !is_listening(FIRST) ||
        getsockname(FIRST, (struct sockaddr *)&address, &len) ||
        !read_address(&address, host, port)) {
        err_set(err, ERR_CONFIG,
                "it was started with %ld sockets, and not with one TCP socket that listens", count);
        return err_fix(err, "name one ListenStream=ADDRESS:PORT in the unit of the socket");
    }
    fcntl(FIRST, F_SETFD, FD_CLOEXEC);
    return FIRST;
}

void activation_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof to.sun_path || !strchr("/@", path[0]))
        return;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = '\0'; // of the abstract names
    auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0)
        (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}
