/* box.c: regions, images, entries. Every touch of a box's state happens inside lua_resume of a
 * light C function (or lua_pcall, while the state is made), because a state at its memory cap
 * raises from anything, and an unprotected raise would end the process. */
#include "script/box.h"

#include <lauxlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "script/box_state.h"
#include "script/safelib.h"

enum {
    PAUSE = 400,     /* percent of growth between two collections */
    TRIM = 512 << 10 /* memory above the image that an idle box may keep */
};

static const char thread_key; /* its address: where the registry keeps the script's thread */

const struct json_limits box_value_limits = {.bytes = 8u << 20, .depth = 64, .values = 200000};

/* ---- making ---- */

/* liblua finds finalizers and weak tables by two interned strings. Finalizers run with hooks off,
 * weak tables make results depend on the collector (and marking them is quadratic): overwrite the
 * strings with bytes that no script can guess, and neither exists, however it is asked for. */
static void forget_name(lua_State *L, const char *name)
{
    const char *known = lua_pushstring(L, name);
    require(getentropy((char *)(uintptr_t)known, strlen(name)) == 0);
    require(lua_pushstring(L, name) != known);
    lua_pop(L, 2);
}

static int setup(lua_State *L)
{
    struct box *box = lua_touserdata(L, 1);
    forget_name(L, "__gc");
    forget_name(L, "__mode");
    box->meter.thread = lua_newthread(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &thread_key);
    safelib_open(L);
    return 0;
}

static int make_state(struct box *box)
{
    box->L = lua_newstate(meter_alloc, &box->meter);
    if (!box->L)
        return ERR_MEMORY;
    *(struct meter **)lua_getextraspace(box->L) = &box->meter;
#ifdef GCSTRESS
    box->meter.stress = true;
#endif
    lua_pushcfunction(box->L, setup);
    lua_pushlightuserdata(box->L, box);
    if (lua_pcall(box->L, 1, 0, 0) != LUA_OK)
        return ERR_MEMORY;
    meter_calm(&box->meter);
    return 0;
}

int box_new(struct box **out, size_t mem, struct err *err)
{
    size_t size = mem ? mem : BOX_MEM;
    if (size < BOX_MEM_MIN || size > BOX_MEM_MAX)
        return err_set(err, ERR_USAGE, "a box has %u KiB to %u MiB of memory", BOX_MEM_MIN >> 10,
                       BOX_MEM_MAX >> 20);
    struct box *box = calloc(1, sizeof *box);
    if (!box)
        return err_set(err, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
    box->size = size;
    box->region = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (box->region == MAP_FAILED) {
        free(box);
        return err_set(err, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
    }
    box->meter.heap = heap_init(box->region, size);
    box->meter.string_max = size / 4;
    if (make_state(box)) {
        box_free(box);
        return err_set(err, ERR_MEMORY, "a box of this size has no room for its library");
    }
    *out = box;
    return 0;
}

void box_drop_values(struct box *box)
{
    json_drop(&box->builder);
    json_text_clear(&box->encoding);
    json_doc_reset(&box->doc);
    box->value = (struct json){0};
}

void box_free(struct box *box)
{
    if (!box)
        return;
    box_drop_values(box);
    json_doc_clear(&box->doc);
    buf_clear(&box->scratch);
    watch_clear(&box->meter.watch);
    heap_restore(box->meter.heap, box->meter.heap, 0); // the address may be mapped by others later
    munmap(box->region, box->size);
    free(box->image);
    free(box);
}

/* ---- running ---- */

/* " at line 7": where the script was when it was ended from within; a thread that was cut off is in
 * disorder and is not looked at. */
static const char *place(const struct box *box, bool cut, char out[32])
{
    lua_Debug ar;
    out[0] = '\0';
    for (int level = 0; !cut && lua_getstack(box->meter.thread, level, &ar); level++) {
        lua_getinfo(box->meter.thread, "Sl", &ar);
        if (ar.source[0] == '@' && strcmp(ar.source + 1, box->name) == 0 && ar.currentline > 0) {
            snprintf(out, 32, " at line %d", ar.currentline);
            break;
        }
    }
    return out;
}

static int fail_limit(const struct box *box, int limit, bool cut, struct err *err)
{
    char at[32];
    place(box, cut, at);
    if (limit == ERR_SCRIPT_MEMORY) {
        err_set(err, limit, "%s used more than its %zu KiB of memory%s", box->name, box->size >> 10,
                at);
        return err_fix(err, "keep less at once; no string may be longer than %zu KiB",
                       box->meter.string_max >> 10);
    }
    if (limit == ERR_SCRIPT_STEPS) {
        err_set(err, limit, "%s used more than its %lld steps%s", box->name, (long long)box->steps,
                at);
        return err_fix(err, "look for a loop that does not end, or do less in one call");
    }
    if (limit == ERR_MEMORY)
        return err_set(err, limit, "no memory for what %s handed over%s", box->name, at);
    if (limit == ERR_IO)
        return err_set(err, limit, "there is no timer for %s", box->name);
    err_set(err, limit, "%s ran longer than %llu ms%s", box->name,
            (unsigned long long)(box->ns / 1000000), at);
    return err_fix(err, "look for a loop that does not end, or do less in one call");
}

/* Of the error value at 1: the text, or its field `message`; raw, so that no script code runs. */
static int read_error(lua_State *L)
{
    struct box *box = box_of(L);
    size_t len = 0;
    if (lua_type(L, 1) == LUA_TTABLE) {
        lua_pushliteral(L, "message");
        lua_rawget(L, 1);
    }
    const char *text = lua_type(L, -1) == LUA_TSTRING || lua_type(L, -1) == LUA_TNUMBER
                           ? lua_tolstring(L, -1, &len)
                           : NULL;
    if (!text)
        err_set(&box->fault, ERR_SCRIPT, "%s raised a %s", box->name, luaL_typename(L, 1));
    else if (utf8_valid(text, len))
        err_set(&box->fault, ERR_SCRIPT, "%s", text);
    else
        err_set(&box->fault, ERR_SCRIPT, "%s raised a text that is not UTF-8", box->name);
    return 0;
}

static int fail_script(struct box *box, struct err *err)
{
    lua_State *co = box->meter.thread;
    if (!box->fault.code && lua_gettop(co) > 0) {
        lua_pushcfunction(box->L, read_error);
        lua_xmove(co, box->L, 1);
        if (lua_pcall(box->L, 1, 0, 0) != LUA_OK)
            lua_settop(box->L, 0);
    }
    if (!box->fault.code)
        err_set(&box->fault, ERR_SCRIPT, "%s failed", box->name);
    if (err)
        *err = box->fault;
    return box->fault.code;
}

int box_continue(struct box *box, struct err *err)
{
    enum { CUT_OFF = -1 };
    lua_State *co = box->meter.thread;
    volatile int rc = CUT_OFF;
    const uint64_t start = meter_now();
    box->fault.code = 0;
    if (sigsetjmp(box->meter.escape, 0) == 0) {
        int results;
        meter_begin(&box->meter, box->steps_left, box->ns_left, box->strict);
        rc = lua_resume(co, NULL, 0, &results);
    }
    meter_end(&box->meter);
    box->ns_used += meter_now() - start;
    uint64_t used = meter_used(&box->meter);
    box->ns_left -= used < box->ns_left ? used : box->ns_left;
    box->steps_left = box->meter.steps;
    if (!box->meter.limit && rc == LUA_OK)
        return BOX_DONE;
    if (!box->meter.limit && rc == LUA_YIELD)
        return BOX_YIELD;
    box->dead = true;
    return box->meter.limit ? fail_limit(box, box->meter.limit, rc == CUT_OFF, err)
                            : fail_script(box, err);
}

int box_enter(struct box *box, lua_CFunction entry, const struct box_limits *limits,
              struct err *err)
{
    if (box->dead)
        return err_set(err, ERR_BUG, "a box was used again without a reset");
    box->steps = box->steps_left = limits && limits->steps ? limits->steps : BOX_STEPS;
    box->ns = box->ns_left = (uint64_t)(limits && limits->ms ? limits->ms : BOX_MS) * 1000000;
    box->strict = limits && limits->strict;
    lua_pushcfunction(box->meter.thread, entry);
    return box_continue(box, err);
}

/* ---- the image ---- */

static int settle_entry(lua_State *L)
{
    lua_gc(L, LUA_GCINC, PAUSE, 0, 0);
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
}

int box_settle(struct box *box, struct err *err)
{
    int rc = box_enter(box, settle_entry, NULL, err);
    if (rc)
        return rc;
    require(box->L && lua_status(box->meter.thread) == LUA_OK &&
            lua_gettop(box->meter.thread) == 0);
    size_t len = heap_prefix(box->meter.heap);
    if (len > BOX_IMAGE_MAX || len > box->size / 2)
        return err_set(err, ERR_SCRIPT_MEMORY, "%s keeps %zu KiB once loaded, more than %u KiB",
                       box->name, len >> 10, BOX_IMAGE_MAX >> 10);
    return 0;
}

int box_seal(struct box *box, struct err *err)
{
    int rc = box_settle(box, err);
    if (rc)
        return rc;
    size_t len = heap_prefix(box->meter.heap);
    free(box->image);
    box->image = malloc(len);
    if (!box->image)
        return err_set(err, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
    meter_calm(&box->meter);
    heap_save(box->meter.heap, box->image);
    box->image_len = len;
    return 0;
}

void box_rest(struct box *box)
{
    size_t keep = (box->image_len + TRIM + 4095) & ~(size_t)4095, high = heap_high(box->meter.heap);
    if (high > box->size)
        high = box->size; // the heap of a box that was cut off
    if (high > keep)
        madvise(box->region + keep, high - keep, MADV_DONTNEED);
}

void box_reset(struct box *box)
{
    require(box->image && !box->meter.running);
    box_rest(box);
    heap_restore(box->meter.heap, box->image, box->image_len);
    box_drop_values(box);
    box->dead = false;
    box->ns_used = 0;
}

/* ---- figures ---- */

size_t box_peak(const struct box *box)
{
    return heap_peak(box->meter.heap);
}

double box_ms(const struct box *box)
{
    return (double)box->ns_used / 1e6;
}

size_t box_image(const struct box *box)
{
    return box->image_len;
}

lua_State *box_state(struct box *box)
{
    return box->L;
}
