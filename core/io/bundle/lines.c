/* lines.c: a file line by line, one of them in memory. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/bundle/impl.h"

#define CHUNK 65536

static int fail(const struct lines *lines, int code, struct err *err)
{
    if (code == ERR_MEMORY)
        return err_set(err, code, "out of memory");
    if (code == ERR_DESCRIPTORS)
        return err_os(err, errno, "%s", lines->path);
    err_set(err, code, "%s: %s", lines->path, strerror(errno));
    err_fix(err, "give a file of orket export that can be read");
    return code;
}

int lines_open(struct lines *lines, const char *path, struct err *err)
{
    *lines = (struct lines){.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    lines->line.max = BUNDLE_LINE;
    if (lines->fd >= 0)
        return 0;
    return fail(lines, errno == ENOENT ? ERR_NOT_FOUND : err_of_errno(errno), err);
}

/* The next bytes of the file: how many. */
static ssize_t fill(struct lines *lines)
{
    buf_reset(&lines->chunk);
    lines->at = 0;
    char *room = buf_reserve(&lines->chunk, CHUNK);
    if (!room)
        return ERR_MEMORY;
    ssize_t n;
    do
        n = read(lines->fd, room, CHUNK);
    while (n < 0 && errno == EINTR);
    lines->chunk.len = n > 0 ? (size_t)n : 0;
    return n < 0 ? ERR_IO : n;
}

/* Moves bytes up to a line feed, or all there are, to the line; true at the line feed. */
static bool take(struct lines *lines)
{
    const char *from = lines->chunk.data + lines->at;
    size_t left = lines->chunk.len - lines->at;
    const char *end = left ? memchr(from, '\n', left) : NULL;
    size_t len = end ? (size_t)(end - from) : left;
    if (len)
        buf_put(&lines->line, from, len);
    lines->at += len + (end != NULL);
    return end != NULL;
}

int lines_next(struct lines *lines, struct err *err)
{
    buf_reset(&lines->line);
    while (!(lines->whole = take(lines))) {
        if (!buf_ok(&lines->line))
            return err_set(err, ERR_LIMIT, "a line of over %zu MiB", BUNDLE_LINE >> 20);
        ssize_t n = fill(lines);
        if (n < 0)
            return fail(lines, (int)n, err);
        if (n == 0)
            return lines->line.len > 0;
    }
    return buf_ok(&lines->line) ? 1 : err_set(err, ERR_LIMIT, "a line is too long");
}

void lines_close(struct lines *lines)
{
    if (lines->fd >= 0)
        close(lines->fd);
    buf_clear(&lines->chunk);
    buf_clear(&lines->line);
    lines->fd = -1;
}
