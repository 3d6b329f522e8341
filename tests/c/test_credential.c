/* test_credential.c: passwords and access keys as they are kept, and what a keyring takes for a
 * credential. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/auth/keyring.h"
#include "support.h"

struct place {
    char dir[64];
};

static int set_up(void **state)
{
    static struct place place;
    place = (struct place){.dir = "/tmp/orket-people-XXXXXX"};
    hash_start();
    assert_non_null(mkdtemp(place.dir));
    *state = &place;
    return 0;
}

static void path_of(const struct place *place, const char *id, const char *kind, char out[160])
{
    snprintf(out, 160, "%s/people/%s%s", place->dir, id, kind);
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char folder[160];
    path_of(place, "", "", folder);
    rmdir(folder);
    return rmdir(place->dir); // nothing was left there
}

static void test_password(void **state)
{
    struct place *place = *state;
    struct credential_id id, other;
    struct stat st;
    char path[160];
    bool fits;
    assert_int_equal(password_keep(place->dir, "correct horse", 13, &id, NULL), 0);
    assert_int_equal(password_keep(place->dir, "correct horse", 13, &other, NULL), 0);
    assert_string_not_equal(id.text, other.text);
    path_of(place, id.text, ".password", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(password_check(place->dir, id.text, "correct horse", 13, &fits, NULL), 0);
    assert_true(fits);
    static const char *const wrong[] = {"correct horsf", "correct hors", "correct horse ", ""};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        size_t len = strlen(wrong[i]);
        assert_int_equal(password_check(place->dir, id.text, wrong[i], len, &fits, NULL), 0);
        assert_false(fits);
    }
    // with its NUL it is another one
    assert_int_equal(password_check(place->dir, id.text, "correct horse", 14, &fits, NULL), 0);
    assert_false(fits);
    // without an id none fits
    assert_int_equal(password_check(place->dir, NULL, "correct horse", 13, &fits, NULL), 0);
    assert_false(fits);
    chmod(path, 0644);
    assert_int_equal(password_check(place->dir, id.text, "correct horse", 13, &fits, NULL),
                     ERR_DENIED);
    assert_false(fits);
    credential_remove(place->dir, id.text);
    assert_int_equal(password_check(place->dir, id.text, "correct horse", 13, &fits, NULL),
                     ERR_NOT_FOUND);
    credential_remove(place->dir, other.text);
}

/* Without memory no password fits, and none is half kept. */
static void test_password_without_memory(void **state)
{
    struct place *place = *state;
    struct credential_id id, lost;
    bool fits, failed = true;
    assert_int_equal(password_keep(place->dir, "correct horse", 13, &id, NULL), 0);
    for (unsigned n = 1; failed; n++) {
        support_fail_at(n);
        int rc = password_check(place->dir, id.text, "correct horse", 13, &fits, NULL);
        failed = support_failed();
        assert_true(rc == 0 || (failed && rc == ERR_MEMORY));
        assert_int_equal(fits, !failed);
    }
    failed = true;
    for (unsigned n = 1; failed; n++) {
        support_fail_at(n);
        int rc = password_keep(place->dir, "correct horse", 13, &lost, NULL);
        failed = support_failed();
        assert_int_equal(rc, failed ? ERR_MEMORY : 0);
    }
    credential_remove(place->dir, id.text);
    credential_remove(place->dir, lost.text);
}

static void test_bad_passwords(void **state)
{
    struct place *place = *state;
    struct credential_id id;
    char long_one[PASSWORD_MAX + 1];
    memset(long_one, 'x', sizeof long_one);
    assert_int_equal(password_keep(place->dir, "seven..", 7, &id, NULL), ERR_USAGE);
    assert_int_equal(password_keep(place->dir, long_one, sizeof long_one, &id, NULL), ERR_USAGE);
    assert_int_equal(password_keep(place->dir, "\xFF\xFE latin-1", 10, &id, NULL), ERR_USAGE);
}

static void test_access_key(void **state)
{
    struct place *place = *state;
    struct credential_id id, found;
    char text[CREDENTIAL_KEY + 1];
    struct hash hash;
    assert_int_equal(access_key_make(place->dir, &id, text, NULL), 0);
    assert_int_equal(strlen(text), CREDENTIAL_KEY);
    assert_true(access_key_id(text, CREDENTIAL_KEY, &found));
    assert_string_equal(found.text, id.text);
    assert_int_equal(access_key_open(place->dir, id.text, &hash, NULL), 0);
    assert_true(access_key_fits(&hash, text, CREDENTIAL_KEY));
    for (size_t i = 0; i < CREDENTIAL_KEY; i++) {
        text[i] ^= 1;
        assert_false(access_key_fits(&hash, text, CREDENTIAL_KEY));
        text[i] ^= 1;
    }
    assert_false(access_key_id(text, CREDENTIAL_KEY - 1, &found));
    assert_false(access_key_id(text, CREDENTIAL_KEY + 1, &found));
    text[6] = '/'; // no path
    assert_false(access_key_id(text, CREDENTIAL_KEY, &found));
    credential_remove(place->dir, id.text);
    assert_int_equal(access_key_open(place->dir, id.text, &hash, NULL), ERR_NOT_FOUND);
}

static enum keyring_kind judge(const struct keyring *keyring, const char *text)
{
    struct json_doc claims = {0};
    struct credential_id id;
    enum keyring_kind kind = keyring_judge(keyring, text, strlen(text), &id, &claims);
    json_doc_clear(&claims);
    return kind;
}

static void test_keyring(void **state)
{
    struct place *place = *state;
    struct credential_id ids[3];
    char texts[3][CREDENTIAL_KEY + 1];
    struct keyring keyring;
    assert_int_equal(keyring_init(&keyring, NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(access_key_make(place->dir, &ids[i], texts[i], NULL), 0);
        assert_int_equal(judge(&keyring, texts[i]), KEYRING_WRONG); // not added yet
        assert_int_equal(keyring_add(&keyring, place->dir, ids[i].text, NULL), 0);
        assert_int_equal(keyring_add(&keyring, place->dir, ids[i].text, NULL), 0); // once
        assert_int_equal(judge(&keyring, texts[i]), KEYRING_KEY);
    }
    assert_int_equal(keyring.count, 3);
    keyring_drop(&keyring, ids[0].text);
    assert_int_equal(judge(&keyring, texts[0]), KEYRING_WRONG);
    assert_int_equal(judge(&keyring, texts[1]), KEYRING_KEY);
    assert_int_equal(judge(&keyring, texts[2]), KEYRING_KEY);
    texts[1][CREDENTIAL_KEY - 1] ^= 1;
    assert_int_equal(judge(&keyring, texts[1]), KEYRING_WRONG);
    assert_int_equal(judge(&keyring, ""), KEYRING_WRONG);
    for (size_t i = 0; i < 3; i++)
        credential_remove(place->dir, ids[i].text);
    keyring_clear(&keyring);
}

static void test_tokens(void **state)
{
    (void)state;
    struct keyring one, other;
    static const struct {
        const char *claims;
        enum keyring_kind kind;
    } rows[] = {{"{\"exp\":99999999999}", KEYRING_TOKEN},
                {"{\"exp\":1}", KEYRING_WRONG},
                {"{}", KEYRING_WRONG}, // without an end
                {"{\"exp\":99999999999,\"aud\":\"another\"}", KEYRING_WRONG},
                {"[]", KEYRING_WRONG}};
    assert_int_equal(keyring_init(&one, NULL), 0);
    assert_int_equal(keyring_init(&other, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf token = {0};
        keyring_sign(&one, rows[i].claims, strlen(rows[i].claims), &token);
        assert_true(buf_ok(&token));
        assert_int_equal(judge(&one, token.data), rows[i].kind);
        assert_int_equal(judge(&other, token.data), KEYRING_WRONG);
        buf_clear(&token);
    }
    keyring_clear(&one);
    keyring_clear(&other);
}

/* A token that there is no memory to look at is refused for that reason, and leaves no claims. */
static void test_token_without_memory(void **state)
{
    (void)state;
    const char *text = "{\"exp\":99999999999,\"aud\":[\"a\",\"orket\"],\"sub\":\"ada\"}";
    const struct jwt_secret secret = {"0123456789abcdef", 16};
    struct json_doc names = {0}, claims = {0};
    struct buf token = {0};
    jwt_sign(&token, text, strlen(text), &secret);
    assert_int_equal(json_parse(&names, "\"orket\"", 7, NULL, NULL), 0);
    struct jwt_wanted wanted = {.now = 1, .aud = &names.root};
    bool failed = true;
    for (unsigned n = 1; failed; n++) {
        support_fail_at(n);
        int rc = jwt_verify(token.data, token.len, &secret, &wanted, &claims, NULL);
        failed = support_failed();
        assert_int_equal(rc, failed ? ERR_MEMORY : 0);
        assert_int_equal(json_get(&claims.root, "exp") != NULL, !failed);
        json_doc_clear(&claims);
    }
    json_doc_clear(&names);
    buf_clear(&token);
}

/* Without memory no credential is taken for another one, and a keyring stays what it was. */
static void test_keyring_without_memory(void **state)
{
    struct place *place = *state;
    struct credential_id id;
    char text[CREDENTIAL_KEY + 1];
    struct keyring keyring;
    assert_int_equal(keyring_init(&keyring, NULL), 0);
    assert_int_equal(access_key_make(place->dir, &id, text, NULL), 0);
    bool failed = true;
    for (unsigned n = 1; failed; n++) {
        support_fail_at(n);
        int rc = keyring_add(&keyring, place->dir, id.text, NULL);
        failed = support_failed();
        assert_int_equal(rc, failed ? ERR_MEMORY : 0);
        assert_int_equal(judge(&keyring, text), failed ? KEYRING_WRONG : KEYRING_KEY);
    }
    credential_remove(place->dir, id.text);
    keyring_clear(&keyring);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(test_password), TEST(test_bad_passwords),
                                       TEST(test_access_key), TEST(test_keyring),
                                       TEST(test_password_without_memory),
                                       TEST(test_tokens), TEST(test_token_without_memory),
                                       TEST(test_keyring_without_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
