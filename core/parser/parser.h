/* parser.h: what the files of the parser share: a tree being walked, and the facts found in it.
 *
 * The parser is a program of its own, static and carried inside the binary, started by
 * io/process/parser.c for one source text. It says what stands in the text (imports, classes, what
 * is no syntax), each with its place; what that means under the rules of an organization is judged
 * elsewhere.
 *
 * fact       one JSON object: {"fact": kind, "line", "column", ...}
 *   error    text: what is wrong there; macro 1: it may be right once macros are expanded (C)
 *   import   module, dots (of a relative Python import), names (those it takes, by commas)
 *   unclear  text: an import whose module cannot be told from the text
 *   class    name (may be empty), methods
 *   method   name: of the class (Lua, where a class has no body)
 *
 * With `symbols` the facts are others (symbols.c):
 *   function, class, type, macro, declaration (of a function, in C)
 *            last (line), name, signature: what stands before its body, in one line
 *   use      name, count: how often the name stands in the text
 */
#ifndef PARSER_PARSER_H
#define PARSER_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tree_sitter/api.h>

#define FACTS_MAX  5000
#define ERRORS_MAX 10
#define LONGEST    1000 /* bytes of one name; a source with a longer one is not judged */

/* How the program ends; io/process/parser.c reads it. */
enum parser_end { PARSER_OK, PARSER_USAGE, PARSER_DOORS, PARSER_FACTS };

/* A text in the making, of fixed size. */
struct name {
    char text[LONGEST];
    size_t len;
};

struct walk {
    const char *text; /* the source */
    uint32_t len;
    uint32_t dead_until; /* no fact begins before: `#if 0` */
    bool has_macros;     /* of the language: names in capitals may stand for anything */
    unsigned facts, errors, symbols;
    struct uses *uses; /* names that are used, when symbols are wanted; else NULL */
    size_t out_len;    /* waiting to be written */
    char out[16384];
};

/* What to do at a node of a type, when the walk comes to it. */
struct handler {
    const char *type;
    void (*see)(struct walk *w, TSNode node);
};

struct language {
    const char *name;
    const TSLanguage *(*grammar)(void);
    const struct handler *handlers, *symbols; /* each ends with a NULL type */
    bool has_macros;
};

extern const struct handler python_handlers[], script_handlers[], c_handlers[], lua_handlers[];
extern const struct handler python_symbols[], script_symbols[], c_symbols[], lua_symbols[];

/* ---- symbols (symbols.c): before and after the walk ---- */

void symbols_begin(struct walk *w);
void symbols_end(struct walk *w);

/* ---- facts (facts.c) ---- */

/* One fact at a node: begin, its fields, end. */
void fact_begin(struct walk *w, const char *kind, TSNode node);
void fact_text(struct walk *w, const char *key, const char *text, size_t len);
void fact_number(struct walk *w, const char *key, unsigned value);
void fact_end(struct walk *w);

/* Whole facts. */
void fact_use(struct walk *w, const char *name, size_t len, unsigned count);
void fact_error(struct walk *w, TSNode node, const char *what, const char *which);
void fact_class(struct walk *w, TSNode node, TSNode name, unsigned methods);
void fact_import(struct walk *w, TSNode node, const char *module, size_t len);
/* The import of what `value` says, when it is a literal; otherwise it is unclear. */
void fact_import_of(struct walk *w, TSNode node, TSNode value);

/* An import that does not say plainly what it imports: "computed" or "escaped". */
void fact_unclear(struct walk *w, TSNode node, const char *text);

/* Adds bytes to the output; writes what is waiting. */
void facts_put(struct walk *w, const char *text, size_t len);
void facts_flush(struct walk *w);

/* ---- looking at nodes (node.c) ---- */

bool node_is(TSNode node, const char *type);
/* A null node where there is none; of a null node everything is one. */
TSNode node_field(TSNode node, const char *field);
/* The named child number n that is no comment, or a null node. */
TSNode node_argument(TSNode node, uint32_t n);
/* True when a name that may be a macro, or a condition of C's preprocessor, stands on the lines of
 * the node or on the one before; or a condition behind it. */
bool node_near_macro(const struct walk *w, TSNode node);
/* What a node is without the parentheses around it: (0, f) is f. */
TSNode node_bare(TSNode node);
const char *node_text(const struct walk *w, TSNode node, size_t *len);
bool node_reads(const struct walk *w, TSNode node, const char *text);
/* How many named children `counts` accepts. */
unsigned node_count(TSNode node, bool (*counts)(TSNode child));
/* Adds to a name; one that is too long ends the program. */
void name_add(struct name *name, const char *text, size_t len);

enum literal { LITERAL_PLAIN, LITERAL_ESCAPED, LITERAL_NOT };
/* The value of a text, of texts side by side and of texts put together; ESCAPED: it has a
 * backslash, so that it does not read as it is. */
enum literal node_literal(const struct walk *w, TSNode node, struct name *out);

#endif
