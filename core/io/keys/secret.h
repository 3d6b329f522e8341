/* secret.h: API keys by name. The value is read here, from an environment variable or a file, and
 * leaves only as a header line on its way to a socket: never to Lua, an error or a log, not even
 * when a server sends it back.
 */
#ifndef IO_SECRET_H
#define IO_SECRET_H

#include "base/err.h"

#define SECRET_NAME_MAX  64
#define SECRET_VALUE_MAX 8192
#define SECRET_COUNT_MAX 256
#define SECRET_LIST_MAX  8
#define SECRET_HIDE_MIN  12 /* a shorter value ("none", "ollama") may be a word like any other */

struct secrets; /* the keys of a process */
struct secret;  /* one key, counted: it lives while a transfer uses it */

/* Where a key comes from; exactly one of env and file. */
struct secret_source {
    const char *env;  /* name of an environment variable */
    const char *file; /* path of a file */
    const char
        *origin; /* "https://host:port" that alone may see it, or NULL: the first it is used for */
    const char *header; /* NULL: "Authorization" with "Bearer "; else this header, the bare value */
    const char *user;   /* without header: "Basic " with this name and the value as its password */
    bool list; /* of env: up to SECRET_LIST_MAX headers and their values (io/keys/header_list.h) */
};

/* NULL when out of memory. Close wipes all keys that no transfer uses any more. */
struct secrets *secrets_open(void);
void secrets_close(struct secrets *secrets);

/* Reads the value (blanks around it are cut off) and defines the key, replacing an older one of the
 * name. ERR_USAGE (bad name, source or header), ERR_NOT_FOUND (unset, missing), ERR_IO, ERR_LIMIT
 * (too long, too many), ERR_CONFIG (empty, or bytes that no header may carry), ERR_MEMORY. */
int secret_define(struct secrets *secrets, const char *name, const struct secret_source *source,
                  struct err *err) MUST_CHECK;

/* The key for a request to origin, to be released. ERR_NOT_FOUND, or ERR_DENIED when the key
 * belongs to another origin. */
int secret_use(struct secrets *secrets, const char *name, const char *origin, struct secret **out,
               struct err *err) MUST_CHECK;

/* "Authorization: Bearer …" or the like, borrowed while the key is held. */
const char *secret_line(const struct secret *secret);

/* The value itself, for a door that takes no header (mail); borrowed likewise. */
const char *secret_value(const struct secret *secret);

/* Signs bytes with the key (HMAC-SHA256) for a request to origin: 64 hexadecimal digits.
 * ERR_NOT_FOUND, ERR_DENIED as secret_use, ERR_MEMORY. */
#define SECRET_SIGNATURE_SIZE 65
int secret_sign(struct secrets *secrets, const char *name, const char *origin, const void *bytes,
                size_t len, char out[SECRET_SIGNATURE_SIZE], struct err *err) MUST_CHECK;

/* The next header of a list, borrowed likewise; NULL: there is none. */
const struct secret *secret_next(const struct secret *secret);

/* Writes stars over the value wherever it stands in the text, however short it is, and over its
 * other spellings: what a server echoes must not reach an error. A NULL secret hides nothing. */
void secret_hide(const struct secret *secret, char *text, size_t len);

/* Writes stars over all values of `secrets`, and of `also`, which may have been replaced meanwhile,
 * that have SECRET_HIDE_MIN bytes, in every spelling of io/keys/spelling.h: also where a character
 * stands behind backslashes or as \uXXXX, so that no reading of JSON inside JSON brings one back,
 * and in base64 and hexadecimal. Answers how many bytes are settled: those
 * behind may begin a value, unless they are the `last` of the text. Both may be NULL. */
size_t secrets_hide(const struct secrets *secrets, const struct secret *also, char *text,
                    size_t len, bool last);

/* True when a value of `secrets` that has SECRET_HIDE_MIN bytes stands in the text, in any of these
 * spellings. NULL holds none. */
bool secrets_find(const struct secrets *secrets, const char *text, size_t len);

/* Gives it back; NULL is fine. */
void secret_release(struct secret *secret);

#endif
