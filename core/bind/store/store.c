/* store.c: `orket.core.store`: opening and closing.
 * (query.c reads, tx.c writes, subscribe.c tells.) */
#include "bind/store/store.h"

#include "bind/embed.h"
#include "io/fs/private.h"
#include "io/keys/sign.h"
#include "io/store_backup.h"
#include "io/store_read.h"
#include "script/value.h"

struct store *bind_check_store(lua_State *L, int idx)
{
    struct l_store *self = luaL_checkudata(L, idx, STORE_TYPE);
    if (!self->store)
        luaL_error(L, "the store is closed");
    if (!self->opened)
        luaL_error(L, "the store is not open yet: ask store:opened()");
    return self->store;
}

/* ---- opening and closing ---- */

_Static_assert(sizeof(struct store_file) == sizeof(struct embed_file), "the same three pointers");

void store_set_files(struct store_options *options)
{
    options->files = (const struct store_file *)embed_files;
    options->count = embed_count;
}

static int close_store(lua_State *L, bool quiet)
{
    struct l_store *self = luaL_checkudata(L, 1, STORE_TYPE);
    struct store *store = self->store;
    self->store = NULL;
    self->quiet = quiet;
    if (!store)
        return 0;
    store_close(store);
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, self);
    return 0;
}

/* store:close(): waits for what was committed, calls the `done`s still owed */
static int l_close(lua_State *L)
{
    return close_store(L, false);
}

static int l_gc(lua_State *L)
{
    return close_store(L, true);
}

/* store:opened() -> true | nil, message, code, fix: waits for one that is opened beside */
static int l_opened(lua_State *L)
{
    struct l_store *self = luaL_checkudata(L, 1, STORE_TYPE);
    struct err err = {0};
    luaL_argcheck(L, self->store, 1, "the store is closed");
    if (store_opened(self->store, &err))
        return bind_fail(L, &err);
    self->opened = true;
    lua_pushboolean(L, true);
    return 1;
}

/* The open store at the top of the stack, alive until it is closed. */
static int open_store(lua_State *L, struct store_options *options)
{
    store_set_files(options);
    struct l_store *self = lua_newuserdatauv(L, sizeof *self, 1);
    *self = (struct l_store){.bind = bind_of(L), .opened = !options->beside};
    luaL_setmetatable(L, STORE_TYPE);
    lua_newtable(L);
    lua_setiuservalue(L, -2, 1);
    struct err err = {0};
    if (store_open(options, &self->store, &err))
        return bind_fail(L, &err);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, self);
    return 1;
}

/* store.open(path[, {readonly=, beside=, hasty=}]) -> store | nil, message, code
 * beside: opened in a thread, see store:opened. hasty: commits survive the process but not a power
 * loss (for benchmarks). */
static int l_open(lua_State *L)
{
    static const char *const known[] = {"readonly", "beside", "hasty", NULL};
    struct store_options options = {.path = luaL_checkstring(L, 1), .loop = bind_of(L)->loop};
    if (!lua_isnoneornil(L, 2)) {
        bind_check_options(L, 2, known);
        lua_getfield(L, 2, "readonly");
        options.readonly = lua_toboolean(L, -1);
        lua_getfield(L, 2, "beside");
        options.beside = lua_toboolean(L, -1);
        lua_getfield(L, 2, "hasty");
        options.hasty = lua_toboolean(L, -1);
        lua_pop(L, 3);
    }
    return open_store(L, &options);
}

/* store.past(path, seq) -> store | nil, message, code: read-only, as it was after that commit */
static int l_past(lua_State *L)
{
    struct store_options options = {
        .path = luaL_checkstring(L, 1), .past = true, .upto = luaL_checkinteger(L, 2)};
    return open_store(L, &options);
}

/* store.key(dir) -> hex | nil, message, code, fix: makes dir for this user alone and in it the key
 * that signs the heads of runs, where there is none; answers its public part */
static int l_key(lua_State *L)
{
    const char *dir = luaL_checkstring(L, 1);
    struct signer *signer;
    struct err err = {0};
    if (private_dir(dir, &err) || signer_open(dir, true, &signer, &err))
        return bind_fail(L, &err);
    struct sign_public key = signer_public(signer);
    signer_close(signer);
    char hex[SIGN_HEX];
    sign_hex(key.bytes, sizeof key.bytes, hex);
    lua_pushstring(L, hex);
    return 1;
}

/* store:forward(seq) -> true | nil, message, code: one of store.past goes on to a later moment */
static int l_forward(lua_State *L)
{
    struct store *store = bind_check_store(L, 1);
    int64_t upto = luaL_checkinteger(L, 2);
    struct err err = {0};
    if (store_forward(store, upto, &err))
        return bind_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* store:hold(): without a writer, one moment for all reads from now on; raises as read does */
static int l_hold(lua_State *L)
{
    struct err err = {0};
    return store_hold(bind_check_store(L, 1), &err) ? bind_raise(L, &err) : 0;
}

/* (subscribers, err or NULL, took): calls their field `stuck`; protected */
static int run_stuck(lua_State *L)
{
    const struct err *why = lua_touserdata(L, 2);
    lua_getfield(L, 1, "stuck");
    int count = 1;
    if (why)
        count = bind_fail(L, why);
    else
        lua_pushvalue(L, 3);
    lua_call(L, count, 0);
    return 0;
}

static void on_stuck(void *ctx, const struct err *why, bool took)
{
    struct l_store *self = ctx;
    if (self->quiet || !self->store)
        return;
    lua_State *L = self->bind->L;
    lua_pushcfunction(L, run_stuck);
    lua_rawgetp(L, LUA_REGISTRYINDEX, self);
    lua_getiuservalue(L, -1, 1);
    lua_remove(L, -2); // run_stuck, subscribers
    lua_pushlightuserdata(L, (void *)(uintptr_t)why);
    lua_pushboolean(L, took);
    bind_call(L, 3, 0);
}

/* store:be_patient(seconds, fn): a commit that the machine refuses is tried again for so long.
 * fn(nil, message, code, fix) when one begins to wait, fn(took) when that is over */
static int l_be_patient(lua_State *L)
{
    struct store *store = bind_check_store(L, 1);
    lua_Number seconds = luaL_checknumber(L, 2);
    luaL_argcheck(L, seconds >= 0 && seconds <= 1e6, 2, "seconds");
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_getiuservalue(L, 1, 1);
    lua_pushvalue(L, 3);
    lua_setfield(L, -2, "stuck");
    store_be_patient(store, (uint64_t)(seconds * 1000), on_stuck, lua_touserdata(L, 1));
    return 0;
}

/* store:give_up(): what waits fails, and so do later ones at once */
static int l_give_up(lua_State *L)
{
    store_give_up(bind_check_store(L, 1));
    return 0;
}

/* store:latency() -> {bounds: seconds[], upto: counts[], seconds, waiting}: io/store.h */
static int l_latency(lua_State *L)
{
    struct store_latency latency = store_latency(bind_check_store(L, 1));
    lua_createtable(L, 0, 4);
    lua_createtable(L, STORE_LATENCY_BOUNDS, 0);
    lua_createtable(L, STORE_LATENCY_BOUNDS, 0);
    for (int i = 0; i < STORE_LATENCY_BOUNDS; i++) {
        lua_pushnumber(L, store_latency_bounds[i]);
        lua_rawseti(L, -3, i + 1);
        lua_pushinteger(L, (lua_Integer)latency.upto[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -3, "upto");
    lua_setfield(L, -2, "bounds");
    lua_pushnumber(L, latency.seconds);
    lua_setfield(L, -2, "seconds");
    lua_pushinteger(L, (lua_Integer)latency.waiting);
    lua_setfield(L, -2, "waiting");
    return 1;
}

/* store.check(path) -> report table | nil, message, code: report.ok tells whether all is sound */
static int l_check(lua_State *L)
{
    struct store_options options = {.path = luaL_checkstring(L, 1), .readonly = true};
    struct buf *report = bind_scratch(L);
    struct err err = {0};
    bool sound;
    store_set_files(&options);
    if (store_check(&options, report, &sound, &err))
        return bind_fail(L, &err);
    if (value_decode(L, report->data, report->len, NULL, &err))
        return bind_fail(L, &err);
    return 1;
}

static int push_copied(lua_State *L, const struct store_copied *copied)
{
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, copied->seq);
    lua_setfield(L, -2, "seq");
    lua_pushinteger(L, copied->bytes);
    lua_setfield(L, -2, "bytes");
    if (copied->lost) {
        lua_pushinteger(L, copied->lost);
        lua_setfield(L, -2, "lost");
    }
    if (copied->kept[0]) {
        lua_pushstring(L, copied->kept);
        lua_setfield(L, -2, "kept");
    }
    return 1;
}

/* store.backup(path, dir) -> {seq, bytes} | nil, message, code, fix: store_backup */
static int l_backup(lua_State *L)
{
    struct store_options options = {.path = luaL_checkstring(L, 1)};
    struct store_copied copied;
    struct err err = {0};
    store_set_files(&options);
    if (store_backup(&options, luaL_checkstring(L, 2), &copied, &err))
        return bind_fail(L, &err);
    return push_copied(L, &copied);
}

/* store.restore(path, dir|nil) -> {seq, bytes, lost?, kept?} | nil, message, code,
 * fix: store_restore */
static int l_restore(lua_State *L)
{
    struct store_options options = {.path = luaL_checkstring(L, 1)};
    struct store_copied copied;
    struct err err = {0};
    store_set_files(&options);
    if (store_restore(&options, luaL_optstring(L, 2, NULL), &copied, &err))
        return bind_fail(L, &err);
    return push_copied(L, &copied);
}

static const luaL_Reg methods[] = {
    {"stream", store_l_stream},
    {"read", store_l_read},
    {"read_aside", store_l_read_aside},
    {"read_doc", store_l_read_doc},
    {"latency", l_latency},
    {"blob", store_l_blob},
    {"message", store_l_message},
    {"conversation", store_l_conversation},
    {"head", store_l_head},
    {"proved", store_l_proved},
    {"forward", l_forward},
    {"hold", l_hold},
    {"subscribe", store_l_subscribe},
    {"make_room", store_l_gc},
    {"be_patient", l_be_patient},
    {"give_up", l_give_up},
    {"opened", l_opened},
    {"close", l_close},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"open", l_open},     {"key", l_key},         {"past", l_past}, {"check", l_check},
    {"backup", l_backup}, {"restore", l_restore}, {NULL, NULL},
};

int luaopen_orket_store(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "orket.core.doc"); // read_doc answers docs
    lua_call(L, 1, 0);
    bind_type(L, STORE_TYPE, methods, l_gc);
    store_query_types(L);

    store_tx_types(L);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
