/* json_text.c: the text sink: canonical text from events that come in any key order.
 *
 * Members are appended as they come; when an object ends with its keys out of order, its members
 * change places in the text. Equal data gives the same bytes as json_write gives for its tree. */
#include "base/json.h"

#include <string.h>

struct frame {
    bool is_object, is_sorted;
    size_t count;   /* values so far; for an object its members are the last `count` of all */
    size_t key_end; /* where the keys of the object around end in text->keys */
};

struct member {
    uint64_t head;       /* the first eight bytes of the key, for most comparisons */
    size_t key, key_len; /* in text->keys */
    size_t start, len;   /* in out, with the key, without the comma */
    size_t at;           /* offset of the key in the scanned text */
};

void json_text_begin(struct json_text *text, struct buf *out)
{
    text->out = out;
    buf_recycle(&text->members);
    buf_recycle(&text->keys);
    buf_recycle(&text->frames);
    buf_recycle(&text->spare);
}

void json_text_clear(struct json_text *text)
{
    buf_clear(&text->members);
    buf_clear(&text->keys);
    buf_clear(&text->frames);
    buf_clear(&text->spare);
}

static struct frame *top(struct json_text *text)
{
    if (!text->frames.len)
        return NULL;
    return (struct frame *)(void *)(text->frames.data + text->frames.len - sizeof(struct frame));
}

static struct member *last_members(struct json_text *text, size_t count)
{
    return (struct member *)(void *)(text->members.data + text->members.len -
                                     count * sizeof(struct member));
}

/* Why a put failed: memory, or the bound that the caller gave out. */
static int result(const struct json_text *text)
{
    if (buf_ok(text->out))
        return 0;
    return text->out->beyond ? ERR_LIMIT : ERR_MEMORY;
}

/* The comma between items; a member's comma comes with its key. */
static void before(struct json_text *text)
{
    struct frame *frame = top(text);
    if (frame && !frame->is_object && frame->count++)
        buf_putc(text->out, ',');
}

static int put(struct json_text *text, const char *bytes, size_t len)
{
    before(text);
    buf_put(text->out, bytes, len);
    return result(text);
}

static int text_null(void *ctx, size_t at)
{
    (void)at;
    return put(ctx, "null", 4);
}

static int text_boolean(void *ctx, bool value, size_t at)
{
    (void)at;
    return value ? put(ctx, "true", 4) : put(ctx, "false", 5);
}

static int text_integer(void *ctx, int64_t value, size_t at)
{
    struct json_text *text = ctx;
    (void)at;
    before(text);
    json_write_int(text->out, value);
    return result(text);
}

static int text_real(void *ctx, double value, size_t at)
{
    struct json_text *text = ctx;
    (void)at;
    before(text);
    json_write_real(text->out, value);
    return result(text);
}

static int text_string(void *ctx, const char *bytes, size_t len, size_t at)
{
    struct json_text *text = ctx;
    (void)at;
    before(text);
    json_write_string(text->out, bytes, len);
    return result(text);
}

/* ---- objects ---- */

/* Big endian and filled up with zeros: unequal heads are in the order of their keys. */
static uint64_t head_of(const char *key, size_t len)
{
    uint64_t head = 0;
    for (size_t i = 0; i < 8 && i < len; i++)
        head |= (uint64_t)(unsigned char)key[i] << (56 - 8 * i);
    return head;
}

static int order(const struct json_text *text, const struct member *a, const struct member *b)
{
    const char *keys = text->keys.data;
    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    return json_key_order(keys + a->key, a->key_len, keys + b->key, b->key_len);
}

static int text_key(void *ctx, const char *key, size_t len, size_t at)
{
    struct json_text *text = ctx;
    struct frame *frame = top(text);
    struct member member = {
        .head = head_of(key, len), .key = text->keys.len, .key_len = len, .at = at};
    if (frame->count)
        buf_putc(text->out, ',');
    member.start = text->out->len;
    buf_put(&text->keys, key, len);
    buf_put(&text->members, &member, sizeof member);
    if (!buf_ok(&text->keys) || !buf_ok(&text->members))
        return ERR_MEMORY;
    if (frame->count++) {
        struct member *two = last_members(text, 2);
        two[0].len = member.start - 1 - two[0].start;
        frame->is_sorted = frame->is_sorted && order(text, &two[0], &two[1]) < 0;
    }
    json_write_string(text->out, key, len);
    buf_putc(text->out, ':');
    return result(text);
}

/* In place, for the few members that most objects have. */
static struct member *insertion_sort(const struct json_text *text, struct member *list,
                                     size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct member moving = list[i];
        size_t to = i;
        for (; to > 0 && order(text, &list[to - 1], &moving) > 0; to--)
            list[to] = list[to - 1];
        list[to] = moving;
    }
    return list;
}

/* Bottom-up merge sort of list with room for as many behind it: no recursion, no global, stable. */
static struct member *merge_sort(const struct json_text *text, struct member *list,
                                 struct member *room, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t left = 0; left < count; left += 2 * width) {
            size_t mid = left + width < count ? left + width : count;
            size_t right = mid + width < count ? mid + width : count;
            size_t a = left, b = mid;
            for (size_t to = left; to < right; to++) {
                bool take_a = a < mid && (b >= right || order(text, &list[a], &list[b]) <= 0);
                room[to] = take_a ? list[a++] : list[b++];
            }
        }
        struct member *sorted = room;
        room = list;
        list = sorted;
    }
    return list;
}

/* Writes the members in the order of `sorted` over the text they fill now. */
static int rearrange(struct json_text *text, const struct member *sorted, size_t count,
                     size_t start)
{
    size_t len = text->out->len - start;
    buf_reset(&text->spare);
    buf_put(&text->spare, text->out->data + start, len);
    if (!buf_ok(&text->spare))
        return ERR_MEMORY;
    char *to = text->out->data + start;
    for (size_t i = 0; i < count; i++) {
        if (i)
            *to++ = ',';
        memcpy(to, text->spare.data + (sorted[i].start - start), sorted[i].len);
        to += sorted[i].len;
    }
    return 0;
}

static int sort_members(struct json_text *text, size_t count, size_t *fault)
{
    if (!buf_reserve(&text->members, count * sizeof(struct member)))
        return ERR_MEMORY;
    struct member *list = last_members(text, count);
    size_t start = list[0].start;
    const struct member *sorted = count <= 16 ? insertion_sort(text, list, count)
                                              : merge_sort(text, list, list + count, count);
    for (size_t i = 1; i < count; i++) {
        if (order(text, &sorted[i - 1], &sorted[i]) == 0) {
            *fault = sorted[i].at;
            return ERR_EXISTS;
        }
    }
    return rearrange(text, sorted, count, start);
}

static int begin(struct json_text *text, bool is_object)
{
    struct frame frame = {.is_object = is_object, .is_sorted = true, .key_end = text->keys.len};
    before(text);
    buf_put(&text->frames, &frame, sizeof frame);
    buf_putc(text->out, is_object ? '{' : '[');
    return buf_ok(&text->frames) ? result(text) : ERR_MEMORY;
}

static void end(struct json_text *text, char c)
{
    text->frames.len -= sizeof(struct frame);
    buf_putc(text->out, c);
}

static int text_begin_array(void *ctx, size_t at)
{
    (void)at;
    return begin(ctx, false);
}

static int text_end_array(void *ctx)
{
    end(ctx, ']');
    return result(ctx);
}

static int text_begin_object(void *ctx, size_t at)
{
    (void)at;
    return begin(ctx, true);
}

static int text_end_object(void *ctx, size_t *fault)
{
    struct json_text *text = ctx;
    struct frame frame = *top(text);
    if (frame.count) {
        struct member *last = last_members(text, 1);
        last->len = text->out->len - last->start;
    }
    int rc = frame.is_sorted ? 0 : sort_members(text, frame.count, fault);
    if (rc)
        return rc;
    text->members.len -= frame.count * sizeof(struct member);
    text->keys.len = frame.key_end;
    end(text, '}');
    return result(text);
}

const struct json_sink json_text_sink = {
    .null = text_null,
    .boolean = text_boolean,
    .integer = text_integer,
    .real = text_real,
    .string = text_string,
    .key = text_key,
    .begin_array = text_begin_array,
    .end_array = text_end_array,
    .begin_object = text_begin_object,
    .end_object = text_end_object,
};
