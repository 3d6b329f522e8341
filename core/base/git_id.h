/* git_id.h: the name that git gives to the bytes of a file: SHA-1 over "blob SIZE\0" and them.
 *
 * It names files in patches for git only: whatever has to be safe is hashed by base/hash.h.
 */
#ifndef BASE_GIT_ID_H
#define BASE_GIT_ID_H

#include "base/base.h"

#define GIT_ID_HEX 40

/* Writes the name of a blob in hexadecimal, with a NUL. */
void git_id_of(const void *bytes, size_t len, char out[GIT_ID_HEX + 1]);

#endif
