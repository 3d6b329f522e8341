/* test_sweep.c: trees after programs worked in them:
 * what is left has a name, and nothing is too deep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fs/fs_sweep.h"
#include "io/process/program.h"

struct house {
    char dir[64];
    int root;
};

static int setup(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    assert_non_null(h);
    strcpy(h->dir, "/tmp/orket-sweep-XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    h->root = open(h->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(h->root >= 0);
    *state = h;
    return 0;
}

static int shell(const struct house *h, const char *script)
{
    char command[1200];
    snprintf(command, sizeof command, "cd %s && %s", h->dir, script);
    return system(command);
}

static int teardown(void **state)
{
    struct house *h = *state;
    close(h->root);
    assert_int_equal(shell(h, "rm -rf \"$PWD\""), 0);
    free(h);
    return 0;
}

static size_t sweep(const struct house *h, struct buf *removed)
{
    size_t count = 0;
    struct err err = {0};
    if (fs_sweep(h->root, removed, &count, &err))
        fail_msg("%s", err.text);
    buf_putc(removed, '\0');
    return count;
}

static void test_what_goes(void **state)
{
    struct house *h = *state;
    struct buf removed = {0};
    assert_int_equal(
        shell(h, "mkdir -p a/b closed && touch a/file a/b/file closed/file && ln -s / a/link && "
                 "ln -s a dir && mkfifo a/b/pipe && touch .orket-tmp-x \"$(printf 'a/t\\tb')\" "
                 "\"$(printf 'bad\\377')\" && mkdir \"$(printf 'd\\1')\" && touch \"$(printf "
                 "'d\\1')/x\" && "
                 "chmod 0 closed a/file"),
        0);
    assert_int_equal(sweep(h, &removed), 7);
    for (const char *const *name = (const char *const[]){"a/link\n", "dir\n", "a/b/pipe\n",
                                                         ".orket-tmp-x\n", "a/t?b\n", "bad?\n",
                                                         "d?\n", NULL};
         *name; name++)
        assert_non_null(strstr(removed.data, *name));
    assert_int_equal(shell(h, "[ \"$(find . | sort | tr '\\n' ' ')\" = "
                              "'. ./a ./a/b ./a/b/file ./a/file ./closed ./closed/file ' ]"), 0);
    assert_int_equal(shell(h, "[ \"$(stat -c %a a/file)\" = 600 ]"), 0);
    buf_clear(&removed);
    assert_int_equal(sweep(h, &removed), 0);
    buf_clear(&removed);
}

/* Deeper than any path, with more names than descriptors. */
static void test_modes(void **state)
{
    const struct house *h = *state;
    struct buf removed = {0};
    struct stat st;
    size_t count;
    assert_int_equal(shell(h, "touch a b && chmod 6755 a && chmod 1000 b"), 0);
    assert_int_equal(fs_sweep(h->root, &removed, &count, NULL), 0);
    assert_int_equal(count, 0);
    assert_int_equal(fstatat(h->root, "a", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0755); // nobody gets its owner's power by it
    assert_int_equal(fstatat(h->root, "b", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    buf_clear(&removed);
}

static void test_depth(void **state)
{
    struct house *h = *state;
    struct buf removed = {0};
    assert_int_equal(shell(h, "mkdir keep && touch keep/file && i=0 && cd keep && while [ $i -lt "
                              "1500 ]; do mkdir d && "
                              "cd d || break; i=$((i+1)); done; touch end"),
                     0);
    assert_int_equal(sweep(h, &removed), 1);
    assert_int_equal(
        shell(h, "[ $(find . | wc -l) -lt 70 ] && [ -f keep/file ] && ! ls -A | grep orket"), 0);
    buf_clear(&removed);
}

static void test_programs(void **state)
{
    struct house *h = *state;
    char found[FS_PATH_MAX + 3];
    assert_int_equal(
        shell(h, "mkdir bin && touch bin/run plain && chmod +x bin/run && ln -s bin/run inside && "
                 "ln -s /bin/sh outside"),
        0);
    static const struct {
        const char *name;
        int code;
        const char *found;
    } rows[] = {
        {"bin/run", 0, "./bin/run"}, {"./bin/../bin/run", ERR_PATH, ""},
        {"./inside", 0, "./bin/run"}, {"./outside", ERR_PATH, ""},
        {"./plain", ERR_NOT_FILE, ""}, {"./bin", ERR_NOT_FILE, ""},
        {"inside", ERR_NOT_FOUND, ""}, {"./none", ERR_NOT_FOUND, ""},
        {"../x", ERR_PATH, ""}, {"/etc/passwd", ERR_NOT_FILE, ""},
        {"/bin/none", ERR_NOT_FOUND, ""}, {"no-such", ERR_NOT_FOUND, ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int rc = program_find(h->root, rows[i].name, found, NULL);
        if (rc != rows[i].code || (rc == 0 && strcmp(found, rows[i].found) != 0))
            fail_msg("%s: %s %s", rows[i].name, err_name(rc), rc ? "" : found);
    }
    assert_int_equal(program_find(-1, "sh", found, NULL), 0);
    assert_int_equal(found[0], '/');
    assert_int_equal(program_find(-1, "./bin/run", found, NULL), ERR_NOT_FOUND);
    char outside[128];
    snprintf(outside, sizeof outside, "%s/bin/run", h->dir);
    assert_int_equal(program_find(h->root, outside, found, NULL), ERR_PATH);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_what_goes), T(test_modes), T(test_depth),
                                       T(test_programs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
