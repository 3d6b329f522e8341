/* proof.h: what the hashes and signatures of a journal are over. The store writes and checks them,
 * a bundle (bundle.h) carries them to where there is no store.
 *
 * event   its hash is over the one before it in its stream and its own bytes
 * run     its hash folds the hashes of its streams' last events, in the order of their turns
 * head    a run, the number of its events and its hash: what is signed when a run ends
 */
#ifndef IO_PROOF_H
#define IO_PROOF_H

#include "io/keys/sign.h"
#include "io/store.h"

/* The hash of an event whose stream has the hash `before` (zeroes: it is the first). Its time is
 * the last part; without `at` there is none, as in events that were recorded before times were
 * hashed. */
struct hash event_hash(const struct hash *before, const struct store_seen *event);
/* True when `hash` is the event's, with its time or, as it was, without. No other time passes: the
 * hash that an event was recorded with is that of one of both forms, and stays it. */
bool event_hash_is(const struct hash *before, const struct store_seen *event,
                   const struct hash *hash);

/* The hash of a run with one more stream; it begins with zeroes. */
struct hash run_hash(const struct hash *so_far, const char *turn, const struct hash *last);

struct run_head {
    const char *run; /* borrowed */
    int64_t events;
    struct hash hash;
};

/* ERR_BUG (a name that no run has). */
int head_sign(const struct signer *signer, const struct run_head *head, struct signature *out,
              struct err *err) MUST_CHECK;
/* True when the holder of the key signed exactly this head. */
bool head_verify(const struct sign_public *key, const struct run_head *head,
                 const struct signature *signature);

#endif
