/* credential.h: what people and programs prove themselves with: passwords and access keys, kept as
 * hashes in DIR/people/, a file of one line each (0600), outside the journal. A file is never
 * changed: the journal names it by its id, and a new password is a new file.
 */
#ifndef IO_CREDENTIAL_H
#define IO_CREDENTIAL_H

#include "base/err.h"
#include "base/hash.h"

#define CREDENTIAL_ID  16 /* hexadecimal digits */
#define CREDENTIAL_KEY 87 /* bytes of an access key: "orket_ID_" and 64 digits */
#define PASSWORD_MIN   8
#define PASSWORD_MAX   1024

struct credential_id {
    char text[CREDENTIAL_ID + 1];
};

/* True for a text that could be one. */
bool credential_is_id(const char *text, size_t len);

/* Hashes a password (Argon2id, 64 MiB, about 0.1 s: not on the loop) and keeps it. ERR_USAGE (too
 * short or long, not UTF-8), ERR_MEMORY, as key_file_put. */
int password_keep(const char *dir, const char *text, size_t len, struct credential_id *out,
                  struct err *err) MUST_CHECK;

/* Whether this is the password that was kept; takes as long without an id (NULL), and fits nothing
 * then. Without the memory to hash, libsodium says the same as of a wrong one: none fits.
 * ERR_NOT_FOUND, ERR_DENIED (others may have written the file), ERR_MEMORY, ERR_IO. */
int password_check(const char *dir, const char *id, const char *text, size_t len, bool *fits,
                   struct err *err) MUST_CHECK;

/* Makes an access key of 256 random bits and keeps its hash; the text, with a NUL, is the caller's
 * to hand over and wipe. As key_file_put. */
int access_key_make(const char *dir, struct credential_id *out, char text[CREDENTIAL_KEY + 1],
                    struct err *err) MUST_CHECK;

/* The hash of the key of this id. ERR_NOT_FOUND, ERR_DENIED, ERR_CONFIG (no hash in it), ERR_IO. */
int access_key_open(const char *dir, const char *id, struct hash *out, struct err *err) MUST_CHECK;

/* The id that the text of a key names; false when it cannot be one. */
bool access_key_id(const char *text, size_t len, struct credential_id *out);

/* True when the text is the key with this hash; takes as long for every text of a length. */
bool access_key_fits(const struct hash *hash, const char *text, size_t len);

/* Removes what was kept under the id, whichever it is. */
void credential_remove(const char *dir, const char *id);

#endif
