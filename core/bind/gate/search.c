/* search.c: see search.h. First the search itself, which touches no Lua; then the job that runs it
 * in the pool and calls back on the loop. */
#include "bind/gate/search.h"

#include <string.h>

#include "script/value.h"

/* One search with everything it needs; used by one thread at a time. */
struct search {
    struct fs_target target; /* owned */
    struct gate *gate;       /* held */
    struct gate_call call;   /* role, card, tool: texts in `memory` */
    struct json_doc memory;  /* also the matches */
    const char *text;
    size_t text_len, limit;
};

struct state {
    struct search *search;
    struct json_builder out;
    struct buf bytes;
    size_t matches, files, read;
    bool more;
    struct err failed; /* of the machine, the first one */
};

static bool is_full(const struct state *s)
{
    return s->matches >= s->search->limit || s->read >= SEARCH_BYTES;
}

/* The longest prefix of at most max bytes that ends between characters. */
static size_t cut_utf8(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

static void put_match(struct state *s, const char *path, size_t line, const char *text, size_t len)
{
    struct json_builder *out = &s->out;
    json_begin_object(out);
    json_key(out, "path", 4);
    json_add_text(out, path);
    json_key(out, "line", 4);
    json_add_int(out, (int64_t)line);
    json_key(out, "text", 4);
    json_add_string(out, text, cut_utf8(text, len, SEARCH_LINE));
    json_end_object(out);
    s->matches++;
}

/* Each line that contains the text, once. */
static void look_in(struct state *s, const char *path)
{
    const char *at = s->bytes.data, *end = at + s->bytes.len;
    size_t line = 1;
    const char *counted = at;
    while (at < end) {
        const char *hit = memmem(at, (size_t)(end - at), s->search->text, s->search->text_len);
        if (!hit)
            return;
        if (is_full(s)) {
            s->more = true;
            return;
        }
        for (const char *nl; (nl = memchr(counted, '\n', (size_t)(hit - counted)));
             counted = nl + 1)
            line++;
        const char *stop = memchr(hit, '\n', (size_t)(end - hit));
        stop = stop ? stop : end;
        put_match(s, path, line, counted, (size_t)(stop - counted));
        at = stop < end ? stop + 1 : end; // the text may begin with the end of a line
    }
}

/* A file that is gone, or no file, is passed over;
 * one that the machine does not give would be missed. */
static void note_failure(struct state *s, int rc, const struct err *err)
{
    if (err_is_environment(rc) && !s->failed.code)
        s->failed = *err;
}

static void look_at(struct state *s, const struct fs_target *file, const char *path)
{
    bool longer = false;
    struct err err = {0};
    buf_reset(&s->bytes);
    int rc = fs_read(file, 0, FS_READ_MAX, &s->bytes, &longer, &err);
    note_failure(s, rc, &err);
    if (rc)
        return;
    s->read += s->bytes.len;
    s->files++;
    if (longer)
        s->more = true;
    else if (s->bytes.len && !memchr(s->bytes.data, 0, s->bytes.len) &&
             utf8_valid(s->bytes.data, s->bytes.len))
        look_in(s, path);
}

static void look_below(struct state *s, const char *name)
{
    const struct fs_target *root = &s->search->target;
    char path[2 * FS_PATH_MAX + 2];
    struct fs_target file;
    struct err err = {0};
    int len = snprintf(path, sizeof path, "%s%s%s", root->path, root->len ? "/" : "", name);
    if (!gate_may_read(s->search->gate, &s->search->call, path, (size_t)len))
        return;
    int rc = fs_resolve(root->fd, name, strlen(name), FS_READ, &file, &err);
    note_failure(s, rc, &err);
    if (rc)
        return;
    look_at(s, &file, path);
    fs_target_close(&file);
}

static int look_everywhere(struct state *s, struct err *err)
{
    struct fs_entries entries = {0};
    int rc = fs_walk(&s->search->target, SEARCH_FILES, &entries, err);
    s->more = entries.more;
    for (size_t i = 0; rc == 0 && i < entries.count; i++) {
        if (is_full(s)) {
            s->more = true;
            break;
        }
        look_below(s, entries.items[i].name);
    }
    fs_entries_clear(&entries);
    return rc;
}

/* Fills *found with {matches: [{path, line, text}], files, more?}; its memory is search->memory. */
static int search_run(struct search *search, struct json *found, struct err *err)
{
    struct state s = {.search = search};
    int rc = 0;
    json_build(&s.out, &search->memory);
    json_begin_object(&s.out);
    json_key(&s.out, "matches", 7);
    json_begin_array(&s.out);
    if (search->target.want == FS_READ)
        look_at(&s, &search->target, search->target.path);
    else
        rc = look_everywhere(&s, err);
    json_end_array(&s.out);
    json_key(&s.out, "files", 5);
    json_add_int(&s.out, (int64_t)s.files);
    if (s.more) {
        json_key(&s.out, "more", 4);
        json_add_bool(&s.out, true);
    }
    json_end_object(&s.out);
    buf_clear(&s.bytes);
    int built = json_finish(&s.out, found);
    if (rc == 0 && s.failed.code) {
        *err = s.failed;
        rc = err->code;
    }
    if (rc == 0 && built)
        rc = err_set(err, built, "no memory for the matches");
    return rc;
}

static void search_clear(struct search *search)
{
    fs_target_close(&search->target);
    gate_free(search->gate);
    json_doc_clear(&search->memory);
}

/* ---- searching, in the pool ---- */

struct job {
    uv_work_t work;
    struct bind *bind;
    struct search search;
    struct json found;
    struct err err;
    int rc, callback;
    struct job **owner; /* a userdata that forgets the job when the Lua state closes first */
};

#define JOB_TYPE "orket.gate.job"

static int l_job_gc(lua_State *L)
{
    struct job **owner = luaL_checkudata(L, 1, JOB_TYPE);
    if (*owner)
        (*owner)->bind = NULL;
    *owner = NULL;
    return 0;
}

static void job_work(uv_work_t *work)
{
    struct job *job = work->data;
    job->rc = search_run(&job->search, &job->found, &job->err);
}

/* (job) -> calls back; inside bind_call, because pushing may raise */
static int l_job_finish(lua_State *L)
{
    struct job *job = lua_touserdata(L, 1);
    bind_take(job->bind, job->callback); // pushed on the main thread, which is L
    int n = 1;
    if (job->rc)
        n = bind_push_failure(L, &job->err);
    else
        value_push(L, &job->found);
    lua_call(L, n, 0);
    return 0;
}

static void job_done(uv_work_t *work, int status)
{
    struct job *job = work->data;
    if (status && !job->rc)
        job->rc = err_set(&job->err, ERR_CANCELED, "the search was canceled");
    if (job->bind) {
        lua_State *L = job->bind->L;
        lua_pushcfunction(L, l_job_finish);
        lua_pushlightuserdata(L, job);
        *job->owner = NULL;
        lua_pushnil(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, job->owner);
        bind_call(L, 1, 0);
    }
    search_clear(&job->search);
    free(job);
}

static const char *copy(struct json_doc *memory, const char *text, size_t len)
{
    char *kept = json_doc_alloc(memory, len + 1);
    return kept ? memcpy(kept, text, len + 1) : NULL;
}

/* Takes the target and copies the rest, so that the job depends on no Lua value. */
static int fill(struct search *search, const struct search_wish *wish)
{
    struct json_doc *memory = &search->memory;
    const struct gate_call *call = wish->call;
    search->target = wish->target;
    search->gate = gate_hold(wish->gate);
    search->text = copy(memory, wish->text, wish->text_len);
    search->text_len = wish->text_len;
    search->limit = wish->limit;
    search->call = (struct gate_call){
        .role = copy(memory, call->role, strlen(call->role)),
        .card_type = copy(memory, call->card_type, strlen(call->card_type)),
        .card_status = copy(memory, call->card_status, strlen(call->card_status)),
        .tool = copy(memory, call->tool, call->tool_len),
        .tool_len = call->tool_len,
    };
    bool whole = search->text && search->call.role && search->call.card_type &&
                 search->call.card_status && search->call.tool;
    return whole ? 0 : ERR_MEMORY;
}

/* A userdata that lives as long as the job, kept in the registry. */
static struct job **new_owner(lua_State *L)
{
    struct job **owner = lua_newuserdatauv(L, sizeof *owner, 0);
    *owner = NULL;
    luaL_setmetatable(L, JOB_TYPE);
    lua_rawsetp(L, LUA_REGISTRYINDEX, owner);
    return owner;
}

int search_start(lua_State *L, struct search_wish *wish, int callback_idx, struct err *err)
{
    struct job **owner = new_owner(L);
    int callback = bind_keep(L, callback_idx); // nothing below raises
    struct job *job = calloc(1, sizeof *job);
    if (!job) {
        fs_target_close(&wish->target);
        return err_set(err, ERR_MEMORY, "out of memory");
    }
    *job = (struct job){.bind = bind_of(L), .callback = callback, .owner = owner, .work.data = job};
    int rc = fill(&job->search, wish);
    if (rc == 0 && uv_queue_work(job->bind->loop, &job->work, job_work, job_done) == 0) {
        *owner = job;
        return 0;
    }
    search_clear(&job->search);
    free(job);
    return err_set(err, ERR_MEMORY, "the search could not be started");
}

void search_open(lua_State *L)
{
    static const luaL_Reg none[] = {{NULL, NULL}};
    bind_type(L, JOB_TYPE, none, l_job_gc);
}
