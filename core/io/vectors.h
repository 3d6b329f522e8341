/* vectors.h: the vectors of texts that an embedder was asked for once, in a file of their own
 * beside the database.
 *
 * Nothing follows from them but what need not be asked again: what they decided is in the journal.
 * So the file may be deleted at any time, and is made anew when it is damaged. One connection,
 * synchronous, for the process that owns the project.
 */
#ifndef IO_VECTORS_H
#define IO_VECTORS_H

#include "base/err.h"
#include "base/hash.h"

struct vectors;

/* Whose vector: the embedder with its address, and the text. */
struct vectors_key {
    struct hash hash;
};
struct vectors_key vectors_key(const char *model, size_t model_len, const char *text, size_t len);

/* Opens the file, and makes it when there is none or it is none.
 * ERR_STORE_*, ERR_IO, ERR_MEMORY. */
int vectors_open(struct vectors **out, const char *path, struct err *err) MUST_CHECK;
void vectors_close(struct vectors *vectors);

/* The vector's floats into `out`, which has room for `room`; how many they are, 0 when it is not
 * there; or a code. */
int vectors_get(struct vectors *vectors, const struct vectors_key *key, float *out, size_t room,
                struct err *err) MUST_CHECK;

/* How many floats it has; 0 when it is not there; or a code. */
int vectors_dims(struct vectors *vectors, const struct vectors_key *key,
                 struct err *err) MUST_CHECK;

/* What is put between begin and end is there together. */
int vectors_begin(struct vectors *vectors, struct err *err) MUST_CHECK;
int vectors_put(struct vectors *vectors, const struct vectors_key *key, const char *model,
                const float *vector, size_t dims, struct err *err) MUST_CHECK;
int vectors_end(struct vectors *vectors, struct err *err) MUST_CHECK;
void vectors_abandon(struct vectors *vectors);

/* Takes one out, and what it was is overwritten. */
int vectors_drop(struct vectors *vectors, const struct vectors_key *key,
                 struct err *err) MUST_CHECK;

/* Takes out all that are not of this embedder; how many. */
int vectors_keep(struct vectors *vectors, const char *model, int64_t *dropped,
                 struct err *err) MUST_CHECK;

#endif
