/* view.c: what the program can see: a new root of its own, made of mounts of a few directories.
 *
 *   /usr /bin /sbin /lib* /etc   the system's, read-only (of /etc Landlock opens a part)
 *   /dev                         null, zero, full, random, urandom, and shm
 *   /proc                        of this pid namespace, read-only
 *   /run/home /tmp /dev/shm      one empty tmpfs of 64 MB, gone with the jail
 *   what is to be hidden         empty, where one of these would show it
 *   what is to be shown          read-only, where it is outside
 *   the tree                     writable, where it is outside
 *
 * The last three are placed by the lengths of their paths, so that what lies deeper decides: a tree
 * in a hidden project, a hidden directory in a shown one. Nothing else exists inside. As root the
 * tree is mounted so that its owner's files are the program's user's:
 * they come back as its owner's. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/jail.h"

#define BASE "/usr" /* any directory: the new root is built over it, after all was cloned */

#define LIMITED (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static const char *const system_dirs[] = {JAIL_SYSTEM_DIRS, "etc"};
static const char *const devices[] = {"null", "zero", "full", "random", "urandom"};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---- mounts ---- */

int view_clone(const char *path)
{
    return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

static int attributes(int fd, bool deep, uint64_t set, uint64_t clear, int userns)
{
    struct mount_attr attr = {.attr_set = set, .attr_clr = clear};
    if (userns >= 0) {
        attr.attr_set |= MOUNT_ATTR_IDMAP;
        attr.userns_fd = (unsigned)userns;
    }
    return mount_setattr(fd, "", AT_EMPTY_PATH | (deep ? AT_RECURSIVE : 0), &attr, sizeof attr);
}

int view_attach(int fd, const char *to)
{
    int rc = move_mount(fd, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH);
    int error = errno;
    close(fd);
    errno = error;
    return rc;
}

/* ---- ids ---- */

/* A user namespace in which the id `outside` on the disk is the program's user. */
struct helper {
    char stack[8192] __attribute__((aligned(16)));
};

static int helper_main(void *arg)
{
    (void)arg;
    return pause();
}

static int put_map(pid_t pid, const char *file, unsigned disk, unsigned inside)
{
    char path[64], text[48];
    snprintf(path, sizeof path, "proc/%d/%s", (int)pid, file);
    int len = snprintf(text, sizeof text, "%u %u 1", disk, inside);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = write(fd, text, (size_t)len);
    close(fd);
    return n == len ? 0 : -1;
}

static int map_of(const struct cell *cell, const struct stat *owner)
{
    struct helper *helper = malloc(sizeof *helper);
    if (!helper)
        return -1;
    char path[64];
    int fd = -1;
    pid_t pid = clone(helper_main, helper->stack + sizeof helper->stack,
                      CLONE_VM | CLONE_NEWUSER | SIGCHLD, NULL);
    if (pid > 0 && put_map(pid, "uid_map", owner->st_uid, cell->uid) == 0 &&
        put_map(pid, "gid_map", owner->st_gid, cell->gid) == 0) {
        snprintf(path, sizeof path, "proc/%d/ns/user", (int)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    int error = errno;
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    free(helper);
    errno = error;
    return fd;
}

/* As root: the files of the mount's owner become those of the program's user. */
static int map_owner(const struct cell *cell, int fd)
{
    struct stat st;
    if (fstat(fd, &st))
        return -1;
    int userns = map_of(cell, &st);
    if (userns < 0)
        return -1;
    int rc = attributes(fd, false, 0, 0, userns);
    close(userns);
    return rc;
}

/* ---- the new root ---- */

struct sources {
    int system[COUNT(system_dirs)], devices[COUNT(devices)];
    int tree, *shows;
    struct layers layers; /* in place of the tree */
};

/* -1 for what is missing, and for a link, which is made anew. */
static int take_system(const struct cell *cell, const char *name)
{
    char path[32];
    struct stat st;
    snprintf(path, sizeof path, "/%s", name);
    if (lstat(path, &st) || !S_ISDIR(st.st_mode))
        return -1;
    int fd = view_clone(path);
    must(cell, fd, "clone a system directory");
    must(cell, attributes(fd, true, MOUNT_ATTR_RDONLY | LIMITED, 0, -1), "mount it read-only");
    return fd;
}

static int take_device(const struct cell *cell, const char *name)
{
    char path[32];
    snprintf(path, sizeof path, "/dev/%s", name);
    int fd = view_clone(path);
    if (fd >= 0)
        must(cell, attributes(fd, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, -1),
             "mount a device");
    return fd;
}

int view_take_home(const struct cell *cell)
{
    struct stat here, there;
    int fd = view_clone(cell->home);
    must(cell, fd, "clone the working directory");
    if (fstat(fd, &there) || stat(".", &here) || here.st_dev != there.st_dev ||
        here.st_ino != there.st_ino) {
        errno = ESTALE;
        give_up(cell, "find the working directory again");
    }
    must(cell, attributes(fd, true, MOUNT_ATTR_RDONLY | LIMITED, 0, -1), "mount the tree");
    must(cell, attributes(fd, false, 0, MOUNT_ATTR_RDONLY, -1), "mount the tree writable");
    return fd;
}

int view_take_below(const struct cell *cell, const char *path)
{
    int fd = view_clone(path);
    must(cell, fd, "clone a layer of the tree");
    must(cell, attributes(fd, true, MOUNT_ATTR_RDONLY | LIMITED, 0, -1), "mount it read-only");
    return fd;
}

static int take_shown(const struct cell *cell, const char *path)
{
    int fd = view_clone(path);
    if (fd >= 0)
        must(cell, attributes(fd, true, MOUNT_ATTR_RDONLY | LIMITED, 0, -1), "mount it read-only");
    else if (errno != ENOENT)
        give_up(cell, "clone a directory");
    return fd;
}

static void take_all(struct cell *cell, struct sources *from)
{
    for (size_t i = 0; i < COUNT(system_dirs); i++)
        from->system[i] = take_system(cell, system_dirs[i]);
    for (size_t i = 0; i < COUNT(devices); i++)
        from->devices[i] = take_device(cell, devices[i]);
    from->tree = cell->outside && !cell->place ? view_take_home(cell) : -1;
    if (cell->place)
        union_take(cell, &from->layers);
    from->shows = calloc(cell->shows + 1, sizeof *from->shows);
    must(cell, from->shows ? 0 : -1, "allocate");
    for (size_t i = 0; i < cell->shows; i++)
        from->shows[i] = take_shown(cell, cell->show[i]);
}

static void put_system(const struct cell *cell, const char *name, int fd)
{
    char path[32], target[256];
    snprintf(path, sizeof path, "/%s", name);
    ssize_t len = fd < 0 ? readlink(path, target, sizeof target - 1) : -1;
    if (fd >= 0) {
        must(cell, mkdir(name, 0755), "make a directory");
        must(cell, view_attach(fd, name), "mount a system directory");
    } else if (len > 0) {
        target[len] = '\0';
        must(cell, symlink(target, name), "make a link");
    }
}

static void put_devices(const struct cell *cell, const struct sources *from)
{
    must(cell, mkdir("dev", 0755), "make /dev");
    for (size_t i = 0; i < COUNT(devices); i++) {
        char path[32];
        snprintf(path, sizeof path, "dev/%s", devices[i]);
        int fd = from->devices[i] < 0 ? -1 : open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
        if (fd < 0)
            continue;
        close(fd);
        must(cell, view_attach(from->devices[i], path), "mount a device");
    }
    must(cell, symlink("/proc/self/fd", "dev/fd"), "make /dev/fd");
    must(cell, symlink("/proc/self/fd/0", "dev/stdin"), "make /dev/stdin");
    must(cell, symlink("/proc/self/fd/1", "dev/stdout"), "make /dev/stdout");
    must(cell, symlink("/proc/self/fd/2", "dev/stderr"), "make /dev/stderr");
}

/* One tmpfs, so that its bounds are for all that is written beside the tree. */
static void put_scratch(const struct cell *cell)
{
    static const char *const places[][2] = {
        {"run/home", NULL}, {"run/work", NULL}, {"run/tmp", "tmp"}, {"run/shm", "dev/shm"}};
    must(cell, mkdir("run", 0755), "make /run");
    must(cell,
         mount("none", "run", "tmpfs", MS_NOSUID | MS_NODEV, "size=64m,nr_inodes=4096,mode=0755"),
         "mount a scratch");
    for (size_t i = 0; i < COUNT(places); i++) {
        must(cell, mkdir(places[i][0], 0700), "make a scratch");
        must(cell, cell->root ? chown(places[i][0], cell->uid, cell->gid) : 0, "own a scratch");
        if (!places[i][1])
            continue;
        must(cell, mkdir(places[i][1], 0755), "make a scratch");
        must(cell, mount(places[i][0], places[i][1], NULL, MS_BIND, NULL), "mount a scratch");
    }
}

/* Its own, so that no other process can be seen; closed to writing when the map is made. Where the
 * kernel does not allow a new one, an empty directory. */
static void put_proc(struct cell *cell)
{
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    must(cell, mkdir("proc", 0555), "make /proc");
    cell->proc = mount("proc", "proc", "proc", flags, NULL) == 0;
}

/* Programs ask who they are; who else lives on the host is not their business. */
static void put_user(const struct cell *cell, const char *name, const char *line)
{
    char path[32], target[32];
    snprintf(path, sizeof path, "run/.%s", name);
    snprintf(target, sizeof target, "etc/%s", name);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0444);
    if (fd < 0 || write(fd, line, strlen(line)) < 0)
        give_up(cell, "write the name of the user");
    close(fd);
    int mount_fd = view_clone(path);
    must(cell, mount_fd, "mount the name of the user");
    must(cell, attributes(mount_fd, false, MOUNT_ATTR_RDONLY | LIMITED, 0, -1), "mount a name");
    if (view_attach(mount_fd, target) && errno != ENOENT && errno != ENOTDIR)
        give_up(cell, "mount the name of the user");
    unlink(path);
}

static void put_users(const struct cell *cell)
{
    char line[200];
    snprintf(line, sizeof line, "jail:x:%u:%u:jail:%s:/bin/sh\n", cell->uid, cell->gid, JAIL_HOME);
    put_user(cell, "passwd", line);
    snprintf(line, sizeof line, "jail:x:%u:\n", cell->gid);
    put_user(cell, "group", line);
}

void view_map_owner(const struct cell *cell, int fd, bool needed)
{
    if (cell->root && fd >= 0 && map_owner(cell, fd) && needed)
        give_up(cell, "map the owner of the tree (idmapped mount)");
}

static void enter(const struct cell *cell, const struct sources *from)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    must(cell, (int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
    must(cell, umount2(".", MNT_DETACH), "leave the old root");
    must(cell, chdir("/"), "enter the new root");
    places_put(cell, from->shows, from->tree);
    if (cell->proc)
        must(cell, mount_setattr(AT_FDCWD, "/proc", 0, &read_only, sizeof read_only),
             "close /proc");
    must(cell, mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof read_only), "close the root");
    must(cell, chdir(cell->tree), "enter the tree");
}

void view_build(struct cell *cell)
{
    struct sources from;
    must(cell, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
    take_all(cell, &from);
    must(cell, mount("none", BASE, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755"), "mount");
    must(cell, chdir(BASE), "enter the new root");
    put_proc(cell);
    view_map_owner(cell, from.tree, true);
    if (cell->place)
        from.tree = union_join(cell, &from.layers);
    for (size_t i = 0; i < cell->shows; i++)
        view_map_owner(cell, from.shows[i], false);
    for (size_t i = 0; i < COUNT(system_dirs); i++)
        put_system(cell, system_dirs[i], from.system[i]);
    put_devices(cell, &from);
    put_scratch(cell);
    put_users(cell);
    enter(cell, &from);
    free(from.shows);
    stands(cell, JAIL_LAYER_NAMESPACES);
    stands(cell, JAIL_LAYER_ROOT);
}
