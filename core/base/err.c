/* err.c: the error table as text. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/text/utf8.h"

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

int err_set(struct err *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    utf8_clean(err->text, sizeof err->text);
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
    utf8_clean(err->fix, sizeof err->fix);
    return err->code;
}

int err_of_errno(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
        return ERR_DESCRIPTORS;
    case ENOMEM:
        return ERR_MEMORY;
    default:
        return ERR_IO;
    }
}

const char *err_host_fix(int code)
{
    switch (code) {
    case ERR_DESCRIPTORS:
        return "raise the limit of open files (ulimit -n), or lower \"concurrency\"; nothing that "
               "was acknowledged is lost";
    case ERR_MEMORY:
        return "free some memory, then run it again; nothing that was acknowledged is lost";
    default:
        return NULL;
    }
}

int err_os(struct err *err, int error, const char *fmt, ...)
{
    int code = err_of_errno(error);
    if (!err)
        return code;
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    size_t used = len > 0 ? (size_t)len : 0;
    if (used < sizeof err->text)
        snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(error));
    utf8_clean(err->text, sizeof err->text);
    err->code = code;
    err->fix[0] = '\0';
    return err_host_fix(code) ? err_fix(err, "%s", err_host_fix(code)) : code;
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

bool err_is_environment(int code)
{
    return strcmp(err_class(code), "environment") == 0;
}
