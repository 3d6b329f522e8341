/* test_admin_key.c: the administrator's key: made once, kept as a hash, refused when others could
 * have put it there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/keys/admin_key.h"
#include "support.h"

struct place {
    char dir[64], file[80];
    int pipe[2];
};

static int set_up(void **state)
{
    static struct place place;
    place = (struct place){.dir = "/tmp/orket-admin-XXXXXX"};
    hash_start();
    unsetenv("ORKET_API_KEY");
    assert_non_null(mkdtemp(place.dir));
    snprintf(place.file, sizeof place.file, "%s/admin.hash", place.dir);
    assert_int_equal(pipe(place.pipe), 0);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    close(place->pipe[0]);
    close(place->pipe[1]);
    unlink(place->file);
    return rmdir(place->dir); // nothing else was left there
}

/* Makes a key and takes its text, without the line end. */
static void make(const struct place *place, struct admin_key *key, char text[100])
{
    struct err err = {0};
    if (admin_key_make(key, place->dir, place->pipe[1], &err))
        fail_msg("%s", err.text);
    ssize_t n = read(place->pipe[0], text, 99);
    assert_int_equal(n, 6 + 64 + 1);
    assert_int_equal(text[n - 1], '\n');
    text[n - 1] = '\0';
}

static void read_file(const struct place *place, char text[200])
{
    int fd = open(place->file, O_RDONLY);
    ssize_t n = read(fd, text, 199);
    close(fd);
    assert_true(n > 0);
    text[n] = '\0';
}

static void test_made(void **state)
{
    struct place *place = *state;
    struct admin_key key, again, other;
    char text[100], new[100], kept[200];
    struct stat st;
    assert_int_equal(admin_key_open(&key, place->dir, NULL), ERR_NOT_FOUND);
    make(place, &key, text);
    assert_int_equal(strncmp(text, "orket_", 6), 0);
    assert_int_equal(strspn(text + 6, "0123456789abcdef"), 64);
    assert_int_equal(admin_key_open(&again, place->dir, NULL), 0);
    assert_true(admin_key_fits(&again, text, strlen(text)));
    assert_int_equal(stat(place->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    read_file(place, kept);
    assert_null(strstr(kept, text + 6));
    make(place, &other, new);
    assert_string_not_equal(text, new);
    assert_false(admin_key_fits(&other, text, strlen(text)));
}

static void test_near_misses(void **state)
{
    struct place *place = *state;
    struct admin_key key;
    char text[100];
    make(place, &key, text);
    size_t len = strlen(text);
    assert_true(admin_key_fits(&key, text, len));
    assert_false(admin_key_fits(&key, text, len - 1));
    assert_false(admin_key_fits(&key, text, len + 1)); // with its NUL
    assert_false(admin_key_fits(&key, "", 0));
    for (size_t i = 0; i < len; i++) {
        text[i] ^= 1;
        assert_false(admin_key_fits(&key, text, len));
        text[i] ^= 1;
    }
}

static void test_files_of_others(void **state)
{
    struct place *place = *state;
    struct admin_key key;
    char text[100];
    struct err err = {0};
    make(place, &key, text);
    chmod(place->file, 0644);
    assert_int_equal(admin_key_open(&key, place->dir, &err), ERR_DENIED);
    assert_non_null(strstr(err.fix, "chmod 600"));
    unlink(place->file);
    assert_int_equal(symlink("/dev/null", place->file), 0);
    assert_int_equal(admin_key_open(&key, place->dir, NULL), ERR_DENIED);
    unlink(place->file);
    int fd = open(place->file, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text)); // the key itself is no hash
    close(fd);
    assert_int_equal(admin_key_open(&key, place->dir, NULL), ERR_CONFIG);
    assert_false(admin_key_fits(&key, text, strlen(text)));
}

static void test_environment(void **state)
{
    struct admin_key key;
    (void)state;
    assert_int_equal(admin_key_from_env(&key, NULL), ERR_NOT_FOUND);
    static const char *const bad[] = {"", " ", "a b", "a\n", "\xC3\xA4"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        setenv("ORKET_API_KEY", bad[i], 1);
        assert_int_equal(admin_key_from_env(&key, NULL), ERR_CONFIG);
    }
    setenv("ORKET_API_KEY", "fifteen-letters", 1);
    assert_int_equal(admin_key_from_env(&key, NULL), 0);
    assert_true(key.is_short && admin_key_fits(&key, "fifteen-letters", 15));
    setenv("ORKET_API_KEY", "sixteen-letters!", 1);
    assert_int_equal(admin_key_from_env(&key, NULL), 0);
    assert_false(key.is_short);
    unsetenv("ORKET_API_KEY");
}

/* A key that could not be handed over is not kept: the next start makes one that is. */
static void test_no_reader(void **state)
{
    struct place *place = *state;
    struct admin_key key;
    assert_int_equal(admin_key_make(&key, place->dir, -1, NULL), ERR_IO);
    assert_int_equal(admin_key_open(&key, place->dir, NULL), ERR_NOT_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(test_made), TEST(test_near_misses),
                                       TEST(test_files_of_others), TEST(test_environment),
                                       TEST(test_no_reader)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
