/* bundle.h: a run in one file, for who has neither the project nor its database.
 *
 * record  one line, one JSON object: {"i":N,"record":KIND,"id":ID, … ,"next":"KIND ID","link":HASH}
 * kinds   header, blob, message, generation, prefix, source, event, board, end; in this order
 * source  of a fork: the run and the moment that it goes on from, after all events of that run up
 *         to then (prefix). A fork of a fork has several, the oldest first
 * link    over the link of the line before and all bytes of this one up to the link itself
 * next    the record that the following line has to be: what is missing can be named
 * end     the signed head of the run, the counts, and a signature over the last link: the seal
 *
 * docs/audit.md is the format's description.
 */
#ifndef IO_BUNDLE_H
#define IO_BUNDLE_H

#include "io/keys/proof.h"

#define BUNDLE_FORMAT  "orket bundle"
#define BUNDLE_VERSION 2 /* hashes are over times as well */
#define BUNDLE_OLDEST  1
#define BUNDLE_LINE    ((size_t)64 << 20) /* bytes of one line; a blob of 16 MiB has 23 */
#define BUNDLE_NAME    (3 * STORE_ID_MAX + 64)

/* X(NAME, text in the file) in the order in which they come */
#define BUNDLE_KINDS(X)                                                                            \
    X(HEADER, "header")                                                                            \
    X(BLOB, "blob")                                                                                \
    X(MESSAGE, "message")                                                                          \
    X(GENERATION, "generation")                                                                    \
    X(PREFIX, "prefix")                                                                            \
    X(SOURCE, "source")                                                                            \
    X(EVENT, "event")                                                                              \
    X(BOARD, "board")                                                                              \
    X(END, "end")

enum bundle_kind {
#define X(name, text) BUNDLE_##name,
    BUNDLE_KINDS(X)
#undef X
        BUNDLE_KIND_COUNT
};
const char *bundle_kind_name(enum bundle_kind kind);

/* ---- writing (bundle/write.c) ---- */

/* A bundle under construction; a line is written when the next one is known. */
struct bundle {
    int fd;
    struct buf line; /* the last record, without its next and its link */
    struct buf out;
    struct hash link;
    int64_t records, counts[BUNDLE_KIND_COUNT];
    int error; /* errno of a write that failed, or 0 */
};

/* Every record ends in bundle_end_record; memory and disk are asked for by bundle_finish. */
void bundle_open(struct bundle *bundle, int fd);
void bundle_header(struct bundle *bundle, const char *run, const char *engine,
                   const struct sign_public *key);
void bundle_generation(struct bundle *bundle, const char *id, const char *files, size_t len);
void bundle_blob(struct bundle *bundle, const struct hash *hash, const void *bytes, size_t len);
void bundle_message(struct bundle *bundle, const struct hash *hash, const struct hash *parent,
                    const void *bytes, size_t len);
/* kind: BUNDLE_PREFIX, BUNDLE_EVENT or BUNDLE_BOARD. */
void bundle_event(struct bundle *bundle, enum bundle_kind kind, const struct store_seen *event,
                  const struct hash *prev, const struct hash *hash);
/* What the prefix before it was: a run up to the commit `at`, and the signature of that head. */
void bundle_source(struct bundle *bundle, const struct run_head *head, int64_t at,
                   const struct signature *signature);
/* The end, and the bytes to the file. ERR_IO, ERR_STORE_FULL, ERR_MEMORY. */
int bundle_finish(struct bundle *bundle, const struct run_head *head,
                  const struct signature *signature, const struct signer *signer,
                  struct err *err) MUST_CHECK;
void bundle_clear(struct bundle *bundle);

/* A file that appears under its name when it is whole (bundle/file.c): its descriptor; after that
 * it is kept, or there is nothing. ERR_IO, ERR_STORE_FULL, ERR_MEMORY. */
int bundle_create(const char *path, int *fd, struct err *err) MUST_CHECK;
int bundle_keep(const char *path, int fd, bool keep, struct err *err) MUST_CHECK;

/* ---- verifying (bundle/verify.c) ---- */

struct bundle_report {
    bool intact;   /* every record is what was signed, in its place, and nothing else */
    char what[16]; /* else: changed, missing, moved, repeated, added, cut off, false, unknown */
    int64_t line;  /* of the first one */
    char kind[16]; /* of the record, as far as it is known */
    char id[BUNDLE_NAME];
    char why[300];
    char run[STORE_ID_MAX + 1], engine[64];
    char source[STORE_ID_MAX + 1]; /* of a fork: the run that it goes on from, at this commit */
    int64_t source_at;
    struct hash hash; /* of the run */
    struct sign_public key;
    bool has_key; /* the header was read */
    int64_t records, counts[BUNDLE_KIND_COUNT];
};

/* Reads the file once, and once more to name what is wrong; never more than one line in memory, and
 * half a hash for each blob and message.
 * ERR_NOT_FOUND, ERR_IO, ERR_MEMORY when it cannot be read; what is in it is told by the report. */
int bundle_verify(const char *path, struct bundle_report *report, struct err *err) MUST_CHECK;

#endif
