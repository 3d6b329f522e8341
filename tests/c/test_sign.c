/* test_sign.c: the key of a project: made once, whole or not at all,
 * refused when others could have used it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "io/keys/proof.h"
#include "support.h"

struct place {
    char dir[64], key[80], public[80];
};

static int set_up(void **state)
{
    static struct place place;
    place = (struct place){.dir = "/tmp/orket-sign-XXXXXX"};
    hash_start();
    assert_non_null(mkdtemp(place.dir));
    snprintf(place.key, sizeof place.key, "%s/key", place.dir);
    snprintf(place.public, sizeof place.public, "%s/key.pub", place.dir);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    unlink(place->key);
    unlink(place->public);
    return rmdir(place->dir); // nothing else was left there
}

static void make(const struct place *place, struct sign_public *key)
{
    struct signer *signer;
    struct err err = {0};
    if (signer_open(place->dir, true, &signer, &err))
        fail_msg("%s", err.text);
    *key = signer_public(signer);
    signer_close(signer);
}

static int reopen(const struct place *place, bool also, struct err *err)
{
    struct signer *signer;
    int rc = signer_open(place->dir, also, &signer, err);
    assert_true((rc == 0) == (signer != NULL));
    signer_close(signer);
    return rc;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_made_once(void **state)
{
    struct place *place = *state;
    struct sign_public first, second, read;
    struct stat st;
    assert_int_equal(reopen(place, false, NULL), ERR_NOT_FOUND);
    make(place, &first);
    make(place, &second);
    assert_memory_equal(&first, &second, sizeof first);
    assert_int_equal(sign_read_public(place->dir, &read, NULL), 0);
    assert_memory_equal(&first, &read, sizeof first);
    assert_int_equal(stat(place->key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_signatures(void **state)
{
    struct place *place = *state;
    struct signer *signer;
    struct signature signature;
    struct run_head head = {.run = "ep.1", .events = 7, .hash = hash_of("x", 1)};
    assert_int_equal(signer_open(place->dir, true, &signer, NULL), 0);
    struct sign_public key = signer_public(signer);
    assert_int_equal(head_sign(signer, &head, &signature, NULL), 0);
    assert_true(head_verify(&key, &head, &signature));
    struct run_head others[] = {head, head, head};
    others[0].run = "ep.2";
    others[1].events++;
    others[2].hash.bytes[31] ^= 1;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(head_verify(&key, &others[i], &signature));
    for (size_t i = 0; i < 8 * sizeof signature; i++) {
        signature.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_false(head_verify(&key, &head, &signature));
        signature.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    key.bytes[0] ^= 1;
    assert_false(head_verify(&key, &head, &signature));
    signer_close(signer);
}

/* The signed text is what docs/journal.md says, for programs that are not this one. */
static void test_text(void **state)
{
    struct place *place = *state;
    struct signer *signer;
    struct signature signature;
    char text[300], hex[HASH_HEX + 1];
    struct run_head head = {.run = "ep.1", .events = 12, .hash = hash_of("x", 1)};
    assert_int_equal(signer_open(place->dir, true, &signer, NULL), 0);
    struct sign_public key = signer_public(signer);
    assert_int_equal(head_sign(signer, &head, &signature, NULL), 0);
    hash_hex(&head.hash, hex);
    int len = snprintf(text, sizeof text, "orket run head v1\nep.1\n12\n%s", hex);
    assert_true(sign_verify(&key, text, (size_t)len, &signature));
    signer_close(signer);
}

static void test_modes(void **state)
{
    static const mode_t bad[] = {0640, 0604, 0620, 0602, 0601, 0666};
    struct place *place = *state;
    struct sign_public key;
    struct err err;
    make(place, &key);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        err = (struct err){0};
        assert_int_equal(chmod(place->key, bad[i]), 0);
        assert_int_equal(reopen(place, true, &err), ERR_DENIED);
        assert_non_null(strstr(err.text, place->key));
        assert_non_null(strstr(err.fix, "chmod 600"));
    }
    chmod(place->key, 0600);
    assert_int_equal(reopen(place, false, NULL), 0);
}

static void test_foreign(void **state)
{
    struct place *place = *state;
    struct sign_public key;
    struct err err = {0};
    if (geteuid() != 0)
        skip();
    make(place, &key);
    assert_int_equal(chown(place->key, 12345, (gid_t)-1), 0);
    assert_int_equal(reopen(place, true, &err), ERR_DENIED);
    assert_non_null(strstr(err.text, "another user"));
}

static void test_link(void **state)
{
    struct place *place = *state;
    struct sign_public key;
    char other[80];
    make(place, &key);
    snprintf(other, sizeof other, "%s/other", place->dir);
    assert_int_equal(rename(place->key, other), 0);
    assert_int_equal(symlink(other, place->key), 0);
    assert_int_equal(reopen(place, true, NULL), ERR_DENIED);
    unlink(other);
}

/* A lost half: the public one follows from the secret;
 * a lost secret is no reason for another key. */
static void test_halves(void **state)
{
    struct place *place = *state;
    struct sign_public key, again;
    struct err err = {0};
    make(place, &key);
    unlink(place->public);
    make(place, &again);
    assert_memory_equal(&key, &again, sizeof key);
    assert_int_equal(sign_read_public(place->dir, &again, NULL), 0);
    unlink(place->key);
    assert_int_equal(reopen(place, true, &err), ERR_DENIED);
    assert_int_equal(reopen(place, false, &err), ERR_DENIED);
    assert_int_equal(access(place->key, F_OK), -1);
    unlink(place->public);
    make(place, &again);
    assert_memory_not_equal(&key, &again, sizeof key);
}

static void test_contents(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "00",
        "no key at all\n",
        "zz00000000000000000000000000000000000000000000000000000000000000\n",
        "00000000000000000000000000000000000000000000000000000000000000001\n"};
    struct place *place = *state;
    struct sign_public key;
    make(place, &key);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        write_text(place->key, bad[i]);
        assert_int_equal(reopen(place, true, NULL), ERR_CONFIG);
    }
    write_text(place->key, "0000000000000000000000000000000000000000000000000000000000000000\n");
    assert_int_equal(reopen(place, true, NULL), ERR_DENIED); // key.pub is another's
    write_text(place->public, "00");
    assert_int_equal(sign_read_public(place->dir, &key, NULL), ERR_CONFIG);
}

/* No allocation that fails leaves half a key behind, or an error that names the secret. */
static void test_memory(void **state)
{
    struct place *place = *state;
    for (unsigned n = 1;; n++) {
        struct signer *signer;
        struct err err = {0};
        unlink(place->key);
        unlink(place->public);
        support_fail_at(n);
        int rc = signer_open(place->dir, true, &signer, &err);
        bool failed = support_failed();
        signer_close(signer);
        if (!failed)
            return;
        assert_int_equal(rc, ERR_MEMORY);
        assert_null(signer);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_made_once), TEST(test_signatures), TEST(test_text),     TEST(test_modes),
        TEST(test_foreign),   TEST(test_link),       TEST(test_halves),   TEST(test_contents),
        TEST(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
