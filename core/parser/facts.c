/* facts.c: what was found, as JSON on standard output. The source is well-formed UTF-8 (whoever
 * starts the parser has looked), so that its pieces between tokens are as well. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parser/parser.h"

#define COLUMN_MAX 10000 /* columns beyond are counted in bytes: counting is linear */

/* ---- output ---- */

void facts_flush(struct walk *w)
{
    for (size_t at = 0; at < w->out_len;) {
        ssize_t n = write(STDOUT_FILENO, w->out + at, w->out_len - at);
        if (n <= 0)
            _exit(PARSER_DOORS);
        at += (size_t)n;
    }
    w->out_len = 0;
}

void facts_put(struct walk *w, const char *text, size_t len)
{
    if (len > sizeof w->out - w->out_len)
        facts_flush(w);
    if (len > sizeof w->out)
        _exit(PARSER_FACTS);
    memcpy(w->out + w->out_len, text, len);
    w->out_len += len;
}

static void put(struct walk *w, const char *text)
{
    facts_put(w, text, strlen(text));
}

static void put_quoted(struct walk *w, const char *text, size_t len)
{
    if (len > LONGEST)
        _exit(PARSER_FACTS);
    put(w, "\"");
    for (size_t i = 0; i < len; i++) {
        char escaped[8];
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            facts_put(w, text + i, 1);
            continue;
        }
        snprintf(escaped, sizeof escaped, "\\u%04x", c);
        put(w, escaped);
    }
    put(w, "\"");
}

/* ---- one fact ---- */

/* Columns count characters, from 1; a mark at the beginning of the text is none. */
static unsigned column_of(const struct walk *w, TSNode node)
{
    unsigned bytes = ts_node_start_point(node).column, column = 1;
    uint32_t start = ts_node_start_byte(node);
    if (bytes > COLUMN_MAX || bytes > start || start > w->len)
        return bytes + 1;
    for (uint32_t i = start - bytes; i < start; i++)
        column += ((unsigned char)w->text[i] & 0xc0) != 0x80;
    bool marked = start == bytes && bytes >= 3 && memcmp(w->text, "\xEF\xBB\xBF", 3) == 0;
    return column - marked;
}

void fact_begin(struct walk *w, const char *kind, TSNode node)
{
    if (w->facts == FACTS_MAX)
        _exit(PARSER_FACTS);
    put(w, w->facts++ ? ",\n{" : "{");
    put(w, "\"fact\":");
    put_quoted(w, kind, strlen(kind));
    fact_number(w, "line", ts_node_start_point(node).row + 1);
    fact_number(w, "column", column_of(w, node));
}

static void put_key(struct walk *w, const char *key)
{
    put(w, ",");
    put_quoted(w, key, strlen(key));
    put(w, ":");
}

void fact_text(struct walk *w, const char *key, const char *text, size_t len)
{
    put_key(w, key);
    put_quoted(w, text, len);
}

void fact_number(struct walk *w, const char *key, unsigned value)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%u", value);
    put_key(w, key);
    put(w, digits);
}

void fact_end(struct walk *w)
{
    put(w, "}");
}

/* ---- whole facts ---- */

void fact_use(struct walk *w, const char *name, size_t len, unsigned count)
{
    put(w, w->facts++ ? ",\n{\"fact\":\"use\"" : "{\"fact\":\"use\"");
    fact_text(w, "name", name, len);
    fact_number(w, "count", count);
    fact_end(w);
}

void fact_error(struct walk *w, TSNode node, const char *what, const char *which)
{
    char text[128];
    if (w->errors++ >= ERRORS_MAX)
        return;
    int len = snprintf(text, sizeof text, "%s%s", what, which);
    fact_begin(w, "error", node);
    fact_text(w, "text", text, len < (int)sizeof text ? (size_t)len : sizeof text - 1);
    if (w->has_macros && node_near_macro(w, node))
        fact_number(w, "macro", 1);
    fact_end(w);
}

void fact_class(struct walk *w, TSNode node, TSNode name, unsigned methods)
{
    size_t len = 0;
    const char *text = ts_node_is_null(name) ? "" : node_text(w, name, &len);
    fact_begin(w, "class", ts_node_is_null(name) ? node : name);
    fact_text(w, "name", text, len);
    fact_number(w, "methods", methods);
    fact_end(w);
}

void fact_import(struct walk *w, TSNode node, const char *module, size_t len)
{
    fact_begin(w, "import", node);
    fact_text(w, "module", module, len);
    fact_end(w);
}

void fact_unclear(struct walk *w, TSNode node, const char *text)
{
    fact_begin(w, "unclear", node);
    fact_text(w, "text", text, strlen(text));
    fact_end(w);
}

void fact_import_of(struct walk *w, TSNode node, TSNode value)
{
    struct name module;
    switch (node_literal(w, value, &module)) {
    case LITERAL_PLAIN:
        fact_import(w, node, module.text, module.len);
        break;
    case LITERAL_ESCAPED:
        fact_unclear(w, node, "escaped");
        break;
    case LITERAL_NOT:
        fact_unclear(w, node, "computed");
        break;
    }
}
