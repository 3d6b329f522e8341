/* keyring.c: see keyring.h. */
#include "io/auth/keyring.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

struct keyring_key {
    struct credential_id id;
    struct hash hash;
};

int keyring_init(struct keyring *keyring, struct err *err)
{
    *keyring = (struct keyring){0};
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "libsodium has no source of random bits");
    randombytes_buf(keyring->secret, sizeof keyring->secret);
    return 0;
}

void keyring_clear(struct keyring *keyring)
{
    free(keyring->keys);
    sodium_memzero(keyring, sizeof *keyring);
}

static struct keyring_key *find(const struct keyring *keyring, const char *id)
{
    for (size_t i = 0; i < keyring->count; i++)
        if (strcmp(keyring->keys[i].id.text, id) == 0)
            return &keyring->keys[i];
    return NULL;
}

int keyring_add(struct keyring *keyring, const char *dir, const char *id, struct err *err)
{
    struct hash hash;
    if (find(keyring, id))
        return 0;
    int rc = access_key_open(dir, id, &hash, err);
    if (rc)
        return rc;
    struct keyring_key *grown = realloc(keyring->keys, (keyring->count + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory");
    keyring->keys = grown;
    struct keyring_key *key = &grown[keyring->count++];
    *key = (struct keyring_key){.hash = hash};
    snprintf(key->id.text, sizeof key->id.text, "%s", id);
    return 0;
}

void keyring_drop(struct keyring *keyring, const char *id)
{
    struct keyring_key *key = find(keyring, id);
    if (key)
        *key = keyring->keys[--keyring->count];
}

static struct jwt_secret secret_of(const struct keyring *keyring)
{
    return (struct jwt_secret){keyring->secret, sizeof keyring->secret};
}

void keyring_sign(const struct keyring *keyring, const char *claims, size_t len, struct buf *out)
{
    struct jwt_secret secret = secret_of(keyring);
    jwt_sign(out, claims, len, &secret);
}

static bool is_token(const struct keyring *keyring, const char *text, size_t len,
                     struct json_doc *claims)
{
    struct jwt_secret secret = secret_of(keyring);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct jwt_wanted wanted = {.now = (double)now.tv_sec + (double)now.tv_nsec / 1e9};
    return !jwt_verify(text, len, &secret, &wanted, claims, NULL) &&
           json_get(&claims->root, "exp") != NULL;
}

enum keyring_kind keyring_judge(const struct keyring *keyring, const char *text, size_t len,
                                struct credential_id *id, struct json_doc *claims)
{
    if (admin_key_fits(&keyring->admin, text, len))
        return KEYRING_ADMIN;
    if (access_key_id(text, len, id)) {
        const struct keyring_key *key = find(keyring, id->text);
        return key && access_key_fits(&key->hash, text, len) ? KEYRING_KEY : KEYRING_WRONG;
    }
    return is_token(keyring, text, len, claims) ? KEYRING_TOKEN : KEYRING_WRONG;
}
