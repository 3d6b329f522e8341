/* fault_loop.c: points of fault.h around what trusted Lua asks of the loop and of libc. Part of
 * test builds only: the linker leads these calls through here. */
#include <errno.h>
#include <uv.h>

#include "base/fault.h"

int __real_uv_write(uv_write_t *req, uv_stream_t *stream, const uv_buf_t bufs[], unsigned n,
                    uv_write_cb cb);
int __wrap_uv_write(uv_write_t *req, uv_stream_t *stream, const uv_buf_t bufs[], unsigned n,
                    uv_write_cb cb);
int __real_uv_listen(uv_stream_t *stream, int backlog, uv_connection_cb cb);
int __wrap_uv_listen(uv_stream_t *stream, int backlog, uv_connection_cb cb);
int __real_uv_fs_event_start(uv_fs_event_t *handle, uv_fs_event_cb cb, const char *path,
                             unsigned flags);
int __wrap_uv_fs_event_start(uv_fs_event_t *handle, uv_fs_event_cb cb, const char *path,
                             unsigned flags);

size_t __real_fwrite(const void *bytes, size_t size, size_t n, FILE *file);
size_t __wrap_fwrite(const void *bytes, size_t size, size_t n, FILE *file);

/* What `io.write` of trusted Lua comes to. */
size_t __wrap_fwrite(const void *bytes, size_t size, size_t n, FILE *file)
{
    FAULT(line_before);
    size_t written = __real_fwrite(bytes, size, n, file);
    FAULT(line_after);
    return written;
}

/* libuv answers a negative errno. */
static int code(int rc)
{
    return rc == -1 ? -errno : rc;
}

int __wrap_uv_write(uv_write_t *req, uv_stream_t *stream, const uv_buf_t bufs[], unsigned n,
                    uv_write_cb cb)
{
    return code(FAULT_CALL(answer, __real_uv_write(req, stream, bufs, n, cb)));
}

int __wrap_uv_listen(uv_stream_t *stream, int backlog, uv_connection_cb cb)
{
    return code(FAULT_CALL(listen, __real_uv_listen(stream, backlog, cb)));
}

int __wrap_uv_fs_event_start(uv_fs_event_t *handle, uv_fs_event_cb cb, const char *path,
                             unsigned flags)
{
    return code(FAULT_CALL(watch, __real_uv_fs_event_start(handle, cb, path, flags)));
}
