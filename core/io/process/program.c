/* program.c: from a name to the file that runs. What is found here is what is executed: the
 * system's files are not the jail's to change, and in the tree nobody works meanwhile. */
#include "io/process/program.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static int check_file(const struct stat *st, const char *name, struct err *err)
{
    if (S_ISREG(st->st_mode) && (st->st_mode & 0111))
        return 0;
    err_set(err, ERR_NOT_FILE, "'%.200s' is no file that may be executed", name);
    return ERR_NOT_FILE;
}

/* What a jail can see of the host (core/jail/view.c). */
static bool is_visible(const char *path)
{
    static const char *const dirs[] = {"/usr/", "/bin/", "/sbin/", "/lib"};
    for (size_t i = 0; i < COUNT_OF(dirs); i++)
        if (strncmp(path, dirs[i], strlen(dirs[i])) == 0)
            return true;
    return false;
}

static int find_system(const char *path, char *out, struct err *err)
{
    struct stat st;
    char *real = realpath(path, NULL);
    if (!real || stat(real, &st)) {
        int error = errno;
        free(real);
        if (error == ENOMEM || error == EMFILE || error == ENFILE || error == EIO)
            return fs_fail(err, error, path);
        return err_set(err, ERR_NOT_FOUND, "there is no program '%.200s'", path);
    }
    int rc = check_file(&st, path, err);
    if (rc == 0 && (!is_visible(real) || strlen(real) > FS_PATH_MAX))
        rc = err_set(err, ERR_PATH, "'%.200s' lies where no jail looks", path);
    if (rc == 0)
        strcpy(out, real);
    free(real);
    return rc;
}

static int find_by_path(const char *name, char *out, struct err *err)
{
    static const char *const dirs[] = {"/usr/local/bin", "/usr/bin", "/bin"};
    char path[PATH_MAX];
    int rc = ERR_NOT_FOUND;
    for (size_t i = 0; i < COUNT_OF(dirs) && rc && !err_is_environment(rc); i++) {
        if (snprintf(path, sizeof path, "%s/%s", dirs[i], name) < (int)sizeof path)
            rc = find_system(path, out, err);
    }
    if (err_is_environment(rc))
        return rc;
    return rc ? err_set(err, ERR_NOT_FOUND, "there is no program '%.200s'", name) : 0;
}

static int find_in_tree(int root, const char *name, char *out, struct err *err)
{
    struct fs_target target;
    struct stat st;
    if (root < 0)
        return err_set(err, ERR_NOT_FOUND, "there is no tree");
    int rc = fs_resolve(root, name, strlen(name), FS_READ, &target, err);
    if (rc)
        return rc;
    rc = fstat(target.fd, &st) ? fs_fail(err, errno, name) : check_file(&st, name, err);
    fs_target_close(&target);
    if (rc == 0) {
        memcpy(out, "./", 2);
        memcpy(out + 2, target.path, target.len + 1);
    }
    return rc;
}

int program_find(int root, const char *name, char out[FS_PATH_MAX + 3], struct err *err)
{
    if (name[0] == '/')
        return find_system(name, out, err);
    return strchr(name, '/') ? find_in_tree(root, name, out, err) : find_by_path(name, out, err);
}
