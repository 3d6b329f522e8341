/* peer.c: SO_PEERCRED tells a number of a process, SO_PEERPIDFD holds the process itself: as long
 * as that lives, no other one has the number. */
#include "io/net/peer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* Kernels before 6.5 cannot tell the process: there another one may have got the number since. */
static int open_process(int socket, pid_t pid)
{
    int fd = -1;
    socklen_t len = sizeof fd;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &fd, &len) == 0)
        return fd;
    return errno == ENOPROTOOPT ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

static bool is_alive(int process)
{
    struct pollfd end = {.fd = process, .events = POLLIN};
    return poll(&end, 1, 0) == 0;
}

static bool shares(pid_t pid, const char *space)
{
    char path[64], own[64];
    struct stat theirs, ours;
    snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, space);
    snprintf(own, sizeof own, "/proc/self/ns/%s", space);
    return stat(path, &theirs) == 0 && stat(own, &ours) == 0 && theirs.st_dev == ours.st_dev &&
           theirs.st_ino == ours.st_ino;
}

/* Root may do anything to us, and we may not look at it;
 * no jail of an ordinary user has its uid. */
bool peer_is_trusted(int socket)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len) || peer.pid <= 0)
        return false;
    if (peer.uid == 0 && geteuid() != 0)
        return true;
    if (peer.uid != 0 && peer.uid != geteuid())
        return false;
    auto_close int process = open_process(socket, peer.pid);
    return process >= 0 && shares(peer.pid, "pid") && shares(peer.pid, "user") && is_alive(process);
}
