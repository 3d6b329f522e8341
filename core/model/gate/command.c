/* command.c: which programs may run: those that the organization's commands name, and nothing else.
 *
 * A command is a list of patterns, one for each argument: '*' stands for any text, '?' for one
 * character; "**" at the end for any further arguments. The first one is the program:
 *   make        a program of the system, called by this name
 *   /usr/bin/x  the file that it really is, whatever it was called
 *   ./run       a file of the card's own tree
 * It is judged by what the caller resolved, not by what was written. */
#include <string.h>

#include "model/gate/impl.h"

#define COMMANDS_MAX 1000

static int wrong(struct err *err, size_t number, const char *what)
{
    return err_set(err, ERR_CONFIG, "command %zu: %s", number + 1, what);
}

/* ---- building ---- */

static bool is_limit(const char *key)
{
    static const char *const limits[] = {"wall",  "cpu",   "memory", "procs",
                                         "fsize", "files", "output"};
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        if (strcmp(limits[i], key) == 0)
            return true;
    return false;
}

/* "install" is for what runs it (lua/orket/installation/). */
static bool is_part(const char *key)
{
    return strcmp(key, "argv") == 0 || strcmp(key, "egress") == 0 || strcmp(key, "install") == 0;
}

static bool is_above_0(const struct json *value)
{
    return (value->type == JSON_INT && value->u.integer > 0) ||
           (value->type == JSON_REAL && value->u.real > 0);
}

/* One host of an egress: {host, port?, private?}. That it is a name is for the configuration's
 * schema; anything else fits no request. */
static bool is_host(const struct json *host)
{
    const struct json *port = json_get(host, "port"), *private = json_get(host, "private");
    const struct json *name = json_get(host, "host");
    return host->type == JSON_OBJECT && name && name->type == JSON_STRING && name->len &&
           (!port || (port->type == JSON_INT && port->u.integer > 0 && port->u.integer < 65536)) &&
           (!private || private->type == JSON_TRUE || private->type == JSON_FALSE);
}

static bool is_egress(const struct json *egress)
{
    const struct json *hosts = json_get(egress, "hosts");
    const struct json *bytes = json_get(egress, "bytes"), *seconds = json_get(egress, "seconds");
    if (egress->type != JSON_OBJECT || !hosts || hosts->type != JSON_ARRAY || !hosts->len)
        return false;
    for (uint32_t i = 0; i < hosts->len; i++)
        if (!is_host(&hosts->u.items[i]))
            return false;
    return (!bytes || is_above_0(bytes)) && (!seconds || is_above_0(seconds));
}

static int check_keys(const struct json *command, size_t number, struct err *err)
{
    for (uint32_t i = 0; i < command->len; i++) {
        const struct json_member *m = &command->u.members[i];
        if (is_limit(m->key) && !is_above_0(&m->value))
            return wrong(err, number, "a limit is a number above 0");
        if (strcmp(m->key, "egress") == 0 && !is_egress(&m->value))
            return wrong(err, number,
                         "'egress' is {hosts: [{host, port?, private?}], bytes?, seconds?}");
        if (!is_limit(m->key) && !is_part(m->key))
            return err_set(err, ERR_CONFIG, "command %zu: unknown key '%.64s'", number + 1, m->key);
    }
    return 0;
}

/* What an installation was made by is known by the command alone: it is one argv. */
static int check_install(const struct json *command, size_t number, struct err *err)
{
    const struct json *argv = json_get(command, "argv");
    if (!json_get(command, "install"))
        return 0;
    for (uint32_t i = 0; i < argv->len; i++)
        if (strpbrk(argv->u.items[i].u.string, "*?"))
            return wrong(err, number, "what installs has no '*' and no '?' in its 'argv'");
    return 0;
}

/* "./run" and "/usr/bin/x" or a name; "bin/x" would be one or the other. */
static bool is_program(const struct json *first)
{
    const char *text = first->u.string;
    return first->len > 0 && (!strchr(text, '/') || text[0] == '/' || strncmp(text, "./", 2) == 0);
}

static int check_argv(const struct json *argv, size_t number, struct err *err)
{
    if (!argv || argv->type != JSON_ARRAY || argv->len == 0)
        return wrong(err, number, "'argv' is a list of patterns");
    for (uint32_t i = 0; i < argv->len; i++) {
        const struct json *item = &argv->u.items[i];
        if (item->type != JSON_STRING || strlen(item->u.string) != item->len)
            return wrong(err, number, "'argv' is a list of patterns");
        if (json_is(item, "**") && (i == 0 || i + 1 < argv->len))
            return wrong(err, number, "\"**\" is for the end of 'argv'");
    }
    if (!is_program(&argv->u.items[0]))
        return wrong(err, number, "its program is a name, an absolute path, or \"./\" and a path");
    return 0;
}

int gate_build_commands(struct gate *gate, const struct json *list, struct err *err)
{
    int rc = 0;
    gate->commands = list;
    if (list && (list->type != JSON_ARRAY || list->len > COMMANDS_MAX))
        return err_set(err, ERR_CONFIG, "commands are a list of at most %d", COMMANDS_MAX);
    for (uint32_t i = 0; rc == 0 && list && i < list->len; i++) {
        const struct json *command = &list->u.items[i];
        if (command->type != JSON_OBJECT)
            return wrong(err, i, "must be an object");
        rc = check_keys(command, i, err);
        rc = rc ? rc : check_argv(json_get(command, "argv"), i, err);
        rc = rc ? rc : check_install(command, i, err);
    }
    return rc;
}

/* ---- judging ---- */

/* Goes back to the last '*' when it has to: no recursion, at most text x pattern steps. */
static bool is_match(const char *pattern, const char *text)
{
    const char *star = NULL, *from = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            from = text;
        } else if (*pattern && (*pattern == '?' || *pattern == *text)) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* A name is for what PATH finds: what was written with a slash, or lies in the tree, has none. */
static bool is_program_of(const char *pattern, const char *written, const char *program)
{
    if (strchr(pattern, '/'))
        return pattern[0] == program[0] && is_match(pattern, program);
    return program[0] == '/' && !strchr(written, '/') && is_match(pattern, written);
}

static bool fits(const struct json *patterns, const struct json *argv, const char *program)
{
    const struct json *pattern = patterns->u.items, *word = argv->u.items;
    bool any = json_is(&pattern[patterns->len - 1], "**");
    uint32_t count = any ? patterns->len - 1 : patterns->len;
    if (argv->len < count || (argv->len > count && !any) ||
        !is_program_of(pattern[0].u.string, word[0].u.string, program))
        return false;
    for (uint32_t i = 1; i < count; i++)
        if (!is_match(pattern[i].u.string, word[i].u.string))
            return false;
    return true;
}

const struct json *gate_command(const struct gate *gate, const struct json *argv,
                                const char *program)
{
    for (uint32_t i = 0; gate->commands && i < gate->commands->len; i++) {
        const struct json *command = &gate->commands->u.items[i];
        if (fits(json_get(command, "argv"), argv, program))
            return command;
    }
    return NULL;
}

bool gate_is_argv(const struct json *argv)
{
    if (!argv || argv->type != JSON_ARRAY || argv->len == 0)
        return false;
    for (uint32_t i = 0; i < argv->len; i++)
        if (argv->u.items[i].type != JSON_STRING ||
            strlen(argv->u.items[i].u.string) != argv->u.items[i].len)
            return false;
    return argv->u.items[0].len > 0;
}

/* The first words, for people. */
static void write_words(const struct json *argv, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < argv->len && at + 1 < size; i++) {
        int n = snprintf(out + at, size - at, "%s%s", i ? " " : "", argv->u.items[i].u.string);
        at += n > 0 ? (size_t)n : 0;
    }
}

bool gate_check_command(struct gate_case *c, const struct gate_operation *operation)
{
    char words[300];
    const struct json *argv = json_get(operation->fields, "argv");
    if (!gate_is_argv(argv))
        return gate_deny(c, GATE_OP_FORM, "give the program and each argument as a text of its own",
                         "argv is a list of texts without NUL, the first names the program");
    write_words(argv, words, sizeof words);
    if (!operation->program)
        return gate_deny(c, GATE_COMMAND_PROGRAM,
                         "run a program of the system by its name, or one of the tree that may run",
                         "'%.200s' is no program that could be run here",
                         argv->u.items[0].u.string);
    if (gate_command(c->gate, argv, operation->program))
        return true;
    gate_deny(c, GATE_COMMAND,
              "run what process_rules.commands of the organization names, or ask a person for it",
              "no command of the organization is '%s' (%.200s)", words, operation->program);
    return gate_deny_at(c, "config/organization.json#/process_rules/commands");
}

void gate_ask_egress(struct gate_case *c, const struct gate_operation *operation)
{
    char why[400] = "it reaches the network, and a yes is for this command in the whole epic: ";
    size_t at = strlen(why);
    const struct json *command =
        gate_command(c->gate, json_get(operation->fields, "argv"), operation->program);
    const struct json *hosts = json_get(json_get(command, "egress"), "hosts");
    for (uint32_t i = 0; hosts && i < hosts->len && at + 1 < sizeof why; i++) {
        const struct json *port = json_get(&hosts->u.items[i], "port");
        int n = snprintf(why + at, sizeof why - at, "%s%s:%d", i ? ", " : "",
                         json_get(&hosts->u.items[i], "host")->u.string,
                         port ? (int)port->u.integer : GATE_HTTPS);
        at += n > 0 ? (size_t)n : 0;
    }
    if (hosts)
        gate_ask(c, GATE_EGRESS, GATE_CONFIRM_FIX, why);
}
