/* store.h: what the files of `orket.core.store` share: store.c (opening), query.c, tx.c
 * (streams, transactions) and subscribe.c (subscribers). */
#ifndef BIND_STORE_H
#define BIND_STORE_H

#include "base/hash.h"
#include "bind/bind.h"
#include "io/store.h"

#define STORE_TYPE "orket.store"

/* A closed store keeps its userdata with store = NULL.
 * Uservalue 1: its subscribers, and `stuck`. */
struct l_store {
    struct bind *bind;
    struct store *store;
    bool opened; /* else only store:opened and store:close may be called */
    bool quiet;  /* the Lua state is going away: no callback enters it any more */
};

/* The open store at idx; raises otherwise. */
struct store *bind_check_store(lua_State *L, int idx);

/* The hash whose hexadecimal text is at idx; raises otherwise. */
struct hash store_check_hash(lua_State *L, int idx);


/* Adds bytes under their hash to the transaction at idx, an absolute index, and pushes the hash in
 * hex; raises {code, class, message, fix}. One of a replay is a Lua object: its method does it. */
void store_add_blob(lua_State *L, int idx, const char *bytes, size_t len);

/* The methods that read (query.c), and the metatable of a running query. */
int store_l_read(lua_State *L);
int store_l_read_doc(lua_State *L);
int store_l_blob(lua_State *L);
int store_l_message(lua_State *L);
int store_l_conversation(lua_State *L);
int store_l_head(lua_State *L);
int store_l_proved(lua_State *L);
void store_query_types(lua_State *L);

/* The method store:read_aside (aside.c). */
int store_l_read_aside(lua_State *L);

/* The embedded texts of core/io/store/. */
void store_set_files(struct store_options *options);

/* The method store:make_room (gc.c). */
int store_l_gc(lua_State *L);

/* The methods store:stream and store:subscribe, and the metatables of streams and transactions. */
int store_l_stream(lua_State *L);
int store_l_subscribe(lua_State *L);
void store_tx_types(lua_State *L);

#endif
