/* command.h: the program of a permit for proc.run, for permit.c. */
#ifndef BIND_GATE_COMMAND_H
#define BIND_GATE_COMMAND_H

#include "bind/bind.h"
#include "io/process/program.h"
#include "model/gate.h"

struct command {
    int root;                  /* index of the root of the card's tree, or of nil */
    const struct json *fields; /* of the operation: argv, stdin, wall */
    const struct json *limits; /* the command of the config */
    const char *program;       /* what was judged */
    int place; /* index of {env?, show?}: what its caller adds, as in proc.run; 0: nothing */
};

/* Runs it in the tree; like bind_run. */
int command_start(lua_State *L, const struct command *command, int done_idx,
                  struct err *err) MUST_CHECK;

/* Pushes the command as the organization wrote it, without its limits, as a table:
 * {argv, egress?, install?, grant?}; nil for NULL. A grant is the hash of argv and egress: what a
 * person said yes to. */
void command_push(lua_State *L, const struct json *command);

#endif
