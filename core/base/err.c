/* err.c: the error table as text. */
#include "base/err.h"

#include <stdarg.h>
#include <string.h>

static const struct {
    const char *name, *class, *text;
} errors[] = {{"OK", "none", "no error"},
#define X(name, class, text) {"ERR_" #name, #class, text},
              ERR_TABLE(X)
#undef X
};

static size_t index_of(int code)
{
    if (code <= 0 && (size_t)-code < COUNT_OF(errors))
        return (size_t)-code;
    return -ERR_BUG;
}

/* A cut in the middle of a UTF-8 sequence would make the text itself invalid: drop the rest. */
static void trim_utf8(char *text)
{
    size_t len = strlen(text), tail = 0;
    while (tail < 4 && tail < len && ((unsigned char)text[len - 1 - tail] & 0xC0) == 0x80)
        tail++;
    if (tail < len) {
        unsigned char lead = (unsigned char)text[len - 1 - tail];
        size_t want = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
        if (want != tail)
            text[len - 1 - tail] = '\0';
    }
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    trim_utf8(err->text);
    err->code = code;
    err->fix[0] = '\0';
    return code;
}

int err_fix(struct err *err, const char *fmt, ...)
{
    if (!err)
        return ERR_BUG;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->fix, sizeof err->fix, fmt, args);
    va_end(args);
    trim_utf8(err->fix);
    return err->code;
}

const char *err_name(int code)
{
    return errors[index_of(code)].name;
}

const char *err_class(int code)
{
    return errors[index_of(code)].class;
}

const char *err_text(int code)
{
    return errors[index_of(code)].text;
}
