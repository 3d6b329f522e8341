/* test_visible.c: real paths of what is there and what is not, and where they are seen in a jail.
 * The mounts that show one directory twice are in tests/spec/attack_concealed_spec.lua:
 * they need root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "io/process/visible.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/orket-visible-XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    assert_int_equal(mkdir("real", 0755), 0);
    fclose(fopen("real/file", "w"));
    assert_int_equal(symlink("real", "link"), 0);
    assert_int_equal(symlink("file", "real/near"), 0);
    assert_int_equal(symlink("real/none", "dangling"), 0);
    assert_int_equal(symlink("/usr/none/x", "away"), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "cd / && rm -rf %s", dir);
    return system(command);
}

static void test_real(void **state)
{
    (void)state;
    static const struct {
        const char *path, *real; /* beneath the directory; NULL: refused */
    } rows[] = {
        {".", ""},
        {"real/file", "/real/file"},
        {"./real//file", "/real/file"},
        {"link/file", "/real/file"},
        {"link/near", "/real/file"},
        {"real/../link/file", "/real/file"},
        {"none", "/none"},
        {"none/", "/none"},
        {"none/deeper/still", "/none/deeper/still"},
        {"link/none", "/real/none"},
        {"dangling", "/real/none"},
        {"dangling/x", "/real/none/x"},
        {"real/file/x", "/real/file/x"},
        {"none/../real", NULL}, /* what it will be depends on what is made */
        {"none/.", NULL},
        {"loop", NULL},
        {"loop/x", NULL},
        {"", NULL},
    };
    char real[PATH_MAX], wanted[PATH_MAX];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int rc = visible_real(rows[i].path, real, NULL);
        snprintf(wanted, sizeof wanted, "%s%s", dir, rows[i].real ? rows[i].real : "");
        if (rc != (rows[i].real ? 0 : ERR_IO) || (rc == 0 && strcmp(real, wanted) != 0))
            fail_msg("%s: %s %s", rows[i].path, err_name(rc), rc ? "" : real);
    }
    assert_int_equal(visible_real("away", real, NULL), 0);
    assert_string_equal(real, "/usr/none/x");
    char deep[PATH_MAX + 10];
    memset(deep, 'a', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    assert_int_equal(visible_real(deep, real, NULL), ERR_IO);
}

struct seen {
    int count;
    char place[PATH_MAX], through[PATH_MAX];
};

static void on_place(void *ctx, const char *place, const char *through)
{
    struct seen *seen = ctx;
    seen->count++;
    snprintf(seen->place, sizeof seen->place, "%s", place);
    snprintf(seen->through, sizeof seen->through, "%s", through);
}

static void test_places(void **state)
{
    (void)state;
    char real[PATH_MAX], file[PATH_MAX];
    snprintf(real, sizeof real, "%s/real", dir);
    snprintf(file, sizeof file, "%s/real/file", dir);
    const char *const shown[] = {real, NULL}, *const other[] = {"/nowhere", NULL};
    const struct {
        const char *path, *const *more, *through; /* NULL: it is seen nowhere */
    } rows[] = {
        {"/usr/bin/env", NULL, "/usr"},      {"/usr/none/yet", NULL, "/usr"},
        {"/usr", NULL, "/usr"},              {"/usrlocal", NULL, NULL},
        {"/etc/hosts.none", NULL, NULL},     {"/etc/orket/key", NULL, NULL},
        {"/etc/python-none", NULL, "/etc"},  {"/etc/ssl/private/key", NULL, NULL},
        {file, NULL, NULL},                  {file, shown, real},
        {real, shown, real},                 {dir, shown, real}, /* a part of it */
        {file, other, NULL},                 {"/home/x/key", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct seen seen = {0};
        assert_int_equal(visible_find(rows[i].path, rows[i].more, on_place, &seen, NULL), 0);
        bool wanted = rows[i].through != NULL;
        if ((seen.count > 0) != wanted ||
            (rows[i].through && strcmp(seen.through, rows[i].through) != 0))
            fail_msg("%s: %d through %s", rows[i].path, seen.count, seen.through);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
