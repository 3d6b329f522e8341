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

/* A process that ends gives its namespaces back before it is dead: then they have no name. */
static enum peer compare(pid_t pid, const char *space)
{
    char path[64], own[64];
    struct stat theirs, ours;
    snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, space);
    snprintf(own, sizeof own, "/proc/self/ns/%s", space);
    if (stat(path, &theirs))
        return errno == ENOENT || errno == ESRCH ? PEER_GONE : PEER_STRANGER;
    bool same = stat(own, &ours) == 0 && theirs.st_dev == ours.st_dev &&
                theirs.st_ino == ours.st_ino;
    return same ? PEER_TRUSTED : PEER_STRANGER;
}

/* The namespaces are looked at while the process is held: alive after it, it is the one. */
static enum peer look_at(int process, pid_t pid)
{
    enum peer peer = compare(pid, "pid");
    if (peer == PEER_TRUSTED)
        peer = compare(pid, "user");
    return is_alive(process) ? peer : PEER_GONE;
}

/* Root may do anything to us, and we may not look at it;
 * no jail of an ordinary user has its uid. */
enum peer peer_of(int socket)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len) || peer.pid <= 0)
        return PEER_STRANGER;
    if (peer.uid == 0 && geteuid() != 0)
        return PEER_TRUSTED;
    if (peer.uid != 0 && peer.uid != geteuid())
        return PEER_STRANGER;
    auto_close int process = open_process(socket, peer.pid);
    if (process < 0) // EINVAL: of one that is dead, from a kernel before 6.9
        return errno == ESRCH || errno == EINVAL ? PEER_GONE : PEER_STRANGER;
    return look_at(process, peer.pid);
}
