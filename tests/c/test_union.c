/* test_union.c: layers and changes as one directory, and what is done to the changes while no union
 * is open on them. Where the kernel mounts none, the changes alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fs/fs_list.h"
#include "io/fs/fs_sweep.h"
#include "io/union/union.h"

struct project {
    char dir[64];
    int root, changes;
};

static int shell(const struct project *p, const char *script)
{
    char command[1200];
    snprintf(command, sizeof command, "cd %s && %s", p->dir, script);
    return system(command);
}

static int setup(void **state)
{
    struct project *p = calloc(1, sizeof *p);
    assert_non_null(p);
    strcpy(p->dir, "/tmp/orket-union-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    assert_int_equal(
        shell(p, "mkdir -p base/a/b over card/changes card/work && echo 1 > base/a/one && "
                 "echo 2 > base/a/b/two && echo o > over/one && ln -s a/one base/link && "
                 "ln -s /etc/passwd base/out"),
        0);
    p->root = open(p->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    p->changes = openat(p->root, "card/changes", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(p->root >= 0 && p->changes >= 0);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct project *p = *state;
    close(p->root);
    close(p->changes);
    assert_int_equal(shell(p, "chmod -R u+rwx . && rm -rf \"$PWD\""), 0);
    free(p);
    return 0;
}

static int open_union(const struct project *p, const char *const *below)
{
    static const char *const both[] = {"over", "base", NULL};
    struct union_spec spec = {.home = "card", .below = below ? below : both};
    struct err err = {0};
    int fd = union_mount(p->root, &spec, &err);
    if (fd == ERR_LIBRARY)
        skip();
    return fd;
}

/* What is read at the path: the first byte, or the code. */
static int first_of(int root, const char *path)
{
    struct fs_target target;
    struct buf bytes = {0};
    int rc = fs_resolve(root, path, strlen(path), FS_READ, &target, NULL);
    if (rc)
        return rc;
    rc = fs_read(&target, 0, 0, &bytes, NULL, NULL);
    fs_target_close(&target);
    int first = rc || !bytes.len ? rc : bytes.data[0];
    buf_clear(&bytes);
    return first;
}

static int perform(int root, enum fs_want want, const char *path,
                   int (*act)(const struct fs_target *, struct err *))
{
    struct fs_target target;
    int rc = fs_resolve(root, path, strlen(path), want, &target, NULL);
    if (rc)
        return rc;
    rc = act(&target, NULL);
    fs_target_close(&target);
    return rc;
}

static void test_shows(void **state)
{
    const struct project *p = *state;
    int root = open_union(p, NULL);
    assert_true(root >= 0);
    assert_int_equal(first_of(root, "a/one"), '1');
    assert_int_equal(first_of(root, "one"), 'o');
    assert_int_equal(first_of(root, "link"), '1');
    assert_int_equal(first_of(root, "out"), ERR_PATH);
    assert_int_equal(first_of(root, "../base/a/one"), ERR_PATH);
    assert_int_equal(perform(root, FS_DELETE, "a/one", fs_delete), 0);
    close(root);
    assert_int_equal(shell(p, "test -c card/changes/a/one && test -f base/a/one"), 0);
    root = open_union(p, NULL); // after one that syncs nothing
    assert_true(root >= 0);
    assert_int_equal(first_of(root, "a/one"), ERR_NOT_FOUND);
    close(root);
}

static void test_names(void **state)
{
    static const char *const wrong[][2] = {
        {"base,x", NULL}, {"base:over", NULL}, {"", NULL}, {NULL, NULL}};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(open_union(*state, wrong[i]), ERR_USAGE);
    static const char *const missing[] = {"none", NULL};
    assert_true(open_union(*state, missing) < 0);
}

static void test_changes(void **state)
{
    const struct project *p = *state;
    struct fs_target target;
    struct fs_entries found = {0};
    struct buf removed = {0};
    size_t count = 0;
    int root = open_union(p, NULL);
    assert_true(root >= 0);
    assert_int_equal(perform(root, FS_DELETE, "a/b/two", fs_delete), 0);
    assert_int_equal(perform(root, FS_DELETE, "a/b", fs_delete), 0);
    assert_int_equal(mkdirat(root, "a/b", 0755), 0);
    close(root);
    assert_int_equal(perform(p->changes, FS_MKDIR, "x/gone", fs_hide), 0);
    assert_int_equal(perform(p->changes, FS_MKDIR, "x/gone", fs_hide), 0);
    assert_int_equal(shell(p, "mkdir card/changes/z && ln -s / card/changes/z/link"), 0);
    assert_int_equal(perform(p->changes, FS_MKDIR, "z", fs_hide), ERR_EXISTS);
    assert_int_equal(fs_sweep_changes(p->changes, &removed, &count, NULL), 0);
    assert_int_equal(count, 1);
    assert_int_equal(fs_resolve(p->changes, ".", 1, FS_LIST, &target, NULL), 0);
    assert_int_equal(fs_walk_changes(&target, 0, &found, NULL), 0);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].name, "a/b");
    assert_int_equal(found.items[0].type, 'd');
    assert_string_equal(found.items[1].name, "x/gone");
    assert_int_equal(found.items[1].type, 'w');
    fs_target_close(&target);
    fs_entries_clear(&found);
    buf_clear(&removed);
    assert_int_equal(perform(p->changes, FS_LIST, "a/b", fs_show), 0);
    assert_int_equal(perform(p->changes, FS_LIST, "a/b", fs_show), 0);
    root = open_union(p, NULL);
    assert_true(root >= 0);
    assert_int_equal(first_of(root, "a/b/two"), '2');
    close(root);
}

static void test_remove(void **state)
{
    const struct project *p = *state;
    assert_int_equal(shell(p, "mkdir -p gone/closed && touch gone/closed/x && d=gone && "
                              "for i in $(seq 80); do d=$d/d; done && mkdir -p $d && touch $d/f && "
                              "ln -s / gone/link && chmod 0 gone/closed"),
                     0);
    assert_int_equal(fs_remove(p->root, "gone", NULL), 0);
    assert_int_equal(fs_remove(p->root, "gone", NULL), 0);
    assert_int_equal(shell(p, "test \"$(ls -A | tr '\\n' ' ')\" = 'base card over '"), 0);
}

static void test_publish(void **state)
{
    const struct project *p = *state;
    assert_int_equal(fs_publish(p->root, "over", "base", NULL), ERR_EXISTS);
    assert_int_equal(fs_publish(p->root, "none", "new", NULL), ERR_NOT_FOUND);
    assert_int_equal(fs_publish(p->root, "over", "new", NULL), 0);
    assert_int_equal(shell(p, "test -f new/one && ! test -e over"), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_shows), T(test_names), T(test_changes),
                                       T(test_remove), T(test_publish)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
