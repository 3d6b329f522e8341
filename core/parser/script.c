/* script.c: the imports and classes of JavaScript and TypeScript. Imports of types alone count:
 * they, too, are knowledge of what is imported. */
#include "parser/parser.h"

static void see_source(struct walk *w, TSNode node)
{
    TSNode source = node_field(node, "source");
    if (!ts_node_is_null(source))
        fact_import_of(w, node, source);
}

/* require("a"), require.resolve("a"), module.require("a"), import("a"). */
static void see_call(struct walk *w, TSNode node)
{
    TSNode called = node_bare(node_field(node, "function"));
    if (node_is(called, "member_expression")) {
        TSNode object = node_field(called, "object");
        called = node_reads(w, object, "require") ? object : node_field(called, "property");
    }
    if (node_reads(w, called, "createRequire"))
        fact_unclear(w, node, "computed");
    if (node_is(called, "import") || node_reads(w, called, "require"))
        fact_import_of(w, node, node_argument(node_field(node, "arguments"), 0));
}

/* Another name for require: nobody can tell what it reaches. */
static void see_other_name(struct walk *w, TSNode node)
{
    bool declared = node_is(node, "variable_declarator");
    TSNode value = node_field(node, declared ? "value" : "right");
    if (!ts_node_is_null(value) && node_reads(w, node_bare(value), "require"))
        fact_unclear(w, node, "computed");
}

static bool is_function(TSNode node)
{
    return node_is(node, "arrow_function") || node_is(node, "function_expression");
}

static bool is_method(TSNode node)
{
    return node_is(node, "method_definition") || node_is(node, "abstract_method_signature") ||
           is_function(node_field(node, "value"));
}

static bool is_signature(TSNode node)
{
    return node_is(node, "method_signature");
}

/* An expression has the name of what it is given to: const X = class {}, module.exports.X = … */
static TSNode given_name(TSNode node)
{
    TSNode parent = ts_node_parent(node), none = {0};
    if (node_is(parent, "variable_declarator"))
        return node_field(parent, "name");
    if (!node_is(parent, "assignment_expression"))
        return none;
    TSNode left = node_field(parent, "left");
    return node_is(left, "member_expression") ? node_field(left, "property") : left;
}

static void see_class(struct walk *w, TSNode node)
{
    TSNode name = node_field(node, "name");
    if (ts_node_is_null(name))
        name = given_name(node);
    fact_class(w, node, name, node_count(node_field(node, "body"), is_method));
}

static void see_interface(struct walk *w, TSNode node)
{
    unsigned methods = node_count(node_field(node, "body"), is_signature);
    fact_class(w, node, node_field(node, "name"), methods);
}

const struct handler script_handlers[] = {
    {"import_statement", see_source},
    {"import_require_clause", see_source},
    {"export_statement", see_source},
    {"call_expression", see_call},
    {"variable_declarator", see_other_name},
    {"assignment_expression", see_other_name},
    {"class_declaration", see_class},
    {"abstract_class_declaration", see_class},
    {"class", see_class},
    {"interface_declaration", see_interface},
    {NULL, NULL},
};
