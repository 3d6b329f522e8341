/* copy.c: SQLite's online backup into a file that is then synced, brought up to date and checked.
 */
#include "io/store/backup/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fs/disk.h"
#include "io/store_read.h"

#define VERSION_AT 18 /* of SQLite's file format: two bytes, 1: there is no log */

/* ---- paths ---- */

const char *path_in(const char *dir, const char *name, char path[PATH_MAX])
{
    if (snprintf(path, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
        path[0] = '\0'; // never: dir has at most COPY_DIR_MAX bytes
    return path;
}

int sync_path(const char *path, int flags, struct err *err)
{
    auto_close int fd = open(path, flags | O_CLOEXEC);
    return fd < 0 || fsync(fd) ? disk_fail(err, path, errno) : 0;
}

int sync_dir(const char *dir, struct err *err)
{
    return sync_path(dir, O_RDONLY | O_DIRECTORY, err);
}

/* ---- one database into another directory ---- */

/* The source in one snapshot; `whole`: with all that it ever had. */
static int open_source(struct copy *copy, bool whole)
{
    struct highwater known = {0};
    int rc = whole ? highwater_load(copy->options, &known, copy->err) : 0;
    rc = rc ? rc : db_open(copy->options, copy->options->path, true, &copy->source, copy->err);
    rc = rc ? rc : db_exec(copy->source, "BEGIN", copy->err);
    return rc ? rc : highwater_compare(copy->source, &known, copy->err);
}

static int copy_pages(struct copy *copy)
{
    sqlite3 *new = NULL;
    int rc = sqlite3_open_v2(
        copy->path, &new, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE, NULL);
    sqlite3_backup *backup = rc ? NULL : sqlite3_backup_init(new, "main", copy->source, "main");
    if (backup) {
        rc = sqlite3_exec(new, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL,
                          NULL);
        rc = rc ? rc : sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
    }
    if (backup && rc == SQLITE_DONE)
        rc = 0;
    else
        rc = db_fail(new, rc ? rc : sqlite3_errcode(new), copy->err);
    sqlite3_close(new);
    return rc;
}

/* One that has no log can be read from any medium. */
static int set_without_log(const char *path, struct err *err)
{
    auto_close int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchmod(fd, 0600) || pwrite(fd, "\1\1", 2, VERSION_AT) != 2 || fsync(fd))
        return disk_fail(err, path, errno);
    return 0;
}

static int write_mark(const struct copy *copy)
{
    struct store_options options = {.path = copy->path};
    char path[PATH_MAX];
    int fd = -1;
    if (copy->mark.seq == 0)
        return 0;
    highwater_write(&options, &fd, &copy->mark);
    if (fd < 0)
        return disk_fail(copy->err, path_in(copy->to, "highwater", path), errno);
    close(fd);
    return sync_path(path_in(copy->to, "highwater", path), O_RDONLY, copy->err);
}

/* The copy, made newer by this program when an older one wrote it. */
static int bring_up_to_date(struct copy *copy)
{
    struct store_options options = *copy->options;
    sqlite3 *db = NULL;
    options.path = copy->path;
    int rc = db_open(&options, options.path, false, &db, copy->err);
    rc = rc ? rc : db_migrate(db, &options, copy->err);
    rc = rc ? rc : highwater_of(db, &copy->mark, copy->err);
    sqlite3_close(db);
    return rc;
}

/* The first thing that the check found. */
static void name_problem(const struct buf *report, const char *path, struct err *err)
{
    struct json_doc doc = {0};
    const char *what = "file", *why = "stored and rebuilt differ";
    size_t what_len = strlen(what), why_len = strlen(why);
    if (!json_parse(&doc, report->data, report->len, NULL, NULL)) {
        const struct json *first = json_get(&doc.root, "problems");
        first = first ? json_at(first, 0) : NULL;
        const struct json *name = first ? json_get(first, "what") : NULL;
        const struct json *text = first ? json_get(first, "why") : NULL;
        what = name && name->type == JSON_STRING ? json_string(name, &what_len) : what;
        why = text && text->type == JSON_STRING ? json_string(text, &why_len) : why;
    }
    err_set(err, ERR_STORE_CORRUPT, "%s is not sound: %.*s: %.*s", path, (int)what_len, what,
            (int)(why_len < 200 ? why_len : 200), why);
    json_doc_clear(&doc);
}

static int verify(const struct copy *copy)
{
    struct store_options options = *copy->options;
    struct buf report = {0};
    bool sound = false;
    options.path = copy->path;
    options.readonly = true;
    int rc = store_check(&options, &report, &sound, copy->err);
    if (!rc && !sound) {
        name_problem(&report, copy->options->path, copy->err);
        err_fix(copy->err,
                "orket check says all of it; restore .orket/ from a backup that is sound");
        rc = ERR_STORE_CORRUPT;
    }
    buf_clear(&report);
    return rc;
}

/* A synced and verified copy of the source in copy->to, which is there and empty but for the key.
 */
int copy_make(struct copy *copy, bool whole, struct store_copied *out)
{
    path_in(copy->to, COPY_NAME, copy->path);
    int rc = open_source(copy, whole);
    rc = rc ? rc : copy_pages(copy);
    sqlite3_close(copy->source);
    rc = rc ? rc : bring_up_to_date(copy);
    rc = rc ? rc : set_without_log(copy->path, copy->err);
    struct store_options options = {.path = copy->path};
    copy->mark.size = highwater_size(&options);
    rc = rc ? rc : write_mark(copy);
    rc = rc ? rc : verify(copy);
    rc = rc ? rc : sync_dir(copy->to, copy->err);
    out->seq = copy->mark.seq;
    out->bytes = copy->mark.size;
    return rc;
}
