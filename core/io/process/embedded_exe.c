/* embedded_exe.c: see embedded_exe.h. */
#include "io/process/embedded_exe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/process/child.h"

static int new_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | 0x10u /* MFD_EXEC */);
    if (fd < 0 && errno == EINVAL) // COMPAT: kernels before 6.3
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd;
}

int embedded_exe_open(const char *name, const char *start, const char *end, struct err *err)
{
    int fd = child_lift(new_file(name)); // a child places the first ones before it becomes this
    if (fd < 0)
        return err_os(err, errno, "memfd_create");
    while (start < end) {
        ssize_t n = FAULT_CALL(jail_write, write(fd, start, (size_t)(end - start)));
        if (n < 0) {
            int error = errno;
            close(fd);
            return err_os(err, error, "cannot unpack %s", name);
        }
        start += n;
    }
    fchmod(fd, 0555);
    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
    return fd;
}
