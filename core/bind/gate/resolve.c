/* resolve.c: the paths of a call or an operation: resolved, so that the gate judges what is there
 * and not what was written. */
#include <string.h>

#include "bind/gate/gate.h"
#include "script/value.h"

#define PATHS_MAX  256  /* path arguments of one call; more are denied, having no record */
#define KEEP_BELOW 4096 /* descriptors that are kept from a call to its first operation */

static enum fs_want fs_want_of(enum gate_want want)
{
    switch (want) {
    case GATE_WANT_READ:
        return FS_READ;
    case GATE_WANT_LIST:
        return FS_LIST;
    case GATE_WANT_DELETE:
        return FS_DELETE;
    case GATE_WANT_WRITE:
    case GATE_WANT_NOTHING:
        break;
    }
    return FS_WRITE;
}

void bind_resolve(int root, enum gate_want want, const struct json *path, struct resolved *out,
                  struct gate_path *record)
{
    size_t len;
    struct fs_target *target = &out->target;
    const char *text = json_string(path, &len);
    out->want = want;
    out->path = path;
    out->failure.code = 0;
    target->fd = target->dir = -1;
    target->len = 0;
    *record = (struct gate_path){.value = path, .code = ERR_PATH};
    if (!text)
        return;
    record->code = root >= 0 ? fs_resolve(root, text, len, fs_want_of(want), target, &out->failure)
                             : err_set(&out->failure, ERR_NOT_FOUND, "there is no tree");
    if (record->code && fs_canonical(text, len, target->path, &target->len, NULL, NULL)) {
        record->code = ERR_PATH;
        return;
    }
    record->name = target->path;
    record->len = target->len;
}

struct resolved *bind_resolve_new(int root, enum gate_want want, const struct json *path,
                                  struct gate_path *record)
{
    struct resolved *resolved = malloc(sizeof *resolved);
    if (resolved)
        bind_resolve(root, want, path, resolved, record);
    return resolved;
}

void bind_resolved_free(struct resolved *resolved)
{
    if (resolved)
        fs_target_close(&resolved->target);
    free(resolved);
}

/* ---- the paths of a call ---- */

/* While it is judged. The first path is the call's to keep; the names of others live in the arena.
 */
struct resolving {
    int root;
    enum gate_want want;
    struct call *call;
    struct json_doc arena;
    struct gate_path few[1], *paths;
    size_t count, room;
    struct err failed; /* of the machine, the first one */
};

static void count_argument(void *ctx, const struct json *path)
{
    struct resolving *r = ctx;
    (void)path;
    if (r->room < PATHS_MAX)
        r->room++;
}

static const char *keep_name(struct resolving *r, const struct gate_path *record)
{
    char *kept = record->name ? json_doc_alloc(&r->arena, record->len + 1) : NULL;
    return kept ? memcpy(kept, record->name, record->len + 1) : NULL;
}

static void resolve_argument(void *ctx, const struct json *path)
{
    struct resolving *r = ctx;
    if (r->count == r->room)
        return;
    struct gate_path *record = &r->paths[r->count++];
    struct resolved *resolved = bind_resolve_new(r->root, r->want, path, record);
    if (!resolved)
        err_set(&r->failed, ERR_MEMORY, "no memory to resolve a path");
    else if (err_is_environment(record->code) && !r->failed.code)
        r->failed = resolved->failure;
    if (!resolved) {
        *record = (struct gate_path){.value = path, .code = ERR_MEMORY};
    } else if (r->count == 1) {
        r->call->first = resolved;
    } else {
        record->name = keep_name(r, record);
        bind_resolved_free(resolved);
    }
}

static void resolve_arguments(struct resolving *r)
{
    struct call *call = r->call;
    gate_each_path(call->gate, &call->gate_call, count_argument, r);
    r->want = gate_call_want(call->gate, &call->gate_call);
    r->paths = r->room <= COUNT_OF(r->few) ? r->few
                                           : json_doc_alloc(&r->arena, r->room * sizeof *r->paths);
    if (r->paths)
        gate_each_path(call->gate, &call->gate_call, resolve_argument, r);
    else if (r->room)
        err_set(&r->failed, ERR_MEMORY, "no memory for the paths of a call");
}

/* Only what an operation can go on with, and while descriptors are plenty: they are numbered from
 * below, so a high one tells that very many agents are at it. */
static void keep_first(struct call *call)
{
    const struct resolved *first = call->first;
    if (!first ||
        (!first->failure.code && first->target.fd < KEEP_BELOW && first->target.dir < KEEP_BELOW))
        return;
    bind_resolved_free(call->first);
    call->first = NULL;
}

void bind_judge_reach(lua_State *L, struct call *call, struct gate_verdict *verdict)
{
    lua_getiuservalue(L, -1, CALL_ROOT);
    struct resolving r = {.root = bind_to_root(L, -1), .call = call};
    lua_pop(L, 1);
    resolve_arguments(&r);
    call->gate_call.paths = r.paths;
    call->gate_call.path_count = r.count;
    gate_judge_reach(call->gate, &call->gate_call, verdict);
    call->gate_call.paths = NULL; // the records die here
    call->gate_call.path_count = 0;
    json_doc_clear(&r.arena);
    keep_first(call);
    if (r.failed.code)
        bind_raise(L, &r.failed);
}

#define EXPLAINED_MAX 256 /* refusals of one call */

static void push_list(lua_State *L, const struct gate_verdict *list, size_t count)
{
    lua_createtable(L, (int)count, 0);
    value_array_mt(L);
    lua_setmetatable(L, -2);
    for (size_t i = 0; i < count; i++) {
        bind_push_verdict(L, &list[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void bind_explain(lua_State *L, struct call *call)
{
    struct gate_call *g = &call->gate_call;
    struct gate_verdict *list = lua_newuserdatauv(L, EXPLAINED_MAX * sizeof *list, 0);
    lua_getiuservalue(L, -2, CALL_ROOT);
    struct resolving r = {.root = lua_isnil(L, -1) ? -1 : bind_to_root(L, -1), .call = call};
    lua_pop(L, 1);
    if (g->arguments && g->tool)
        resolve_arguments(&r);
    g->paths = r.paths;
    g->path_count = r.count;
    size_t count = gate_explain(call->gate, g, list, EXPLAINED_MAX - 1);
    if (g->arguments && gate_call_records(call->gate, g) &&
        bind_holds_key(bind_of(L), g->arguments))
        gate_deny_key(&list[count++]);
    g->paths = NULL;
    g->path_count = 0;
    json_doc_clear(&r.arena);
    push_list(L, list, count);
}

struct naming {
    const struct gate_path *record;
    bool found;
};

static void compare_name(void *ctx, const struct json *path)
{
    struct naming *naming = ctx;
    char name[FS_PATH_MAX + 1];
    size_t len, used = 0;
    const char *text = json_string(path, &len);
    if (text && fs_canonical(text, len, name, &used, NULL, NULL) == 0)
        naming->found |=
            used == naming->record->len && memcmp(name, naming->record->name, used) == 0;
}

bool bind_names_path(const struct call *call, const struct gate_path *record)
{
    struct naming naming = {.record = record};
    if (record->name)
        gate_each_path(call->gate, &call->gate_call, compare_name, &naming);
    return naming.found;
}

static bool is_same_text(const struct json *a, const struct json *b)
{
    size_t a_len = 0, b_len = 0;
    const char *x = json_string(a, &a_len), *y = json_string(b, &b_len);
    return x && y && a_len == b_len && memcmp(x, y, a_len) == 0;
}

struct resolved *bind_take_first(struct call *call, enum gate_want want, const struct json *path,
                                 struct gate_path *record)
{
    struct resolved *first = call->first;
    call->first = NULL;
    if (!first || first->want != want || !is_same_text(first->path, path)) {
        bind_resolved_free(first);
        return NULL;
    }
    const struct fs_target *target = &first->target;
    *record = (struct gate_path){.value = path, .name = target->path, .len = target->len};
    return first;
}
