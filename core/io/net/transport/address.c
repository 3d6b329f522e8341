/* address.c: two tables of networks, the first that holds an address says its kind. */
#include "io/net/transport/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

struct network4 {
    uint32_t base;
    unsigned bits;
    enum address_kind kind;
};

/* IANA's special-purpose registry, as far as no public service is offered there. */
static const struct network4 networks4[] = {
    {0x00000000, 8, ADDRESS_NONE},     // "this network"; 0.0.0.0 connects to oneself
    {0x0A000000, 8, ADDRESS_PRIVATE},  // 10.0.0.0
    {0x64400000, 10, ADDRESS_PRIVATE}, // 100.64.0.0, a carrier's NAT
    {0x7F000000, 8, ADDRESS_OWN},      // 127.0.0.0
    {0xA9FE0000, 16, ADDRESS_LINK},    // 169.254.0.0
    {0xAC100000, 12, ADDRESS_PRIVATE}, // 172.16.0.0
    {0xC0000000, 24, ADDRESS_PRIVATE}, // 192.0.0.0, protocols
    {0xC0A80000, 16, ADDRESS_PRIVATE}, // 192.168.0.0
    {0xC6120000, 15, ADDRESS_PRIVATE}, // 198.18.0.0, benchmarks
    {0xE0000000, 4, ADDRESS_NONE},     // multicast
    {0xF0000000, 4, ADDRESS_NONE},     // reserved, broadcast
};

struct network6 {
    uint8_t base[16];
    unsigned bits;
    enum address_kind kind;
    unsigned inside; /* byte at which an IPv4 address stands that is meant; 0: none */
};

static const struct network6 networks6[] = {
    {{[15] = 1}, 128, ADDRESS_OWN, 0},
    {{0}, 128, ADDRESS_NONE, 0},
    {{[10] = 0xFF, 0xFF}, 96, ADDRESS_NONE, 12},                    // ::ffff:0:0, mapped
    {{[8] = 0xFF, 0xFF}, 96, ADDRESS_NONE, 12},                     // ::ffff:0:0:0, translated
    {{0}, 96, ADDRESS_NONE, 12},                                    // ::/96, compatible
    {{0x00, 0x64, 0xFF, 0x9B}, 96, ADDRESS_NONE, 12},               // NAT64
    {{0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01}, 48, ADDRESS_PRIVATE, 0}, // local NAT64
    {{0x01, 0x00}, 64, ADDRESS_NONE, 0},                            // discard
    {{0x20, 0x02}, 16, ADDRESS_NONE, 2},                            // 6to4
    {{0x20, 0x01, 0x00, 0x00}, 32, ADDRESS_NONE, 0},                // Teredo
    {{0xFC, 0x00}, 7, ADDRESS_PRIVATE, 0},                          // ULA
    {{0xFE, 0x80}, 10, ADDRESS_LINK, 0},
    {{0xFE, 0xC0}, 10, ADDRESS_PRIVATE, 0}, // site-local
    {{0xFF, 0x00}, 8, ADDRESS_NONE, 0},     // multicast
};

static enum address_kind kind4(uint32_t address)
{
    for (size_t i = 0; i < COUNT_OF(networks4); i++)
        if ((address ^ networks4[i].base) >> (32 - networks4[i].bits) == 0)
            return networks4[i].kind;
    return ADDRESS_PUBLIC;
}

static bool begins_with(const uint8_t *address, const uint8_t *base, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return memcmp(address, base, whole) == 0 &&
           (!rest || (address[whole] ^ base[whole]) >> (8 - rest) == 0);
}

static enum address_kind kind6(const uint8_t *address, bool *inner)
{
    for (size_t i = 0; i < COUNT_OF(networks6); i++) {
        const struct network6 *n = &networks6[i];
        if (!begins_with(address, n->base, n->bits))
            continue;
        uint32_t v4;
        *inner = n->inside > 0;
        if (!n->inside)
            return n->kind;
        memcpy(&v4, address + n->inside, sizeof v4);
        return kind4(ntohl(v4));
    }
    return ADDRESS_PUBLIC;
}

enum address_kind address_kind(const struct sockaddr *address, bool *inner)
{
    bool ignored = false;
    inner = inner ? inner : &ignored;
    *inner = false;
    if (address->sa_family == AF_INET)
        return kind4(ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
    if (address->sa_family == AF_INET6)
        return kind6(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr,
                     inner);
    return ADDRESS_NONE;
}

bool address_allowed(const struct sockaddr *address, const struct address_leave *leave)
{
    bool inner;
    enum address_kind kind = address_kind(address, &inner);
    if (kind == ADDRESS_PUBLIC || kind == ADDRESS_NONE)
        return kind == ADDRESS_PUBLIC;
    if (leave->any)
        return true;
    if (kind == ADDRESS_OWN && leave->own)
        return true;
    return leave->plain && !inner && kind != ADDRESS_LINK;
}

void address_text(const struct sockaddr *address, char out[ADDRESS_TEXT_MAX])
{
    const void *bytes = NULL;
    if (address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (!bytes || !inet_ntop(address->sa_family, bytes, out, ADDRESS_TEXT_MAX))
        strcpy(out, "?");
}

const char *address_word(enum address_kind kind)
{
    static const char *const words[] = {
        [ADDRESS_PUBLIC] = "a public address",         [ADDRESS_OWN] = "an address of this machine",
        [ADDRESS_PRIVATE] = "a private address",       [ADDRESS_LINK] = "a link-local address",
        [ADDRESS_NONE] = "an address that no host has",
    };
    return words[kind];
}
