/* tags.c: parameters whose names are the tags, which may hold others: <a>1</a><b><c>2</c></b>, each
 * tag behind the form's mark. Tags of one name are a list,
 * and so is what holds nothing but items. */
#include <stdlib.h>

#include "model/dialect/bounds.h"
#include "model/dialect/form/capture.h"

#define NAME_MAX_LEN 256
#define DEPTH_MAX    32
#define MEMBERS_MAX  512 /* of one object: each is looked for among the others */

struct tag {
    const char *name; /* borrowed from the text */
    size_t len;
};

/* The values of one name, with commas between them. */
struct member {
    struct tag tag;
    struct buf values;
    size_t count;
};

struct members {
    struct member *items;
    size_t count;
};

/* ---- tags ---- */

static enum found begins(const struct match *m, struct scan *s, const char *bracket)
{
    enum found found = scan_text(s, m->form->tags.at, m->form->tags.len);
    if (found != FOUND_YES)
        return found;
    scan_blanks(s);
    return scan_text(s, bracket, strlen(bracket));
}

static enum found open_tag(const struct match *m, struct scan *s, struct tag *tag)
{
    enum found found = begins(m, s, "<");
    if (found != FOUND_YES)
        return found;
    size_t left = scan_left(s), most = left < NAME_MAX_LEN ? left : NAME_MAX_LEN;
    const char *close = memchr(s->at, '>', most);
    if (!close)
        return left < NAME_MAX_LEN ? FOUND_MORE : FOUND_NO;
    *tag = (struct tag){s->at, (size_t)(close - s->at)};
    if (!tag->len || *tag->name == '/' || memchr(tag->name, '<', tag->len) ||
        !utf8_valid(tag->name, tag->len))
        return FOUND_NO;
    s->at = close + 1;
    return FOUND_YES;
}

static enum found close_tag(const struct match *m, struct scan *s, struct tag tag)
{
    enum found found = begins(m, s, "</");
    if (found == FOUND_YES)
        found = scan_text(s, tag.name, tag.len);
    return found == FOUND_YES ? scan_text(s, ">", 1) : found;
}

/* ---- values ---- */

static enum found inside(struct match *m, struct schema_ref wanted, struct buf *out,
                         unsigned depth);

/* Nothing, where something that holds others is asked for. */
static const char *empty_of(const char *from, const char *to, unsigned types)
{
    while (from < to && scan_blank(*from))
        from++;
    if (from < to || types & SCHEMA_TYPE_STRING)
        return NULL;
    if (types & SCHEMA_TYPE_ARRAY)
        return "[]";
    return types & SCHEMA_TYPE_OBJECT ? "{}" : NULL;
}

/* Before a mark that is said twice. */
static const char *before_doubled(struct scan *s, const char *from, const char *at,
                                  struct text mark)
{
    const char *last = at;
    while (last > from && scan_blank(last[-1]))
        last--;
    bool doubled =
        (size_t)(last - from) >= mark.len && memcmp(last - mark.len, mark.at, mark.len) == 0;
    s->repaired |= doubled;
    return doubled ? last - mark.len : at;
}

/* Text up to the end of its tag. */
static enum found leaf(struct match *m, struct tag tag, struct schema_ref wanted, struct buf *out)
{
    struct scan *s = m->s;
    const char *from = s->at, *at = from;
    const struct text mark = m->form->tags;
    enum found found = FOUND_NO;
    while (found == FOUND_NO && (at = memmem(at, (size_t)(s->end - at), mark.at, mark.len))) {
        struct scan look = {.at = at, .end = s->end, .final = s->final};
        found = close_tag(m, &look, tag);
        if (found == FOUND_NO && bounds_begin(m->form, at, s->end) == FOUND_YES) {
            s->doubt = from;
            s->at = at;
            return FOUND_NO;
        }
        s->at = look.at;
        at += found == FOUND_NO;
    }
    if (found == FOUND_YES)
        at = before_doubled(s, from, at, mark);
    const char *to = found == FOUND_YES ? at : s->end,
               *empty = empty_of(from, to, schema_types_of(wanted));
    if (empty)
        buf_puts(out, empty);
    else if (found == FOUND_YES || s->final)
        param_value(out, from, (size_t)(to - from), wanted,
                    m->form->typed ? PARAM_EITHER : PARAM_TEXT);
    return found == FOUND_YES ? FOUND_YES : FOUND_MORE;
}

static enum found value(struct match *m, struct tag tag, struct schema_ref wanted, struct buf *out,
                        unsigned depth)
{
    struct scan look = *m->s;
    struct tag first;
    scan_blanks(&look);
    enum found nested = open_tag(m, &look, &first);
    if (nested == FOUND_MORE && !look.final)
        return FOUND_MORE; /* what is a text is looked at again likewise */
    if (nested != FOUND_YES || schema_types_of(wanted) & SCHEMA_TYPE_STRING)
        return leaf(m, tag, wanted, out);
    if (depth == DEPTH_MAX)
        return FOUND_NO;
    enum found found = inside(m, wanted, out, depth + 1);
    scan_blanks(m->s);
    return found == FOUND_YES ? close_tag(m, m->s, tag) : found;
}

/* ---- objects and lists ---- */

/* NULL: there are too many of them, or no memory. */
static struct member *member_of(struct match *m, struct members *members, struct tag tag)
{
    for (size_t i = 0; i < members->count; i++) {
        struct member *each = &members->items[i];
        if (each->tag.len == tag.len && memcmp(each->tag.name, tag.name, tag.len) == 0)
            return each;
    }
    if (members->count == MEMBERS_MAX)
        return NULL;
    struct member *items = realloc(members->items, (members->count + 1) * sizeof *items);
    m->calls->starved |= !items;
    if (!items)
        return NULL;
    members->items = items;
    items[members->count] = (struct member){.tag = tag};
    return &items[members->count++];
}

static void members_clear(struct members *members)
{
    for (size_t i = 0; i < members->count; i++)
        buf_clear(&members->items[i].values);
    free(members->items);
}

static bool is_item(struct tag tag)
{
    return tag.len == 4 && memcmp(tag.name, "item", 4) == 0;
}

/* One name alone, where a list is asked for, or what is called an item where nothing else is. */
static bool is_list(const struct members *members, unsigned types)
{
    return members->count == 1 &&
           (types == SCHEMA_TYPE_ARRAY ||
            ((types & SCHEMA_TYPE_ARRAY || !types) && is_item(members->items->tag)));
}

static void write_values(struct buf *out, const struct member *member, bool list)
{
    if (list)
        buf_putc(out, '[');
    buf_put(out, member->values.data, member->values.len);
    out->failed |= member->values.failed;
    if (list)
        buf_putc(out, ']');
}

static void write_members(struct buf *out, const struct members *members)
{
    buf_putc(out, '{');
    for (size_t i = 0; i < members->count; i++) {
        const struct member *each = &members->items[i];
        if (i)
            buf_putc(out, ',');
        json_write_string(out, each->tag.name, each->tag.len);
        buf_putc(out, ':');
        write_values(out, each, each->count > 1);
    }
    buf_putc(out, '}');
}

static enum found one_member(struct match *m, struct members *members, struct tag tag,
                             struct schema_ref wanted, unsigned depth)
{
    struct member *member = member_of(m, members, tag);
    if (!member)
        return FOUND_NO;
    bool item = schema_types_of(wanted) & SCHEMA_TYPE_ARRAY;
    if (member->count++)
        buf_putc(&member->values, ',');
    return value(m, tag,
                 item ? schema_types_item(wanted) : schema_types_member(wanted, tag.name, tag.len),
                 &member->values, depth);
}

/* None, one or more tags; the scan is left before what is none. */
static enum found inside(struct match *m, struct schema_ref wanted, struct buf *out, unsigned depth)
{
    struct members members = {0};
    enum found found = FOUND_YES;
    struct tag tag;
    while (found == FOUND_YES) {
        struct scan next = *m->s;
        scan_blanks(&next);
        found = open_tag(m, &next, &tag);
        if (found != FOUND_YES)
            break;
        *m->s = next;
        found = one_member(m, &members, tag, wanted, depth);
        if (found == FOUND_NO) {
            members_clear(&members);
            return FOUND_NO;
        }
    }
    if (members.count && members.items[members.count - 1].values.len == 0 &&
        buf_ok(&members.items[members.count - 1].values))
        members.count--, buf_clear(&members.items[members.count].values); /* cut before its value */
    if (is_list(&members, schema_types_of(wanted)))
        write_values(out, members.items, true);
    else
        write_members(out, &members);
    members_clear(&members);
    return found == FOUND_MORE ? FOUND_MORE : FOUND_YES;
}

enum found capture_tags(struct match *m)
{
    m->object = true;
    return inside(m, tool_wants(tool_named(m->calls->tools, m->name, m->name_len)), &m->arguments,
                  0);
}
