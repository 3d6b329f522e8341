/* regex_set.c: sets of code points: classes, escapes, properties. Building is sort and join;
 * asking is a binary search. */
#include <string.h>

#include "model/schema/regex/regex.h"
#include "model/schema/regex/unicode.h"

void regex_add(struct regex_ranges *ranges, uint32_t lo, uint32_t hi)
{
    buf_put(&ranges->items, &(struct regex_range){lo, hi}, sizeof(struct regex_range));
}

/* The part of a range that lies within the letters from `first` on, moved to the other case. */
static void add_case(struct regex_ranges *ranges, struct regex_range range, uint32_t first,
                     uint32_t other)
{
    uint32_t lo = range.lo > first ? range.lo : first;
    uint32_t hi = range.hi < first + 25 ? range.hi : first + 25;
    if (lo <= hi)
        regex_add(ranges, lo - first + other, hi - first + other);
}

void regex_add_cases(struct regex_ranges *ranges)
{
    size_t count = ranges->items.len / sizeof(struct regex_range);
    for (size_t i = 0; i < count && buf_ok(&ranges->items); i++) {
        struct regex_range range = ((struct regex_range *)(void *)ranges->items.data)[i];
        add_case(ranges, range, 'a', 'A');
        add_case(ranges, range, 'A', 'a');
    }
}

static const struct regex_range digits[] = {{'0', '9'}};
static const struct regex_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
static const struct regex_range blanks[] = {
    {0x09, 0x0D},     {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
    {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF},
};

static void add_all(struct regex_ranges *ranges, const struct regex_range *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        regex_add(ranges, from[i].lo, from[i].hi);
}

/* The gaps of a sorted list. */
static void add_gaps(struct regex_ranges *ranges, const struct regex_range *from, size_t count)
{
    uint32_t next = 0;
    for (size_t i = 0; i < count; i++) {
        if (from[i].lo > next)
            regex_add(ranges, next, from[i].lo - 1);
        next = from[i].hi + 1;
    }
    if (next <= REGEX_CODE_MAX)
        regex_add(ranges, next, REGEX_CODE_MAX);
}

void regex_add_class(struct regex_ranges *ranges, char name)
{
    switch (name) {
    case 'd':
        add_all(ranges, digits, COUNT_OF(digits));
        break;
    case 'D':
        add_gaps(ranges, digits, COUNT_OF(digits));
        break;
    case 'w':
        add_all(ranges, words, COUNT_OF(words));
        break;
    case 'W':
        add_gaps(ranges, words, COUNT_OF(words));
        break;
    case 's':
        add_all(ranges, blanks, COUNT_OF(blanks));
        break;
    default:
        add_gaps(ranges, blanks, COUNT_OF(blanks));
        break;
    }
}

bool regex_add_property(struct regex_ranges *ranges, const char *name, size_t len, bool negated)
{
    size_t count;
    const struct unicode_run *runs = unicode_property(name, len, &count);
    if (!runs)
        return false;
    struct regex_ranges own = {0};
    for (size_t i = 0; i < count; i++)
        for (uint32_t n = 0; n < runs[i].count; n++) {
            uint32_t lo = runs[i].lo + n * runs[i].stride;
            regex_add(&own, lo, lo + runs[i].width - 1);
        }
    if (!buf_ok(&own.items))
        ranges->items.failed = true;
    else if (negated)
        add_gaps(ranges, (const void *)own.items.data, own.items.len / sizeof(struct regex_range));
    else
        buf_put(&ranges->items, own.items.data, own.items.len);
    buf_clear(&own.items);
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct regex_range *x = a, *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

/* Joins ranges that touch; answers how many are left. */
static size_t join(struct regex_range *ranges, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept && ranges[i].lo <= ranges[kept - 1].hi + 1) {
            if (ranges[i].hi > ranges[kept - 1].hi)
                ranges[kept - 1].hi = ranges[i].hi;
        } else {
            ranges[kept++] = ranges[i];
        }
    }
    return kept;
}

const struct regex_set *regex_set_make(struct json_doc *arena, struct regex_ranges *ranges,
                                       bool negated)
{
    struct regex_range *items = (void *)ranges->items.data;
    size_t count = ranges->items.len / sizeof *items;
    if (!buf_ok(&ranges->items))
        return NULL;
    if (count) {
        qsort(items, count, sizeof *items, by_start);
        count = join(items, count);
    }
    if (negated) {
        struct regex_ranges gaps = {0};
        add_gaps(&gaps, items, count);
        const struct regex_set *set = regex_set_make(arena, &gaps, false);
        buf_clear(&gaps.items);
        return set;
    }
    struct regex_set *set = json_doc_alloc(arena, sizeof *set);
    struct regex_range *kept = json_doc_alloc(arena, count * sizeof *items + 1);
    if (!set || !kept)
        return NULL;
    if (count)
        memcpy(kept, items, count * sizeof *items);
    *set = (struct regex_set){kept, count};
    return set;
}

bool regex_set_has(const struct regex_set *set, uint32_t code)
{
    size_t lo = 0, hi = set->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (code < set->ranges[mid].lo)
            hi = mid;
        else if (code > set->ranges[mid].hi)
            lo = mid + 1;
        else
            return true;
    }
    return false;
}
