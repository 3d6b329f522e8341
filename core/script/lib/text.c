/* text.c: growth of a text. */
#include "script/lib/text.h"

#include <string.h>

#include "script/limits/meter.h"

void text_begin(struct text *text, lua_State *L)
{
    text->L = L;
    text->data = text->small;
    text->len = 0;
    text->cap = sizeof text->small;
    lua_pushnil(L);
    text->slot = lua_gettop(L);
}

static void grow(struct text *text, size_t len)
{
    size_t cap = text->cap * 2, max = meter_of(text->L)->string_max + 1;
    if (cap < len)
        cap = len;
    if (cap > max && len <= max)
        cap = max;
    char *data = lua_newuserdatauv(text->L, cap, 0);
    memcpy(data, text->data, text->len);
    lua_replace(text->L, text->slot);
    text->data = data;
    text->cap = cap;
}

char *text_reserve(struct text *text, size_t len)
{
    size_t need;
    if (!add_ok(text->len, len, &need))
        need = SIZE_MAX / 2; // no heap has that: ends as a memory limit
    if (need > text->cap)
        grow(text, need);
    meter_spend(text->L, len / 16 + 1);
    return text->data + text->len;
}

void text_put(struct text *text, const char *bytes, size_t len)
{
    if (!len)
        return;
    memcpy(text_reserve(text, len), bytes, len);
    text->len += len;
}

void text_putc(struct text *text, char c)
{
    if (text->len == text->cap)
        text_reserve(text, 1);
    text->data[text->len++] = c;
}

void text_push(struct text *text)
{
    lua_pushlstring(text->L, text->data, text->len);
}
