/* impl.h: the structs of an egress, shared by egress.c (the listener, the bounds, the record),
 * flow.c (what a connection asks for) and relay.c (its bytes). Private to them.
 */
#ifndef IO_EGRESS_IMPL_H
#define IO_EGRESS_IMPL_H

#include "io/net/egress.h"
#include "io/net/egress/answer.h"
#include "io/net/egress/dial.h"
#include "io/net/egress/target.h"
#include "io/net/http/parse.h"

struct egress {
    uv_loop_t *loop;
    struct egress_host *hosts; /* owned, with their names */
    size_t host_count;
    uint64_t left, ms; /* bytes that may still come and go; all the time that there is */
    int handover;      /* owned; -1 */
    uv_poll_t arrival; /* of the listener, on handover */
    uv_tcp_t listener;
    uv_timer_t clock;
    struct flow *first;
    unsigned flows;
    size_t handles; /* open or closing, those of flows too */
    bool listening, timed, stopped, closed;
    const char *limit;
    struct egress_request *requests;
    size_t request_count;
    char input[65536]; /* what a read brings; used before the next */
};

enum flow_state {
    FLOW_ASKS,   /* its request is not complete */
    FLOW_DIALS,  /* the connection is being made */
    FLOW_GREETS, /* the first bytes of TLS are awaited */
    FLOW_RELAYS, /* what one says the other hears */
    FLOW_ENDS,   /* the program has its answer; what it still says is dropped */
    FLOW_CLOSED,
};

enum end { CLIENT, SERVER };

/* One end of a flow. */
struct side {
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct buf writing, waiting; /* what the kernel has yet to take, and what comes after that */
    bool open, reading, writes;
    bool ended; /* it says no more */
    bool shut;  /* it was said that nothing more will come */
};

struct flow {
    struct egress *egress;
    struct flow *prev, *next;
    enum flow_state state;
    struct side sides[2];
    unsigned handles;
    struct http_parser parser;
    struct target target;
    struct dial *dial;
    struct answer answer;
    struct buf greeting; /* of TLS, as far as it has come */
    struct hash_run hash;
    size_t request; /* its number, from 1; 0: none */
    bool tunnel;    /* CONNECT */
};

/* Takes the connection that waits at the listener. */
void flow_accept(struct egress *egress);

/* Drops both of its connections. Its request, if it is open, was cut by `rule`; NULL: was not. */
void flow_cut(struct flow *flow, const char *rule, const char *why);

/* What came from one end; that it says no more (fine: as it should). */
void flow_received(struct flow *flow, enum end end, const char *bytes, size_t len);
void flow_ended(struct flow *flow, enum end end, bool fine);

/* Completes the record of its request, as far as it has come. */
void flow_settle(struct flow *flow);

/* Sends bytes to one end; the other is not read until they are gone. */
void relay_put(struct flow *flow, enum end end, const char *bytes, size_t len);

/* Goes on with what waits for one end; with nothing, it hears of the other's end. */
void relay_flush(struct flow *flow, enum end end);

void relay_read(struct flow *flow, enum end end, bool on);
void relay_close_side(struct flow *flow, enum end end);
void relay_close(struct flow *flow);

/* A request more; 0 when there were too many, and everything was ended. */
size_t egress_add_request(struct egress *egress);

/* Takes this many of the bytes that are left; less when the bound is hit, and then everything was
 * ended. */
size_t egress_take(struct egress *egress, size_t len);

/* One handle fewer; frees a closed egress with its last. */
void egress_handle_closed(struct egress *egress);

#endif
