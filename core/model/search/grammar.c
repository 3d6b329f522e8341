#include "model/search/grammar.h"

#include <string.h>
#include <strings.h>

#include "base/base.h"

static const struct {
    const char *ending, *grammar;
} endings[] = {
    {"py", "python"},
    {"pyi", "python"},
    {"pyw", "python"},
    {"js", "javascript"},
    {"mjs", "javascript"},
    {"cjs", "javascript"},
    {"jsx", "javascript"},
    {"ts", "typescript"},
    {"mts", "typescript"},
    {"cts", "typescript"},
    {"tsx", "tsx"},
    {"c", "c"},
    {"h", "c"},
    {"lua", "lua"},
};

const char *grammar_of(const char *name, size_t len)
{
    const char *dot = memrchr(name, '.', len);
    size_t count = dot ? (size_t)(name + len - dot) - 1 : 0;
    for (size_t i = 0; i < COUNT_OF(endings); i++)
        if (strlen(endings[i].ending) == count &&
            strncasecmp(endings[i].ending, dot + 1, count) == 0)
            return endings[i].grammar;
    return NULL;
}
