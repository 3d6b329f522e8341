/* text.h: a string in the making whose memory is the script's own: small ones on the C stack, long
 * ones in a userdata that the collector knows. Nothing leaks when the making is cut off. */
#ifndef SCRIPT_LIB_TEXT_H
#define SCRIPT_LIB_TEXT_H

#include <lua.h>

#include "base/base.h"

#define TEXT_SMALL 512

struct text {
    lua_State *L;
    char *data;
    size_t len, cap;
    int slot; /* stack index that keeps the userdata */
    char small[TEXT_SMALL];
};

/* Begins an empty text; takes one stack slot (nil for now), which must stay until text_push. */
void text_begin(struct text *text, lua_State *L);

/* Appends; every byte costs the script. Raises for memory and limits. */
void text_put(struct text *text, const char *bytes, size_t len);
void text_putc(struct text *text, char c);

/* Room for len more bytes behind data + len; the caller then adds to text->len. */
char *text_reserve(struct text *text, size_t len);

/* Pushes the finished string. */
void text_push(struct text *text);

#endif
