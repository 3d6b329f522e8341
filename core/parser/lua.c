/* lua.c: the imports of Lua, and the tables that are classes: those that have an __index of their
 * own. Their methods are functions somewhere in the file, counted by the table's name. */
#include "parser/parser.h"

static bool is_import(const struct walk *w, TSNode name)
{
    TSNode table = node_field(name, "table");
    if (node_reads(w, table, "_G") || node_reads(w, table, "_ENV"))
        name = node_field(name, "field");
    return node_reads(w, name, "require") || node_reads(w, name, "dofile") ||
           node_reads(w, name, "loadfile");
}

/* require "a", require("a"), pcall(require, "a"), xpcall(require, handler, "a"). */
static void see_call(struct walk *w, TSNode node)
{
    TSNode name = node_bare(node_field(node, "name")), arguments = node_field(node, "arguments");
    uint32_t at = 0;
    if (node_reads(w, name, "pcall") || node_reads(w, name, "xpcall")) {
        at = node_reads(w, name, "pcall") ? 1 : 2;
        name = node_bare(node_argument(arguments, 0));
    }
    if (is_import(w, name))
        fact_import_of(w, node, node_argument(arguments, at));
}

/* The last name of a table: UserManager of M.UserManager. */
static TSNode last_name(TSNode table)
{
    return node_is(table, "dot_index_expression") ? node_field(table, "field") : table;
}

static void method_of(struct walk *w, TSNode node, TSNode target)
{
    size_t len;
    if (!node_is(target, "method_index_expression") && !node_is(target, "dot_index_expression"))
        return;
    const char *text = node_text(w, last_name(node_field(target, "table")), &len);
    fact_begin(w, "method", node);
    fact_text(w, "name", text, len);
    fact_end(w);
}

static void see_function(struct walk *w, TSNode node)
{
    method_of(w, node, node_field(node, "name"));
}

/* X.__index = …, X.method = function …, another name for require: nobody can tell what it reaches.
 */
static void see_assignment(struct walk *w, TSNode node)
{
    TSNode target = node_argument(node_argument(node, 0), 0);
    TSNode value = node_argument(node_argument(node, 1), 0);
    if (!ts_node_is_null(value) && is_import(w, node_bare(value)))
        fact_unclear(w, node, "computed");
    if (!node_is(target, "dot_index_expression"))
        return;
    if (node_reads(w, node_field(target, "field"), "__index"))
        fact_class(w, node, last_name(node_field(target, "table")), 0);
    else if (node_is(value, "function_definition"))
        method_of(w, node, target);
}

const struct handler lua_handlers[] = {
    {"function_call", see_call},
    {"function_declaration", see_function},
    {"assignment_statement", see_assignment},
    {NULL, NULL},
};
