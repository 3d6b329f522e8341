/* test_address.c: which addresses a request may go to: every network at both edges, and names that
 * lead where nobody wrote down that they may. */
#include <arpa/inet.h>
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/net/transport.h"
#include "io/net/transport/address.h"
#include "raw_server.h"

#define FIXED "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

struct fixture {
    uv_loop_t loop;
    struct transport *t;
};

struct result {
    unsigned done;
    int code;
    char text[400];
    bool began;
};

/* What the names of this test lead to, looked up by the loop's pool: the Makefile puts this in
 * getaddrinfo's place. */
static const char *_Atomic name_leads_to;

int __real_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out);
int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out);

int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out)
{
    return __real_getaddrinfo(strcmp(name, "leads.test") == 0 ? name_leads_to : name, service,
                              hints, out);
}

static int on_body(void *ctx, const char *bytes, size_t len, struct err *err)
{
    (void)ctx, (void)bytes, (void)len, (void)err;
    return 0;
}

static void on_done(void *ctx, const struct transport_result *result)
{
    struct result *r = ctx;
    r->done++;
    r->code = result->code;
    r->began = result->began;
    snprintf(r->text, sizeof r->text, "%s", result->err ? result->err->text : "");
}

static struct result ask(struct fixture *f, const char *url, bool private)
{
    static const struct transport_events events = {on_body, on_done};
    struct result r = {0};
    struct transfer *x;
    struct transport_request request = {
        .url = url,
        .private = private,
        .deadlines = {.connect = 200, .first_byte = 5000, .idle = 5000, .total = 5000},
    };
    assert_int_equal(transport_start(f->t, &request, &events, &r, &x, NULL), 0);
    while (!r.done)
        uv_run(&f->loop, UV_RUN_ONCE);
    return r;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    uv_loop_init(&f->loop);
    *state = f;
    return transport_open(&f->t, &f->loop, NULL, NULL);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    transport_close(f->t);
    for (int i = 0; i < 3000 && uv_run(&f->loop, UV_RUN_NOWAIT); i++)
        usleep(1000);                 // a failed test leaves its server
    int rc = uv_loop_close(&f->loop); // EBUSY when a handle was forgotten
    free(f);
    return rc;
}

static int parse_address(const char *text, struct sockaddr_in6 *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
        return out->sin6_family = AF_INET;
    if (inet_pton(AF_INET6, text, &out->sin6_addr) == 1)
        return out->sin6_family = AF_INET6;
    return 0;
}

/* Both edges of every network. */
static void test_address_kinds(void **state)
{
    static const struct {
        const char *text;
        enum address_kind kind;
        bool inner;
    } rows[] = {
        {"0.0.0.0", ADDRESS_NONE, false},
        {"0.255.255.255", ADDRESS_NONE, false},
        {"1.0.0.0", ADDRESS_PUBLIC, false},
        {"9.255.255.255", ADDRESS_PUBLIC, false},
        {"10.0.0.0", ADDRESS_PRIVATE, false},
        {"10.255.255.255", ADDRESS_PRIVATE, false},
        {"11.0.0.0", ADDRESS_PUBLIC, false},
        {"100.63.255.255", ADDRESS_PUBLIC, false},
        {"100.64.0.0", ADDRESS_PRIVATE, false},
        {"100.127.255.255", ADDRESS_PRIVATE, false},
        {"100.128.0.0", ADDRESS_PUBLIC, false},
        {"126.255.255.255", ADDRESS_PUBLIC, false},
        {"127.0.0.0", ADDRESS_OWN, false},
        {"127.255.255.255", ADDRESS_OWN, false},
        {"128.0.0.0", ADDRESS_PUBLIC, false},
        {"169.253.255.255", ADDRESS_PUBLIC, false},
        {"169.254.169.254", ADDRESS_LINK, false},
        {"169.255.0.0", ADDRESS_PUBLIC, false},
        {"172.15.255.255", ADDRESS_PUBLIC, false},
        {"172.16.0.0", ADDRESS_PRIVATE, false},
        {"172.31.255.255", ADDRESS_PRIVATE, false},
        {"172.32.0.0", ADDRESS_PUBLIC, false},
        {"192.0.0.8", ADDRESS_PRIVATE, false},
        {"192.0.1.0", ADDRESS_PUBLIC, false},
        {"192.167.255.255", ADDRESS_PUBLIC, false},
        {"192.168.0.0", ADDRESS_PRIVATE, false},
        {"192.168.255.255", ADDRESS_PRIVATE, false},
        {"192.169.0.0", ADDRESS_PUBLIC, false},
        {"198.17.255.255", ADDRESS_PUBLIC, false},
        {"198.18.0.0", ADDRESS_PRIVATE, false},
        {"198.19.255.255", ADDRESS_PRIVATE, false},
        {"198.20.0.0", ADDRESS_PUBLIC, false},
        {"223.255.255.255", ADDRESS_PUBLIC, false},
        {"224.0.0.1", ADDRESS_NONE, false},
        {"239.255.255.255", ADDRESS_NONE, false},
        {"240.0.0.0", ADDRESS_NONE, false},
        {"255.255.255.255", ADDRESS_NONE, false},
        {"::", ADDRESS_NONE, false},
        {"::1", ADDRESS_OWN, false},
        {"::2", ADDRESS_NONE, true},
        {"::127.0.0.1", ADDRESS_OWN, true},
        {"::ffff:127.0.0.1", ADDRESS_OWN, true},
        {"::ffff:10.0.0.1", ADDRESS_PRIVATE, true},
        {"::ffff:169.254.169.254", ADDRESS_LINK, true},
        {"::ffff:8.8.8.8", ADDRESS_PUBLIC, true},
        {"::ffff:0:10.0.0.1", ADDRESS_PRIVATE, true},
        {"64:ff9b::a00:1", ADDRESS_PRIVATE, true},
        {"64:ff9b::808:808", ADDRESS_PUBLIC, true},
        {"64:ff9b:1::808:808", ADDRESS_PRIVATE, false},
        {"100::1", ADDRESS_NONE, false},
        {"2001::1", ADDRESS_NONE, false},
        {"2001:1::1", ADDRESS_PUBLIC, false},
        {"2002:7f00:1::", ADDRESS_OWN, true},
        {"2002:808:808::", ADDRESS_PUBLIC, true},
        {"2606:4700::1111", ADDRESS_PUBLIC, false},
        {"fbff:ffff::1", ADDRESS_PUBLIC, false},
        {"fc00::1", ADDRESS_PRIVATE, false},
        {"fdff:ffff::1", ADDRESS_PRIVATE, false},
        {"fe7f::1", ADDRESS_PUBLIC, false},
        {"fe80::1", ADDRESS_LINK, false},
        {"febf::1", ADDRESS_LINK, false},
        {"fec0::1", ADDRESS_PRIVATE, false},
        {"feff::1", ADDRESS_PRIVATE, false},
        {"ff02::1", ADDRESS_NONE, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sockaddr_in6 address;
        bool inner;
        assert_int_not_equal(parse_address(rows[i].text, &address), 0);
        const struct sockaddr *any = (const struct sockaddr *)(const void *)&address;
        if (address_kind(any, &inner) != rows[i].kind || inner != rows[i].inner)
            fail_msg("%s: %s", rows[i].text, address_word(address_kind(any, NULL)));
        bool plain = address_allowed(any, &(struct address_leave){.plain = true});
        bool none = address_allowed(any, &(struct address_leave){0});
        bool all = address_allowed(any, &(struct address_leave){true, true, true});
        enum address_kind kind = rows[i].kind;
        assert_int_equal(none, kind == ADDRESS_PUBLIC);
        assert_int_equal(all, kind != ADDRESS_NONE);
        assert_int_equal(plain, kind == ADDRESS_PUBLIC || (!rows[i].inner && kind != ADDRESS_NONE &&
                                                           kind != ADDRESS_LINK));
    }
    assert_int_equal(address_kind(&(struct sockaddr){.sa_family = AF_UNIX}, NULL), ADDRESS_NONE);
}

/* A name leads to this machine: no socket is ever connected, unless that was written down. */
static void test_name_of_private_address(void **state)
{
    struct fixture *f = *state;
    struct raw_server server;
    struct result r;
    char url[80];
    raw_open(&server, &f->loop, (struct raw_script){.bytes = FIXED, .end = RAW_KEEP});
    snprintf(url, sizeof url, "http://leads.test%s", strrchr(server.url, ':'));
    name_leads_to = "127.0.0.1";
    r = ask(f, url, false);
    assert_int_equal(r.code, ERR_DENIED);
    assert_non_null(strstr(r.text, "127.0.0.1"));
    assert_false(r.began);
    assert_int_equal(server.connections, 0);
    r = ask(f, url, true);
    assert_int_equal(r.code, 0);
    assert_int_equal(server.connections, 1);
    r = ask(f, url, false); // the connection that the other one left open
    assert_int_equal(r.code, ERR_DENIED);
    assert_int_equal(server.requests, 1);
    raw_close(&server);
}

static void test_private_addresses(void **state)
{
    struct fixture *f = *state;
    static const char *const leads[] = {
        "127.0.0.1", "10.0.0.1", "192.168.1.1",     "100.64.0.1",      "169.254.169.254", "::1",
        "fe80::1",   "fd00::1",  "::ffff:10.0.0.1", "64:ff9b::7f00:1", "0.0.0.0",         "::"};
    static const struct {
        const char *url;
        bool private;
        int code;
    } cases[] = {
        {"http://0.0.0.0:1/", false, ERR_DENIED},
        {"http://0.0.0.0:1/", true, ERR_DENIED},
        {"http://[::]:1/", true, ERR_DENIED},
        {"http://255.255.255.255:1/", true, ERR_DENIED},
        {"http://169.254.169.254:1/latest", false, ERR_DENIED},
        {"http://[fe80::1]:1/", false, ERR_DENIED},
        {"http://[::ffff:127.0.0.1]:1/", false, ERR_DENIED},
        {"http://[::ffff:127.0.0.1]:1/", true, ERR_NET},
        {"http://[::127.0.0.1]:1/", false, ERR_DENIED},
        {"http://127.0.0.2:1/", false, ERR_NET},
        {"http://LocalHost:1/", false, ERR_NET},
        {"http://2130706433:1/", true, ERR_USAGE},
        {"http://0x7f000001:1/", true, ERR_USAGE},
        {"http://0177.0.0.1:1/", true, ERR_USAGE},
        {"http://127.1:1/", true, ERR_USAGE},
        {"http://%31%32%37.0.0.1:1/", true, ERR_USAGE},
        {"http:///127.0.0.1:1/", false, ERR_NET},
        {"http:/127.1:1/", true, ERR_USAGE},
        {"http:/0x7f000001:1/?://127.0.0.1:1/", false, ERR_USAGE},
    };
    for (size_t i = 0; i < COUNT_OF(leads); i++) {
        char url[64];
        snprintf(url, sizeof url, "http://leads.test:1/%zu", i);
        name_leads_to = leads[i];
        struct result r = ask(f, url, false);
        if (r.code != ERR_DENIED)
            fail_msg("a name led to %s: %s", leads[i], r.text);
    }
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct result r = ask(f, cases[i].url, cases[i].private);
        if (r.code != cases[i].code)
            fail_msg("%s: %s %s", cases[i].url, err_name(r.code), r.text);
    }
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_kinds),
        cmocka_unit_test_setup_teardown(test_name_of_private_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_private_addresses, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
