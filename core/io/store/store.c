/* store.c: opens and closes a store and owns all its parts. The writer's lock is a file of its own
 * beside the database: SQLite keeps its own locks on the database itself, and closing any
 * descriptor of that file would drop them. */
#include "io/store.h"

#include <fcntl.h>
#include <string.h>

#include "base/fault.h"
#include "io/store/db/fault_vfs.h"
#include "io/store/parts.h"

static int take_lock(struct store *store, struct err *err)
{
    struct buf path = {0};
    buf_printf(&path, "%s-owner", store->options.path);
    int rc = buf_ok(&path) ? lock_take(&store->lock, path.data, err)
                           : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&path);
    return rc;
}

/* The journal is for its owner's eyes; SQLite's own files take over the mode. No error here:
 * opening the database will find out more about what is wrong. */
static void create_private(const char *path)
{
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
}

int store_connect(struct store *store, struct err *err)
{
    struct highwater mark;
    int rc = highwater_load(&store->options, &mark, err); // before a new one is made
    if (rc)
        return rc;
    db_create(&store->options);
    create_private(store->options.path);
    highwater_resize(&store->options, &mark);
    rc = writer_open(&store->writer, store, &mark, err);
    rc = rc ? rc : reader_open(store, err);
    bool early = store->options.beside && !store->options.hasty;
    return rc || !early ? rc : db_begin_log(store->writer.db, err);
}

static int open_writer(struct store *store, struct err *err)
{
    int rc = take_lock(store, err);
    rc = rc ? rc : queue_open(store, err);
    return rc || store->options.beside ? rc : queue_wait(store, err);
}

static int copy_options(struct store *store, const struct store_options *options, struct err *err)
{
    store->options = *options;
    store->options.readonly |= options->past;
    store->options.path = strdup(options->path);
    store->options.vfs = options->vfs ? strdup(options->vfs) : NULL;
    if (!store->options.path || (options->vfs && !store->options.vfs))
        return err_set(err, ERR_MEMORY, "out of memory");
    int rc = sql_split(&store->kinds, options, "projections.sql", "kind", err);
    store->ending = sql_find(&store->kinds, "run.ended");
    return rc ? rc : sql_split(&store->queries, options, "queries.sql", "name", err);
}

int store_open(const struct store_options *options, struct store **out, struct err *err)
{
    *out = NULL;
    /* Without statistics SQLite's allocator needs no lock. Refused once SQLite runs: no harm. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    FAULT_ONLY(fault_vfs_use();)
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return err_set(err, ERR_MEMORY, "out of memory");
    store->refs = 1;
    store->lock.fd = store->writer.mark_fd = -1;
    int rc = copy_options(store, options, err);
    if (!rc)
        rc = store->options.readonly ? reader_open(store, err) : open_writer(store, err);
    if (rc)
        store_close(store);
    else
        *out = store;
    return rc;
}

int store_opened(struct store *store, struct err *err)
{
    return store->options.readonly ? 0 : queue_wait(store, err);
}

void store_subscribe(struct store *store, store_seen_fn *fn, void *ctx)
{
    store->seen = fn;
    store->seen_ctx = ctx;
}

const char *store_path(const struct store *store)
{
    return store->options.path;
}

bool store_writes(const struct store *store)
{
    return store->queue.running;
}

/* The reader goes first, so that the writer is the last connection and empties the log. */
static void close_parts(struct store *store)
{
    FAULT(store_close_before);
    reader_close(store);
    writer_close(&store->writer);
    FAULT(store_close_after);
    lock_release(&store->lock);
}

void store_close(struct store *store)
{
    queue_stop(store);
    close_parts(store);
    queue_close(store);
}

void store_release(struct store *store)
{
    if (--store->refs > 0)
        return;
    while (store->spare) {
        struct store_tx *tx = store->spare;
        store->spare = tx->next;
        tx_free(tx);
    }
    sql_clear(&store->kinds);
    sql_clear(&store->queries);
    free((void *)store->options.path);
    free((void *)store->options.vfs);
    free(store);
}
