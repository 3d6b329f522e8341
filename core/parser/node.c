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
    return ts_node_is_null(node)
               ? node
               : ts_node_child_by_field_name(node, field, (uint32_t)strlen(field));
}

TSNode node_argument(TSNode node, uint32_t n)
{
    TSNode child = ts_node_is_null(node) ? node : ts_node_named_child(node, 0);
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

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* What C keeps for compilers, where a grammar knows a few only (__THROW, _Thread_local,
 * __cplusplus), or a name of which a part is in capitals (PyObject_HEAD). */
static bool may_be_macro(const char *word, size_t len)
{
    if (len > 1 && word[0] == '_' && (word[1] == '_' || isupper((unsigned char)word[1])))
        return true;
    for (size_t at = 0, part = 0; at <= len; at++) {
        if (at < len && word[at] != '_')
            continue;
        bool capitals = part < at && isupper((unsigned char)word[part]);
        for (; capitals && part < at; part++)
            capitals = !islower((unsigned char)word[part]);
        if (capitals)
            return true;
        part = at + 1;
    }
    return false;
}

/* Of `#if` the grammar sees all branches at once: two halves of a block, twice its beginning. */
static bool is_condition(const struct walk *w, uint32_t line)
{
    uint32_t at = line, end = line_end(w, line);
    while (at < end && (w->text[at] == ' ' || w->text[at] == '\t' || w->text[at] == '#'))
        at++;
    return end - at > 2 && memchr(w->text + line, '#', at - line) &&
           (!memcmp(w->text + at, "if", 2) || !memcmp(w->text + at, "el", 2) ||
            !memcmp(w->text + at, "en", 2));
}

static bool has_macro(const struct walk *w, uint32_t at)
{
    for (uint32_t end = line_end(w, at), from = at; at < end; from = at += at == from) {
        while (at < end && is_word(w->text[at]))
            at++;
        if (may_be_macro(w->text + from, at - from))
            return true;
    }
    return false;
}

/* Nothing, or a comment as people write them. */
static bool is_silent(const struct walk *w, uint32_t at)
{
    while (at < w->len && (w->text[at] == ' ' || w->text[at] == '\t'))
        at++;
    return at == w->len || strchr("\r\n*", w->text[at]) ||
           (w->text[at] == '/' && at + 1 < w->len && strchr("/*", w->text[at + 1]));
}

#define BEFORE_MAX 40 /* lines */

/* Where the line before begins that says something. */
static uint32_t line_before(const struct walk *w, uint32_t at)
{
    at = line_start(w, at);
    for (int i = 0; at > 0 && i < BEFORE_MAX; i++) {
        at = line_start(w, at - 1);
        if (!is_silent(w, at))
            break;
    }
    return at;
}

bool node_near_macro(const struct walk *w, TSNode node)
{
    uint32_t at = line_before(w, ts_node_start_byte(node));
    uint32_t end = line_end(w, ts_node_end_byte(node));
    for (; at < end; at = line_end(w, at) + 1)
        if (has_macro(w, at) || is_condition(w, at))
            return true;
    return end < w->len && is_condition(w, end + 1);
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
