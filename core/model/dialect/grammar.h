/* grammar.h: the dialects, compiled from data.
 *
 *   {"families": [{"name": "hermes", "forms": [{"call": "<tool_call>{calls}</tool_call>"}]}, ...],
 *    "reasoning": [["<think>", "</think>", true], ...], "drop": ["<|im_end|>", ...]}
 *
 * A form is `call`, a template of one call, which may stand many times between `section`: [open,
 * close]. `param` is the template of one parameter where the call has {params}. In a template a
 * blank stands for any blanks or none, and in braces stands what is read there:
 *
 *   {name} {key}   a name                      {json}    the arguments, an object
 *   {calls}        calls as JSON: an object,   {python}  calls as Python: f(a=1), g()
 *                  an array, several objects   {params}  parameters, none or more
 *   {value}        text up to what follows     {rest}    text up to the next call, or the end
 *   {line}         text up to the line's end   {string}  "true" or "false": is the value a string
 *   {any}          up to 256 bytes             {?text}   text that may be missing
 *   {=text}        text whose blanks are blanks
 *   {type}         the type's name: "string" or another one, whose values are JSON
 *   {keyed}        calls as JSON objects whose keys are the tools' names: [{"f": {...}}]
 *   {tags}         parameters whose names are the tags, nested, each tag behind the mark `tags`
 *
 * `where` says where a form may begin: "mark" (anything that is not quoted; the default), "prose"
 * (also in fenced code that is data), "line" (a line's beginning) or "start" (the reply's). Of the
 * last three a name has to be one of the tools, when they are known. `typed`: a parameter that no
 * schema speaks of is JSON where it can be. `strict`: nothing of the form may be missing. `quote`
 * is the mark that strings stand between where {json} does not quote them. `lines`: a {value}
 * stands on lines of its own; `wrapped`: it may, where both line ends are there; `cdata`: it may
 * stand in <![CDATA[ ]]>. `named`: only where the family is known, not to find it out.
 * `arguments` names those of {value}s outside parameters, in order. */
#ifndef MODEL_DIALECT_GRAMMAR_H
#define MODEL_DIALECT_GRAMMAR_H

#include "base/err.h"
#include "base/json.h"

#define GRAMMAR_ITEMS_MAX 24  /* of one template */
#define GRAMMAR_FORMS_MAX 256 /* in all */

/* X(NAME, capture) */
#define GRAMMAR_CAPTURES(X)                                                                        \
    X(NAME, "name")                                                                                \
    X(KEY, "key")                                                                                  \
    X(JSON, "json")                                                                                \
    X(CALLS, "calls")                                                                              \
    X(PYTHON, "python")                                                                            \
    X(PARAMS, "params")                                                                            \
    X(VALUE, "value")                                                                              \
    X(REST, "rest")                                                                                \
    X(LINE, "line")                                                                                \
    X(STRING, "string")                                                                            \
    X(TYPE, "type")                                                                                \
    X(KEYED, "keyed")                                                                              \
    X(TAGS, "tags")                                                                                \
    X(ANY, "any")

enum item_kind {
#define X(name, capture) ITEM_##name,
    GRAMMAR_CAPTURES(X)
#undef X
        ITEM_TEXT,
    ITEM_BLANKS,
    ITEM_MAYBE, /* text that may be missing */
};

struct item {
    enum item_kind kind;
    const char *text; /* of ITEM_TEXT and ITEM_MAYBE; owned by the grammar */
    size_t len;
};

struct template {
    struct item items[GRAMMAR_ITEMS_MAX];
    size_t count;
};

enum where { WHERE_MARK, WHERE_PROSE, WHERE_LINE, WHERE_START };

struct text {
    const char *at;
    size_t len;
};

/* The first bytes of a mark, as many as fit, to be held against a text's at once. */
struct lead_word {
    uint64_t word, mask;
};

struct form {
    size_t family; /* index of its name */
    enum where where;
    bool typed, strict, cdata, lines, wrapped, named;
    struct text open, close; /* of the section; empty: none */
    struct text quote;       /* what strings stand between instead of quotes; empty: quotes */
    struct text tags;        /* what stands before every tag of {tags} */
    struct template call, param;
    const struct json *arguments; /* names of the values, or NULL */
    size_t before, behind;        /* forms of the same family beside it in the grammar's list */
};

/* A span that is no answer, from open to close; close empty: the mark alone. ends_alone: the prompt
 * may have written open. */
struct span {
    struct text open, close;
    bool ends_alone;
};

/* The beginning of a mark, kept where many can be looked at one after the other. */
struct lead {
    struct lead_word word;
    uint16_t of; /* index of its form or span */
    bool closes; /* it is the span's second mark, that ends one alone */
};

/* Marks by their first two bytes, those of one byte behind each second one: what may stand at a
 * place is in one bucket. In a bucket they are in order. */
#define LEAD_BUCKETS 256

struct leads {
    struct lead *list;
    uint16_t first[LEAD_BUCKETS + 1]; /* where a bucket begins in it */
};

struct grammar {
    struct json_doc doc; /* owns every text */
    const char **families;
    size_t family_count;
    struct form *forms;
    size_t form_count;
    struct span *spans;
    size_t span_count;
    struct leads form_leads, span_leads;
    /* The two bytes that forms and spans may begin with, a bit for each pair: most places of a text
     * are passed over by these alone. */
    uint8_t form_pairs[256][32], span_pairs[256][32];
};

/* Compiles; what is wrong is ERR_CONFIG with its place. On failure nothing is owned. */
int grammar_init(struct grammar *g, const struct json *spec, struct err *err) MUST_CHECK;
void grammar_clear(struct grammar *g);

/* The index of a family's name, or -1. */
int grammar_family(const struct grammar *g, const char *name);

/* May anything of a set begin with `first`, and `second` behind it (-1: not known yet)? */
static inline bool grammar_may_begin(const uint8_t pairs[256][32], unsigned first, int second)
{
    static const uint8_t none[32];
    return second < 0 ? memcmp(pairs[first], none, sizeof none) != 0
                      : pairs[first][second >> 3] >> (second & 7) & 1;
}

/* The bytes at a place of a text, of which `left` are there;
 * what is not there yet may be anything. */
static inline struct lead_word lead_at(const char *at, size_t left)
{
    struct lead_word here = {0, ~(uint64_t)0};
    if (left >= sizeof here.word) {
        memcpy(&here.word, at, sizeof here.word);
        return here;
    }
    unsigned char known[sizeof here.mask] = {0};
    memset(known, 0xFF, left);
    memcpy(&here.mask, known, sizeof here.mask);
    memcpy(&here.word, at, left);
    return here;
}

/* For one first byte each second one has a bucket of its own. */
static inline unsigned lead_bucket(unsigned char first, unsigned char second)
{
    return (first * 31u + second) % LEAD_BUCKETS;
}

/* May the mark stand there? All of it has to be compared where it may. */
static inline bool lead_may_stand(struct lead_word mark, struct lead_word here)
{
    return ((here.word ^ mark.word) & mark.mask & here.mask) == 0;
}

/* The bytes a form begins with; bare JSON begins with none. */
struct text form_mark(const struct form *form);

#endif
