/* merge.c: two diffs against the base, walked side by side. A *region* is a run of base lines in
 * which changes of one or both sides overlap or touch; between regions the base stands. */
#include "model/merge/merge.h"

#include <string.h>

#include "model/merge/diff.h"

/* ---- lines ---- */

struct line {
    const char *at;
    size_t len;   /* with its newline, if it has one */
    uint32_t *id; /* where its number goes */
};

struct text {
    const char *bytes;
    size_t len, count;
    size_t *start;    /* count + 1 offsets */
    uint32_t *number; /* equal lines, equal numbers, over all texts */
};

enum { BASE, OURS, THEIRS, TEXTS };

static bool split(const struct merge_text *from, struct text *text)
{
    size_t count = 0;
    for (size_t i = 0; i < from->len; i++)
        count += from->bytes[i] == '\n' || i + 1 == from->len;
    *text = (struct text){.bytes = from->bytes, .len = from->len, .count = count};
    text->start = malloc((count + 1) * sizeof *text->start);
    text->number = malloc((count + 1) * sizeof *text->number);
    if (!text->start || !text->number)
        return false;
    size_t n = 0, begin = 0;
    for (size_t i = 0; i < from->len; i++) {
        if (from->bytes[i] == '\n' || i + 1 == from->len) {
            text->start[n++] = begin;
            begin = i + 1;
        }
    }
    text->start[n] = from->len;
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return memcmp(x->at, y->at, x->len);
}

/* Sorting, not hashing: no input makes it slow. */
static bool number(struct text *texts)
{
    size_t total = texts[BASE].count + texts[OURS].count + texts[THEIRS].count, n = 0;
    auto_free struct line *lines = malloc((total + 1) * sizeof *lines);
    if (!lines)
        return false;
    for (int t = 0; t < TEXTS; t++)
        for (size_t i = 0; i < texts[t].count; i++)
            lines[n++] =
                (struct line){texts[t].bytes + texts[t].start[i],
                              texts[t].start[i + 1] - texts[t].start[i], &texts[t].number[i]};
    qsort(lines, total, sizeof *lines, compare);
    uint32_t id = 0;
    for (size_t i = 0; i < total; i++) {
        id += i > 0 && compare(&lines[i - 1], &lines[i]) != 0;
        *lines[i].id = id;
    }
    return true;
}

/* ---- changes ---- */

/* Base lines [from, to) became lines [there, there_end) of a side. */
struct change {
    size_t from, to, there, there_end;
};

struct side {
    const struct text *text;
    struct buf changes;           /* struct change[] */
    size_t next, count;           /* the first change that is not merged yet */
    size_t shift_to, shift_there; /* base line shift_to is line shift_there: before `next` */
};

static void list_changes(struct side *side, const struct diff_side *a, const struct diff_side *b)
{
    size_t i = 0, k = 0;
    while (i < a->count || k < b->count) {
        struct change c = {.from = i, .there = k};
        while (i < a->count && a->changed[i + 1])
            i++;
        while (k < b->count && b->changed[k + 1])
            k++;
        c.to = i;
        c.there_end = k;
        if (c.to > c.from || c.there_end > c.there) {
            buf_put(&side->changes, &c, sizeof c);
            side->count++;
        } else {
            i++;
            k++;
        }
    }
}

static bool find_changes(const struct text *base, const struct text *text, struct side *side)
{
    bool *flags = malloc(base->count + text->count + 4);
    *side = (struct side){.text = text};
    if (!flags)
        return false;
    struct diff_side a = {base->number, base->count, flags};
    struct diff_side b = {text->number, text->count, flags + base->count + 2};
    bool ok = diff(&a, &b);
    if (ok)
        list_changes(side, &a, &b);
    free(flags);
    return ok && buf_ok(&side->changes);
}

static const struct change *pending(const struct side *side)
{
    const struct change *all = (const void *)side->changes.data;
    return side->next < side->count ? &all[side->next] : NULL;
}

/* ---- regions ---- */

struct span {
    size_t from, to; /* lines */
};

/* Takes the changes of the side that overlap or touch [*from, *to), growing it; true if any. */
static bool absorb(struct side *side, size_t *to)
{
    const struct change *c;
    bool any = false;
    while ((c = pending(side)) && c->from <= *to) {
        if (c->to > *to)
            *to = c->to;
        side->shift_to = c->to;
        side->shift_there = c->there_end;
        side->next++;
        any = true;
    }
    return any;
}

/* The side's line for base line `at`, which is not before the last taken change. */
static size_t line_there(const struct side *side, size_t at)
{
    return side->shift_there + (at - side->shift_to);
}

static void put_lines(struct buf *out, const struct text *text, struct span span)
{
    buf_put(out, text->bytes + text->start[span.from],
            text->start[span.to] - text->start[span.from]);
}

static void put_marker(struct buf *out, const char *marker, const char *label)
{
    if (out->len && out->data[out->len - 1] != '\n')
        buf_putc(out, '\n');
    buf_printf(out, label ? "%s %.100s\n" : "%s\n", marker, label);
}

struct merge {
    struct side ours, theirs;
    const struct text *base;
    const struct merge_text *us, *them;
    struct merge_result *out;
};

static bool same(const struct merge *m, size_t x, size_t y)
{
    return m->ours.text->number[x] == m->theirs.text->number[y];
}

static void put_both(struct merge *m, struct span x, struct span y)
{
    struct buf *out = &m->out->text;
    if (m->them->wins) {
        put_lines(out, m->theirs.text, y);
        return;
    }
    put_marker(out, "<<<<<<<", m->us->label);
    put_lines(out, m->ours.text, x);
    put_marker(out, "=======", NULL);
    put_lines(out, m->theirs.text, y);
    put_marker(out, ">>>>>>>", m->them->label);
}

/* Both sides changed the region: lines they agree on at its ends are taken, the rest conflicts. */
static void put_conflict(struct merge *m, struct span x, struct span y)
{
    struct buf *out = &m->out->text;
    struct span head = {x.from, x.from}, tail = {x.to, x.to};
    while (x.from < x.to && y.from < y.to && same(m, x.from, y.from)) {
        head.to = ++x.from;
        y.from++;
    }
    while (x.from < x.to && y.from < y.to && same(m, x.to - 1, y.to - 1)) {
        tail.from = --x.to;
        y.to--;
    }
    put_lines(out, m->ours.text, head);
    if (x.from < x.to || y.from < y.to) {
        m->out->conflicts++;
        put_both(m, x, y);
    }
    put_lines(out, m->ours.text, tail);
}

/* One region starting at base line `from`; answers the base line after it. */
static size_t put_region(struct merge *m, size_t from)
{
    size_t to = from;
    size_t x = line_there(&m->ours, from), y = line_there(&m->theirs, from);
    bool ours = false, theirs = false, more = true;
    while (more) { // a change of one side may reach the next of the other
        bool a = absorb(&m->ours, &to), b = absorb(&m->theirs, &to);
        ours = ours || a;
        theirs = theirs || b;
        more = a || b;
    }
    struct span of_ours = {x, line_there(&m->ours, to)};
    struct span of_theirs = {y, line_there(&m->theirs, to)};
    if (ours && theirs)
        put_conflict(m, of_ours, of_theirs);
    else if (ours)
        put_lines(&m->out->text, m->ours.text, of_ours);
    else
        put_lines(&m->out->text, m->theirs.text, of_theirs);
    return to;
}

/* The base line of the next change of either side; false when there is none. */
static bool next_change(const struct merge *m, size_t *from)
{
    const struct change *a = pending(&m->ours), *b = pending(&m->theirs);
    if (a)
        *from = a->from;
    if (b && (!a || b->from < a->from))
        *from = b->from;
    return a || b;
}

static void merge_regions(struct merge *m)
{
    size_t at = 0, from = 0;
    while (next_change(m, &from)) {
        put_lines(&m->out->text, m->base, (struct span){at, from});
        at = put_region(m, from);
    }
    put_lines(&m->out->text, m->base, (struct span){at, m->base->count});
}

/* ---- whole texts ---- */

static bool equal(const struct merge_text *a, const struct merge_text *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
}

static bool is_lines(const struct merge_text *t)
{
    return t->len == 0 || (t->len <= MERGE_MAX && !memchr(t->bytes, '\0', t->len));
}

static int take(const struct merge_text *text, size_t conflicts, struct merge_result *out)
{
    buf_put(&out->text, text->bytes, text->len);
    out->conflicts = conflicts;
    out->whole = conflicts > 0;
    return buf_ok(&out->text) ? 0 : ERR_MEMORY;
}

static bool merge_lines(struct text *texts, struct merge *m)
{
    if (!number(texts) || !find_changes(&texts[BASE], &texts[OURS], &m->ours) ||
        !find_changes(&texts[BASE], &texts[THEIRS], &m->theirs))
        return false;
    m->base = &texts[BASE];
    merge_regions(m);
    return buf_ok(&m->out->text);
}

int merge3(const struct merge_text *base, const struct merge_text *ours,
           const struct merge_text *theirs, struct merge_result *out)
{
    out->conflicts = 0;
    out->whole = false;
    if (equal(base, ours) || equal(ours, theirs))
        return take(theirs, 0, out);
    if (equal(base, theirs))
        return take(ours, 0, out);
    if (!is_lines(base) || !is_lines(ours) || !is_lines(theirs))
        return take(theirs->wins ? theirs : ours, 1, out);
    struct text texts[TEXTS] = {{0}};
    struct merge m = {.out = out, .us = ours, .them = theirs};
    bool ok = split(base, &texts[BASE]) && split(ours, &texts[OURS]) &&
              split(theirs, &texts[THEIRS]) && merge_lines(texts, &m);
    for (int t = 0; t < TEXTS; t++) {
        free(texts[t].start);
        free(texts[t].number);
    }
    buf_clear(&m.ours.changes);
    buf_clear(&m.theirs.changes);
    return ok ? 0 : ERR_MEMORY;
}
