/* websocket.c: libwslay's event API over the bytes of a connection; SHA-1 of libmd. */
#include "io/net/http/websocket.h"

#include <dlfcn.h>
#include <sha1.h>
#include <string.h>
#include <wslay/wslay.h>

#include "base/base64.h"
#include "io/net/http/conn.h"

#define LIBRARY     "libwslay.so.1"
#define MESSAGE_MAX 65536 /* bytes of what a client may say at once */
#define KEY         24    /* letters of 16 bytes in base64 */
#define GUID        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* Everything that is called of it, without the prefix. */
#define WSLAY_FUNCTIONS(X)                                                                         \
    X(context_server_init)                                                                         \
    X(context_free)                                                                                \
    X(config_set_max_recv_msg_length)                                                              \
    X(set_error)                                                                                   \
    X(recv)                                                                                        \
    X(send)                                                                                        \
    X(queue_msg)                                                                                   \
    X(queue_close)                                                                                 \
    X(get_close_sent)

struct wslay {
#define X(name) __typeof__(&wslay_event_##name) name;
    WSLAY_FUNCTIONS(X)
#undef X
};

struct websocket {
    const struct wslay *library;
    struct http_conn *conn;
    wslay_event_context_ptr ctx;
    const char *bytes; /* of the client, while they are fed */
    size_t len;
};

/* ---- the library ---- */

static const struct {
    const char *name;
    size_t at;
} symbols[] = {
#define X(name) {"wslay_event_" #name, offsetof(struct wslay, name)},
    WSLAY_FUNCTIONS(X)
#undef X
};

static int fail(struct err *err)
{
    const char *why = dlerror();
    err_set(err, ERR_LIBRARY, "libwslay cannot be loaded: %s", why ? why : LIBRARY);
    err_fix(err, "apt install libwslay1");
    return ERR_LIBRARY;
}

int wslay_load(struct wslay **out, struct err *err)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    struct wslay *found = library ? calloc(1, sizeof *found) : NULL;
    if (!library)
        return fail(err);
    if (!found)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < COUNT_OF(symbols); i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol) {
            free(found);
            return fail(err);
        }
        memcpy((char *)found + symbols[i].at, &symbol, sizeof symbol);
    }
    *out = found;
    return 0;
}

/* ---- the handshake ---- */

bool websocket_accept(const char *key, char out[WEBSOCKET_ACCEPT])
{
    struct buf text = {0};
    SHA1_CTX sha;
    uint8_t digest[SHA1_DIGEST_LENGTH];
    if (strlen(key) != KEY || strcmp(key + KEY - 2, "==") != 0)
        return false;
    SHA1Init(&sha);
    SHA1Update(&sha, (const uint8_t *)key, KEY);
    SHA1Update(&sha, (const uint8_t *)GUID, strlen(GUID));
    SHA1Final(digest, &sha);
    base64_encode(&text, digest, sizeof digest);
    bool ok = buf_ok(&text) && text.len == WEBSOCKET_ACCEPT - 1;
    if (ok)
        memcpy(out, text.data, text.len);
    out[WEBSOCKET_ACCEPT - 1] = '\0';
    buf_clear(&text);
    return ok;
}

/* ---- frames ---- */

static ssize_t on_want(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *data)
{
    struct websocket *socket = data;
    (void)flags;
    if (len > socket->len)
        len = socket->len;
    if (len == 0) {
        socket->library->set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(buf, socket->bytes, len);
    socket->bytes += len;
    socket->len -= len;
    return (ssize_t)len;
}

/* The connection keeps what the kernel does not take: all of it is sent as far as wslay knows. */
static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *bytes, size_t len, int flags,
                       void *data)
{
    struct websocket *socket = data;
    (void)flags;
    if (conn_write(socket->conn, (const char *)bytes, len) == 0)
        return (ssize_t)len;
    socket->library->set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

/* wslay has looked whether a text is UTF-8. */
static void on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg,
                       void *data)
{
    const struct http_conn *c = ((struct websocket *)data)->conn;
    (void)ctx;
    if (arg->opcode == WSLAY_TEXT_FRAME && c->state == CONN_ANSWERS)
        c->server->events.on_message(c->exchange.data, (const char *)arg->msg, arg->msg_length);
}

static const struct wslay_event_callbacks callbacks = {
    .recv_callback = on_want, .send_callback = on_send, .on_msg_recv_callback = on_message};

int websocket_open(struct websocket **out, const struct wslay *library, struct http_conn *c,
                   struct err *err)
{
    struct websocket *socket = calloc(1, sizeof *socket);
    if (!socket || library->context_server_init(&socket->ctx, &callbacks, socket)) {
        free(socket);
        return err_set(err, ERR_MEMORY, "out of memory");
    }
    socket->library = library;
    socket->conn = c;
    library->config_set_max_recv_msg_length(socket->ctx, MESSAGE_MAX);
    *out = socket;
    return 0;
}

void websocket_close(struct websocket *socket)
{
    if (!socket)
        return;
    socket->library->context_free(socket->ctx);
    free(socket);
}

/* What was queued leaves; false when the connection is gone. */
static bool flush(struct websocket *socket)
{
    return socket->library->send(socket->ctx) == 0;
}

/* A client that sends pings and reads no answer fills no memory. */
static bool is_flooded(const struct websocket *socket)
{
    return socket->conn->unsent > socket->conn->server->limits.unsent;
}

bool websocket_feed(struct websocket *socket, const char *bytes, size_t len)
{
    const struct wslay *lib = socket->library;
    socket->bytes = bytes;
    socket->len = len;
    bool ok = lib->recv(socket->ctx) == 0 && flush(socket);
    ok = ok && socket->len == 0 && !is_flooded(socket);
    return ok && !lib->get_close_sent(socket->ctx); // also as the answer to the client's
}

static int send_message(struct websocket *socket, uint8_t opcode, const char *text, size_t len)
{
    const struct wslay_event_msg message = {opcode, (const uint8_t *)text, len};
    int rc = socket->library->queue_msg(socket->ctx, &message);
    if (rc)
        return rc == WSLAY_ERR_NOMEM ? ERR_MEMORY : ERR_IO;
    return flush(socket) ? 0 : ERR_IO;
}

int websocket_send(struct websocket *socket, const char *text, size_t len)
{
    return send_message(socket, WSLAY_TEXT_FRAME, text, len);
}

int websocket_ping(struct websocket *socket)
{
    return send_message(socket, WSLAY_PING, NULL, 0);
}

void websocket_bye(struct websocket *socket)
{
    if (socket->library->queue_close(socket->ctx, WSLAY_CODE_GOING_AWAY, NULL, 0) == 0)
        (void)flush(socket);
}
