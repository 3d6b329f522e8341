/* jwt.h: JSON Web Tokens (RFC 7519) with HS256 (RFC 7515 compact form), the one algorithm there is:
 * what a token's header asks for decides nothing. Nothing of a token is looked at before its
 * signature was found good.
 */
#ifndef IO_JWT_H
#define IO_JWT_H

#include "base/err.h"
#include "base/json.h"

#define JWT_MAX 16384 /* bytes of a token: what the head of a request may have */

/* Bytes that sign; borrowed. */
struct jwt_secret {
    const void *bytes;
    size_t len;
};

/* What a token has to be good for. */
struct jwt_wanted {
    double now;             /* seconds since 1970 */
    const struct json *iss; /* a string, or an array of those that will do; NULL: any, or none */
    const struct json *aud; /* the reader's own names, likewise; NULL: it has none, and a token
                               that names an audience is refused */
};

/* Checks signature, form and claims; the claims are *claims->root then, and nothing otherwise.
 * ERR_TOO_LARGE, ERR_USAGE (not three parts of base64url, or a secret that cannot be one),
 * ERR_JSON, ERR_UTF8, ERR_LIMIT (what is in it), ERR_DENIED (algorithm, signature, time, issuer,
 * audience), ERR_MEMORY. */
int jwt_verify(const char *token, size_t len, const struct jwt_secret *secret,
               const struct jwt_wanted *wanted, struct json_doc *claims,
               struct err *err) MUST_CHECK;

/* Appends a token with these claims, the text of a JSON object. */
void jwt_sign(struct buf *out, const char *claims, size_t len, const struct jwt_secret *secret);

/* HMAC-SHA256 (RFC 2104) over the bytes. */
#define HMAC_SIZE 32
void hmac_sign(uint8_t out[HMAC_SIZE], const void *bytes, size_t len,
               const struct jwt_secret *secret);

/* True when `signature`, 64 hexadecimal digits with or without "sha256=" before them, is that of
 * the bytes; false with an empty secret. Takes as long for every signature. */
bool hmac_fits(const void *bytes, size_t len, const struct jwt_secret *secret,
               const char *signature, size_t signature_len);

#endif
