/* fault_vfs.h: in test builds, the points of fault.h inside SQLite's own writing. */
#ifndef IO_STORE_FAULT_VFS_H
#define IO_STORE_FAULT_VFS_H

/* Makes the wrapped file system SQLite's default one; more than once does no harm. */
void fault_vfs_use(void);

#endif
