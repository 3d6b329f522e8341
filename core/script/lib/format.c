/* format.c: string.format. Own parse of the directives, so that no width is unbounded, nothing
 * shows an address (%p is refused), and a text of any length costs what it is long. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "script/lib/lib.h"

enum { NUMBER_MAX = 500 }; /* %99.99f of the largest double, with room to spare */

struct directive {
    char form[16]; /* "%-5.2", then what snprintf needs */
    size_t len;
    bool left, modified, has_precision;
    int width, precision;
};

struct format {
    lua_State *L;
    struct text text;
    int arg; /* the last argument used */
    struct directive d;
};

static int refuse(struct format *f, char c)
{
    return luaL_error(f->L, "invalid conversion '%s%s' to 'format'", f->d.form, (char[]){c, '\0'});
}

static const char *read_digits(struct format *f, const char *p, int *value)
{
    for (int n = 0; isdigit((unsigned char)*p); n++, p++) {
        if (n == 2)
            luaL_error(f->L, "invalid conversion (width or precision longer than 2 digits)");
        *value = *value * 10 + (*p - '0');
    }
    return p;
}

/* Reads flags, width, precision; returns the place of the conversion letter. */
static const char *read_directive(struct format *f, const char *p)
{
    const char *start = p;
    f->d = (struct directive){0};
    for (; *p && strchr("-+ #0", *p); p++) {
        if (p - start >= 5)
            luaL_error(f->L, "invalid conversion (repeated flags)");
        f->d.left = f->d.left || *p == '-';
    }
    p = read_digits(f, p, &f->d.width);
    if (*p == '.') {
        f->d.has_precision = true;
        p = read_digits(f, p + 1, &f->d.precision);
    }
    f->d.modified = p != start;
    f->d.form[0] = '%';
    memcpy(f->d.form + 1, start, (size_t)(p - start));
    f->d.len = (size_t)(p - start) + 1;
    return p;
}

/* Only these flags, and a precision only where it means something. */
static void allow(struct format *f, const char *flags, bool precision, char c)
{
    for (const char *p = f->d.form + 1; *p && strchr("-+ #0", *p); p++)
        if (!strchr(flags, *p))
            refuse(f, c);
    if (f->d.has_precision && !precision)
        refuse(f, c);
}

static void add_padded(struct format *f, const char *bytes, size_t len)
{
    size_t width = (size_t)f->d.width, pad = width > len ? width - len : 0;
    if (!f->d.left)
        for (size_t i = 0; i < pad; i++)
            text_putc(&f->text, ' ');
    text_put(&f->text, bytes, len);
    if (f->d.left)
        for (size_t i = 0; i < pad; i++)
            text_putc(&f->text, ' ');
}

static void add_integer(struct format *f, char c)
{
    long long n = luaL_checkinteger(f->L, f->arg);
    const char *flags = c == 'u' ? "-0" : "-#0";
    allow(f, c == 'd' || c == 'i' ? "-+0 " : flags, true, c);
    char *to = text_reserve(&f->text, NUMBER_MAX);
    memcpy(f->d.form + f->d.len, (char[]){'l', 'l', c, '\0'}, 4);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    f->text.len += (size_t)snprintf(to, NUMBER_MAX, f->d.form, n);
#pragma GCC diagnostic pop
}

static void add_real(struct format *f, char c)
{
    double n = luaL_checknumber(f->L, f->arg);
    allow(f, "-+#0 ", true, c);
    char *to = text_reserve(&f->text, NUMBER_MAX);
    memcpy(f->d.form + f->d.len, (char[]){c, '\0'}, 2);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    f->text.len += (size_t)snprintf(to, NUMBER_MAX, f->d.form, n);
#pragma GCC diagnostic pop
}

static void add_char(struct format *f)
{
    char c = (char)(unsigned char)luaL_checkinteger(f->L, f->arg);
    allow(f, "-", false, 'c');
    add_padded(f, &c, 1);
}

static void add_string(struct format *f)
{
    size_t len;
    const char *s = lib_text_of(f->L, f->arg, &len);
    allow(f, "-", true, 's');
    if (f->d.modified)
        luaL_argcheck(f->L, len == strlen(s), f->arg, "string contains zeros");
    if (f->d.has_precision && len > (size_t)f->d.precision)
        len = (size_t)f->d.precision;
    add_padded(f, s, len);
    lua_pop(f->L, 1);
}

static void quote_string(struct text *out, const char *s, size_t len)
{
    text_putc(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\' || c == '\n') {
            text_putc(out, '\\');
            text_putc(out, (char)c);
        } else if (iscntrl(c)) {
            bool digit = i + 1 < len && isdigit((unsigned char)s[i + 1]);
            char code[8];
            text_put(out, code, (size_t)snprintf(code, sizeof code, digit ? "\\%03d" : "\\%d", c));
        } else {
            text_putc(out, (char)c);
        }
        if (i % 64 == 0)
            meter_spend(out->L, 8);
    }
    text_putc(out, '"');
}

/* A literal that reads back as the same number. */
static void quote_number(struct text *out, lua_State *L, int idx)
{
    char number[64];
    double real = lua_tonumber(L, idx);
    if (lua_isinteger(L, idx)) {
        long long n = lua_tointeger(L, idx);
        snprintf(number, sizeof number, n == INT64_MIN ? "0x%llx" : "%lld", n);
    } else if (real == HUGE_VAL || real == -HUGE_VAL || real != real) {
        const char *infinite = real > 0 ? "1e9999" : "-1e9999";
        snprintf(number, sizeof number, "%s", real != real ? "(0/0)" : infinite);
    } else {
        snprintf(number, sizeof number, "%a", real);
    }
    text_put(out, number, strlen(number));
}

static void add_quoted(struct format *f)
{
    size_t len;
    if (f->d.modified)
        luaL_error(f->L, "specifier '%%q' cannot have modifiers");
    switch (lua_type(f->L, f->arg)) {
    case LUA_TSTRING: {
        const char *s = lua_tolstring(f->L, f->arg, &len);
        quote_string(&f->text, s, len);
        break;
    }
    case LUA_TNUMBER:
        quote_number(&f->text, f->L, f->arg);
        break;
    case LUA_TNIL:
    case LUA_TBOOLEAN: {
        const char *s = lib_text_of(f->L, f->arg, &len);
        text_put(&f->text, s, len);
        lua_pop(f->L, 1);
        break;
    }
    default:
        luaL_argerror(f->L, f->arg, "value has no literal form");
    }
}

static void add_directive(struct format *f, char c)
{
    if (++f->arg > f->text.slot - 1)
        luaL_argerror(f->L, f->arg, "no value");
    if (c && strchr("diuoxX", c))
        add_integer(f, c);
    else if (c && strchr("aAeEfgG", c))
        add_real(f, c);
    else if (c == 'c')
        add_char(f);
    else if (c == 's')
        add_string(f);
    else if (c == 'q')
        add_quoted(f);
    else
        refuse(f, c);
}

int lib_string_format(lua_State *L)
{
    size_t len;
    const char *p = luaL_checklstring(L, 1, &len), *end = p + len, *percent;
    struct format f = {.L = L, .arg = 1};
    text_begin(&f.text, L);
    while ((percent = memchr(p, '%', (size_t)(end - p))) != NULL) {
        text_put(&f.text, p, (size_t)(percent - p));
        p = percent + 1;
        if (p < end && *p == '%') {
            text_putc(&f.text, *p++);
            continue;
        }
        p = read_directive(&f, p);
        add_directive(&f, p < end ? *p : '\0');
        p++;
    }
    text_put(&f.text, p, (size_t)(end - p));
    text_push(&f.text);
    return 1;
}
