/* fault.h: named places where a test build can be made to die or fail: before and after everything
 * that changes what is on the disk, or that reports it.
 *
 * In a release build the macros are nothing: no code, no text, no state. With `make FAULT=1` every
 * place counts its hits, and ORKET_FAULT in the environment says at which of them what happens:
 *
 *   POINT:HIT:kill    the process is killed by itself, at once, as by kill -9
 *   POINT:HIT:eio     the call fails with EIO; likewise enospc, emfile, enomem
 *   POINT:HIT:oom     the next allocation of this thread fails; starve: that one and all later ones
 *   POINT:HIT:nofile  no descriptor can be had from here on
 *   POINT:HIT:term    the process sends itself SIGTERM; likewise int, hup, stop
 *   site:HEX:oom      the first allocation, or call of the system, that this stack makes fails;
 *                     also eio, enospc, emfile and enomem
 *   record:FILE       nothing happens; at the end FILE says how often each point was hit, and which
 *                     stacks allocated or called the system
 *
 * A point that stands after a call makes a call fail that was successful: what a disk does that
 * says no and means yes. HIT counts from 1, for each point by itself. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "base/base.h"

/* X(name, place, what): each is two points, NAME_before and NAME_after;
 * both can be made to fail. */
#define FAULT_CALLS(X)                                                                             \
    X(dir_make, "io/fs/private.c", "the directory .orket is made")                                 \
    X(lock_take, "io/fs/lock.c", "the owner's lock is taken")                                      \
    X(lock_write, "io/fs/lock.c", "the owner's number is written into its lock")                   \
    X(image_write, "io/store/db/create.c", "a new database is written under another name")         \
    X(image_sync, "io/store/db/create.c", "a new database is synced")                              \
    X(image_rename, "io/store/db/create.c", "a new database gets its name")                        \
    X(key_write, "io/keys/key_file.c", "a key of the project is written under another name")       \
    X(key_sync, "io/keys/key_file.c", "a key of the project is synced")                            \
    X(key_rename, "io/keys/key_file.c", "a key of the project gets its name")                      \
    X(log_write, "io/store/db/fault_vfs.c", "a piece of a commit is written to the log")           \
    X(log_sync, "io/store/db/fault_vfs.c", "a commit is synced: durable from here on")             \
    X(log_delete, "io/store/db/fault_vfs.c", "the emptied log is removed")                         \
    X(mark_write, "io/store/db/highwater.c", "the high-water mark is overwritten")                 \
    X(restore_move, "io/store/backup/backup.c", "a restore moves a file to where it belongs")      \
    X(page_write, "io/store/db/fault_vfs.c", "a checkpoint writes a page of the database")         \
    X(page_sync, "io/store/db/fault_vfs.c", "a checkpoint syncs the database")                     \
    X(file_mkdir, "io/fs/fs.c", "a directory of a tree is made")                                   \
    X(file_write, "io/fs/fs.c", "the bytes of a file are written")                                 \
    X(file_mode, "io/fs/fs.c", "the file that takes another's place gets its mode")                \
    X(file_rename, "io/fs/fs.c", "a file takes another's place")                                   \
    X(file_remove, "io/fs/fs.c", "the file whose place was taken is removed")                      \
    X(file_delete, "io/fs/fs.c", "a file or an empty directory is deleted")                        \
    X(file_hide, "io/fs/fs.c", "a whiteout is made in the changes of a tree")                      \
    X(layer_sync, "io/fs/fs.c", "a read-only layer is synced")                                     \
    X(layer_rename, "io/fs/fs.c", "a read-only layer gets its name")                               \
    X(file_read, "io/fs/fs.c", "a file is read")                                                   \
    X(tree_list, "io/fs/fs_list.c", "a tree's files are listed, to be compared with the journal")  \
    X(jail_write, "io/process/embedded_exe.c", "a carried program is unpacked into memory")

/* X(name, place, what): only the point after can be made to fail. */
#define FAULT_ENDS(X) X(file_close, "io/fs/fs.c", "a file that was written is closed")

/* X(name, place, what): what begins here has to be ended;
 * only the point before can be made to fail. */
#define FAULT_OPENS(X)                                                                             \
    X(answer, "io/fault_loop.c", "the owner's socket answers a request")                           \
    X(listen, "io/fault_loop.c", "the owner's socket is made")                                     \
    X(watch, "io/fault_loop.c", "a directory of scripts is watched")                               \
    X(lock_open, "io/fs/lock.c", "the file of a lock is made or opened")                           \
    X(image_open, "io/store/db/create.c", "the file of a new database is made")                    \
    X(mark_open, "io/store/db/highwater.c", "the file of the high-water mark is made or opened")   \
    X(db_open, "io/store/db/fault_vfs.c", "the database is opened")                                \
    X(log_open, "io/store/db/fault_vfs.c", "the log is made or opened")                            \
    X(log_map, "io/store/db/fault_vfs.c", "the log's index is mapped")                             \
    X(file_create, "io/fs/fs.c", "a file is made")                                                 \
    X(file_open, "io/fs/fs_resolve.c", "a file or directory of a tree is opened")                  \
    X(spawn, "io/process/proc_spawn.c", "a program is started in its jail")                        \
    X(union_mount, "io/union/union.c", "a tree of layers is mounted")                              \
    X(connect, "io/net/transport/multi.c", "a socket to a model is made")

/* X(name, place, what): nothing here can fail, or what fails is a call inside; for kill and oom. */
#define FAULT_STEPS(X)                                                                             \
    X(store_begin, "io/store/write/write.c", "a commit begins")                                    \
    X(event, "io/store/write/item.c", "an event is in the transaction")                            \
    X(blob, "io/store/write/item.c", "a blob is in the transaction")                               \
    X(message, "io/store/write/item.c", "a message is in the transaction")                         \
    X(commit, "io/store/write/write.c", "a commit is made")                                        \
    X(checkpoint, "io/store/write/write.c", "the log is carried over into the database")           \
    X(hand_over, "io/store/write/queue.c", "transactions go to the writer's thread")               \
    X(hand_back, "io/store/write/queue.c", "transactions come back from the writer's thread")      \
    X(tell, "io/store/write/queue.c", "a committed event is told to who listens")                  \
    X(acknowledge, "io/store/write/tx.c", "a commit is acknowledged to who waits for it")          \
    X(store_close, "io/store/store.c", "the database is closed")                                   \
    X(line, "io/fault_loop.c", "a line goes to standard output or into a cassette")                \
    X(permit, "bind/gate/permit.c", "a permitted operation is performed on a card's files")        \
    X(publish, "bind/system/fs.c",                                                                 \
      "a file is written into a tree: to materialise it, or as merged")                            \
    X(dispatch, "io/net/transport.c", "a request to a model is sent")                              \
    X(reply, "bind/llm/llm.c", "a model's reply is given to its turn")                             \
    X(verdict, "io/process/proc.c", "how a program ended is told: a verification's verdict")       \
    X(script, "bind/box/box.c", "a script is made ready for a generation")                         \
    X(generation, "bind/gate/gate.c", "a generation's gate is built; then it serves")

#ifdef ORKET_FAULTS

enum fault_point {
#define X(name, place, what) FAULT_##name##_before, FAULT_##name##_after,
    FAULT_CALLS(X) FAULT_ENDS(X) FAULT_OPENS(X) FAULT_STEPS(X)
#undef X
        FAULT_allocation, /* every allocation; for kill, oom and starve */
    FAULT_any,            /* every hit of every other point but allocation; for kill */
    FAULT_COUNT
};

/* A row of `orket faults`. */
struct fault {
    const char *name, *place, *what;
    bool fails; /* with an errno: eio, enospc, emfile, enomem */
};

/* Reads ORKET_FAULT; false with an explanation on standard error when it cannot be understood. */
bool fault_start(void);

/* Row i of all points; NULL behind the last. Texts are static. */
const struct fault *fault_row(size_t i, struct fault *row);

/* Counts a hit, and does what was asked for it. Answers errno, set as well, when the call shall
 * fail, else 0. */
int fault_hit(enum fault_point point);

/* The result of a call, or -1 when the point after it says so; -1 is passed on uncounted. */
int fault_int(enum fault_point point, int result);
ssize_t fault_size(enum fault_point point, ssize_t result);

#define FAULT_START()    fault_start()
#define FAULT_ONLY(code) code
#define FAULT(point)     ((void)fault_hit(FAULT_##point))
#define FAULT_FAILS(point) (fault_hit(FAULT_##point) != 0)
#define FAULT_CALL(name, call)                                                                     \
    (FAULT_FAILS(name##_before) ? -1                                                               \
                                : _Generic((call), int: fault_int, ssize_t: fault_size)(           \
                                      FAULT_##name##_after, (call)))

#define FAULT_END(name, call) (FAULT(name##_before), fault_int(FAULT_##name##_after, (call)))

#else

#define FAULT_START()          true
#define FAULT_ONLY(code)
#define FAULT(point)           ((void)0)
#define FAULT_FAILS(point)     false
#define FAULT_CALL(name, call) (call)
#define FAULT_END(name, call)  (call)

#endif

#endif
