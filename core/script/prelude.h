/* prelude.h: the text that every script is loaded behind, compiled once for all of them. It is the
 * program's own, not a user's: bytecode comes from here alone, scripts are loaded as text. */
#ifndef SCRIPT_PRELUDE_H
#define SCRIPT_PRELUDE_H

#include "script/box.h"

struct prelude;

/* Compiles the text. ERR_SCRIPT_SYNTAX, ERR_MEMORY. The caller has one hold on it. */
int prelude_new(struct prelude **prelude, const char *text, size_t len, struct err *err) MUST_CHECK;

/* One more hold, one less; the last one frees it. NULL is ignored. */
struct prelude *prelude_hold(struct prelude *prelude);
void prelude_free(struct prelude *prelude);

/* What box_load takes; borrowed. */
struct box_text prelude_text(const struct prelude *prelude);

/* A box of the default size with the prelude loaded, just reset, to try a script in: making one
 * from nothing takes three times as long as a script. Borrowed until it is asked for again. Errors
 * of box_load and box_seal. */
int prelude_box(struct prelude *prelude, struct box **box, struct err *err) MUST_CHECK;

#endif
