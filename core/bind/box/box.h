/* box.h: the parts of `orket.core.box`. */
#ifndef BIND_BOX_BOX_H
#define BIND_BOX_BOX_H

#include "bind/bind.h"
#include "script/box.h"

/* The integer field of the table at idx, 0 when it is absent; raises below `least`. */
lua_Integer box_option(lua_State *L, int idx, const char *name, lua_Integer least);

/* The table {steps=, ms=} at idx, or nothing; raises for another key. */
struct box_limits box_check_limits(lua_State *L, int idx);

/* A text with its name, both borrowed from the stack. */
struct box_text box_check_text(lua_State *L, int name, int text);

/* box.cell */
int box_l_cell(lua_State *L);
void box_open_cell(lua_State *L);

#endif
