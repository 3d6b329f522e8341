/* git_id.c: SHA-1 (RFC 3174) of what git calls a blob. */
#include "base/git_id.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 64

struct sha1 {
    uint32_t state[5];
    uint64_t total;
    size_t used;
    unsigned char block[BLOCK];
};

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static void expand(const unsigned char *block, uint32_t w[80])
{
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
}

static uint32_t mixed(int round, uint32_t b, uint32_t c, uint32_t d)
{
    switch (round / 20) {
    case 0:
        return ((b & c) | (~b & d)) + 0x5A827999u;
    case 1:
        return (b ^ c ^ d) + 0x6ED9EBA1u;
    case 2:
        return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCu;
    default:
        return (b ^ c ^ d) + 0xCA62C1D6u;
    }
}

static void take_block(struct sha1 *sha, const unsigned char *block)
{
    uint32_t w[80], v[5];
    expand(block, w);
    memcpy(v, sha->state, sizeof v);
    for (int i = 0; i < 80; i++) {
        uint32_t next = rotate(v[0], 5) + mixed(i, v[1], v[2], v[3]) + v[4] + w[i];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotate(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (int i = 0; i < 5; i++)
        sha->state[i] += v[i];
}

static void take(struct sha1 *sha, const unsigned char *bytes, size_t len)
{
    sha->total += len;
    while (len > 0) {
        size_t n = BLOCK - sha->used < len ? BLOCK - sha->used : len;
        memcpy(sha->block + sha->used, bytes, n);
        sha->used += n;
        bytes += n;
        len -= n;
        if (sha->used == BLOCK) {
            take_block(sha, sha->block);
            sha->used = 0;
        }
    }
}

static void finish(struct sha1 *sha)
{
    uint64_t bits = sha->total * 8;
    unsigned char size[8], one = 0x80, zero = 0;
    for (int i = 0; i < 8; i++)
        size[i] = (unsigned char)(bits >> (56 - 8 * i));
    take(sha, &one, 1);
    while (sha->used != BLOCK - sizeof size)
        take(sha, &zero, 1);
    take(sha, size, sizeof size);
}

void git_id_of(const void *bytes, size_t len, char out[GIT_ID_HEX + 1])
{
    struct sha1 sha = {
        .state = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u}};
    char head[32];
    int n = snprintf(head, sizeof head, "blob %zu", len);
    take(&sha, (const unsigned char *)head, (size_t)n + 1); // with its NUL
    take(&sha, bytes, len);
    finish(&sha);
    for (int i = 0; i < 5; i++)
        snprintf(out + 8 * i, 9, "%08x", sha.state[i]);
}
