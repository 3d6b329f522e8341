/* proof.c: the bytes that are hashed and signed; docs/journal.md describes them. */
#include "io/keys/proof.h"

#include <string.h>

#define HEAD_TEXT (64 + STORE_ID_MAX + HASH_HEX)

/* Decimal digits of a number that is not negative, written to the end of text. */
static struct hash_part digits(int64_t value, char text[24])
{
    size_t at = 24;
    do
        text[--at] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    return (struct hash_part){&text[at], 24 - at};
}

struct hash event_hash(const struct hash *before, const struct store_seen *event)
{
    char step_text[24], n_text[24];
    const char *card = event->card ? event->card : "", *role = event->role ? event->role : "";
    struct hash_part parts[] = {
        {before->bytes, HASH_SIZE},
        {event->run, strlen(event->run)},
        {event->turn, strlen(event->turn)},
        digits(event->step, step_text),
        digits(event->n, n_text),
        {event->kind, strlen(event->kind)},
        {card, strlen(card)},
        {event->actor, strlen(event->actor)},
        {role, strlen(role)},
        {event->body, event->body_len},
        {event->at, event->at ? strlen(event->at) : 0},
    };
    return hash_parts(parts, COUNT_OF(parts) - (event->at ? 0 : 1));
}

bool event_hash_is(const struct hash *before, const struct store_seen *event,
                   const struct hash *hash)
{
    struct hash own = event_hash(before, event);
    if (hash_equal(&own, hash))
        return true;
    struct store_seen timeless = *event;
    timeless.at = NULL;
    own = event_hash(before, &timeless);
    return hash_equal(&own, hash);
}

struct hash run_hash(const struct hash *so_far, const char *turn, const struct hash *last)
{
    struct hash_part parts[] = {
        {so_far->bytes, HASH_SIZE}, {turn, strlen(turn)}, {last->bytes, HASH_SIZE}};
    return hash_parts(parts, COUNT_OF(parts));
}

/* False for a name that no run has. */
static bool head_text(const struct run_head *head, char text[HEAD_TEXT], size_t *len)
{
    char hex[HASH_HEX + 1];
    hash_hex(&head->hash, hex);
    int n = snprintf(text, HEAD_TEXT, "orket run head v1\n%s\n%lld\n%s", head->run,
                     (long long)head->events, hex);
    *len = (size_t)n;
    return n > 0 && *len < HEAD_TEXT;
}

int head_sign(const struct signer *signer, const struct run_head *head, struct signature *out,
              struct err *err)
{
    char text[HEAD_TEXT];
    size_t len;
    if (!head_text(head, text, &len))
        return err_set(err, ERR_BUG, "a run's name is too long to be signed");
    *out = signer_sign(signer, text, len);
    return 0;
}

bool head_verify(const struct sign_public *key, const struct run_head *head,
                 const struct signature *signature)
{
    char text[HEAD_TEXT];
    size_t len;
    return head_text(head, text, &len) && sign_verify(key, text, len, signature);
}
