/* diff.c: Myers' greedy algorithm ("An O(ND) Difference Algorithm", 1986) with its whole trace
 * kept, so that the way back is a walk; then the flagged groups slide to their customary place. */
#include "model/merge/diff.h"

#include <string.h>

#define EDITS_MAX 1500              /* the trace takes at most 16 MB */
#define WORK_MAX  ((size_t)8 << 20) /* comparisons: some 10 ms */

static bool *flag(struct diff_side *side, size_t line)
{
    return side->changed + 1 + line;
}

static void flag_all(struct diff_side *side, size_t from, size_t to)
{
    memset(side->changed + 1 + from, true, to - from);
}

/* ---- the shortest edit ---- */

/* The part of both sides between the common head and tail. */
struct middle {
    const uint32_t *a, *b;
    long n, m;
};

/* Row d of the trace holds for diagonals k = -d, -d+2 .. d how far down a path of d edits gets. */
static int32_t *row(int32_t *trace, long d)
{
    return trace + d * d + d;
}

/* Where a path of d edits enters diagonal k, before it runs along equal lines. */
static long enter(const int32_t *before, long d, long k, bool *down)
{
    *down = k == -d || (k != d && before[k - 1] < before[k + 1]);
    return *down ? before[k + 1] : before[k - 1] + 1;
}

/* Fills row d; true when it reaches the end. */
static bool advance(const struct middle *mid, int32_t *trace, long d, size_t *work)
{
    int32_t *now = row(trace, d);
    const int32_t *before = d ? row(trace, d - 1) : NULL;
    for (long k = -d; k <= d; k += 2) {
        bool down;
        long x = d ? enter(before, d, k, &down) : 0, from = x;
        while (x < mid->n && x - k < mid->m && mid->a[x] == mid->b[x - k])
            x++;
        *work += (size_t)(x - from) + 1;
        now[k] = (int32_t)x;
        if (x >= mid->n && x - k >= mid->m)
            return true;
    }
    return false;
}

static void walk_back(const struct middle *mid, int32_t *trace, long d, struct diff_side *a,
                      struct diff_side *b, size_t head)
{
    long k = mid->n - mid->m;
    for (; d > 0; d--) {
        bool down;
        long x = enter(row(trace, d - 1), d, k, &down);
        if (down) {
            *flag(b, head + (size_t)(x - k - 1)) = true;
            k++;
        } else {
            *flag(a, head + (size_t)(x - 1)) = true;
            k--;
        }
    }
}

/* The trace grows as the edits do. */
static int32_t *grow(int32_t *trace, long d, long *rows)
{
    if (d < *rows)
        return trace;
    *rows = *rows ? 2 * *rows : 16;
    int32_t *more = realloc(trace, (size_t)(*rows * *rows) * sizeof *more);
    if (!more)
        free(trace);
    return more;
}

static bool shortest(const struct middle *mid, struct diff_side *a, struct diff_side *b,
                     size_t head)
{
    int32_t *trace = NULL;
    size_t work = 0;
    long rows = 0;
    for (long d = 0; d <= EDITS_MAX && work < WORK_MAX; d++) {
        trace = grow(trace, d, &rows);
        if (!trace)
            return false;
        if (advance(mid, trace, d, &work)) {
            walk_back(mid, trace, d, a, b, head);
            free(trace);
            return true;
        }
    }
    free(trace);
    flag_all(a, head, head + (size_t)mid->n);
    flag_all(b, head, head + (size_t)mid->m);
    return true;
}

/* ---- sliding ---- */

/* A run of flagged lines, [start, end); empty between two unflagged lines. The groups of the two
 * sides correspond one to one, so a move here is a step there. */
struct group {
    struct diff_side *side;
    size_t start, end;
};

static bool is_changed(const struct group *g, size_t line)
{
    return *flag(g->side, line);
}

static void next_group(struct group *g)
{
    g->start = g->end = g->end + 1;
    while (g->end < g->side->count && is_changed(g, g->end))
        g->end++;
}

static void previous_group(struct group *g)
{
    g->start = g->end = g->start - 1;
    while (g->start > 0 && is_changed(g, g->start - 1))
        g->start--;
}

static bool slide_up(struct group *g)
{
    const uint32_t *line = g->side->line;
    if (g->start == 0 || g->start == g->end || line[g->start - 1] != line[g->end - 1])
        return false;
    *flag(g->side, --g->start) = true;
    *flag(g->side, --g->end) = false;
    while (g->start > 0 && is_changed(g, g->start - 1))
        g->start--;
    return true;
}

static bool slide_down(struct group *g)
{
    const uint32_t *line = g->side->line;
    if (g->end == g->side->count || g->start == g->end || line[g->start] != line[g->end])
        return false;
    *flag(g->side, g->start++) = false;
    *flag(g->side, g->end++) = true;
    while (g->end < g->side->count && is_changed(g, g->end))
        g->end++;
    return true;
}

/* Moves the group up and down over all its places until it swallows no neighbour any more; it stays
 * at the last place. Answers whether some place has flagged lines beside it on the other side. */
static bool settle(struct group *g, struct group *other, size_t *highest)
{
    bool beside;
    size_t size;
    do {
        size = g->end - g->start;
        while (slide_up(g))
            previous_group(other);
        *highest = g->end;
        beside = other->end > other->start;
        while (slide_down(g)) {
            next_group(other);
            beside = beside || other->end > other->start;
        }
    } while (size != g->end - g->start);
    return beside;
}

static void compact(struct diff_side *side, struct diff_side *against)
{
    struct group g = {side, 0, 0}, other = {against, 0, 0};
    while (g.end < side->count && is_changed(&g, g.end))
        g.end++;
    while (other.end < against->count && is_changed(&other, other.end))
        other.end++;
    for (;;) {
        size_t highest;
        if (g.start != g.end && settle(&g, &other, &highest) && g.end != highest)
            while (other.start == other.end && slide_up(&g))
                previous_group(&other);
        if (g.end >= side->count)
            return;
        next_group(&g);
        next_group(&other);
    }
}

/* ---- diff ---- */

bool diff(struct diff_side *a, struct diff_side *b)
{
    size_t head = 0, tail = 0, least = a->count < b->count ? a->count : b->count;
    memset(a->changed, false, a->count + 2);
    memset(b->changed, false, b->count + 2);
    while (head < least && a->line[head] == b->line[head])
        head++;
    while (tail < least - head && a->line[a->count - 1 - tail] == b->line[b->count - 1 - tail])
        tail++;
    struct middle mid = {a->line + head, b->line + head, (long)(a->count - head - tail),
                         (long)(b->count - head - tail)};
    if (mid.n == 0 || mid.m == 0) {
        flag_all(a, head, head + (size_t)mid.n);
        flag_all(b, head, head + (size_t)mid.m);
    } else if (!shortest(&mid, a, b, head)) {
        return false;
    }
    compact(a, b);
    compact(b, a);
    return true;
}
