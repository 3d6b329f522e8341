/* reach.c: the paths of a call or an operation: resolved, so that the gate judges what is there and
 * not what was written. */
#include <string.h>

#include "bind/gate/gate.h"

#define PATHS_MAX 256 /* path arguments of one call; more are denied, having no record */

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

void bind_resolve(int root, enum gate_want want, const struct json *path, struct fs_target *target,
                  struct gate_path *record, struct err *err)
{
    size_t len;
    bool directory;
    const char *text = json_string(path, &len);
    *record = (struct gate_path){.value = path, .code = ERR_PATH};
    if (text)
        record->code =
            root >= 0 ? fs_resolve(root, text, len, fs_want_of(want), target, err) : ERR_NOT_FOUND;
    if (record->code) {
        target->fd = target->dir = -1;
        if (!text || fs_canonical(text, len, target->path, &target->len, &directory, NULL)) {
            record->code = ERR_PATH;
            return;
        }
    }
    record->name = target->path;
    record->len = target->len;
}

/* The paths of one call while it is judged. Names live in the arena. */
struct resolving {
    int root;
    enum gate_want want;
    struct json_doc *arena;
    struct gate_path *paths;
    size_t count, room;
};

static void count_argument(void *ctx, const struct json *path)
{
    struct resolving *r = ctx;
    (void)path;
    if (r->room < PATHS_MAX)
        r->room++;
}

static void resolve_argument(void *ctx, const struct json *path)
{
    struct resolving *r = ctx;
    struct fs_target target;
    struct gate_path record;
    if (r->count == r->room)
        return;
    bind_resolve(r->root, r->want, path, &target, &record, NULL);
    if (record.code == 0)
        fs_target_close(&target);
    if (record.name) {
        char *kept = json_doc_alloc(r->arena, record.len + 1);
        record.name = kept ? memcpy(kept, target.path, record.len + 1) : NULL;
    }
    r->paths[r->count++] = record;
}

static void resolve_arguments(lua_State *L, const struct call *call, struct resolving *r)
{
    gate_each_path(call->gate, &call->gate_call, count_argument, r);
    if (!r->room)
        return;
    r->want = gate_call_want(call->gate, &call->gate_call);
    r->paths = json_doc_alloc(r->arena, r->room * sizeof *r->paths);
    if (!r->paths)
        luaL_error(L, "out of memory");
    gate_each_path(call->gate, &call->gate_call, resolve_argument, r);
}

void bind_judge_reach(lua_State *L, struct call *call, struct gate_verdict *verdict)
{
    lua_getiuservalue(L, -1, CALL_ROOT);
    struct json_doc *arena = bind_new_doc(L);
    struct resolving r = {.root = bind_to_root(L, -2), .arena = arena};
    resolve_arguments(L, call, &r);
    call->gate_call.paths = r.paths;
    call->gate_call.path_count = r.count;
    gate_judge_reach(call->gate, &call->gate_call, verdict);
    call->gate_call.paths = NULL; // the records die here; operations are resolved anew
    call->gate_call.path_count = 0;
    json_doc_clear(arena);
    lua_pop(L, 2);
}
