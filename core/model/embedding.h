/* embedding.h: vectors that stand for the meaning of texts, as an embedder answers them. Pure.
 *
 * A vector is `dims` floats of length one, so that the cosine of two is the sum of their products.
 */
#ifndef MODEL_EMBEDDING_H
#define MODEL_EMBEDDING_H

#include "base/err.h"
#include "base/json.h"

#define EMBEDDING_DIMS_MAX 4096
#define EMBEDDING_ONE      10000 /* the cosine of two that are the same */

/* The vectors of `count` texts out of a reply, in the order of the texts, appended to `out` as
 * floats. Both APIs' forms: {data: [{index?, embedding}]}, {embeddings: [{values}]} and {embedding:
 * {values}}; a vector is an array of numbers, or base64 of floats, little endian. ERR_PROTOCOL
 * names what is wrong: another count, another length than the first one's, a number that is
 * none, nothing but zeros. ERR_MEMORY. */
int embedding_read(const struct json *reply, size_t count, struct buf *out, size_t *dims,
                   struct err *err) MUST_CHECK;

/* The tokens that the reply says it counted, or -1. */
int64_t embedding_tokens(const struct json *reply);

/* The cosine of two vectors in parts of EMBEDDING_ONE: whole numbers, so that an order by them
 * is the same everywhere. */
int embedding_near(const float *a, const float *b, size_t dims);

/* True when these bytes are a vector: floats that are numbers, of length one or nearly so. */
bool embedding_is_unit(const float *vector, size_t dims);

#endif
