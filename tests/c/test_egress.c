/* test_egress.c: the pure parts of a way out: the server name in a TLS greeting, whose every byte
 * is the program's, and the targets of requests to a proxy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/net/egress/hello.h"
#include "io/net/egress/target.h"

#define HOST "registry.test"

/* ---- greetings ---- */

struct wish {
    const char *name;      /* in the server_name extension; NULL: without one */
    const char *second;    /* in another one */
    unsigned other;        /* an extension besides; 0: none */
    unsigned type;         /* of the name */
    unsigned version;      /* 0: 0x0303 */
    size_t record;         /* bytes of a record; 0: all in one */
    const char *behind;    /* in the list of names, after the first */
    const char *after;     /* bytes after the message, in the same record */
    int off;               /* added to the length of the extensions */
};

static void put_number(struct buf *out, size_t number, size_t size)
{
    while (size--)
        buf_putc(out, (char)(number >> (8 * size)));
}

static void put_name(struct buf *out, const struct wish *w, const char *name)
{
    size_t behind = w->behind ? 3 + strlen(w->behind) : 0, len = strlen(name);
    put_number(out, 0, 2);
    put_number(out, len + 5 + behind, 2);
    put_number(out, len + 3 + behind, 2);
    put_number(out, w->type, 1);
    put_number(out, len, 2);
    buf_puts(out, name);
    if (w->behind) {
        put_number(out, 0, 1);
        put_number(out, strlen(w->behind), 2);
        buf_puts(out, w->behind);
    }
}

static struct buf body_of(const struct wish *w)
{
    struct buf extensions = {0}, body = {0};
    put_number(&extensions, 0x002b, 2); // supported versions, before the name
    put_number(&extensions, 3, 2);
    buf_put(&extensions, "\x02\x03\x04", 3);
    if (w->name)
        put_name(&extensions, w, w->name);
    if (w->second)
        put_name(&extensions, w, w->second);
    if (w->other) {
        put_number(&extensions, w->other, 2);
        put_number(&extensions, 1, 2);
        buf_putc(&extensions, 0);
    }
    put_number(&body, w->version ? w->version : 0x0303, 2);
    for (int i = 0; i < 32; i++)
        buf_putc(&body, (char)i);
    put_number(&body, 0, 1);
    put_number(&body, 2, 2);
    put_number(&body, 0x1301, 2);
    put_number(&body, 0x0100, 2);
    put_number(&body, (size_t)((int)extensions.len + w->off), 2);
    buf_put(&body, extensions.data, extensions.len);
    buf_clear(&extensions);
    return body;
}

static struct buf greeting(const struct wish *w)
{
    struct buf body = body_of(w), message = {0}, out = {0};
    put_number(&message, 1, 1);
    put_number(&message, body.len, 3);
    buf_put(&message, body.data, body.len);
    if (w->after)
        buf_puts(&message, w->after);
    size_t step = w->record ? w->record : message.len;
    for (size_t at = 0; at < message.len; at += step) {
        size_t len = message.len - at < step ? message.len - at : step;
        put_number(&out, 0x160301, 3);
        put_number(&out, len, 2);
        buf_put(&out, message.data + at, len);
    }
    buf_clear(&body);
    buf_clear(&message);
    return out;
}

static enum hello judge(const struct wish *w)
{
    struct buf out = greeting(w);
    enum hello verdict = hello_judge((const uint8_t *)out.data, out.len, HOST);
    buf_clear(&out);
    return verdict;
}

static void greetings_are_judged_by_the_name(void **state)
{
    (void)state;
    static const struct {
        struct wish wish;
        enum hello verdict;
    } rows[] = {
        {{.name = HOST}, HELLO_FITS},
        {{.name = "REGISTRY.Test"}, HELLO_FITS},
        {{.name = HOST, .record = 1}, HELLO_FITS},
        {{.name = HOST, .record = 7}, HELLO_FITS},
        {{.name = HOST, .other = 0x0010}, HELLO_FITS},
        {{.name = "other.test"}, HELLO_OTHER},
        {{.name = HOST ".evil.test"}, HELLO_OTHER},
        {{.name = "registry.tes"}, HELLO_OTHER},
        {{.name = ""}, HELLO_OTHER},
        {{.name = NULL}, HELLO_NO_NAME},
        {{.name = HOST, .second = "other.test"}, HELLO_NOT_TLS},
        {{.name = "other.test", .second = HOST}, HELLO_NOT_TLS},
        {{.name = HOST, .behind = "other.test"}, HELLO_NOT_TLS},
        {{.name = HOST, .type = 1}, HELLO_NOT_TLS},
        {{.name = HOST, .version = 0x0200}, HELLO_NOT_TLS},
        {{.name = HOST, .after = "\x01"}, HELLO_NOT_TLS},
        {{.name = HOST, .off = 1}, HELLO_NOT_TLS},
        {{.name = HOST, .off = -1}, HELLO_NOT_TLS},
        {{.name = HOST, .other = 0xFE0D}, HELLO_CONCEALED},
        {{.name = HOST, .other = 0xFFCE}, HELLO_CONCEALED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (judge(&rows[i].wish) != rows[i].verdict)
            fail_msg("row %zu: %s", i, hello_text(judge(&rows[i].wish)));
}

static void a_greeting_with_a_nul_in_its_name_is_another_host(void **state)
{
    (void)state;
    struct wish w = {.name = HOST "x"};
    struct buf out = greeting(&w);
    char *at = memmem(out.data, out.len, HOST "x", strlen(HOST "x"));
    assert_non_null(at);
    at[strlen(HOST)] = '\0';
    assert_int_equal(hello_judge((uint8_t *)out.data, out.len, HOST), HELLO_OTHER);
    buf_clear(&out);
}

/* In memory of just its size, so that a read beyond it is seen. */
static enum hello judge_exactly(const char *bytes, size_t len)
{
    uint8_t *copy = malloc(len + !len);
    memcpy(copy, bytes, len);
    enum hello verdict = hello_judge(copy, len, HOST);
    free(copy);
    return verdict;
}

static void a_greeting_that_is_cut_anywhere_is_waited_for(void **state)
{
    (void)state;
    for (size_t record = 0; record < 40; record++) {
        struct buf out = greeting(&(struct wish){.name = HOST, .record = record});
        for (size_t len = 0; len < out.len; len++)
            assert_int_equal(judge_exactly(out.data, len), HELLO_MORE);
        assert_int_equal(judge_exactly(out.data, out.len), HELLO_FITS);
        buf_clear(&out);
    }
}

/* A changed byte makes no other name of it, whatever else it makes. */
static void no_changed_byte_makes_another_name_fit(void **state)
{
    (void)state;
    struct buf out = greeting(&(struct wish){.name = "Registry.tesa"});
    for (size_t i = 0; i < out.len; i++)
        for (int value = 0; value < 256; value++) {
            char was = out.data[i];
            out.data[i] = (char)value;
            bool last = i + 1 == out.len && (value | 0x20) == 't';
            assert_int_equal(judge_exactly(out.data, out.len) == HELLO_FITS, last);
            out.data[i] = was;
        }
    buf_clear(&out);
}

static void what_is_no_greeting_is_known_by_its_first_bytes(void **state)
{
    (void)state;
    static const char *const texts[] = {"G",       "GET / HTTP/1.1",  "SSH-2.0",
                                        "\x17\x03\x03", "\x16\x02", "\x16\x03\x01\xff\xff"};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (hello_judge((const uint8_t *)texts[i], strlen(texts[i]), HOST) != HELLO_NOT_TLS)
            fail_msg("text %zu", i);
    static const uint8_t other[] = {0x16, 3, 1, 1, 0, 2};
    assert_int_equal(hello_judge(other, sizeof other, HOST), HELLO_NOT_TLS);
    static const uint8_t endless[] = {0x16, 3, 1, 0x40, 0, 1, 0, 0x40, 0};
    assert_int_equal(hello_judge(endless, sizeof endless, HOST), HELLO_NOT_TLS);
    assert_int_equal(hello_judge((const uint8_t *)"\x16\x03\x01\x00\x00", 5, HOST), HELLO_NOT_TLS);
}

/* ---- targets ---- */

static void only_names_and_plain_ports_are_targets(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        unsigned port;
    } rows[] = {
        {"registry.test:443", "registry.test", 443},
        {"Registry.TEST:443", "registry.test", 443},
        {"a-b.c_d.e1:65535", "a-b.c_d.e1", 65535},
        {"localhost:1", "localhost", 1},
        {"registry.test", NULL, 0},
        {"registry.test:", NULL, 0},
        {"registry.test:0", NULL, 0},
        {"registry.test:0443", NULL, 0},
        {"registry.test:65536", NULL, 0},
        {"registry.test:4294967739", NULL, 0},
        {"registry.test:+443", NULL, 0},
        {"registry.test: 443", NULL, 0},
        {"registry.test:443/", NULL, 0},
        {"registry.test:443:443", NULL, 0},
        {"a@registry.test:443", NULL, 0},
        {"registry.test.:443", NULL, 0},
        {".registry.test:443", NULL, 0},
        {"registry..test:443", NULL, 0},
        {"-registry.test:443", NULL, 0},
        {"registry-.test:443", NULL, 0},
        {"127.0.0.1:443", NULL, 0},
        {"127.1:443", NULL, 0},
        {"2130706433:443", NULL, 0},
        {"0x7f000001:443", NULL, 0},
        {"a.0x7f:443", NULL, 0},
        {"[::1]:443", NULL, 0},
        {"::1:443", NULL, 0},
        {"regi\xc3\xa9.test:443", NULL, 0},
        {"registry%2etest:443", NULL, 0},
        {":443", NULL, 0},
        {"", NULL, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct target target;
        bool read = target_read_authority(rows[i].text, &target);
        if (read != (rows[i].host != NULL) ||
            (read && (strcmp(target.host, rows[i].host) != 0 || target.port != rows[i].port)))
            fail_msg("%s", rows[i].text);
    }
}

static void a_url_is_of_http_and_names_one_host(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *path;
        unsigned port;
    } rows[] = {
        {"http://registry.test/a?b", "registry.test", "/a?b", 80},
        {"HTTP://registry.test:8080/", "registry.test", "/", 8080},
        {"http://registry.test?x", "registry.test", "?x", 80},
        {"http://registry.test", "registry.test", "", 80},
        {"https://registry.test/", NULL, NULL, 0},
        {"http:registry.test/", NULL, NULL, 0},
        {"http:///a", NULL, NULL, 0},
        {"http://user@registry.test/", NULL, NULL, 0},
        {"http://registry.test:80@other.test/", NULL, NULL, 0},
        {"http://registry.test\\@other.test/", NULL, NULL, 0},
        {"http://registry.test/#a", NULL, NULL, 0},
        {"http://registry.test#@other.test/", NULL, NULL, 0},
        {"http://registry.test/\x80", NULL, NULL, 0},
        {"http://127.0.0.1/", NULL, NULL, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct target target;
        bool read = target_read_url(rows[i].url, &target);
        if (read != (rows[i].host != NULL) ||
            (read && (strcmp(target.host, rows[i].host) != 0 || target.port != rows[i].port ||
                      strcmp(target.path, rows[i].path) != 0)))
            fail_msg("%s", rows[i].url);
    }
}

static void a_list_names_host_and_port(void **state)
{
    (void)state;
    static const struct egress_host hosts[] = {{"Registry.test", 443, false}, {"b.test", 80, true}};
    struct target target;
    assert_true(target_read_authority("registry.TEST:443", &target));
    assert_ptr_equal(target_find(&target, hosts, 2), &hosts[0]);
    assert_true(target_read_authority("b.test:443", &target));
    assert_null(target_find(&target, hosts, 2));
    assert_true(target_read_url("http://b.test/", &target));
    assert_ptr_equal(target_find(&target, hosts, 2), &hosts[1]);
    assert_null(target_find(&target, hosts, 0));
    assert_true(target_fits_host(&target, "B.test"));
    assert_true(target_fits_host(&target, "b.test:80"));
    assert_false(target_fits_host(&target, "b.test:81"));
    assert_false(target_fits_host(&target, "b.test, a.test"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greetings_are_judged_by_the_name),
        cmocka_unit_test(a_greeting_with_a_nul_in_its_name_is_another_host),
        cmocka_unit_test(a_greeting_that_is_cut_anywhere_is_waited_for),
        cmocka_unit_test(no_changed_byte_makes_another_name_fit),
        cmocka_unit_test(what_is_no_greeting_is_known_by_its_first_bytes),
        cmocka_unit_test(only_names_and_plain_ports_are_targets),
        cmocka_unit_test(a_url_is_of_http_and_names_one_host),
        cmocka_unit_test(a_list_names_host_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
