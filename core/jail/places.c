/* places.c: what is hidden from the program, what it is shown besides the system's directories, and
 * its tree, each where it is outside, in the new root. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "jail/jail.h"

enum kind { HIDE, SHOW, TREE }; /* in the order in which they are placed at one path */

struct place {
    const char *path;
    enum kind kind;
    int fd;      /* what is mounted there; -1: nothing */
    bool hidden; /* something is hidden there */
};

static int by_depth(const void *a, const void *b)
{
    const struct place *one = a, *two = b;
    size_t left = strlen(one->path), right = strlen(two->path);
    if (left != right)
        return left < right ? -1 : 1;
    return (int)one->kind - (int)two->kind;
}

static void make_way(const struct cell *cell, const char *path)
{
    char way[4096];
    snprintf(way, sizeof way, "%s", path + 1);
    for (char *at = way; at && *at;) {
        at = strchr(at, '/');
        if (at)
            *at = '\0';
        if (mkdir(way, 0755) && errno != EEXIST)
            give_up(cell, "make the way to a directory");
        if (at)
            *at++ = '/';
    }
}

static void put_directory(const struct cell *cell, const struct place *place)
{
    struct stat st;
    if (place->fd < 0)
        return;
    must(cell, fstat(place->fd, &st), "look at a mount");
    errno = ENOTDIR;
    must(cell, S_ISDIR(st.st_mode) ? 0 : -1, "show what is no directory");
    make_way(cell, place->path);
    must(cell, view_attach(place->fd, place->path), "mount a directory");
}

/* A directory becomes empty, a file too; what is not there needs no hiding. */
static void hide_away(const struct cell *cell, struct place *place)
{
    struct stat st;
    const char *path = place->path;
    errno = EINVAL;
    must(cell, path[0] == '/' && strcmp(path, cell->tree) != 0 ? 0 : -1, "hide a directory");
    if (lstat(path, &st)) {
        must(cell, errno == ENOENT || errno == ENOTDIR ? 0 : -1, "look at what is hidden");
        return;
    }
    errno = ELOOP;
    must(cell, S_ISLNK(st.st_mode) ? -1 : 0, "hide what a link leads to");
    place->hidden = true;
    if (S_ISDIR(st.st_mode))
        must(cell, mount("none", path, "tmpfs", MS_NOSUID | MS_NODEV, "size=4k,mode=0555"), "hide");
    else
        must(cell, mount("/dev/null", path, NULL, MS_BIND, NULL), "hide a file");
}

static size_t list_places(const struct cell *cell, const int *shows, int tree, struct place *places)
{
    size_t count = 0;
    for (size_t i = 0; i < cell->hides; i++)
        places[count++] = (struct place){cell->hide[i], HIDE, -1, false};
    for (size_t i = 0; i < cell->shows; i++)
        places[count++] = (struct place){cell->show[i], SHOW, shows[i], false};
    places[count++] = (struct place){cell->tree, TREE, tree, false};
    qsort(places, count, sizeof *places, by_depth);
    return count;
}

/* What was hidden is closed to writing last: the way to what lies in it is made there. */
void places_put(const struct cell *cell, const int *shows, int tree)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    struct place *places = calloc(cell->hides + cell->shows + 1, sizeof *places);
    must(cell, places ? 0 : -1, "allocate");
    size_t count = list_places(cell, shows, tree, places);
    for (size_t i = 0; i < count; i++)
        if (places[i].kind == HIDE)
            hide_away(cell, &places[i]);
        else
            put_directory(cell, &places[i]);
    for (size_t i = 0; i < count; i++)
        if (places[i].hidden)
            must(cell, mount_setattr(AT_FDCWD, places[i].path, 0, &read_only, sizeof read_only),
                 "close what is hidden");
    free(places);
}
