/* c.c: the includes and the structures of C. What stands between `#if 0` and its `#else` is not
 * C for a compiler, and is not looked at; any other condition may hold. */
#include <string.h>

#include "parser/parser.h"

/* The name between the quotes or angle brackets of a text; a macro's value cannot be told. */
static void include(struct walk *w, TSNode node, const char *text, size_t len)
{
    const char *end = text + len;
    while (text < end && (*text == ' ' || *text == '\t'))
        text++;
    char close = text < end && *text == '<' ? '>' : '"';
    const char *stop = NULL;
    if (text < end && (*text == '<' || *text == '"'))
        stop = memchr(text + 1, close, (size_t)(end - text - 1));
    if (stop)
        fact_import(w, node, text + 1, (size_t)(stop - text - 1));
    else
        fact_import_of(w, node, (TSNode){0});
}

static void see_include(struct walk *w, TSNode node)
{
    size_t len;
    const char *text = node_text(w, node_field(node, "path"), &len);
    include(w, node, text, len);
}

/* #import and #include_next, which compilers know as well. */
static void see_directive(struct walk *w, TSNode node)
{
    size_t len, name_len;
    const char *name = node_text(w, node_field(node, "directive"), &name_len);
    TSNode argument = node_field(node, "argument");
    if (ts_node_is_null(argument) ||
        (!memmem(name, name_len, "import", 6) && !memmem(name, name_len, "include", 7)))
        return;
    const char *text = node_text(w, argument, &len);
    include(w, node, text, len);
}

static void see_if(struct walk *w, TSNode node)
{
    if (!node_reads(w, node_field(node, "condition"), "0"))
        return;
    TSNode other = node_field(node, "alternative");
    w->dead_until = ts_node_is_null(other) ? ts_node_end_byte(node) : ts_node_start_byte(other);
}

/* With a body, or it only names one. In a typedef it may have its name behind it. */
static void see_struct(struct walk *w, TSNode node)
{
    TSNode name = node_field(node, "name"), parent = ts_node_parent(node);
    if (ts_node_is_null(node_field(node, "body")))
        return;
    if (ts_node_is_null(name) && node_is(parent, "type_definition"))
        name = node_field(parent, "declarator");
    if (!ts_node_is_null(name))
        fact_class(w, node, name, 0);
}

const struct handler c_handlers[] = {
    {"preproc_include", see_include}, {"preproc_call", see_directive},
    {"preproc_if", see_if},           {"struct_specifier", see_struct},
    {"union_specifier", see_struct},  {NULL, NULL},
};
