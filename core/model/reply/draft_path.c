/* draft_path.c: only the strings of the outermost object are looked at. */
#include "model/reply/draft_path.h"

#include <ctype.h>
#include <string.h>

#include "base/base.h"

static bool names_file(const char *key, size_t len)
{
    static const char *const names[] = {"path", "file_path", "filename", "file"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strlen(names[i]) == len && memcmp(names[i], key, len) == 0)
            return true;
    return false;
}

/* Nothing that could pass for another part of a line. */
static bool is_plain(const char *path, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)path[i];
        if (!isascii(c) || !(isalnum(c) || (c && strchr("-_./+@", c))))
            return false;
    }
    return len && len <= DRAFT_PATH_MAX;
}

static void end_key(struct draft_path *d, const char *key, size_t len)
{
    d->is_path = names_file(key, len);
    d->unclear |= memchr(key, '\\', len) || (d->is_path && d->len);
}

static void end_string(struct draft_path *d, const char *arguments)
{
    const char *text = arguments + d->begin;
    size_t len = d->at - d->begin;
    d->in_string = false;
    if (d->depth != 1)
        return;
    if (!d->is_value) {
        end_key(d, text, len);
    } else if (d->is_path) {
        d->from = d->begin;
        d->len = len;
        d->unclear |= !is_plain(text, len);
    }
}

static void take_in_string(struct draft_path *d, const char *arguments)
{
    char c = arguments[d->at];
    if (d->escaped)
        d->escaped = false;
    else if (c == '\\')
        d->escaped = true;
    else if (c == '"')
        end_string(d, arguments);
}

static void take(struct draft_path *d, const char *arguments)
{
    char c = arguments[d->at];
    if (c == '"') {
        d->in_string = true;
        d->begin = d->at + 1;
    } else if (c == '{' || c == '[') {
        d->is_value &= d->depth > 0;
        d->depth++;
    } else if ((c == '}' || c == ']') && d->depth) {
        d->depth--;
    } else if (d->depth == 1 && (c == ':' || c == ',')) {
        d->is_value = c == ':';
    } else if (c == '\'') { // which a repair may take for a quote
        d->unclear = true;
    }
}

const char *draft_path(struct draft_path *d, const char *arguments, size_t len, size_t *path_len)
{
    for (; d->at < len; d->at++)
        if (d->in_string)
            take_in_string(d, arguments);
        else
            take(d, arguments);
    *path_len = d->len;
    return d->len && !d->unclear ? arguments + d->from : NULL;
}
