/* curl.h: libcurl, loaded when a model is going to be asked: with what it needs it is more than
 * thirty shared libraries, several milliseconds that most commands do without.
 *
 * It stays loaded until the process ends: the OpenSSL inside cannot be unloaded.
 */
#ifndef IO_TRANSPORT_CURL_H
#define IO_TRANSPORT_CURL_H

#include <curl/curl.h>
#include <uv.h>

#include "base/err.h"

/* Everything that is called of it, without the prefix. */
#define CURL_FUNCTIONS(X)                                                                          \
    X(global_init)                                                                                 \
    X(free)                                                                                        \
    X(easy_init)                                                                                   \
    X(easy_setopt)                                                                                 \
    X(easy_getinfo)                                                                                \
    X(easy_strerror)                                                                               \
    X(easy_cleanup)                                                                                \
    X(multi_init)                                                                                  \
    X(multi_setopt)                                                                                \
    X(multi_add_handle)                                                                            \
    X(multi_remove_handle)                                                                         \
    X(multi_socket_action)                                                                         \
    X(multi_info_read)                                                                             \
    X(multi_cleanup)                                                                               \
    X(url)                                                                                         \
    X(url_set)                                                                                     \
    X(url_get)                                                                                     \
    X(url_strerror)                                                                                \
    X(url_cleanup)

struct curl { /* the types are those of its header: nothing to get wrong here */
#define X(name) __typeof__(&curl_##name) name;
    CURL_FUNCTIONS(X)
#undef X
};

/* Loading it, in a thread of its own. Embedded in its owner. */
struct curl_load {
    struct curl curl;
    struct err err; /* why it failed; code 0: it did not */
    uv_thread_t thread;
    bool running;
};

/* Begins; without a thread it is done when this returns. */
void curl_load_begin(struct curl_load *load);

/* Waits for the end. The functions, borrowed from load, or NULL: ERR_LIBRARY, or
 * ERR_DESCRIPTORS, after which the next call tries again. */
const struct curl *curl_load_wait(struct curl_load *load, struct err *err);

#endif
