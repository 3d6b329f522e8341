/* visible.c: paths are compared as places on a file system: /proc/self/mountinfo tells of each
 * mount which file system it shows, from which of its directories on. */
#include "io/process/visible.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "io/process/jail.h"

#define LINKS_MAX 40

/* ---- paths ---- */

/* What follows of `path` behind `directory`: "" or "/…"; NULL when it does not lie there. */
static const char *behind(const char *path, const char *directory)
{
    size_t len = strcmp(directory, "/") == 0 ? 0 : strlen(directory);
    bool inside = strncmp(path, directory, len) == 0 && (path[len] == '/' || path[len] == '\0');
    if (!inside)
        return NULL;
    return strcmp(path + len, "/") == 0 ? "" : path + len;
}

static bool join(char out[PATH_MAX], const char *directory, const char *rest)
{
    int len = snprintf(out, PATH_MAX, "%s%s", strcmp(directory, "/") == 0 && *rest ? "" : directory,
                       rest);
    return len >= 0 && len < PATH_MAX;
}

static int unknown(const char *path, int error, struct err *err)
{
    return err_os(err, error, "cannot find out where '%.200s' is", path);
}

/* What is not there, or not for us to see, and so not for our programs. */
static bool is_missing(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES;
}

/* Follows a last name that is a link to nothing: 1 when `at` is now its target. */
static int follow(char at[PATH_MAX])
{
    char target[PATH_MAX], next[2 * PATH_MAX];
    ssize_t len = readlink(at, target, sizeof target - 1);
    if (len < 0)
        return 0;
    target[len] = '\0';
    const char *slash = strrchr(at, '/');
    int dir = target[0] == '/' || !slash ? 0 : (int)(slash - at) + 1;
    snprintf(next, sizeof next, "%.*s%s", dir, at, target);
    if (strlen(next) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(at, next);
    return 1;
}

/* Cuts the last name off and puts it before `rest`. False when there is none, or it is no name. */
static bool cut_last(char at[PATH_MAX], char rest[PATH_MAX])
{
    char name[2 * PATH_MAX];
    size_t len = strlen(at);
    while (len > 1 && at[len - 1] == '/')
        at[--len] = '\0';
    char *slash = strrchr(at, '/');
    const char *last = slash ? slash + 1 : at;
    if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        return false;
    snprintf(name, sizeof name, "/%s%s", last, rest);
    if (strlen(name) >= PATH_MAX)
        return false;
    strcpy(rest, name);
    if (slash)
        slash[slash == at ? 1 : 0] = '\0';
    else
        strcpy(at, ".");
    return true;
}

int visible_real(const char *path, char out[PATH_MAX], struct err *err)
{
    char at[PATH_MAX], rest[PATH_MAX] = "", found[PATH_MAX];
    if (!*path || strlen(path) >= sizeof at)
        return unknown(path, ENAMETOOLONG, err);
    strcpy(at, path);
    for (int links = 0; !realpath(at, found);) {
        int followed = is_missing(errno) ? follow(at) : -1;
        if (followed < 0 || (followed && ++links > LINKS_MAX) ||
            (!followed && !cut_last(at, rest)))
            return unknown(path, errno, err);
    }
    return join(out, found, rest) ? 0 : unknown(path, ENAMETOOLONG, err);
}

/* ---- mounts ---- */

struct mount {
    unsigned major, minor;
    char *root, *point; /* where it begins on its file system, and where that is seen */
};

struct mounts {
    struct buf text, list; /* struct mount [], which borrow from the text */
    size_t count;
};

/* "\040" and the like. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        unsigned byte;
        if (*from == '\\' && sscanf(from + 1, "%3o", &byte) == 1) {
            *to = (char)byte;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* "36 35 98:0 /root /point …" */
static void add_mount(struct mounts *mounts, char *line)
{
    struct mount mount = {0};
    char *rest, *device = NULL;
    strtok_r(line, " ", &rest);
    if (strtok_r(NULL, " ", &rest))
        device = strtok_r(NULL, " ", &rest);
    if (!device || sscanf(device, "%u:%u", &mount.major, &mount.minor) != 2)
        return;
    mount.root = strtok_r(NULL, " ", &rest);
    mount.point = mount.root ? strtok_r(NULL, " ", &rest) : NULL;
    if (!mount.point)
        return;
    unescape(mount.root);
    unescape(mount.point);
    buf_put(&mounts->list, &mount, sizeof mount);
    mounts->count++;
}

static int read_mounts(struct mounts *out, struct err *err)
{
    auto_close int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    char part[8192], *rest;
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0 && (n = read(fd, part, sizeof part)) > 0)
        buf_put(&out->text, part, (size_t)n);
    if (n < 0)
        return unknown("/proc/self/mountinfo", errno, err);
    if (buf_ok(&out->text) && out->text.len)
        for (char *line = strtok_r(out->text.data, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest))
            add_mount(out, line);
    return buf_ok(&out->text) && buf_ok(&out->list)
               ? 0
               : err_set(err, ERR_MEMORY, "no memory for the list of mounts");
}

static const struct mount *mount_at(const struct mounts *mounts, size_t i)
{
    return (const struct mount *)(const void *)mounts->list.data + i;
}

/* The mount that a path is on: the last of those with the longest name; NULL when there is none. */
static const struct mount *mount_of(const struct mounts *mounts, const char *path)
{
    const struct mount *found = NULL;
    for (size_t i = 0; i < mounts->count; i++) {
        const struct mount *each = mount_at(mounts, i);
        if (behind(path, each->point) && (!found || strlen(each->point) >= strlen(found->point)))
            found = each;
    }
    return found;
}

/* ---- the search ---- */

struct search {
    struct mounts mounts;
    const struct mount *at; /* what is looked for is on it, and has this name on its file system: */
    char name[PATH_MAX];
    visible_fn *fn;
    void *ctx;
};

/* All that lies beneath `name` on the file system of the mount is seen at `place`. */
static void look_in(struct search *s, const struct mount *mount, const char *name,
                    const char *place, const char *through)
{
    char path[PATH_MAX];
    const char *rest = behind(s->name, name);
    if (mount->major != s->at->major || mount->minor != s->at->minor)
        return;
    if (rest && join(path, place, rest))
        s->fn(s->ctx, path, through);
    else if (!rest && behind(name, s->name)) // a part of it
        s->fn(s->ctx, place, through);
}

/* What is seen through a shown directory: its own mount, from it on, and those beneath it. */
static void look_through(struct search *s, const char *shown)
{
    char name[PATH_MAX];
    const struct mount *mount = mount_of(&s->mounts, shown);
    if (mount && join(name, mount->root, behind(shown, mount->point)))
        look_in(s, mount, name, shown, shown);
    for (size_t i = 0; i < s->mounts.count; i++) {
        mount = mount_at(&s->mounts, i);
        const char *rest = behind(mount->point, shown);
        if (rest && *rest)
            look_in(s, mount, mount->root, mount->point, shown);
    }
}

/* A link is not what it leads to: that is looked at where it is. */
static void look_through_system(struct search *s, const char *directory, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (lstat(path, &st) == 0 && !S_ISLNK(st.st_mode))
        look_through(s, path);
}

static bool is_of_etc(const char *name)
{
    static const char *const patterns[] = {JAIL_ETC};
    for (size_t i = 0; i < COUNT_OF(patterns); i++)
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    return false;
}

/* Of /etc a name may be shown that is not there yet. */
static int look_through_etc(struct search *s, const char *real, struct err *err)
{
    static const char *const ssl[] = {JAIL_ETC_SSL};
    const char *rest = behind(real, "/etc");
    char name[NAME_MAX + 1] = "";
    DIR *dir = opendir("/etc");
    const struct dirent *entry;
    if (!dir && errno != ENOENT)
        return unknown("/etc", errno, err);
    while (dir && (entry = readdir(dir)))
        if (is_of_etc(entry->d_name))
            look_through_system(s, "/etc", entry->d_name);
    if (dir)
        closedir(dir);
    for (size_t i = 0; i < COUNT_OF(ssl); i++)
        look_through_system(s, "/etc", ssl[i]);
    if (rest && sscanf(rest, "/%255[^/]", name) == 1 && is_of_etc(name))
        s->fn(s->ctx, real, "/etc");
    return 0;
}

static int search(struct search *s, const char *real, const char *const *more, struct err *err)
{
    static const char *const dirs[] = {JAIL_SYSTEM_DIRS};
    int rc = read_mounts(&s->mounts, err);
    if (rc)
        return rc;
    s->at = mount_of(&s->mounts, real);
    if (!s->at || !join(s->name, s->at->root, behind(real, s->at->point)))
        return unknown(real, ENOENT, err);
    for (size_t i = 0; i < COUNT_OF(dirs); i++)
        look_through_system(s, "", dirs[i]);
    for (; more && *more; more++)
        look_through(s, *more);
    return look_through_etc(s, real, err);
}

int visible_find(const char *real, const char *const *more, visible_fn *fn, void *ctx,
                 struct err *err)
{
    struct search s = {.fn = fn, .ctx = ctx};
    int rc = search(&s, real, more, err);
    buf_clear(&s.mounts.text);
    buf_clear(&s.mounts.list);
    return rc;
}
