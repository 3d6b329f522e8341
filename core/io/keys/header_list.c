/* header_list.c: pure: a text is cut and decoded where it lies. */
#include "io/keys/header_list.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static char *trimmed(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

/* False: a percent sign without two digits, or a byte that no header may carry. */
static bool decode(char *text)
{
    char *out = text;
    for (; *text; text++) {
        char c = *text;
        if (c == '%') {
            char digits[3] = {text[1], text[1] ? text[2] : '\0', '\0'};
            if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
                return false;
            c = (char)strtol(digits, NULL, 16);
            text += 2;
        }
        if (c < 0x20 || c > 0x7E)
            return false;
        *out++ = c;
    }
    *out = '\0';
    return true;
}

int header_list_next(char **at, struct header_pair *pair)
{
    char *text = *at + strspn(*at, ", \t");
    if (!*text)
        return 0;
    size_t len = strcspn(text, ",");
    *at = text + len + (text[len] == ',');
    text[len] = '\0';
    char *equals = strchr(text, '=');
    if (!equals)
        return -1;
    *equals = '\0';
    *pair = (struct header_pair){trimmed(text), trimmed(equals + 1)};
    return *pair->name && *pair->value && decode(pair->value) ? 1 : -1;
}
