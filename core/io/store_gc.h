/* store_gc.h: garbage collection: what runs left behind that will not go on.
 *
 * dropped run  one of which a `run.dropped` event was committed. Of its events those stay that the
 *              board follows from; of the others (prompts, replies, calls) number, commit and hash
 *              stay, so that every chain and the run's hash can still be verified
 * live         referred to by an event of a run that was not dropped, by a tree as it is now, or by
 *              a generation that such a run used
 */
#ifndef IO_STORE_GC_H
#define IO_STORE_GC_H

#include "io/store.h"

struct store_gc_result {
    int64_t events, blobs, messages; /* that lost their content, or are gone */
    int64_t bytes;                   /* of these */
    int64_t before, after;           /* of the file; the same when dry */
    /* the disk has no room to write the file anew: it stays as large */
    bool cramped;
};

/* Empties the events of the dropped runs, removes the blobs and messages that are not live, in many
 * small commits, and gives the room back (VACUUM). `dry` only counts, as if the `count` runs had
 * been dropped too. The file is written anew when it is below 64 MB or an eighth of it went. Only
 * for an owner, with nothing under way. Ended at any moment it is sound, and the next call
 * finishes. ERR_USAGE (read-only), ERR_MEMORY, ERR_STORE_*. */
int store_gc(struct store *store, const char *const *runs, size_t count, bool dry,
             struct store_gc_result *out, struct err *err) MUST_CHECK;

#endif
