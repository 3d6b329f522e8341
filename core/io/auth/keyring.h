/* keyring.h: what a running service takes for a credential: the administrator's key, the access
 * keys that were added, and the tokens that it signed itself. The secret that signs them is made
 * with the keyring and gone with it: a token is no good for another process.
 */
#ifndef IO_KEYRING_H
#define IO_KEYRING_H

#include "io/auth/credential.h"
#include "io/auth/jwt.h"
#include "io/keys/admin_key.h"

#define KEYRING_SECRET 32

struct keyring {
    struct admin_key admin;
    uint8_t secret[KEYRING_SECRET];
    struct keyring_key *keys; /* owned */
    size_t count;
};

enum keyring_kind { KEYRING_WRONG, KEYRING_ADMIN, KEYRING_KEY, KEYRING_TOKEN };

/* Makes the secret; the administrator's key is for the caller to open. ERR_IO (no random bits). */
int keyring_init(struct keyring *keyring, struct err *err) MUST_CHECK;
/* Wipes it. */
void keyring_clear(struct keyring *keyring);

/* From now on the access key of this id is good. As access_key_open; ERR_MEMORY. */
int keyring_add(struct keyring *keyring, const char *dir, const char *id,
                struct err *err) MUST_CHECK;
/* And from now on it is not. */
void keyring_drop(struct keyring *keyring, const char *id);

/* Appends a token with these claims, a JSON object that has exp. */
void keyring_sign(const struct keyring *keyring, const char *claims, size_t len, struct buf *out);

/* What a credential is: of a key its id, of a token its claims (claims->root). A token without exp
 * is a wrong one. */
enum keyring_kind keyring_judge(const struct keyring *keyring, const char *text, size_t len,
                                struct credential_id *id, struct json_doc *claims);

#endif
