/* sign.c: crypto_sign of libsodium over two small files. The secret lies in guarded memory that is
 * locked where the limit allows and wiped when freed; on its way there it crosses one buffer of the
 * stack, which is wiped. */
#include "io/keys/sign.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "io/keys/key_file.h"

#define SEED crypto_sign_SEEDBYTES

struct signer {
    struct sign_public public;
    unsigned char *secret; /* sodium_malloc, crypto_sign_SECRETKEYBYTES */
};

_Static_assert(SIGN_PUBLIC == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(SIGN_SIGNATURE == crypto_sign_BYTES, "Ed25519");

/* ---- hexadecimal ---- */

void sign_hex(const uint8_t *bytes, size_t len, char out[SIGN_HEX])
{
    sodium_bin2hex(out, SIGN_HEX, bytes, len);
}

bool sign_from_hex(const char *hex, size_t hex_len, uint8_t *out, size_t len)
{
    size_t found;
    if (hex_len != 2 * len || strspn(hex, "0123456789abcdef") < hex_len)
        return false;
    return sodium_hex2bin(out, len, hex, hex_len, NULL, &found, NULL) == 0 && found == len;
}

/* ---- files ---- */

static int read_hex(const char *path, bool secret, uint8_t *out, size_t size, struct err *err)
{
    char line[KEY_FILE_LINE] = "";
    size_t len = 0;
    int rc = secret ? key_file_read_secret(path, line, &len, err)
                    : key_file_read_public(path, line, &len, err);
    if (!rc && !sign_from_hex(line, len, out, size)) {
        rc = err_set(err, ERR_CONFIG, "%s holds no key: %zu hexadecimal digits", path, 2 * size);
        err_fix(err, "restore it from a backup, or remove key and key.pub to begin with a new one");
    }
    sodium_memzero(line, sizeof line);
    return rc;
}

static int put_file(const char *dir, const char *path, const uint8_t *bytes, size_t size,
                    mode_t mode, struct err *err)
{
    char line[SIGN_HEX];
    sign_hex(bytes, size, line);
    int rc = key_file_put(dir, path, line, mode, err);
    sodium_memzero(line, sizeof line);
    return rc;
}

static int refuse(const char *path, const char *what, const char *fix, struct err *err)
{
    err_set(err, ERR_DENIED, "%s %s", path, what);
    err_fix(err, fix, path);
    return ERR_DENIED;
}

/* ---- the key ---- */

struct paths {
    const char *dir;
    struct buf key, public;
};

static bool name_paths(struct paths *paths, const char *dir)
{
    paths->dir = dir;
    buf_printf(&paths->key, "%s/key", dir);
    buf_printf(&paths->public, "%s/key.pub", dir);
    return buf_ok(&paths->key) && buf_ok(&paths->public);
}

static struct signer *new_signer(void)
{
    struct signer *signer = sodium_init() < 0 ? NULL : calloc(1, sizeof *signer);
    if (!signer)
        return NULL;
    signer->secret = sodium_malloc(crypto_sign_SECRETKEYBYTES);
    if (signer->secret)
        return signer;
    free(signer);
    return NULL;
}

void signer_close(struct signer *signer)
{
    if (!signer)
        return;
    sodium_free(signer->secret);
    free(signer);
}

/* Where a public part lies without its secret, the secret was lost: a new one would not be the key
 * that signed what is there. */
static int make_seed(const struct paths *paths, bool make, uint8_t seed[SEED], struct err *err)
{
    if (access(paths->public.data, F_OK) == 0)
        return refuse(paths->public.data, "is there, but not the secret that belongs to it",
                      "restore the secret, or remove %s to begin with a new key", err);
    if (!make)
        return ERR_NOT_FOUND;
    randombytes_buf(seed, SEED);
    return put_file(paths->dir, paths->key.data, seed, SEED, 0600, err);
}

/* key.pub says what the secret says; one that is missing (the power failed between the two) is
 * made. */
static int settle_public(const struct paths *paths, const struct sign_public *public,
                         struct err *err)
{
    struct sign_public found;
    int rc = read_hex(paths->public.data, false, found.bytes, SIGN_PUBLIC, err);
    if (rc == ERR_NOT_FOUND)
        return put_file(paths->dir, paths->public.data, public->bytes, SIGN_PUBLIC, 0644, err);
    if (!rc && memcmp(found.bytes, public->bytes, SIGN_PUBLIC) != 0)
        return refuse(paths->public.data, "is not the public part of the key beside it",
                      "look who changed %s; without it the right one is made", err);
    return rc;
}

static int load(struct signer *signer, const struct paths *paths, bool make, struct err *err)
{
    uint8_t seed[SEED];
    int rc = read_hex(paths->key.data, true, seed, SEED, err);
    if (rc == ERR_NOT_FOUND)
        rc = make_seed(paths, make, seed, err);
    if (!rc) {
        crypto_sign_seed_keypair(signer->public.bytes, signer->secret, seed);
        rc = settle_public(paths, &signer->public, err);
    }
    sodium_memzero(seed, sizeof seed);
    return rc;
}

int signer_open(const char *dir, bool make, struct signer **out, struct err *err)
{
    struct paths paths = {0};
    struct signer *signer = new_signer();
    *out = NULL;
    int rc = signer && name_paths(&paths, dir) ? load(signer, &paths, make, err)
                                               : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&paths.key);
    buf_clear(&paths.public);
    if (rc)
        signer_close(signer);
    else
        *out = signer;
    return rc;
}

struct sign_public signer_public(const struct signer *signer)
{
    return signer->public;
}

struct signature signer_sign(const struct signer *signer, const void *bytes, size_t len)
{
    struct signature out;
    crypto_sign_detached(out.bytes, NULL, bytes, len, signer->secret);
    return out;
}

int sign_read_public(const char *dir, struct sign_public *out, struct err *err)
{
    struct paths paths = {0};
    int rc = name_paths(&paths, dir)
                 ? read_hex(paths.public.data, false, out->bytes, SIGN_PUBLIC, err)
                 : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&paths.key);
    buf_clear(&paths.public);
    return rc;
}

bool sign_verify(const struct sign_public *key, const void *bytes, size_t len,
                 const struct signature *signature)
{
    return crypto_sign_verify_detached(signature->bytes, bytes, len, key->bytes) == 0;
}
