/* llm.h: shared by llm.c (calls and their ends), request.c (options to a request), body.c (the
 * bytes of an answer), result.c (replies and failures to Lua) and shape.c (the shape of replies).
 */
#ifndef BIND_LLM_H
#define BIND_LLM_H

#include "bind/bind.h"
#include "io/net/sse.h"
#include "io/net/transport.h"
#include "model/reply/reply.h"

#define LLM_SHAPE_TYPE "orket.llm.shape"
#define LLM_TOOL_SHOWN 32 /* bytes of a tool's name while its call comes */

struct llm {
    struct bind *bind;
    struct secrets *secrets;
    struct transport *transport; /* opened by the first use, or by warm */
    bool closing;                /* the Lua state goes down */
};

enum llm_mode { MODE_UNKNOWN, MODE_STREAM, MODE_BODY };

struct llm_call {
    struct llm *llm;
    struct transfer *transfer;
    struct llm_call **handle; /* of the cancel function; NULL when collected */
    int on_delta, done, shape_ref;
    const struct shape *shape; /* NULL: the body is answered as it is */
    enum llm_mode mode;
    struct sse sse;
    struct reply reply;
    struct buf body;
    size_t told, told_thoughts; /* bytes of content and thoughts that on_delta got */
    size_t counted; /* bytes of thoughts and arguments that on_delta heard of */
    uint64_t started;
};

/* The caps that are not the transport's. */
struct llm_caps {
    size_t line, event; /* bytes, 0 = default */
};

/* Reads the options table at idx into request; strings are borrowed from the Lua stack (headers
 * stay pushed). Raises for a caller's bug. */
void llm_read_request(lua_State *L, int idx, struct transport_request *request,
                      struct llm_caps *caps);

/* Copies the body option (a text, or an array of texts to be joined) into request->body. Does not
 * raise. ERR_MEMORY. */
int llm_copy_body(lua_State *L, int idx, struct transport_request *request,
                  struct err *err) MUST_CHECK;

/* The parsers of a call's answer, whose shape is set; and what they hold. */
void llm_body_init(struct llm_call *call, const struct llm_caps *caps);
void llm_body_clear(struct llm_call *call);

/* The next bytes of the answer: the transport's on_body, ctx is the call. */
int llm_on_body(void *ctx, const char *bytes, size_t len, struct err *err);

/* Calls on_delta with what is new of content and thoughts, as far as it is settled that no key
 * begins there. */
void llm_report(struct llm_call *call, bool last);

/* The reply is whole, or err says why there is none. */
int llm_end_reply(struct llm_call *call, const struct transport_result *result, struct err *err);

/* Pushes {content?, reasoning?, calls, usage, finish?, model?, message}. May raise. */
void llm_push_reply(lua_State *L, const struct reply *reply);

/* Writes stars over keys in everything that a reply says.
 * Before reply_end, which tells calls apart. */
void llm_hide_keys(struct reply *reply, const struct transfer *transfer);

struct llm_piece {
    const char *text; /* borrowed */
    size_t len;
};

struct llm_delta {
    int fn; /* in the registry */
    struct llm_piece content, thoughts;
    size_t beside, calls; /* beside: bytes of thoughts and arguments so far */
    char tool[LLM_TOOL_SHOWN + 1], path[DRAFT_PATH_MAX + 1]; /* of the last call, or "" */
};

/* (light userdata: struct llm_delta) calls fn(text, {beside, calls, thoughts?, tool?, path?}); for
 * bind_call. */
int llm_deliver_delta(lua_State *L);

/* Pushes {body}. May raise. */
void llm_push_body(lua_State *L, const struct buf *body);

/* Pushes nil, message, code, {retry_after?, deadline?, fix?, challenge?, body?, began, usage?,
 * said?}, the last two of what came of the reply; returns their number. May raise. */
int llm_push_failure(lua_State *L, const struct err *err, const struct transport_result *result,
                     const struct reply *reply);

/* Makes the metatable of shapes, struct shape as userdata. */
void llm_shape_type(lua_State *L);

/* llm.shape({done=?, stream=?, whole=?}) -> shape | nil, message, code */
int llm_l_shape(lua_State *L);

#endif
