/* grammar.h: which of the parser's grammars reads a file, by the ending of its name. */
#ifndef MODEL_GRAMMAR_H
#define MODEL_GRAMMAR_H

#include <stddef.h>

/* "python", "javascript", "typescript", "tsx", "c" or "lua", static; NULL: none. */
const char *grammar_of(const char *name, size_t len);

#endif
