/* test_sse.c: each row is fed whole, byte by byte, and cut at every place: the events are equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/net/sse.h"
#include "support.h"

static int record(void *ctx, const struct sse_event *e)
{
    struct buf *out = ctx;
    buf_puts(out, "[");
    buf_put(out, e->event, e->event_len);
    buf_puts(out, "|");
    buf_put(out, e->data, e->data_len);
    buf_puts(out, "|");
    buf_put(out, e->id, e->id_len);
    if (e->retry >= 0)
        buf_printf(out, "|%lld", (long long)e->retry);
    buf_puts(out, "]");
    return 0;
}

/* Feeds `len` bytes in pieces of `first`, then of `step`. */
static void parse(struct buf *out, const char *in, size_t len, size_t first, size_t step)
{
    struct sse sse;
    sse_init(&sse, 0, 0, record, out);
    buf_reset(out);
    for (size_t at = 0, n = first; at < len; at += n, n = step) {
        if (n > len - at)
            n = len - at;
        assert_int_equal(sse_feed(&sse, in + at, n, NULL), 0);
    }
    sse_clear(&sse);
}

#define ROW(in, want)                                                                              \
    {                                                                                              \
        in, sizeof in - 1, want, sizeof want - 1                                                   \
    }

static const struct {
    const char *in;
    size_t in_len;
    const char *want;
    size_t want_len;
} rows[] = {
    ROW("", ""),
    ROW("data: a\n\n", "[message|a|]"),
    ROW("data:a\r\n\r\n", "[message|a|]"),
    ROW("data: a\r\r", "[message|a|]"),
    ROW("data: a\r\n\ndata: b\n\r\n", "[message|a|][message|b|]"),
    ROW("data: a\rdata: b\ndata: c\r\n\r\n", "[message|a\nb\nc|]"),
    ROW("data\n\n", "[message||]"),
    ROW("data\ndata\n\n", "[message|\n|]"),
    ROW("data:  two\n\n", "[message| two|]"),
    ROW("data:a:b\n\n", "[message|a:b|]"),
    ROW("\n\n\n", ""),
    ROW("event: x\n\ndata: a\n\n", "[message|a|]"),
    ROW("event: x\ndata: a\n\ndata: b\n\n", "[x|a|][message|b|]"),
    ROW("event: x\nevent: y\ndata: a\n\n", "[y|a|]"),
    ROW("event: x\nevent\ndata: a\n\n", "[message|a|]"),
    ROW("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", "[message|a|1][message|b|1][message|c|]"),
    ROW("id: 1\n\ndata: a\n\n", "[message|a|1]"),
    ROW("id: 1\nid: 2\0x\ndata: a\n\n", "[message|a|1]"),
    ROW("retry: 10\ndata: a\n\ndata: b\n\n", "[message|a||10][message|b|]"),
    ROW("retry: 1x\ndata: a\n\n", "[message|a|]"),
    ROW("retry: -1\ndata: a\n\n", "[message|a|]"),
    ROW("retry\ndata: a\n\n", "[message|a|]"),
    ROW("retry:99999999999999999999\ndata: a\n\n", "[message|a||9223372036854775807]"),
    ROW(": comment\n:\ndata: a\n:x\n\n", "[message|a|]"),
    ROW("unknown: x\nDATA: x\n data: x\ndata: a\n\n", "[message|a|]"),
    ROW("data: cut", ""),
    ROW("data: cut\n", ""),
    ROW("data: a\n\ndata: cut\n", "[message|a|]"),
    ROW("\xEF\xBB\xBF"
        "data: a\n\n",
        "[message|a|]"),
    ROW("\xEF\xBB\xBF\xEF\xBB\xBF"
        "data: a\n\n",
        ""),
    ROW("\xEF\xBB"
        "data: a\ndata: b\n\n",
        "[message|b|]"),
    ROW("data: a\n\n\xEF\xBB\xBF"
        "data: b\n\n",
        "[message|a|]"),
    ROW("data: \xF0\x9F\x98\x80 \xC3\xA9\n\n", "[message|\xF0\x9F\x98\x80 \xC3\xA9|]"),
    ROW("data: a\xFFz\n\n", "[message|a\xEF\xBF\xBDz|]"),
    ROW("data: \xF0\x9F\x98\ndata: \x80\n\n", "[message|\xEF\xBF\xBD\n\xEF\xBF\xBD|]"),
    ROW("data: \xED\xA0\x80\n\n", "[message|\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD|]"),
    ROW("data: a\0b\n\n", "[message|a\0b|]"),
    ROW("event: \xC3(\nid: \xC3\ndata: a\n\n", "[\xEF\xBF\xBD(|a|\xEF\xBF\xBD]"),
};

static void expect(const struct buf *got, size_t row)
{
    assert_int_equal(got->len, rows[row].want_len);
    if (got->len)
        assert_memory_equal(got->data, rows[row].want, got->len);
}

static void test_rows(void **state)
{
    (void)state;
    struct buf out = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t len = rows[i].in_len;
        for (size_t first = 1; first <= len; first++) {
            parse(&out, rows[i].in, len, first, len);
            expect(&out, i);
            parse(&out, rows[i].in, len, first, 1);
            expect(&out, i);
        }
    }
    buf_clear(&out);
}

static int feed_filled(size_t line_max, size_t event_max, const char *head, size_t fill,
                       size_t piece)
{
    struct sse sse;
    struct buf out = {0}, in = {0};
    struct err err = {0};
    int rc = 0;
    buf_puts(&in, head);
    for (size_t i = 0; i < fill; i++)
        buf_putc(&in, 'x');
    buf_puts(&in, "\n\n");
    sse_init(&sse, line_max, event_max, record, &out);
    for (size_t at = 0; at < in.len && rc == 0; at += piece)
        rc = sse_feed(&sse, in.data + at, piece < in.len - at ? piece : in.len - at, &err);
    assert_true(sse.line.cap <= 2 * line_max + BUF_MIN);
    if (rc) {
        assert_int_equal(sse_feed(&sse, "\n", 1, NULL), rc);
        assert_int_equal(err.code, rc);
    }
    sse_clear(&sse);
    buf_clear(&in);
    buf_clear(&out);
    return rc;
}

static void test_caps(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 64; piece += 13) {
        assert_int_equal(feed_filled(16, 100, "data:", 11, piece), 0);
        assert_int_equal(feed_filled(16, 100, "data:", 12, piece), ERR_LIMIT);
        assert_int_equal(feed_filled(16, 100, ":", 16, piece), ERR_LIMIT);
        assert_int_equal(feed_filled(100, 8, "data:", 7, piece), 0);
        assert_int_equal(feed_filled(100, 8, "data:", 8, piece), ERR_LIMIT);
        assert_int_equal(feed_filled(100, 8, "data:a\ndata:", 5, piece), 0);
        assert_int_equal(feed_filled(100, 8, "data:a\ndata:", 6, piece), ERR_LIMIT);
    }
    assert_int_equal(feed_filled(1 << 16, 1 << 16, "data:", 10 << 20, 4096), ERR_LIMIT);
}

static int stop_at_second(void *ctx, const struct sse_event *e)
{
    (void)e;
    return ++*(int *)ctx == 2 ? ERR_CANCELED : 0;
}

static void test_callback_ends_the_feed(void **state)
{
    (void)state;
    struct sse sse;
    int count = 0;
    sse_init(&sse, 0, 0, stop_at_second, &count);
    const char *in = "data:1\n\ndata:2\n\ndata:3\n\n";
    assert_int_equal(sse_feed(&sse, in, strlen(in), NULL), ERR_CANCELED);
    assert_int_equal(count, 2);
    sse_clear(&sse);
}

/* Without memory the feed answers ERR_MEMORY and nothing is lost track of. */
static void test_memory_fails(void **state)
{
    (void)state;
    const char *in = "event: x\nid: 1\ndata: a\xFF\ndata: b\n\nda";
    bool failed = true;
    for (unsigned n = 1; failed; n++) {
        struct sse sse;
        int count = 0;
        sse_init(&sse, 0, 0, stop_at_second, &count);
        support_fail_at(n);
        int rc = sse_feed(&sse, in, strlen(in), NULL);
        failed = support_failed();
        support_fail_at(0);
        assert_int_equal(rc, failed ? ERR_MEMORY : 0);
        sse_clear(&sse);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_callback_ends_the_feed),
        cmocka_unit_test(test_memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
