/* projection_directives.c: the comments of projections.sql that say something to the program. */
#include <ctype.h>
#include <string.h>

#include "io/store/project/projection_directives.h"

struct field directives_field(const char *name, size_t len)
{
    const char *inner = memmem(name, len, "::", 2);
    if (!inner)
        return (struct field){.name = name, .len = len};
    size_t outer = (size_t)(inner - name);
    return (struct field){name, outer, inner + 2, len - outer - 2};
}

/* `x`, or `x = text`. */
static void read_with(const char *text, size_t len, struct directives *directives)
{
    static const char is[] = " = ";
    const char *value = memmem(text, len, is, sizeof is - 1);
    directives->with = directives_field(text, value ? (size_t)(value - text) : len);
    directives->is = value ? value + sizeof is - 1 : NULL;
    directives->is_len = value ? (size_t)(text + len - directives->is) : 0;
}

static void read_word(const char *word, size_t len, struct directives *directives)
{
    static const char must[] = "must";
    if (len == sizeof must - 1 && memcmp(word, must, len) == 0)
        directives->must = true;
}

static void read_directive(const char *line, size_t len, struct directives *directives)
{
    static const char each[] = "-- each ", with[] = "-- with ";
    if (len >= sizeof each && memcmp(line, each, sizeof each - 1) == 0)
        directives->each = directives_field(line + sizeof each - 1, len - (sizeof each - 1));
    else if (len >= sizeof with && memcmp(line, with, sizeof with - 1) == 0)
        read_with(line + sizeof with - 1, len - (sizeof with - 1), directives);
    else if (len > 3)
        read_word(line + 3, len - 3, directives);
}

const char *directives_read(const char *p, const char *end, struct directives *directives)
{
    *directives = (struct directives){0};
    for (;;) {
        while (p < end && isspace((unsigned char)*p))
            p++;
        if (end - p < 2 || p[0] != '-' || p[1] != '-')
            return p;
        const char *line = p;
        while (p < end && *p != '\n')
            p++;
        read_directive(line, (size_t)(p - line), directives);
    }
}

const char *directives_statement_end(const char *p, const char *end)
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
