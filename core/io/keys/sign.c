/* sign.c: crypto_sign of libsodium over two small files. The secret lies in guarded memory that is
 * locked where the limit allows and wiped when freed; on its way there it crosses one buffer of the
 * stack, which is wiped. */
#include "io/keys/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "io/fs/disk.h"

#define SEED     crypto_sign_SEEDBYTES
#define KEY_LINE 160 /* bytes of a key's file that are looked at */

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

static int refuse(const char *path, const char *what, const char *fix, struct err *err)
{
    err_set(err, ERR_DENIED, "%s %s", path, what);
    err_fix(err, fix, path);
    return ERR_DENIED;
}

/* May this file hold a secret? */
static int check_private(int fd, const char *path, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return err_os(err, errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return refuse(path, "is no regular file", "restore %s from a backup", err);
    if (st.st_uid != geteuid())
        return refuse(path, "belongs to another user",
                      "run orket as the user that owns %s, or give it back", err);
    if (st.st_mode & 0077)
        return refuse(path, "may be read or written by others: what it signs is worth nothing",
                      "chmod 600 %s; if others may have seen it, remove key and key.pub", err);
    return 0;
}

/* The file's one line, without its end. *len = KEY_LINE: longer than any key. */
static int read_line(const char *path, bool secret, char line[KEY_LINE], size_t *len,
                     struct err *err)
{
    auto_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP)
        return refuse(path, "is a link", "put the file itself in the place of %s", err);
    if (fd < 0)
        return errno == ENOENT ? err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerror(errno))
                               : err_os(err, errno, "%s", path);
    int rc = secret ? check_private(fd, path, err) : 0;
    ssize_t n = rc ? 0 : read(fd, line, KEY_LINE);
    if (n < 0)
        return err_os(err, errno, "%s", path);
    *len = (size_t)n;
    while (*len && (line[*len - 1] == '\n' || line[*len - 1] == '\r'))
        --*len;
    return rc;
}

static int read_hex(const char *path, bool secret, uint8_t *out, size_t size, struct err *err)
{
    char line[KEY_LINE] = "";
    size_t len = 0;
    int rc = read_line(path, secret, line, &len, err);
    if (!rc && !sign_from_hex(line, len, out, size)) {
        rc = err_set(err, ERR_CONFIG, "%s holds no key: %zu hexadecimal digits", path, 2 * size);
        err_fix(err, "restore it from a backup, or remove key and key.pub to begin with a new one");
    }
    sodium_memzero(line, sizeof line);
    return rc;
}

static int sync_directory(const char *dir)
{
    auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) ? -1 : 0;
}

static int write_line(const char *path, const uint8_t *bytes, size_t size, mode_t mode)
{
    char line[SIGN_HEX + 1];
    sign_hex(bytes, size, line);
    size_t len = strlen(line);
    line[len++] = '\n';
    unlink(path);
    auto_close int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
    bool ok = fd >= 0 && FAULT_CALL(key_write, write(fd, line, len)) == (ssize_t)len &&
              FAULT_CALL(key_sync, fsync(fd)) == 0;
    sodium_memzero(line, sizeof line);
    return ok ? 0 : -1;
}

/* A file that is whole or not there, whatever happens. */
static int put_file(const char *dir, const char *path, const uint8_t *bytes, size_t size,
                    mode_t mode, struct err *err)
{
    struct buf new = {0};
    buf_printf(&new, "%s-new", path);
    int rc = buf_ok(&new) ? 0 : err_set(err, ERR_MEMORY, "out of memory");
    if (!rc && (write_line(new.data, bytes, size, mode) ||
                FAULT_CALL(key_rename, rename(new.data, path)) || sync_directory(dir))) {
        rc = disk_fail(err, path, errno);
        unlink(new.data);
    }
    buf_clear(&new);
    return rc;
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
