/* names.h: what a bundle has under a hash, and what its events name: who reads the file, and who
 * writes it, asks whether all of that is there. */
#ifndef IO_BUNDLE_NAMES_H
#define IO_BUNDLE_NAMES_H

#include "base/json.h"
#include "io/bundle.h"

struct names {
    struct buf table;
    size_t size, count;
};
/* kind: BUNDLE_BLOB, BUNDLE_MESSAGE, BUNDLE_GENERATION. False for want of memory. */
bool names_add(struct names *names, enum bundle_kind kind, const struct hash *hash) MUST_CHECK;
bool names_have(const struct names *names, enum bundle_kind kind, const struct hash *hash);
/* The hash that stands for a generation. */
struct hash names_generation(const char *id, size_t len);
/* Does the event's body name something that is not there? `lost`: the first of it, for people. */
bool names_lost_by(const struct names *names, const char *event, const struct json *body,
                   char *lost, size_t size);
/* Does an object of blobs, path -> hash? */
bool names_lost_in(const struct names *names, const struct json *files, char *lost, size_t size);
void names_clear(struct names *names);

#endif
