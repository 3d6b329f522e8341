/* named.c: the program with a resolver of the test's: ORKET_NAMES="registry.test=127.0.0.1
 * wild.test=10.0.0.1" says where these names lead; ADDRESS+ADDRESS leads to the first at the first
 * look-up and to the second at every later one. Linked in place of getaddrinfo into a program of
 * its own, build/VARIANT/tests/named, that nothing installs. */
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int __real_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out);
int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out);

static atomic_uint lookups;

/* What follows "name=", up to a blank; NULL when it is not there. */
static const char *entry_of(const char *name)
{
    const char *at = getenv("ORKET_NAMES");
    size_t len = strlen(name);
    while (at && *at) {
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return at + len + 1;
        at = strchr(at, ' ');
        at += at ? 1 : 0;
    }
    return NULL;
}

int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out)
{
    char address[64];
    const char *entry = name ? entry_of(name) : NULL;
    if (!entry)
        return __real_getaddrinfo(name, service, hints, out);
    size_t first = strcspn(entry, "+ ");
    if (entry[first] == '+' && atomic_fetch_add(&lookups, 1) > 0) {
        entry += first + 1;
        first = strcspn(entry, " ");
    }
    snprintf(address, sizeof address, "%.*s", (int)first, entry);
    return __real_getaddrinfo(address, service, hints, out);
}
