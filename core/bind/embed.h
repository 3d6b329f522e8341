/* embed.h: files built into the binary (lua/, roles/, nodes/, tools/, the page as web/); the table
 * is generated. Trusted Lua is among them as bytecode, NAME.luac. */
#ifndef BIND_EMBED_H
#define BIND_EMBED_H

#include <stddef.h>

struct embed_file {
    const char *name; /* path in the source tree, "lua/orket/cli.lua" */
    const char *start, *end;
};

extern const struct embed_file embed_files[]; /* those of a folder sorted by name */
extern const size_t embed_count;

#endif
