/* node.c: looking at nodes: types, fields, texts, and what a literal says. */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "parser/parser.h"

#define DEPTH_MAX 64 /* of texts put together in one expression */

bool node_is(TSNode node, const char *type)
{
    return !ts_node_is_null(node) && strcmp(ts_node_type(node), type) == 0;
}

TSNode node_field(TSNode node, const char *field)
{
    return ts_node_child_by_field_name(node, field, (uint32_t)strlen(field));
}

TSNode node_argument(TSNode node, uint32_t n)
{
    TSNode child = ts_node_named_child(node, 0);
    for (; !ts_node_is_null(child); child = ts_node_next_named_sibling(child))
        if (!node_is(child, "comment") && n-- == 0)
            break;
    return child;
}

static TSNode last_child(TSNode node)
{
    uint32_t count = ts_node_named_child_count(node);
    return count ? ts_node_named_child(node, count - 1) : (TSNode){0};
}

TSNode node_bare(TSNode node)
{
    for (int depth = DEPTH_MAX; depth > 0; depth--) {
        if (!node_is(node, "parenthesized_expression") && !node_is(node, "sequence_expression"))
            break;
        node = last_child(node);
    }
    return node;
}

const char *node_text(const struct walk *w, TSNode node, size_t *len)
{
    uint32_t start = ts_node_start_byte(node), end = ts_node_end_byte(node);
    *len = end > start && end <= w->len ? end - start : 0;
    return w->text + (*len ? start : 0);
}

bool node_reads(const struct walk *w, TSNode node, const char *text)
{
    if (ts_node_is_null(node))
        return false;
    size_t len;
    const char *own = node_text(w, node, &len);
    return len == strlen(text) && memcmp(own, text, len) == 0;
}

unsigned node_count(TSNode node, bool (*counts)(TSNode child))
{
    unsigned count = 0;
    if (ts_node_is_null(node))
        return 0;
    TSTreeCursor cursor = ts_tree_cursor_new(node);
    for (bool more = ts_tree_cursor_goto_first_child(&cursor); more;
         more = ts_tree_cursor_goto_next_sibling(&cursor))
        count += counts(ts_tree_cursor_current_node(&cursor));
    ts_tree_cursor_delete(&cursor);
    return count;
}

static uint32_t line_start(const struct walk *w, uint32_t at)
{
    while (at > 0 && w->text[at - 1] != '\n')
        at--;
    return at;
}

static uint32_t line_end(const struct walk *w, uint32_t at)
{
    while (at < w->len && w->text[at] != '\n')
        at++;
    return at;
}

bool node_near_macro(const struct walk *w, TSNode node)
{
    uint32_t start = line_start(w, ts_node_start_byte(node));
    uint32_t at = start ? line_start(w, start - 1) : 0, end = line_end(w, ts_node_end_byte(node));
    while (at < end) {
        bool capitals = isupper((unsigned char)w->text[at]);
        for (; at < end && (isalnum((unsigned char)w->text[at]) || w->text[at] == '_'); at++)
            capitals = capitals && !islower((unsigned char)w->text[at]);
        if (capitals)
            return true;
        at++;
    }
    return false;
}

void name_add(struct name *name, const char *text, size_t len)
{
    if (len > sizeof name->text - name->len)
        _exit(PARSER_FACTS);
    memcpy(name->text + name->len, text, len);
    name->len += len;
}

/* ---- literals ---- */

static enum literal worse(enum literal a, enum literal b)
{
    return a > b ? a : b;
}

static enum literal literal(const struct walk *w, TSNode node, struct name *out, int depth);

/* The children of a text are its pieces; quotes are none, and what is filled in has no value. */
static enum literal text_of(const struct walk *w, TSNode node, struct name *out)
{
    enum literal found = LITERAL_PLAIN;
    for (TSNode child = ts_node_named_child(node, 0); !ts_node_is_null(child);
         child = ts_node_next_named_sibling(child)) {
        size_t len;
        const char *text = node_text(w, child, &len);
        if (node_is(child, "interpolation") || node_is(child, "template_substitution"))
            return LITERAL_NOT;
        if (node_is(child, "string_start") || node_is(child, "string_end"))
            continue;
        if (memchr(text, '\\', len))
            found = LITERAL_ESCAPED;
        name_add(out, text, len);
    }
    return found;
}

static enum literal all_of(const struct walk *w, TSNode node, struct name *out, int depth)
{
    enum literal found = LITERAL_PLAIN;
    for (TSNode child = ts_node_named_child(node, 0); !ts_node_is_null(child);
         child = ts_node_next_named_sibling(child))
        if (!node_is(child, "comment"))
            found = worse(found, literal(w, child, out, depth - 1));
    return found;
}

static bool is_sum(const struct walk *w, TSNode node)
{
    if (!node_is(node, "binary_operator") && !node_is(node, "binary_expression"))
        return false;
    TSNode sign = ts_node_next_sibling(node_field(node, "left"));
    while (node_is(sign, "comment"))
        sign = ts_node_next_sibling(sign);
    return node_reads(w, sign, "+") || node_reads(w, sign, "..");
}

static enum literal literal(const struct walk *w, TSNode node, struct name *out, int depth)
{
    if (ts_node_is_null(node) || depth == 0)
        return LITERAL_NOT;
    if (node_is(node, "string") || node_is(node, "template_string"))
        return text_of(w, node, out);
    if (node_is(node, "concatenated_string") || node_is(node, "parenthesized_expression") ||
        is_sum(w, node))
        return all_of(w, node, out, depth);
    return LITERAL_NOT;
}

enum literal node_literal(const struct walk *w, TSNode node, struct name *out)
{
    out->len = 0;
    return literal(w, node, out, DEPTH_MAX);
}
