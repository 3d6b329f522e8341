/* python.c: the imports and classes of Python. What the grammar takes and Python 3 does not (a
 * block without a statement, statements of Python 2) is an error here. */
#include <string.h>

#include "parser/parser.h"

static void add_dotted(const struct walk *w, TSNode dotted, struct name *out)
{
    for (TSNode part = ts_node_named_child(dotted, 0); !ts_node_is_null(part);
         part = ts_node_next_named_sibling(part)) {
        size_t len;
        const char *text = node_text(w, part, &len);
        if (!node_is(part, "identifier"))
            continue;
        if (out->len)
            name_add(out, ".", 1);
        name_add(out, text, len);
    }
}

static TSNode without_alias(TSNode name)
{
    return node_is(name, "aliased_import") ? node_field(name, "name") : name;
}

static void see_import(struct walk *w, TSNode node)
{
    for (TSNode child = ts_node_named_child(node, 0); !ts_node_is_null(child);
         child = ts_node_next_named_sibling(child)) {
        struct name module = {.len = 0};
        TSNode name = without_alias(child);
        if (!node_is(name, "dotted_name"))
            continue;
        add_dotted(w, name, &module);
        fact_import(w, child, module.text, module.len);
    }
}

/* The dots of a relative import; its name, if any, is added to the module. */
static unsigned relative(const struct walk *w, TSNode node, struct name *module)
{
    unsigned dots = 0;
    for (TSNode child = ts_node_named_child(node, 0); !ts_node_is_null(child);
         child = ts_node_next_named_sibling(child)) {
        size_t len;
        const char *text = node_text(w, child, &len);
        for (size_t i = 0; node_is(child, "import_prefix") && i < len; i++)
            dots += text[i] == '.';
        if (node_is(child, "dotted_name"))
            add_dotted(w, child, module);
    }
    return dots;
}

static void see_from(struct walk *w, TSNode node)
{
    struct name module = {.len = 0}, names = {.len = 0};
    unsigned dots = 0;
    TSNode from = node_field(node, "module_name");
    if (node_is(from, "relative_import"))
        dots = relative(w, from, &module);
    else
        add_dotted(w, from, &module);
    for (TSNode child = ts_node_next_named_sibling(from); !ts_node_is_null(child);
         child = ts_node_next_named_sibling(child)) {
        if (names.len)
            name_add(&names, ",", 1);
        struct name one = {.len = 0};
        add_dotted(w, without_alias(child), &one);
        name_add(&names, one.text, one.len);
    }
    fact_begin(w, "import", node);
    fact_text(w, "module", module.text, module.len);
    fact_text(w, "names", names.text, names.len);
    fact_number(w, "dots", dots);
    fact_end(w);
}

static bool is_importer(const struct walk *w, TSNode called)
{
    if (node_is(called, "attribute"))
        called = node_field(called, "attribute");
    return node_reads(w, called, "import_module") || node_reads(w, called, "__import__");
}

/* Another name for them: nobody can tell what it reaches. */
static void see_assignment(struct walk *w, TSNode node)
{
    TSNode value = node_field(node, "right");
    if (!ts_node_is_null(value) && is_importer(w, node_bare(value)))
        fact_unclear(w, node, "computed");
}

/* import_module("a.b"), however it is reached, and __import__("a.b"). */
static void see_call(struct walk *w, TSNode node)
{
    if (!is_importer(w, node_bare(node_field(node, "function"))))
        return;
    TSNode first = node_argument(node_field(node, "arguments"), 0);
    if (node_is(first, "keyword_argument"))
        first = node_field(first, "value");
    fact_import_of(w, node, first);
}

static bool is_method(TSNode node)
{
    if (node_is(node, "decorated_definition"))
        node = node_field(node, "definition");
    return node_is(node, "function_definition");
}

static void see_class(struct walk *w, TSNode node)
{
    unsigned methods = node_count(node_field(node, "body"), is_method);
    fact_class(w, node, node_field(node, "name"), methods);
}

static void see_block(struct walk *w, TSNode node)
{
    if (ts_node_is_null(node_argument(node, 0)))
        fact_error(w, node, "an indented block is missing", "");
}

static void see_old(struct walk *w, TSNode node)
{
    fact_error(w, node, "a statement of Python 2", "");
}

const struct handler python_handlers[] = {
    {"import_statement", see_import}, {"import_from_statement", see_from}, {"call", see_call},
    {"assignment", see_assignment},   {"class_definition", see_class},     {"block", see_block},
    {"print_statement", see_old},     {"exec_statement", see_old},         {NULL, NULL},
};
