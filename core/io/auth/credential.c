/* credential.c: crypto_pwhash_str, crypto_generichash and randombytes_buf of libsodium. */
#include "io/auth/credential.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/text/utf8.h"
#include "io/keys/key_file.h"

#define RANDOM 32 /* bytes of a key */
#define PREFIX "orket_"

/* ---- files ---- */

bool credential_is_id(const char *text, size_t len)
{
    return len == CREDENTIAL_ID && strspn(text, "0123456789abcdef") >= CREDENTIAL_ID;
}

static void new_id(struct credential_id *id)
{
    unsigned char bytes[CREDENTIAL_ID / 2];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(id->text, sizeof id->text, bytes, sizeof bytes);
}

static int put(const char *dir, const char *id, const char *kind, const char *text,
               struct err *err)
{
    struct buf folder = {0}, path = {0};
    buf_printf(&folder, "%s/people", dir);
    buf_printf(&path, "%s/people/%s.%s", dir, id, kind);
    int rc = buf_ok(&folder) && buf_ok(&path) ? 0 : err_set(err, ERR_MEMORY, "out of memory");
    if (!rc && ((mkdir(dir, 0700) && errno != EEXIST) ||
                (mkdir(folder.data, 0700) && errno != EEXIST)))
        rc = err_os(err, errno, "%s", folder.data);
    if (!rc)
        rc = key_file_put(folder.data, path.data, text, 0600, err);
    buf_clear(&folder);
    buf_clear(&path);
    return rc;
}

/* The line with a NUL behind it. */
static int get(const char *dir, const char *id, const char *kind, char line[KEY_FILE_LINE + 1],
               size_t *len, struct err *err)
{
    struct buf path = {0};
    buf_printf(&path, "%s/people/%s.%s", dir, id, kind);
    int rc = buf_ok(&path) ? key_file_read_secret(path.data, line, len, err)
                           : err_set(err, ERR_MEMORY, "out of memory");
    line[rc ? 0 : *len] = '\0';
    buf_clear(&path);
    return rc;
}

void credential_remove(const char *dir, const char *id)
{
    static const char *const kinds[] = {"password", "key"};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct buf path = {0};
        buf_printf(&path, "%s/people/%s.%s", dir, id, kinds[i]);
        if (buf_ok(&path) && credential_is_id(id, strlen(id)))
            unlink(path.data);
        buf_clear(&path);
    }
}

/* ---- passwords ---- */

static int check_password(const char *text, size_t len, struct err *err)
{
    if (len >= PASSWORD_MIN && len <= PASSWORD_MAX && utf8_valid(text, len))
        return 0;
    err_set(err, ERR_USAGE, "a password has %d to %d bytes of UTF-8", PASSWORD_MIN, PASSWORD_MAX);
    err_fix(err, "choose a longer one: some words that only you put together");
    return ERR_USAGE;
}

static int hash_password(const char *text, size_t len, char out[crypto_pwhash_STRBYTES],
                         struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "libsodium has no source of random bits");
    return crypto_pwhash_str(out, text, len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                             crypto_pwhash_MEMLIMIT_INTERACTIVE)
               ? err_set(err, ERR_MEMORY, "no memory to hash a password (64 MiB)")
               : 0;
}

int password_keep(const char *dir, const char *text, size_t len, struct credential_id *out,
                  struct err *err)
{
    char kept[crypto_pwhash_STRBYTES];
    int rc = check_password(text, len, err);
    if (!rc)
        rc = hash_password(text, len, kept, err);
    if (!rc) {
        new_id(out);
        rc = put(dir, out->text, "password", kept, err);
    }
    sodium_memzero(kept, sizeof kept);
    return rc;
}

int password_check(const char *dir, const char *id, const char *text, size_t len, bool *fits,
                   struct err *err)
{
    char kept[KEY_FILE_LINE + 1];
    size_t size = 0;
    *fits = false;
    if (!id) // as long as with one, so that no caller learns which users there are
        return hash_password(text, len, kept, err);
    int rc = get(dir, id, "password", kept, &size, err);
    if (!rc)
        *fits = crypto_pwhash_str_verify(kept, text, len) == 0;
    sodium_memzero(kept, sizeof kept);
    return rc;
}

/* ---- access keys ---- */

/* A key is no password: it has all the bits that a hash can hide. */
static struct hash hash_of_key(const char *text, size_t len)
{
    const struct hash_part parts[] = {{"orket access key v1", 19}, {text, len}};
    return hash_parts(parts, COUNT_OF(parts));
}

int access_key_make(const char *dir, struct credential_id *out, char text[CREDENTIAL_KEY + 1],
                    struct err *err)
{
    unsigned char bytes[RANDOM];
    char digits[2 * RANDOM + 1], hex[HASH_HEX + 1];
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "libsodium has no source of random bits");
    new_id(out);
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(digits, sizeof digits, bytes, sizeof bytes);
    snprintf(text, CREDENTIAL_KEY + 1, PREFIX "%s_%s", out->text, digits);
    struct hash hash = hash_of_key(text, CREDENTIAL_KEY);
    hash_hex(&hash, hex);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(digits, sizeof digits);
    return put(dir, out->text, "key", hex, err);
}

int access_key_open(const char *dir, const char *id, struct hash *out, struct err *err)
{
    char line[KEY_FILE_LINE + 1];
    size_t len = 0;
    int rc = get(dir, id, "key", line, &len, err);
    if (!rc && !hash_from_hex(line, len, out))
        rc = err_set(err, ERR_CONFIG, "people/%s.key holds no hash of a key", id);
    return rc;
}

bool access_key_id(const char *text, size_t len, struct credential_id *out)
{
    const size_t at = sizeof PREFIX - 1;
    if (len != CREDENTIAL_KEY || memcmp(text, PREFIX, at) != 0 || text[at + CREDENTIAL_ID] != '_' ||
        !credential_is_id(text + at, CREDENTIAL_ID))
        return false;
    memcpy(out->text, text + at, CREDENTIAL_ID);
    out->text[CREDENTIAL_ID] = '\0';
    return true;
}

bool access_key_fits(const struct hash *hash, const char *text, size_t len)
{
    struct hash own = hash_of_key(text, len);
    return sodium_memcmp(own.bytes, hash->bytes, HASH_SIZE) == 0;
}
