/* http.h: shared by http.c (servers and arriving requests) and http/response.c (answers).
 */
#ifndef BIND_HTTP_HTTP_H
#define BIND_HTTP_HTTP_H

#include "bind/auth/secret.h"
#include "bind/bind.h"
#include "io/auth/keyring.h"
#include "io/net/http.h"

#define RESPONSE_TYPE "orket.http.response"
#define RESPONSE_GONE "the client is gone"

struct server {
    struct bind *bind;
    struct http_server *http; /* NULL: closed */
    int on_request, on_drained, on_refused; /* kept functions */
    struct keyring *keyring; /* what is a credential; NULL: none is looked at */
    int self;        /* keeps it while it listens */
    bool collecting; /* the Lua state goes down: callbacks must not enter it */
};

struct response {
    struct server *server;
    struct http_exchange *x; /* NULL: over */
    int on_gone, on_writable; /* kept functions */
    int on_message;          /* likewise, for each message of a WebSocket */
};

/* Registers the type of keyrings. */
void l_keyring_open(lua_State *L);
int l_keyring_of(lua_State *L);

/* The keyring at idx, or NULL where there is nil. */
struct keyring *l_keyring_check(lua_State *L, int idx);

/* What the request proves: nil: no credential is with it, false: a wrong one, {kind = "admin"},
 * {kind = "key", id = …}, {kind = "token", claims = …}. */
void l_keyring_push_verdict(lua_State *L, struct bind *bind, const struct keyring *keyring,
                      const struct http_request *request);

/* The body as Lua sees it, and a table of the passwords that were taken out of it, by field, or
 * nil. Both are pushed. */
void body_push(lua_State *L, struct bind *bind, const struct http_request *request);

/* What Lua sees of a header's value: NULL: nothing, since it carries a credential. */
const char *l_keyring_shown(const struct http_header *header);

/* Registers the type. */
void response_open(lua_State *L);

/* Pushes a response for x; the server's userdata is kept by it. May raise. */
struct response *response_push(lua_State *L, struct server *server, struct http_exchange *x);

/* Answers 500, or cuts an answer that has begun. */
void response_fail(struct http_exchange *x);

/* Ends an open exchange from our side. */
void response_end(struct response *response, void (*end)(struct http_exchange *));

/* From the loop; data is the response, or NULL when Lua has let go of it. */
void response_on_gone(void *data);
void response_on_writable(void *data);
void response_on_message(void *data, const char *text, size_t len);

#endif
