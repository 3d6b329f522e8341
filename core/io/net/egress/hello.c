/* hello.c: reads as strictly as a server would; every length has to come out exactly. */
#include "io/net/egress/hello.h"

#include <string.h>

#define RECORD_HEAD     5
#define RECORD_MAX      16384
#define HANDSHAKE       22
#define CLIENT_HELLO    1
#define SERVER_NAME     0x0000
#define ENCRYPTED_HELLO 0xFE0D
#define ENCRYPTED_NAME  0xFFCE /* its draft */

/* A run of bytes that is read from its beginning; `bad` after one that is too short. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static uint32_t take_number(struct reader *r, size_t size)
{
    uint32_t number = 0;
    if (r->bad || r->left < size) {
        r->bad = true;
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        number = number << 8 | r->at[i];
    r->at += size;
    r->left -= size;
    return number;
}

/* What follows a length of `size` bytes. */
static struct reader take_part(struct reader *r, size_t size)
{
    uint32_t len = take_number(r, size);
    if (r->bad || len > r->left) {
        r->bad = true;
        return (struct reader){.bad = true};
    }
    struct reader part = {.at = r->at, .left = len};
    r->at += len;
    r->left -= len;
    return part;
}

/* ---- the name ---- */

static bool is_host(const struct reader *name, const char *host)
{
    if (name->left != strlen(host))
        return false;
    for (size_t i = 0; i < name->left; i++) {
        uint8_t c = name->at[i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)host[i])
            return false;
    }
    return true;
}

/* A list of exactly one name, which is a host's. */
static enum hello judge_name(struct reader extension, const char *host)
{
    struct reader list = take_part(&extension, 2);
    uint32_t type = take_number(&list, 1);
    struct reader name = take_part(&list, 2);
    if (name.bad || list.left || extension.left || type != 0)
        return HELLO_NOT_TLS;
    return is_host(&name, host) ? HELLO_FITS : HELLO_OTHER;
}

static enum hello judge_extensions(struct reader all, const char *host)
{
    enum hello found = HELLO_NO_NAME;
    while (all.left && !all.bad) {
        uint32_t type = take_number(&all, 2);
        struct reader extension = take_part(&all, 2);
        if (all.bad)
            break;
        if (type == ENCRYPTED_HELLO || type == ENCRYPTED_NAME)
            return HELLO_CONCEALED;
        if (type != SERVER_NAME)
            continue;
        if (found != HELLO_NO_NAME) // two names: two readers may take different ones
            return HELLO_NOT_TLS;
        found = judge_name(extension, host);
        if (found == HELLO_NOT_TLS)
            return found;
    }
    return all.bad ? HELLO_NOT_TLS : found;
}

/* The message without its head. */
static enum hello judge_message(struct reader message, const char *host)
{
    uint32_t version = take_number(&message, 2);
    for (int i = 0; i < 32; i++) // the random bytes
        take_number(&message, 1);
    struct reader session = take_part(&message, 1);
    struct reader ciphers = take_part(&message, 2);
    struct reader compressions = take_part(&message, 1);
    if (message.bad || version != 0x0303 || session.left > 32 || ciphers.left < 2 ||
        ciphers.left % 2 || !compressions.left)
        return HELLO_NOT_TLS;
    if (!message.left)
        return HELLO_NO_NAME;
    struct reader extensions = take_part(&message, 2);
    if (message.bad || message.left)
        return HELLO_NOT_TLS;
    return judge_extensions(extensions, host);
}

/* ---- the records ---- */

/* A message may be cut into several records. */
struct gathered {
    uint8_t bytes[HELLO_MAX];
    size_t len;
};

/* Takes the message's next record. */
static enum hello gather(struct reader *in, struct gathered *out)
{
    if (in->left && in->at[0] != HANDSHAKE)
        return HELLO_NOT_TLS;
    if (in->left > 1 && in->at[1] != 3)
        return HELLO_NOT_TLS;
    if (in->left < RECORD_HEAD)
        return HELLO_MORE;
    size_t len = (size_t)in->at[3] << 8 | in->at[4];
    if (len == 0 || len > RECORD_MAX || out->len + len > HELLO_MAX)
        return HELLO_NOT_TLS;
    size_t there = in->left - RECORD_HEAD < len ? in->left - RECORD_HEAD : len;
    memcpy(out->bytes + out->len, in->at + RECORD_HEAD, there);
    out->len += there;
    in->at += RECORD_HEAD + there;
    in->left -= RECORD_HEAD + there;
    return there < len ? HELLO_MORE : HELLO_FITS;
}

enum hello hello_judge(const uint8_t *bytes, size_t len, const char *host)
{
    struct gathered message = {.len = 0};
    struct reader in = {.at = bytes, .left = len};
    for (;;) {
        enum hello taken = gather(&in, &message);
        if (taken == HELLO_NOT_TLS || (message.len && message.bytes[0] != CLIENT_HELLO))
            return HELLO_NOT_TLS;
        if (message.len >= 4) {
            struct reader all = {.at = message.bytes + 1, .left = message.len - 1};
            size_t size = take_number(&all, 3);
            if (size > HELLO_MAX - 4)
                return HELLO_NOT_TLS;
            if (all.left > size) // a second message beside it
                return HELLO_NOT_TLS;
            if (all.left == size)
                return taken == HELLO_MORE ? HELLO_NOT_TLS : judge_message(all, host);
        }
        if (taken == HELLO_MORE)
            return len >= HELLO_MAX ? HELLO_NOT_TLS : HELLO_MORE;
    }
}

const char *hello_text(enum hello verdict)
{
    static const char *const texts[] = {
        [HELLO_MORE] = "its TLS greeting is not complete",
        [HELLO_FITS] = "its TLS greeting fits",
        [HELLO_NOT_TLS] = "what the program sent through CONNECT does not begin with TLS",
        [HELLO_NO_NAME] = "its TLS greeting names no host (SNI)",
        [HELLO_OTHER] = "its TLS greeting names another host (SNI) than CONNECT",
        [HELLO_CONCEALED] = "its TLS greeting is encrypted (ECH): the host cannot be read",
    };
    return texts[verdict];
}
