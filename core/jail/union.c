/* union.c: a tree of layers: the same mount as the engine's (io/union/union.c), made here, because
 * an owner of files can be mapped only where layers are mounted, not where a union of them is. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/union/union.h"
#include "jail/jail.h"

#define PLACE "layers" /* in the new root, until the union is made */

void union_take(struct cell *cell, struct layers *out)
{
    out->home = view_take_home(cell);
    out->below = calloc(cell->belows, sizeof *out->below);
    must(cell, out->below ? 0 : -1, "allocate");
    for (size_t i = 0; i < cell->belows; i++)
        out->below[i] = view_take_below(cell, cell->below[i]);
    cell->changes = openat(out->home, UNION_CHANGES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(cell, cell->changes, "find the changes of the tree");
}

static void place_name(char name[32], size_t i)
{
    snprintf(name, 32, PLACE "/%zu", i);
}

static void put(const struct cell *cell, int fd, const char *name)
{
    view_map_owner(cell, fd, true);
    must(cell, mkdir(name, 0755), "make a place for a layer");
    must(cell, view_attach(fd, name), "mount a layer");
}

/* What the kernel does to the layers it does as the user that mounts: as root that is the program's
 * user, whose files they are by the map, with the capabilities that a change of user takes away. */
static void act_as(const struct cell *cell, uid_t uid, gid_t gid)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2];
    if (!cell->root)
        return;
    setfsgid(gid);
    setfsuid(uid);
    must(cell, (int)syscall(SYS_capget, &header, caps), "look at the capabilities");
    for (size_t i = 0; i < 2; i++)
        caps[i].effective = caps[i].permitted;
    must(cell, (int)syscall(SYS_capset, &header, caps), "keep the capabilities");
}

static void mount_union(const struct cell *cell)
{
    char options[4096] = "lowerdir=";
    for (size_t i = 0, len; i < cell->belows; i++) {
        len = strlen(options);
        snprintf(options + len, sizeof options - len, "%s" PLACE "/%zu", i ? ":" : "", i);
    }
    strncat(options,
            ",upperdir=" PLACE "/home/" UNION_CHANGES ",workdir=" PLACE "/home/" UNION_WORK
            UNION_OPTIONS,
            sizeof options - strlen(options) - 1);
    must(cell, mkdir(PLACE "/tree", 0755), "make a place for the tree");
    act_as(cell, cell->uid, cell->gid);
    must(cell,
         mount("overlay", PLACE "/tree", "overlay", MS_NOSUID | MS_NODEV, options),
         "mount the layers of the tree");
    act_as(cell, 0, 0);
}

static void leave(const struct cell *cell, const char *name)
{
    must(cell, umount2(name, MNT_DETACH), "unmount a layer");
    must(cell, rmdir(name), "remove the place of a layer");
}

/* No layer stays where the program would find it. */
int union_join(struct cell *cell, struct layers *layers)
{
    char name[32];
    must(cell, mkdir(PLACE, 0755), "make a place for the layers");
    put(cell, layers->home, PLACE "/home");
    for (size_t i = 0; i < cell->belows; i++) {
        place_name(name, i);
        put(cell, layers->below[i], name);
    }
    mount_union(cell);
    int fd = view_clone(PLACE "/tree");
    must(cell, fd, "clone the tree");
    leave(cell, PLACE "/tree");
    leave(cell, PLACE "/home");
    for (size_t i = 0; i < cell->belows; i++) {
        place_name(name, i);
        leave(cell, name);
    }
    must(cell, rmdir(PLACE), "remove the place of the layers");
    free(layers->below);
    return fd;
}
