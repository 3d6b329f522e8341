/* header_list.h: the headers of an environment variable as OpenTelemetry writes them:
 * "name=value,name=value", where %20 and the like stand for other bytes.
 */
#ifndef IO_HEADER_LIST_H
#define IO_HEADER_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct header_pair {
    char *name, *value; /* in the text, each with its NUL, without the blanks around it */
};

/* The next pair of the text at *at, which is written over and moved behind it. 1 = a pair, 0 = no
 * more, -1 = this is none, or its value has bytes that no header may carry. */
int header_list_next(char **at, struct header_pair *pair);

#endif
