/* jansson_oracle.h: jansson as a second opinion. Loaded, not linked: its names are ours too. */
#ifndef TESTS_JANSSON_ORACLE_H
#define TESTS_JANSSON_ORACLE_H

#include <dlfcn.h>

#include "base/base.h"

#define JANSSON_REJECT_DUPLICATES 0x1
#define JANSSON_DECODE_ANY 0x4
#define JANSSON_ALLOW_NUL 0x10
#define JANSSON_COMPACT 0x20
#define JANSSON_SORT_KEYS 0x80
#define JANSSON_ENCODE_ANY 0x200

struct jansson {
    void *(*load)(const char *text, size_t len, size_t flags, void *error);
    char *(*dump)(const void *value, size_t flags);
    void (*release)(void *value);
};

static inline struct jansson jansson_open(void)
{
    struct jansson j = {0};
    void *library = dlopen("libjansson.so.4", RTLD_NOW | RTLD_LOCAL);
    require(library != NULL);
    *(void **)&j.load = dlsym(library, "json_loadb");
    *(void **)&j.dump = dlsym(library, "json_dumps");
    *(void **)&j.release = dlsym(library, "json_delete");
    require(j.load && j.dump && j.release);
    return j;
}

#endif
