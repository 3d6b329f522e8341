/* admin_key.c: randombytes_buf, crypto_generichash and sodium_memcmp of libsodium. */
#include "io/keys/admin_key.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "io/keys/key_file.h"

#define PREFIX  "orket_" /* what scanners for leaked keys can look for */
#define RANDOM  32       /* bytes */
#define TEXT    (sizeof PREFIX + 2 * RANDOM)
#define FILE_OF "%s/admin.hash"

/* A key is no password: it has all the bits that a hash can hide. */
static struct hash hash_of_key(const char *text, size_t len)
{
    const struct hash_part parts[] = {{"orket admin key v1", 18}, {text, len}};
    return hash_parts(parts, COUNT_OF(parts));
}

bool admin_key_fits(const struct admin_key *key, const char *text, size_t len)
{
    struct hash hash = hash_of_key(text, len);
    return sodium_memcmp(hash.bytes, key->hash.bytes, HASH_SIZE) == 0;
}

static bool is_visible(const char *text)
{
    for (; *text; text++)
        if (*text < 0x21 || *text > 0x7E)
            return false;
    return true;
}

int admin_key_from_env(struct admin_key *out, struct err *err)
{
    const char *text = getenv("ORKET_API_KEY");
    if (!text)
        return err_set(err, ERR_NOT_FOUND, "ORKET_API_KEY is not set");
    if (!*text || !is_visible(text)) {
        err_set(err, ERR_CONFIG, "ORKET_API_KEY is empty, or has bytes that no header may carry");
        err_fix(err, "set it to 16 or more letters and digits, or unset it");
        return ERR_CONFIG;
    }
    size_t len = strlen(text);
    *out = (struct admin_key){hash_of_key(text, len), len < ADMIN_KEY_SHORT};
    return 0;
}

int admin_key_open(struct admin_key *out, const char *dir, struct err *err)
{
    struct buf path = {0};
    char line[KEY_FILE_LINE];
    size_t len = 0;
    buf_printf(&path, FILE_OF, dir);
    int rc = buf_ok(&path) ? key_file_read_secret(path.data, line, &len, err)
                           : err_set(err, ERR_MEMORY, "out of memory");
    *out = (struct admin_key){0};
    if (!rc && !hash_from_hex(line, len, &out->hash)) {
        rc = err_set(err, ERR_CONFIG, "%s holds no hash of a key", path.data);
        err_fix(err, "make a new key: orket serve --new-key");
    }
    buf_clear(&path);
    return rc;
}

static int write_key(int fd, char text[TEXT], struct err *err)
{
    size_t len = strlen(text);
    text[len] = '\n';
    return write(fd, text, len + 1) == (ssize_t)len + 1
               ? 0
               : err_set(err, ERR_IO, "the new key could not be written to descriptor %d", fd);
}

static int keep(const struct admin_key *key, const char *dir, struct err *err)
{
    struct buf path = {0};
    char hex[HASH_HEX + 1];
    hash_hex(&key->hash, hex);
    buf_printf(&path, FILE_OF, dir);
    int rc = buf_ok(&path) ? key_file_put(dir, path.data, hex, 0600, err)
                           : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&path);
    return rc;
}

int admin_key_make(struct admin_key *out, const char *dir, int fd, struct err *err)
{
    unsigned char bytes[RANDOM];
    char text[TEXT] = PREFIX;
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "libsodium has no source of random bits");
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(text + sizeof PREFIX - 1, 2 * RANDOM + 1, bytes, sizeof bytes);
    *out = (struct admin_key){.hash = hash_of_key(text, strlen(text))};
    int rc = write_key(fd, text, err); // first: a key that was not printed is not kept
    if (!rc)
        rc = keep(out, dir, err);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(text, sizeof text);
    return rc;
}
