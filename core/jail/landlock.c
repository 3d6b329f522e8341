/* landlock.c: the view once more, as rules of the kernel: were the mounts to fail in something,
 * this list still holds. Headers of the system may know an older ABI:
 * what is newer is spelled out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/jail.h"

#define CREATE_RULESET  444
#define ADD_RULE        445
#define RESTRICT_SELF   446
#define CREATE_VERSION  1u
#define RULE_PATH       1

/* Rights to files, by the ABI that brought them. */
#define EXECUTE    (1u << 0)
#define WRITE_FILE (1u << 1)
#define READ_FILE  (1u << 2)
#define READ_DIR   (1u << 3)
#define MAKE_CHAR  (1u << 6)
#define MAKE_BLOCK (1u << 11)
#define ABI_1      ((1u << 13) - 1)
#define REFER      (1u << 13) /* ABI 2 */
#define TRUNCATE   (1u << 14) /* ABI 3 */
#define IOCTL_DEV  (1u << 15) /* ABI 5 */

#define SCOPE_ABSTRACT (1u << 0) /* ABI 6: sockets without a name in the file system */
#define SCOPE_SIGNAL   (1u << 1)

#define LOOK (READ_FILE | READ_DIR)
#define RUN  (LOOK | EXECUTE)

struct ruleset {
    uint64_t files, net, scoped;
};

struct beneath {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

static const char *const etc[] = {JAIL_ETC};
static const char *const etc_ssl[] = {JAIL_ETC_SSL};
static const char *const system_dirs[] = {JAIL_SYSTEM_DIRS};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static uint64_t rights_of(int abi)
{
    uint64_t rights = ABI_1;
    rights |= abi >= 2 ? REFER : 0;
    rights |= abi >= 3 ? TRUNCATE : 0;
    return rights | (abi >= 5 ? IOCTL_DEV : 0);
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < COUNT(etc); i++) {
        size_t len = strlen(etc[i]);
        bool any = etc[i][len - 1] == '*';
        if (any ? strncmp(name, etc[i], len - 1) == 0 : strcmp(name, etc[i]) == 0)
            return true;
    }
    return false;
}

/* What is not there needs no rule. Rights to directories do not fit files. */
static void allow(const struct cell *cell, const char *path, uint64_t rights)
{
    struct stat st;
    struct beneath rule = {rights, open(path, O_PATH | O_CLOEXEC)};
    if (rule.fd < 0) {
        must(cell, errno == ENOENT || errno == EACCES ? 0 : -1, "Landlock: open a directory");
        return;
    }
    must(cell, fstat(rule.fd, &st), "Landlock: look at a directory");
    if (!S_ISDIR(st.st_mode))
        rule.allowed &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
    must(cell, (int)syscall(ADD_RULE, cell->ruleset, RULE_PATH, &rule, 0), "Landlock: add a rule");
    close(rule.fd);
}

static void allow_etc(const struct cell *cell)
{
    char path[512];
    DIR *dir = opendir("/etc");
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof path, "/etc/%s", entry->d_name);
        if (is_known(entry->d_name))
            allow(cell, path, LOOK);
    }
    if (dir)
        closedir(dir);
    for (size_t i = 0; i < COUNT(etc_ssl); i++) {
        snprintf(path, sizeof path, "/etc/%s", etc_ssl[i]);
        allow(cell, path, LOOK);
    }
}

void landlock_prepare(struct cell *cell)
{
    static const char *const own[] = {"/run/home", "/tmp", "/dev/shm", NULL};
    int abi = (int)syscall(CREATE_RULESET, NULL, 0, CREATE_VERSION);
    must(cell, abi, "Landlock");
    uint64_t all = rights_of(abi), write = all & ~(uint64_t)(MAKE_CHAR | MAKE_BLOCK);
    struct ruleset set = {.files = all, .scoped = abi >= 6 ? SCOPE_ABSTRACT | SCOPE_SIGNAL : 0};
    size_t size = abi >= 4 ? 2 * sizeof set.files : sizeof set.files;
    if (abi >= 6)
        size = sizeof set;
    cell->ruleset = (int)syscall(CREATE_RULESET, &set, size, 0);
    must(cell, cell->ruleset, "Landlock: make a set of rules");
    for (size_t i = 0; i < COUNT(system_dirs); i++) {
        char path[32];
        snprintf(path, sizeof path, "/%s", system_dirs[i]);
        allow(cell, path, RUN);
    }
    for (size_t i = 0; own[i]; i++)
        allow(cell, own[i], write);
    for (size_t i = 0; i < cell->shows; i++)
        allow(cell, cell->show[i], RUN);
    allow(cell, cell->tree, write);
    allow(cell, "/proc", LOOK);
    allow(cell, "/dev", (LOOK | WRITE_FILE | TRUNCATE | IOCTL_DEV) & all);
    allow_etc(cell);
}

int landlock_apply(struct cell *cell)
{
    return (int)syscall(RESTRICT_SELF, cell->ruleset, 0);
}
