/* command.h: the program of a permit for proc.run, for permit.c. */
#ifndef BIND_GATE_COMMAND_H
#define BIND_GATE_COMMAND_H

#include "bind/bind.h"
#include "io/process/program.h"
#include "model/gate.h"

struct command {
    int root;                  /* of the card's tree; borrowed */
    const struct json *fields; /* of the operation: argv, stdin, wall */
    const struct json *limits; /* the command of the config */
    const char *program;       /* what was judged */
};

/* Runs it in the tree; like bind_run. */
int command_start(lua_State *L, const struct command *command, int done_idx,
                  struct err *err) MUST_CHECK;

#endif
