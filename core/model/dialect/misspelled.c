/* misspelled.c: what was meant for a mark. */
#include "model/dialect/bounds.h"

#define MISSPELLED_MAX 64 /* bytes of a mark that is known when misspelled */

/* How far apart two texts are, in bytes that were left out, added or changed. */
static size_t distance(const char *a, size_t a_len, struct text b)
{
    size_t row[MISSPELLED_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t before = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t changed = before + (a[i - 1] != b.at[j - 1]);
            before = row[j];
            size_t less = row[j] < row[j - 1] ? row[j] : row[j - 1];
            row[j] = changed < less + 1 ? changed : less + 1;
        }
    }
    return row[b.len];
}

/* Bytes that may be wrong in a mark: two letters. */
static size_t most_wrong(struct text mark)
{
    size_t most = 2;
    for (size_t i = 0; i < mark.len; i++)
        most = (unsigned char)mark.at[i] >= 0x80 ? 6 : most;
    return most;
}

size_t bounds_misspelled(struct text mark, const char *from, const char *to, bool last)
{
    size_t most = most_wrong(mark), least = most + 1, best = 0, all = (size_t)(to - from);
    if (!bounds_is_mark(mark.at, mark.len) || mark.len <= most || mark.len > MISSPELLED_MAX)
        return 0;
    for (size_t len = mark.len - most; len <= mark.len + most && len <= all; len++) {
        const char *at = last ? to - len : from;
        size_t far = *at == *mark.at ? distance(at, len, mark) : least;
        if (far < least)
            least = far, best = len;
    }
    return best;
}
