/* host.h: how this process and its machine are: memory, processor, files, disk, graphics
 * processors. For a thread of the pool: a driver may take its time.
 */
#ifndef IO_HOST_H
#define IO_HOST_H

#include "base/buf.h"
#include "base/err.h"

/* Appends one JSON object; what the machine does not tell is left out. `dir` is on the disk in
 * question. Bytes, and seconds since the machine or the process began:
 *   {"process": {"rss", "cpu", "files", "threads", "began"},
 *    "host": {"cpus", "cpu_busy", "cpu_idle", "load", "memory", "memory_available"},
 *    "disk": {"size", "free"}, "gpus": [{"name", "busy" (0 to 1), "memory", "memory_used"}]}
 * ERR_MEMORY. */
int host_sample(const char *dir, struct buf *out, struct err *err) MUST_CHECK;

#endif
