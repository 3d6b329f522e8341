/* automaton.h: whether lines fit a regular expression, much faster than one search each: the sets
 * of states that occur are kept as states of their own (a DFA, made as far as it is needed), so
 * that a byte of ASCII costs one look into a table.
 *
 * A state is what is to be followed at a place: instructions, whether the line begins here, and
 * whether a word stands before. Anchors and word boundaries are settled when the next byte is
 * known. An expression with lookaheads has no automaton. */
#ifndef MODEL_AUTOMATON_H
#define MODEL_AUTOMATON_H

#include "base/buf.h"
#include "model/schema/regex/regex.h"

struct automaton;

/* NULL: no memory, or the expression has lookaheads. The regex is borrowed. */
struct automaton *automaton_new(const struct regex *regex);

/* The first line at or behind `from`, the beginning of one, in which the expression occurs: 1 and
 * where it begins in *found; 0: there is none; ERR_LIMIT when *budget (steps that made the
 * automaton) ran out; ERR_MEMORY. A line ends at a line feed, with a carriage return before it. */
int automaton_find(struct automaton *a, const char *text, size_t len, size_t from, size_t *found,
                   size_t *budget) MUST_CHECK;

void automaton_free(struct automaton *a);

#endif
