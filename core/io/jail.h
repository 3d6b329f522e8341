/* jail.h: what the engine and the jail's first process (core/jail.c) tell each other.
 *
 * The engine starts core/jail.c, a small static program carried inside the binary, as process 1 of
 * new pid, net, ipc and mount namespaces. Its arguments are the numbers below, as many directories
 * to hide as the last number says, and the program's argv; its environment is the program's. It
 * answers one struct jail_report on descriptor 3. When it ends, the kernel ends everything in its
 * namespace. */
#ifndef IO_JAIL_H
#define IO_JAIL_H

#include <stdint.h>

#define JAIL_REPORT_FD 3
#define JAIL_HOME      "/run/home" /* an empty tmpfs, gone with the jail */

/* argv[1..] of the jail: decimal numbers, in this order. */
enum jail_argument { JAIL_CPU_MS = 1, JAIL_MEMORY, JAIL_PROCESSES, JAIL_FILE_SIZE, JAIL_HIDES };

enum jail_end { JAIL_NONE, JAIL_EXITED, JAIL_SIGNALED, JAIL_NOT_ISOLATED, JAIL_NOT_STARTED };
enum jail_limit { JAIL_NO_LIMIT, JAIL_CPU, JAIL_MEM, JAIL_PROCS, JAIL_FILES };

struct jail_report {
    int32_t end;   /* enum jail_end */
    int32_t value; /* exit code, signal, or errno */
    int32_t limit; /* enum jail_limit; then the program was ended by the jail or the kernel */
};

#endif
