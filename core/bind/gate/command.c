/* command.c: from the judged operation to the program that runs: the judged file, the judged argv,
 * the limits of the rules, which the model may lower. */
#include "bind/gate/command.h"

#include <math.h>
#include <string.h>

#include "bind/gate/gate.h"
#include "bind/process/proc.h"
#include "script/value.h"

#define HTTPS          443
#define EGRESS_BYTES   ((uint64_t)100 << 20)
#define EGRESS_SECONDS 60

static uint64_t limit_of(const struct json *limits, const char *name, double unit)
{
    const struct json *value = json_get(limits, name);
    double scaled = 0;
    if (value && value->type == JSON_INT)
        scaled = (double)value->u.integer * unit;
    else if (value && value->type == JSON_REAL)
        scaled = value->u.real * unit;
    if (scaled <= 0)
        return 0;
    return (uint64_t)fmin(fmax(scaled, 1), 1e15);
}

/* Pushes the list, which borrows its texts from the operation. */
static const char **push_argv(lua_State *L, const struct json *argv)
{
    const char **list = lua_newuserdatauv(L, (argv->len + 1) * sizeof *list, 0);
    for (uint32_t i = 0; i < argv->len; i++)
        list[i] = argv->u.items[i].u.string;
    list[argv->len] = NULL;
    return list;
}

/* A file of the tree by the name it has inside, which is the one outside. */
static int program_path(lua_State *L, const struct command *command, char *out, size_t size,
                        struct err *err)
{
    char root[FS_PATH_MAX + 1];
    if (command->program[0] == '/')
        return snprintf(out, size, "%s", command->program) < (int)size ? 0 : ERR_BUG;
    if (!bind_root_path(L, command->root, root) ||
        snprintf(out, size, "%s/%s", root, command->program + 2) >= (int)size)
        return err_set(err, ERR_IO, "the card's tree cannot be found");
    return 0;
}

/* ---- what it may reach ---- */

static struct egress_host host_of(const struct json *host)
{
    const struct json *port = json_get(host, "port"), *private = json_get(host, "private");
    return (struct egress_host){
        .name = json_get(host, "host")->u.string,
        .port = port ? (unsigned)port->u.integer : HTTPS,
        .private = private && private->type == JSON_TRUE,
    };
}

/* Pushes it, borrowing its texts from the law; NULL when it may reach nothing. */
static const struct egress_spec *push_egress(lua_State *L, const struct json *egress)
{
    const struct json *list = json_get(egress, "hosts");
    if (!list)
        return NULL;
    uint64_t bytes = limit_of(egress, "bytes", 1), ms = limit_of(egress, "seconds", 1000);
    struct egress_spec *spec = lua_newuserdatauv(L, sizeof *spec, 0);
    struct egress_host *hosts = lua_newuserdatauv(L, list->len * sizeof *hosts, 0);
    for (uint32_t i = 0; i < list->len; i++)
        hosts[i] = host_of(&list->u.items[i]);
    *spec = (struct egress_spec){
        .hosts = hosts,
        .count = list->len,
        .bytes = bytes ? bytes : EGRESS_BYTES,
        .ms = ms ? ms : EGRESS_SECONDS * 1000,
    };
    return spec;
}

static void set_grant(lua_State *L, const struct json *command)
{
    struct buf *text = bind_scratch(L);
    struct hash_part parts[] = {{"egress", 6}, {NULL, 0}, {NULL, 0}};
    json_write(text, json_get(command, "argv"));
    if (!buf_ok(text))
        luaL_error(L, "out of memory");
    parts[1] = (struct hash_part){text->data, text->len};
    bind_push_hash(L, parts, COUNT_OF(parts), json_get(command, "egress"));
    lua_setfield(L, -3, "grant");
    lua_pop(L, 1); // the scratch
}

void command_push(lua_State *L, const struct json *command)
{
    static const char *const names[] = {"argv", "egress", "install"};
    if (!command) {
        lua_pushnil(L);
        return;
    }
    lua_newtable(L);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct json *part = json_get(command, names[i]);
        if (!part)
            continue;
        value_push(L, part);
        lua_setfield(L, -2, names[i]);
    }
    if (json_get(command, "egress"))
        set_grant(L, command);
}

/* ---- the run ---- */

static uint64_t lower(uint64_t most, uint64_t wanted)
{
    return wanted && wanted < most ? wanted : most;
}

int command_start(lua_State *L, const struct command *command, int done_idx, struct err *err)
{
    char path[2 * FS_PATH_MAX];
    const struct json *limits = command->limits;
    uint64_t wall = limit_of(limits, "wall", 1000);
    struct proc_spec spec = {
        .cwd = -1,
        .program = path,
        .wall_ms = lower(wall ? wall : PROC_WALL_MS, limit_of(command->fields, "wall", 1000)),
        .cpu_ms = limit_of(limits, "cpu", 1000),
        .memory = limit_of(limits, "memory", 1),
        .processes = limit_of(limits, "procs", 1),
        .file_size = limit_of(limits, "fsize", 1),
        .files = limit_of(limits, "files", 1),
        .output = limit_of(limits, "output", 1),
    };
    spec.input = json_string(json_get(command->fields, "stdin"), &spec.input_len);
    if (bind_to_root(L, command->root) < 0)
        return err_set(err, ERR_IO, "there is no tree");
    int rc = program_path(L, command, path, sizeof path, err);
    if (rc)
        return rc;
    spec.argv = push_argv(L, json_get(command->fields, "argv"));
    spec.egress = push_egress(L, json_get(limits, "egress"));
    if (command->place) {
        spec.env = proc_l_env(L, command->place);
        spec.show = proc_l_list(L, command->place, "show");
    }
    rc = bind_give_tree(L, command->root, &spec, err);
    rc = rc ? rc : bind_run(L, &spec, done_idx, err);
    base_close_fd(&spec.cwd);
    return rc;
}
