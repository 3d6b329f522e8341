/* admin_key.h: what a client of the service proves itself with: the key of a project's
 * administrator.
 *
 * It is made here, of 256 random bits, and leaves once, for a descriptor (the terminal of who made
 * it). What is kept, in memory and in DIR/admin.hash (0600), is its BLAKE2b hash. ORKET_API_KEY in
 * the environment sets another one in its place: one key is good at any time.
 */
#ifndef IO_ADMIN_KEY_H
#define IO_ADMIN_KEY_H

#include "base/err.h"
#include "base/hash.h"

#define ADMIN_KEY_SHORT 16 /* bytes; a shorter key of the environment can be guessed */

struct admin_key {
    struct hash hash;
    bool is_short; /* of the environment, below ADMIN_KEY_SHORT bytes */
};

/* The key of the environment. ERR_NOT_FOUND (not set), ERR_CONFIG (empty, or bytes that no header
 * may carry). */
int admin_key_from_env(struct admin_key *out, struct err *err) MUST_CHECK;

/* The key of the directory. ERR_NOT_FOUND, ERR_DENIED, ERR_CONFIG (no hash in it), ERR_IO. */
int admin_key_open(struct admin_key *out, const char *dir, struct err *err) MUST_CHECK;

/* Makes a key in the place of the one before, durably, and writes it and a line end to fd; when
 * that fails the key is lost, and the next one replaces it. As key_file_put; ERR_IO. */
int admin_key_make(struct admin_key *out, const char *dir, int fd, struct err *err) MUST_CHECK;

/* True when this is the key; takes as long for every text of a length. */
bool admin_key_fits(const struct admin_key *key, const char *text, size_t len);

#endif
