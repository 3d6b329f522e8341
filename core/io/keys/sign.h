/* sign.h: the signing key of a project: Ed25519 (RFC 8032, through libsodium). The secret is read
 * and made here, in DIR/key, for its owner's eyes alone; it never leaves this file: not to Lua, an
 * error or a log. What anybody may know is in DIR/key.pub. Both are one line of hexadecimal digits.
 */
#ifndef IO_SIGN_H
#define IO_SIGN_H

#include "base/err.h"

#define SIGN_PUBLIC    32
#define SIGN_SIGNATURE 64
#define SIGN_HEX       (2 * SIGN_SIGNATURE + 1) /* room for either as text */

struct signer;

struct sign_public {
    uint8_t bytes[SIGN_PUBLIC];
};
struct signature {
    uint8_t bytes[SIGN_SIGNATURE];
};

/* Opens the key of the directory; with `make`, makes one where there is none, durably.
 * ERR_NOT_FOUND (none, not to be made), ERR_DENIED (others may read it, it belongs to another user,
 * it is a link, or key.pub is not its public part), ERR_CONFIG (no key in it), ERR_IO, ERR_MEMORY.
 */
int signer_open(const char *dir, bool make, struct signer **out, struct err *err) MUST_CHECK;

/* Wipes the secret; NULL is fine. */
void signer_close(struct signer *signer);

struct sign_public signer_public(const struct signer *signer);
struct signature signer_sign(const struct signer *signer, const void *bytes, size_t len);

/* The public key of a directory. ERR_NOT_FOUND, ERR_CONFIG, ERR_IO. */
int sign_read_public(const char *dir, struct sign_public *out, struct err *err) MUST_CHECK;

/* True when the holder of the key signed exactly these bytes. */
bool sign_verify(const struct sign_public *key, const void *bytes, size_t len,
                 const struct signature *signature);

/* Lower-case hexadecimal with a NUL, and back; false when the text is anything else. */
void sign_hex(const uint8_t *bytes, size_t len, char out[SIGN_HEX]);
bool sign_from_hex(const char *hex, size_t hex_len, uint8_t *out, size_t len);

#endif
