/* command.c: from the judged operation to the program that runs: the judged file, the judged argv,
 * the limits of the rules, which the model may lower. */
#include "bind/gate/command.h"

#include <math.h>
#include <string.h>

#include "bind/process/proc.h"

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
static int program_path(const struct command *command, char *out, size_t size, struct err *err)
{
    char root[FS_PATH_MAX + 1];
    if (command->program[0] == '/')
        return snprintf(out, size, "%s", command->program) < (int)size ? 0 : ERR_BUG;
    if (!fs_root_path(command->root, root) ||
        snprintf(out, size, "%s/%s", root, command->program + 2) >= (int)size)
        return err_set(err, ERR_IO, "the card's tree cannot be found");
    return 0;
}

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
        .cwd = command->root,
        .program = path,
        .wall_ms = lower(wall ? wall : PROC_WALL_MS, limit_of(command->fields, "wall", 1000)),
        .cpu_ms = limit_of(limits, "cpu", 1000),
        .memory = limit_of(limits, "memory", 1),
        .processes = limit_of(limits, "procs", 1),
        .file_size = limit_of(limits, "fsize", 1),
        .output = limit_of(limits, "output", 1),
    };
    spec.input = json_string(json_get(command->fields, "stdin"), &spec.input_len);
    if (command->root < 0)
        return err_set(err, ERR_IO, "there is no tree");
    int rc = program_path(command, path, sizeof path, err);
    if (rc)
        return rc;
    spec.argv = push_argv(L, json_get(command->fields, "argv"));
    return bind_run(L, &spec, done_idx, err);
}
