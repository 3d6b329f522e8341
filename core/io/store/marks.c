/* marks.c: the comments of projections.sql that say something to the program. */
#include <ctype.h>
#include <string.h>

#include "io/store/marks.h"

struct field marks_field(const char *name, size_t len)
{
    const char *inner = memmem(name, len, "::", 2);
    if (!inner)
        return (struct field){.name = name, .len = len};
    size_t outer = (size_t)(inner - name);
    return (struct field){name, outer, inner + 2, len - outer - 2};
}

/* `x`, or `x = text`. */
static void read_with(const char *text, size_t len, struct marks *marks)
{
    static const char is[] = " = ";
    const char *value = memmem(text, len, is, sizeof is - 1);
    marks->with = marks_field(text, value ? (size_t)(value - text) : len);
    marks->is = value ? value + sizeof is - 1 : NULL;
    marks->is_len = value ? (size_t)(text + len - marks->is) : 0;
}

static void read_word(const char *word, size_t len, struct marks *marks)
{
    const struct {
        const char *word;
        bool *mark;
    } words[] = {{"must", &marks->must}, {"whole", &marks->whole}, {"sparse", &marks->sparse},
                 {"own", &marks->own},   {"near", &marks->near}};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (len == strlen(words[i].word) && memcmp(word, words[i].word, len) == 0)
            *words[i].mark = true;
}

static void read_mark(const char *line, size_t len, struct marks *marks)
{
    static const char each[] = "-- each ", with[] = "-- with ";
    if (len >= sizeof each && memcmp(line, each, sizeof each - 1) == 0)
        marks->each = marks_field(line + sizeof each - 1, len - (sizeof each - 1));
    else if (len >= sizeof with && memcmp(line, with, sizeof with - 1) == 0)
        read_with(line + sizeof with - 1, len - (sizeof with - 1), marks);
    else if (len > 3)
        read_word(line + 3, len - 3, marks);
}

const char *marks_read(const char *p, const char *end, struct marks *marks)
{
    *marks = (struct marks){0};
    for (;;) {
        while (p < end && isspace((unsigned char)*p))
            p++;
        if (end - p < 2 || p[0] != '-' || p[1] != '-')
            return p;
        const char *line = p;
        while (p < end && *p != '\n')
            p++;
        read_mark(line, (size_t)(p - line), marks);
    }
}

const char *marks_statement_end(const char *p, const char *end)
{
    char quote = 0;
    for (; p < end && (quote || *p != ';'); p++) {
        if (*p == quote)
            quote = 0;
        else if (!quote && *p == '\'')
            quote = *p;
        else if (!quote && *p == '-' && end - p > 1 && p[1] == '-')
            quote = '\n';
    }
    return p < end ? p + 1 : end;
}
