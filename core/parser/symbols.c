/* symbols.c: what a source text defines, with signatures, and which names it uses how often. Broken
 * source is read as far as it can be: nothing is judged here. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parser/parser.h"

#define SYMBOLS_MAX   2000 /* further definitions are left out */
#define SIGNATURE_MAX 160  /* bytes */
#define NAMES_MAX     2048 /* different names that are counted */
#define SLOTS         8192 /* of their table, a power of two */
#define USED_MAX      100  /* bytes of a name; a longer one is none */
#define DEPTH_MAX     32   /* declarators in declarators */

/* ---- names that are used ---- */

struct use {
    const char *text;
    uint32_t len, count;
};

struct uses {
    struct use slots[SLOTS];
    unsigned count;
};

static struct use *find_use(struct uses *uses, const char *text, uint32_t len)
{
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    struct use *use = &uses->slots[hash % SLOTS];
    while (use->text && (use->len != len || memcmp(use->text, text, len) != 0))
        use = use + 1 == uses->slots + SLOTS ? uses->slots : use + 1;
    return use;
}

static void see_use(struct walk *w, TSNode node)
{
    size_t len;
    const char *text = node_text(w, node, &len);
    if (len == 0 || len > USED_MAX)
        return;
    struct use *use = find_use(w->uses, text, (uint32_t)len);
    if (!use->text && w->uses->count == NAMES_MAX)
        return;
    if (!use->text) {
        use->text = text;
        use->len = (uint32_t)len;
        w->uses->count++;
    }
    use->count++;
}

void symbols_begin(struct walk *w)
{
    w->uses = calloc(1, sizeof *w->uses);
    if (!w->uses)
        _exit(PARSER_FACTS);
}

void symbols_end(struct walk *w)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (w->uses->slots[i].text)
            fact_use(w, w->uses->slots[i].text, w->uses->slots[i].len, w->uses->slots[i].count);
}

/* ---- definitions ---- */

/* Blanks of any kind and control characters become one blank; cut between characters. */
static size_t flatten(const char *text, size_t len, char out[SIGNATURE_MAX])
{
    size_t at = 0;
    for (size_t i = 0; i < len && at < SIGNATURE_MAX; i++) {
        unsigned char c = (unsigned char)text[i];
        bool blank = c <= 0x20 || c == 0x7f;
        if (!blank)
            out[at++] = text[i];
        else if (at > 0 && out[at - 1] != ' ')
            out[at++] = ' ';
    }
    if (at == SIGNATURE_MAX) { // the last character may be half of one
        while (at > 0 && ((unsigned char)out[at - 1] & 0xc0) == 0x80)
            at--;
        at -= at > 0;
    }
    while (at > 0 && out[at - 1] == ' ')
        at--;
    return at;
}

/* What stands before the body, or all of it. */
static size_t signature(const struct walk *w, TSNode node, TSNode body, char out[SIGNATURE_MAX])
{
    uint32_t start = ts_node_start_byte(node);
    uint32_t end = ts_node_is_null(body) ? ts_node_end_byte(node) : ts_node_start_byte(body);
    return end > start && end <= w->len ? flatten(w->text + start, end - start, out) : 0;
}

/* The line on which a node ends: a directive's includes its line feed. */
static unsigned last_line(TSNode node)
{
    TSPoint end = ts_node_end_point(node);
    return end.row + (end.column > 0 || end.row == ts_node_start_point(node).row);
}

static void define(struct walk *w, TSNode node, const char *kind, TSNode name, TSNode body)
{
    char text[SIGNATURE_MAX];
    size_t len;
    const char *own = ts_node_is_null(name) ? "" : node_text(w, name, &len);
    if (ts_node_is_null(name) || len == 0 || len > USED_MAX || w->symbols == SYMBOLS_MAX)
        return;
    w->symbols++;
    fact_begin(w, kind, node);
    fact_number(w, "last", last_line(node));
    fact_text(w, "name", own, len);
    fact_text(w, "signature", text, signature(w, node, body, text));
    fact_end(w);
}

static void see_function(struct walk *w, TSNode node)
{
    define(w, node, "function", node_field(node, "name"), node_field(node, "body"));
}

static void see_class(struct walk *w, TSNode node)
{
    define(w, node, "class", node_field(node, "name"), node_field(node, "body"));
}

static void see_type(struct walk *w, TSNode node)
{
    define(w, node, "type", node_field(node, "name"), node_field(node, "body"));
}

/* const f = (a) => …, class { f = function … } */
static void see_value(struct walk *w, TSNode node)
{
    TSNode value = node_field(node, "value"), name = node_field(node, "name");
    bool is_function = node_is(value, "arrow_function") || node_is(value, "function_expression") ||
                       node_is(value, "function");
    if (ts_node_is_null(name))
        name = node_field(node, "property");
    if (is_function)
        define(w, node, "function", name, node_field(value, "body"));
}

/* Lua: the last part of M.a.b and of M:c. */
static TSNode last_part(TSNode name)
{
    TSNode part = node_field(name, "field");
    if (ts_node_is_null(part))
        part = node_field(name, "method");
    return ts_node_is_null(part) ? name : part;
}

static void see_lua_function(struct walk *w, TSNode node)
{
    define(w, node, "function", last_part(node_field(node, "name")), node_field(node, "body"));
}

/* Lua: M.f = function(…) … end */
static void see_lua_assignment(struct walk *w, TSNode node)
{
    TSNode names = ts_node_named_child(node, 0), values = ts_node_named_child(node, 1);
    TSNode value = ts_node_is_null(values) ? values : ts_node_named_child(values, 0);
    if (node_is(value, "function_definition") && !ts_node_is_null(names))
        define(w, node, "function", last_part(ts_node_named_child(names, 0)),
               node_field(value, "body"));
}

/* C: the name in *(f)(int), which stands as deep as its author liked. */
static TSNode declared_name(TSNode node, bool *is_function)
{
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        TSNode inner = node_field(node, "declarator");
        *is_function = *is_function || node_is(node, "function_declarator");
        if (ts_node_is_null(inner) && node_is(node, "parenthesized_declarator"))
            inner = ts_node_named_child(node, 0);
        if (ts_node_is_null(inner))
            return node;
        node = inner;
    }
    return (TSNode){0};
}

static void see_c_function(struct walk *w, TSNode node)
{
    bool is_function = false;
    define(w, node, "function", declared_name(node_field(node, "declarator"), &is_function),
           node_field(node, "body"));
}

/* Prototypes only: variables would be most of what there is. */
static void see_c_declaration(struct walk *w, TSNode node)
{
    bool is_function = false;
    TSNode name = declared_name(node_field(node, "declarator"), &is_function);
    if (is_function)
        define(w, node, "declaration", name, (TSNode){0});
}

static void see_c_type(struct walk *w, TSNode node)
{
    if (!ts_node_is_null(node_field(node, "body")))
        see_type(w, node);
}

static void see_c_typedef(struct walk *w, TSNode node)
{
    bool is_function = false;
    define(w, node, "type", declared_name(node_field(node, "declarator"), &is_function),
           (TSNode){0});
}

static void see_c_macro(struct walk *w, TSNode node)
{
    define(w, node, "macro", node_field(node, "name"), node_field(node, "value"));
}

#define USES                                                                                       \
    {"identifier", see_use}, {"type_identifier", see_use}, {"field_identifier", see_use},          \
        {"property_identifier", see_use}, {"private_property_identifier", see_use},                \
        {"shorthand_property_identifier", see_use},                                                \
        {"shorthand_property_identifier_pattern", see_use},                                        \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

const struct handler python_symbols[] = {
    {"function_definition", see_function}, {"class_definition", see_class}, USES};

const struct handler script_symbols[] = {{"function_declaration", see_function},
                                         {"generator_function_declaration", see_function},
                                         {"function_signature", see_function},
                                         {"method_definition", see_function},
                                         {"method_signature", see_function},
                                         {"abstract_method_signature", see_function},
                                         {"class_declaration", see_class},
                                         {"abstract_class_declaration", see_class},
                                         {"interface_declaration", see_type},
                                         {"enum_declaration", see_type},
                                         {"type_alias_declaration", see_type},
                                         {"variable_declarator", see_value},
                                         {"field_definition", see_value},
                                         {"public_field_definition", see_value},
                                         USES};

const struct handler c_symbols[] = {{"function_definition", see_c_function},
                                    {"declaration", see_c_declaration},
                                    {"struct_specifier", see_c_type},
                                    {"union_specifier", see_c_type},
                                    {"enum_specifier", see_c_type},
                                    {"type_definition", see_c_typedef},
                                    {"preproc_def", see_c_macro},
                                    {"preproc_function_def", see_c_macro},
                                    USES};

const struct handler lua_symbols[] = {
    {"function_declaration", see_lua_function}, {"assignment_statement", see_lua_assignment}, USES};
