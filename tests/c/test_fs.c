/* test_fs.c: the file wall: names, attacks, races, replacement, lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "io/fs/fs_list.h"

/* ---- a scratch world: base/root is the tree, base/secret lies outside ---- */

struct world {
    char base[64];
    int base_fd, root;
};

static void put(int dir, const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    strcpy(w->base, "/tmp/orket-fs-XXXXXX");
    assert_non_null(mkdtemp(w->base));
    char path[128];
    snprintf(path, sizeof path, "%s/root", w->base);
    w->root = fs_root_open(path, true, NULL);
    w->base_fd = open(w->base, O_PATH | O_DIRECTORY);
    assert_true(w->root >= 0 && w->base_fd >= 0);
    put(w->base_fd, "secret", "secret");
    *state = w;
    return 0;
}

static int rm(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct world *w = *state;
    close(w->root);
    close(w->base_fd);
    nftw(w->base, rm, 8, FTW_DEPTH | FTW_PHYS);
    free(w);
    return 0;
}

/* ---- small doors for the tests ---- */

static int resolve(const struct world *w, const char *path, enum fs_want want)
{
    struct fs_target t;
    int rc = fs_resolve(w->root, path, strlen(path), want, &t, NULL);
    if (rc == 0)
        fs_target_close(&t);
    assert_true(t.fd == -1 && t.dir == -1);
    return rc;
}

static int write_file(const struct world *w, const char *path, const char *text)
{
    struct fs_target t;
    int rc = fs_resolve(w->root, path, strlen(path), FS_WRITE, &t, NULL);
    if (rc)
        return rc;
    rc = fs_write(&t, text, strlen(text), NULL);
    fs_target_close(&t);
    return rc;
}

static int read_file(const struct world *w, const char *path, size_t max, struct buf *out)
{
    struct fs_target t;
    int rc = fs_resolve(w->root, path, strlen(path), FS_READ, &t, NULL);
    if (rc)
        return rc;
    rc = fs_read(&t, 0, max, out, NULL, NULL);
    fs_target_close(&t);
    return rc;
}

static void check_file(const struct world *w, const char *path, const char *text)
{
    struct buf out = {0};
    assert_int_equal(read_file(w, path, 0, &out), 0);
    assert_string_equal(out.data ? out.data : "", text);
    buf_clear(&out);
}

/* ---- names ---- */

#define S(text) text, sizeof text - 1

static void test_canonical(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t len;
        const char *name; /* NULL: ERR_PATH */
        bool directory;
    } rows[] = {
        {S("a"), "a", false},
        {S("a/b.txt"), "a/b.txt", false},
        {S("./a//b/./c"), "a/b/c", false},
        {S("a/b/"), "a/b", true},
        {S("."), "", true},
        {S("./"), "", true},
        {S("..."), "...", false},
        {S("..a/.b"), "..a/.b", false},
        {S("a\\..\\b"), "a\\..\\b", false},
        {S("\xc3\xa9/\xf0\x9f\x98\x80"), "\xc3\xa9/\xf0\x9f\x98\x80", false},
        {S(""), NULL, false},
        {S("/"), NULL, false},
        {S("/etc/passwd"), NULL, false},
        {S("//etc"), NULL, false},
        {S(".."), NULL, false},
        {S("../a"), NULL, false},
        {S("a/.."), NULL, false},
        {S("a/../b"), NULL, false},
        {S("a/./../../b"), NULL, false},
        {S("a\0b"), NULL, false},
        {S("a\nb"), NULL, false},
        {S("a\x7f"), NULL, false},
        {S("a\xc2\x85"), NULL, false},     /* U+0085 */
        {S("\xc0\xae\xc0\xae/a"), NULL, false}, /* overlong ".." */
        {S("\xc0\xaf" "etc"), NULL, false}, /* overlong "/" */
        {S("\xed\xa0\x80"), NULL, false},  /* a surrogate */
        {S("\xff"), NULL, false},
        {S("\xc3"), NULL, false},
        {S(".orket-tmp-00"), NULL, false},
        {S("a/.orket-tmp-/b"), NULL, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char out[FS_PATH_MAX + 1];
        size_t len;
        bool directory;
        int rc = fs_canonical(rows[i].path, rows[i].len, out, &len, &directory, NULL);
        assert_int_equal(rc, rows[i].name ? 0 : ERR_PATH);
        if (rc)
            continue;
        assert_string_equal(out, rows[i].name);
        assert_int_equal(len, strlen(out));
        assert_int_equal(directory, rows[i].directory);
    }
}

static int canonical_of(const char *unit, size_t count, size_t cut)
{
    struct buf path = {0};
    for (size_t i = 0; i < count; i++)
        buf_puts(&path, unit);
    char out[FS_PATH_MAX + 1];
    size_t len;
    int rc = fs_canonical(path.data, path.len - cut, out, &len, NULL, NULL);
    buf_clear(&path);
    return rc;
}

static void test_name_bounds(void **state)
{
    (void)state;
    assert_int_equal(canonical_of("a", FS_NAME_MAX, 0), 0);
    assert_int_equal(canonical_of("a", FS_NAME_MAX + 1, 0), ERR_PATH);
    assert_int_equal(canonical_of("a/", FS_DEPTH_MAX, 0), 0);
    assert_int_equal(canonical_of("a/", FS_DEPTH_MAX + 1, 0), ERR_PATH);
    assert_int_equal(canonical_of("./", FS_PATH_MAX / 2, 0), 0);
    assert_int_equal(canonical_of("./", FS_PATH_MAX / 2 + 1, 1), ERR_PATH);
    assert_int_equal(canonical_of("a", 1000000, 0), ERR_PATH);
}

/* ---- attacks ---- */

static void make_attacks(const struct world *w)
{
    char path[128];
    snprintf(path, sizeof path, "%s/secret", w->base);
    put(w->root, "file", "file");
    assert_int_equal(mkdirat(w->root, "dir", 0755), 0);
    put(w->root, "dir/inner", "inner");
    assert_int_equal(symlinkat(path, w->root, "abs-out"), 0);
    assert_int_equal(symlinkat("../secret", w->root, "rel-out"), 0);
    assert_int_equal(symlinkat("..", w->root, "up"), 0);
    assert_int_equal(symlinkat("dir", w->root, "dir-in"), 0);
    assert_int_equal(symlinkat("dir/inner", w->root, "file-in"), 0);
    assert_int_equal(symlinkat("../file", w->root, "dir/up-in"), 0);
    assert_int_equal(symlinkat("nowhere", w->root, "dangling"), 0);
    assert_int_equal(symlinkat("loop", w->root, "loop"), 0);
    assert_int_equal(symlinkat("/proc/self/root", w->root, "magic-root"), 0);
    assert_int_equal(symlinkat("/proc/self/cwd", w->root, "magic-cwd"), 0);
    assert_int_equal(mkfifoat(w->root, "fifo", 0644), 0);
    mknodat(w->root, "null", S_IFCHR | 0666, 0x103); // needs a privilege, else it is missing
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s/root/socket", w->base);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (void *)&at, sizeof at), 0);
    close(fd);
}

static void test_attacks(void **state)
{
    const struct world *w = *state;
    make_attacks(w);
    int null = faccessat(w->root, "null", F_OK, 0) == 0 ? ERR_NOT_FILE : ERR_NOT_FOUND;
    const struct {
        const char *path;
        int read, list, write, delete;
    } rows[] = {
        {"file", 0, ERR_NOT_DIR, 0, 0},
        {"file/", ERR_NOT_DIR, ERR_NOT_DIR, ERR_NOT_FILE, 0},
        {"file/x", ERR_NOT_DIR, ERR_NOT_DIR, ERR_NOT_DIR, ERR_NOT_DIR},
        {"dir", ERR_NOT_FILE, 0, ERR_NOT_FILE, 0},
        {"dir/", ERR_NOT_FILE, 0, ERR_NOT_FILE, 0},
        {".", ERR_NOT_FILE, 0, ERR_PATH, ERR_PATH},
        {"FILE", ERR_NOT_FOUND, ERR_NOT_FOUND, 0, ERR_NOT_FOUND},
        {"missing/x", ERR_NOT_FOUND, ERR_NOT_FOUND, 0, ERR_NOT_FOUND},
        {"abs-out", ERR_PATH, ERR_PATH, ERR_PATH, 0},
        {"rel-out", ERR_PATH, ERR_PATH, ERR_PATH, 0},
        {"up/secret", ERR_PATH, ERR_PATH, ERR_PATH, ERR_PATH},
        {"up/root/file", ERR_PATH, ERR_PATH, ERR_PATH, ERR_PATH},
        {"dangling", ERR_NOT_FOUND, ERR_NOT_FOUND, ERR_PATH, 0},
        {"dangling/x", ERR_NOT_FOUND, ERR_NOT_FOUND, ERR_PATH, ERR_PATH},
        {"loop", ERR_PATH, ERR_PATH, ERR_PATH, 0},
        {"magic-root/etc/passwd", ERR_PATH, ERR_PATH, ERR_PATH, ERR_PATH},
        {"magic-cwd", ERR_PATH, ERR_PATH, ERR_PATH, 0},
        {"dir-in/inner", 0, ERR_NOT_DIR, ERR_PATH, ERR_PATH},
        {"dir-in", ERR_NOT_FILE, 0, ERR_PATH, 0},
        {"file-in", 0, ERR_NOT_DIR, ERR_PATH, 0},
        {"dir/up-in", 0, ERR_NOT_DIR, ERR_PATH, 0},
        {"fifo", ERR_NOT_FILE, ERR_NOT_DIR, ERR_NOT_FILE, 0},
        {"socket", ERR_NOT_FILE, ERR_NOT_DIR, ERR_NOT_FILE, 0},
        {"null", null, null == ERR_NOT_FILE ? ERR_NOT_DIR : null, null == ERR_NOT_FILE ? null : 0,
         null == ERR_NOT_FILE ? 0 : null},
        {"/proc/self/root/etc/passwd", ERR_PATH, ERR_PATH, ERR_PATH, ERR_PATH},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int got[] = {resolve(w, rows[i].path, FS_READ), resolve(w, rows[i].path, FS_LIST),
                     resolve(w, rows[i].path, FS_WRITE), resolve(w, rows[i].path, FS_DELETE)};
        int want[] = {rows[i].read, rows[i].list, rows[i].write, rows[i].delete};
        for (size_t k = 0; k < COUNT_OF(got); k++)
            if (got[k] != want[k])
                fail_msg("%s, want %zu: %s, not %s", rows[i].path, k, err_name(got[k]),
                         err_name(want[k]));
    }
}

/* FS_PUT looks at a name by writing only, and refuses what FS_WRITE refuses. */
static void test_put(void **state)
{
    const struct world *w = *state;
    static const char *const rows[] = {
        "file",   "file/",    "file/x", "dir",      "dir/",          ".",      "new",
        "a/b/c",  "abs-out",  "up/x",   "dangling", "dangling/x",    "dir-in", "dir-in/x",
        "fifo",   "socket",   "loop",   "file-in",  "magic-root/x",  "/x",     "../x",
    };
    make_attacks(w);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fs_target t;
        int want = write_file(w, rows[i], "first");
        int rc = fs_resolve(w->root, rows[i], strlen(rows[i]), FS_PUT, &t, NULL);
        if (rc == 0)
            rc = fs_write(&t, "second", 6, NULL);
        fs_target_close(&t);
        if (rc != want)
            fail_msg("%s: %s, not %s", rows[i], err_name(rc), err_name(want));
        if (rc == 0)
            check_file(w, rows[i], "second");
    }
    check_file(&(struct world){.root = w->base_fd}, "secret", "secret");
}

static void test_magic_links(void **state)
{
    (void)state;
    int root = fs_root_open("/", false, NULL);
    struct world w = {.root = root};
    assert_true(root >= 0);
    assert_int_equal(resolve(&w, "proc/self/root/etc/passwd", FS_READ), ERR_PATH);
    assert_int_equal(resolve(&w, "proc/self/cwd/Makefile", FS_READ), ERR_PATH);
    assert_int_equal(resolve(&w, "proc/self/fd/0", FS_READ), ERR_PATH);
    assert_int_equal(resolve(&w, "etc/passwd", FS_READ), 0);
    close(root);
}

/* A name judged must be the name of what is opened. */
static void test_true_names(void **state)
{
    const struct world *w = *state;
    static const char *const rows[][2] = {
        {"dir-in/inner", "dir/inner"}, {"file-in", "dir/inner"},     {"dir/up-in", "file"},
        {"./dir//inner", "dir/inner"}, {"dir-in/up-in", "file"},
    };
    make_attacks(w);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fs_target t;
        assert_int_equal(fs_resolve(w->root, rows[i][0], strlen(rows[i][0]), FS_READ, &t, NULL), 0);
        assert_string_equal(t.path, rows[i][1]);
        assert_int_equal(t.len, strlen(t.path));
        fs_target_close(&t);
    }
}

/* ---- races ---- */

struct race {
    const struct world *w;
    volatile bool stop;
};

/* Swaps root/swap between a directory and a link that leads out, as fast as it can. */
static void *swap(void *ctx)
{
    struct race *race = ctx;
    while (!race->stop)
        renameat2(race->w->root, "swap", race->w->root, "evil", RENAME_EXCHANGE);
    return NULL;
}

static void test_swap_race(void **state)
{
    const struct world *w = *state;
    assert_int_equal(mkdirat(w->root, "swap", 0755), 0);
    assert_int_equal(symlinkat("..", w->root, "evil"), 0);
    put(w->root, "swap/secret", "inside");
    struct race race = {.w = w};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, swap, &race), 0);
    unsigned reads = 0;
    for (int i = 0; i < 20000; i++) {
        struct buf out = {0};
        if (read_file(w, "swap/secret", 0, &out) == 0) {
            reads++;
            assert_string_equal(out.data, "inside");
        }
        buf_clear(&out);
        if (i % 4 == 0)
            (void)!write_file(w, "swap/new", "new");
    }
    race.stop = true;
    pthread_join(thread, NULL);
    assert_true(reads > 0);
    assert_int_equal(faccessat(w->base_fd, "new", F_OK, 0), -1);
}

/* The directory becomes a link between judging and performing: the judged one is written. */
static void test_perform_keeps_to_target(void **state)
{
    const struct world *w = *state;
    struct fs_target t;
    assert_int_equal(mkdirat(w->root, "d", 0755), 0);
    assert_int_equal(fs_resolve(w->root, "d/x", 3, FS_WRITE, &t, NULL), 0);
    assert_int_equal(renameat(w->root, "d", w->root, "moved"), 0);
    assert_int_equal(symlinkat("..", w->root, "d"), 0);
    assert_int_equal(fs_write(&t, "y", 1, NULL), 0);
    fs_target_close(&t);
    check_file(w, "moved/x", "y");
    assert_int_equal(faccessat(w->base_fd, "x", F_OK, 0), -1);

    assert_int_equal(fs_resolve(w->root, "z", 1, FS_WRITE, &t, NULL), 0);
    assert_int_equal(symlinkat("../secret", w->root, "z"), 0);
    assert_int_equal(fs_write(&t, "y", 1, NULL), ERR_PATH);
    fs_target_close(&t);

    assert_int_equal(fs_resolve(w->root, "n/m/x", 5, FS_WRITE, &t, NULL), 0);
    assert_int_equal(symlinkat("..", w->root, "n"), 0);
    assert_true(fs_write(&t, "y", 1, NULL) < 0);
    fs_target_close(&t);
    assert_int_equal(faccessat(w->base_fd, "m", F_OK, 0), -1);
    check_file(w, "moved/x", "y");
}

/* A new file is there as a whole, or what had the name stays; nothing else is left behind. */
static void test_add(void **state)
{
    const struct world *w = *state;
    struct fs_target t;
    assert_int_equal(fs_resolve(w->root, "p/q/new", 7, FS_PUT, &t, NULL), 0);
    assert_int_equal(fs_add(&t, "one", 3, NULL), 0);
    assert_int_equal(fs_add(&t, "two", 3, NULL), ERR_EXISTS);
    fs_target_close(&t);
    check_file(w, "p/q/new", "one");
    assert_int_equal(symlinkat("gone", w->root, "p/link"), 0);
    assert_int_equal(fs_resolve(w->root, "p/link", 6, FS_PUT, &t, NULL), 0);
    assert_int_equal(fs_add(&t, "x", 1, NULL), ERR_EXISTS);
    fs_target_close(&t);
    assert_int_equal(faccessat(w->root, "p/gone", F_OK, 0), -1);
    assert_int_equal(fs_resolve(w->root, "p", 1, FS_PUT, &t, NULL), 0);
    assert_int_equal(fs_add(&t, "x", 1, NULL), ERR_EXISTS);
    fs_target_close(&t);
    assert_int_equal(unlinkat(w->root, "p/q/new", 0), 0);
    assert_int_equal(unlinkat(w->root, "p/q", AT_REMOVEDIR), 0); // empty: no other name was left
}

/* ---- read and write ---- */

static void test_write(void **state)
{
    const struct world *w = *state;
    struct fs_target t;
    assert_int_equal(write_file(w, "a/b/c/new", "one"), 0);
    check_file(w, "a/b/c/new", "one");
    assert_int_equal(fs_resolve(w->root, "a/b/c/new", 9, FS_WRITE, &t, NULL), 0);
    assert_true(t.exists);
    assert_int_equal(fs_write(&t, "two", 3, NULL), 0);
    fs_target_close(&t);
    check_file(w, "a/b/c/new", "two");
    assert_int_equal(write_file(w, "a/b/c/new", ""), 0);
    check_file(w, "a/b/c/new", "");
    struct stat st;
    assert_int_equal(fchmodat(w->root, "a/b/c/new", 0750, 0), 0);
    assert_int_equal(write_file(w, "a/b/c/new", "#!"), 0);
    assert_int_equal(fstatat(w->root, "a/b/c/new", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
}

static void test_hard_link(void **state)
{
    const struct world *w = *state;
    assert_int_equal(linkat(w->base_fd, "secret", w->root, "linked", 0), 0);
    assert_int_equal(write_file(w, "linked", "mine"), 0);
    check_file(w, "linked", "mine");
    struct world out = {.root = w->base_fd};
    check_file(&out, "secret", "secret");
}

static void test_read_bounds(void **state)
{
    const struct world *w = *state;
    struct fs_target t;
    struct buf out = {0};
    bool more;
    put(w->root, "ten", "0123456789");
    assert_int_equal(read_file(w, "ten", 9, &out), ERR_TOO_LARGE);
    buf_clear(&out);
    assert_int_equal(read_file(w, "ten", 10, &out), 0);
    buf_clear(&out);
    static const struct {
        size_t offset, max;
        const char *text;
        bool more;
    } rows[] = {
        {0, 4, "0123", true}, {4, 6, "456789", false}, {4, 5, "45678", true},
        {10, 1, "", false},   {99, 1, "", false},
    };
    assert_int_equal(fs_resolve(w->root, "ten", 3, FS_READ, &t, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(fs_read(&t, rows[i].offset, rows[i].max, &out, &more, NULL), 0);
        assert_int_equal(out.len, strlen(rows[i].text));
        assert_memory_equal(out.data ? out.data : "", rows[i].text, out.len);
        assert_int_equal(more, rows[i].more);
        buf_reset(&out);
    }
    buf_clear(&out);
    fs_target_close(&t);
    int root = fs_root_open("/proc", false, NULL); // files without a size
    struct world proc = {.root = root};
    assert_int_equal(read_file(&proc, "version", 0, &out), 0);
    assert_true(out.len > 10);
    buf_clear(&out);
    close(root);
}

static void test_wrong_want(void **state)
{
    const struct world *w = *state;
    struct fs_target t;
    struct buf out = {0};
    struct fs_entries list = {0};
    put(w->root, "f", "x");
    assert_int_equal(fs_resolve(w->root, "f", 1, FS_DELETE, &t, NULL), 0);
    assert_int_equal(fs_read(&t, 0, 0, &out, NULL, NULL), ERR_BUG);
    assert_int_equal(fs_write(&t, "", 0, NULL), ERR_BUG);
    assert_int_equal(fs_mkdir(&t, NULL, NULL), ERR_BUG);
    assert_int_equal(fs_list(&t, 0, &list, NULL), ERR_BUG);
    assert_int_equal(fs_delete(&t, NULL), 0);
    fs_target_close(&t);
    assert_int_equal(fs_delete(&t, NULL), ERR_BUG); // closed
}

/* The host has no descriptor: that is what is said, and never that a path is wrong. */
static void test_no_descriptors(void **state)
{
    const struct world *w = *state;
    static const enum fs_want wants[] = {FS_READ, FS_WRITE, FS_PUT, FS_LIST, FS_MKDIR, FS_DELETE};
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    put(w->root, "f", "x");
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
        struct fs_target t;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, limit.rlim_max}), 0);
        int rc = fs_resolve(w->root, wants[i] == FS_MKDIR ? "new" : "f",
                            wants[i] == FS_MKDIR ? 3 : 1, wants[i], &t, NULL);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(rc, ERR_DESCRIPTORS);
    }
}

static void test_mkdir_delete(void **state)
{
    const struct world *w = *state;
    static const struct {
        char verb;
        const char *path;
        int code;
    } rows[] = {
        {'m', "a/b/c", 0},          {'m', "a/b/c/", 0},        {'w', "a/b/c/f", 0},
        {'m', "a/b/c/f", ERR_NOT_DIR}, {'m', "a/b/c/f/g", ERR_NOT_DIR}, {'d', "a/b/c", ERR_EXISTS},
        {'d', "a/b/c/f", 0},        {'d', "a/b/c/f", ERR_NOT_FOUND}, {'d', "a/b/c/", 0},
        {'d', "a/b", 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fs_target t;
        enum fs_want want = rows[i].verb == 'w' ? FS_WRITE : FS_DELETE;
        if (rows[i].verb == 'm')
            want = FS_MKDIR;
        int rc = fs_resolve(w->root, rows[i].path, strlen(rows[i].path), want, &t, NULL);
        if (rc == 0) {
            if (want == FS_MKDIR)
                rc = fs_mkdir(&t, NULL, NULL);
            else
                rc = want == FS_DELETE ? fs_delete(&t, NULL) : fs_write(&t, "", 0, NULL);
            fs_target_close(&t);
        }
        if (rc != rows[i].code)
            fail_msg("row %zu: %s", i, err_name(rc));
    }
}

/* ---- lists ---- */

static void check_names(const struct fs_entries *list, const char *joined)
{
    struct buf out = {0};
    for (size_t i = 0; i < list->count; i++)
        buf_printf(&out, "%s%c ", list->items[i].name, list->items[i].type);
    assert_string_equal(out.data ? out.data : "", joined);
    buf_clear(&out);
}

static void test_lists(void **state)
{
    const struct world *w = *state;
    static const char *const files[] = {"b", "a/z", "a/y/x", "a.b", "a-"};
    for (size_t i = 0; i < COUNT_OF(files); i++)
        assert_int_equal(write_file(w, files[i], "text"), 0);
    assert_int_equal(mkdirat(w->root, "c", 0755), 0);
    put(w->root, "c/.orket-tmp-1", "left over");
    put(w->root, "c/\xff\xfe", "no name");
    assert_int_equal(symlinkat("a", w->root, "l"), 0);
    struct fs_target t;
    struct fs_entries list = {0};
    assert_int_equal(fs_resolve(w->root, ".", 1, FS_LIST, &t, NULL), 0);
    assert_int_equal(fs_list(&t, 0, &list, NULL), 0);
    check_names(&list, "ad a-f a.bf bf cd ll ");
    assert_false(list.more);
    assert_int_equal(list.items[1].size, 4);
    assert_int_equal(fs_list(&t, 2, &list, NULL), 0);
    check_names(&list, "ad a-f ");
    assert_true(list.more);
    assert_int_equal(fs_walk(&t, 0, &list, NULL), 0);
    check_names(&list, "a-f a.bf a/y/xf a/zf bf ");
    assert_false(list.more);
    assert_int_equal(fs_walk(&t, 3, &list, NULL), 0);
    check_names(&list, "a-f a.bf a/y/xf ");
    assert_true(list.more);
    assert_int_equal(fs_walk(&t, 5, &list, NULL), 0);
    assert_false(list.more);
    assert_int_equal(fs_walk_all(&t, 0, &list, NULL), 0);
    check_names(&list, "a-f a.bf a/y/xf a/zf bf ll ");
    fs_entries_clear(&list);
    fs_target_close(&t);
    assert_int_equal(fs_resolve(w->root, "c", 1, FS_LIST, &t, NULL), 0);
    assert_int_equal(fs_walk(&t, 0, &list, NULL), 0);
    assert_int_equal(list.count, 0);
    fs_entries_clear(&list);
    fs_target_close(&t);
}

static void test_roots(void **state)
{
    const struct world *w = *state;
    assert_int_equal(fs_root_open("/nowhere/at/all", false, NULL), ERR_NOT_FOUND);
    assert_int_equal(fs_root_open("/etc/passwd", false, NULL), ERR_NOT_DIR);
    bool made;
    int sub = fs_root_beneath(w->root, "x/y", 3, &made, NULL);
    assert_true(sub >= 0 && made);
    struct world inner = {.root = sub};
    assert_int_equal(write_file(&inner, "f", "1"), 0);
    assert_int_equal(resolve(&inner, "../f", FS_READ), ERR_PATH);
    check_file(w, "x/y/f", "1");
    close(sub);
    assert_int_equal(fs_root_beneath(w->root, "q", 1, NULL, NULL), ERR_NOT_FOUND);
    assert_int_equal(fs_root_beneath(w->root, "..", 2, &made, NULL), ERR_PATH);
    static const char *const there[] = {".", "x", "x/y", "link"};
    assert_int_equal(symlinkat("x/y", w->root, "link"), 0);
    for (size_t i = 0; i < COUNT_OF(there); i++) {
        sub = fs_root_beneath(w->root, there[i], strlen(there[i]), &made, NULL);
        assert_true(sub >= 0 && !made);
        close(sub);
    }
    assert_int_equal(fs_root_beneath(w->root, "link/new", 8, &made, NULL), ERR_PATH);
    assert_int_equal(fs_root_beneath(w->root, "x/y/f", 5, &made, NULL), ERR_NOT_DIR);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_canonical),  T(test_name_bounds), T(test_attacks), T(test_put),
        T(test_magic_links), T(test_true_names), T(test_swap_race),
        T(test_perform_keeps_to_target),
        T(test_add), T(test_write), T(test_hard_link),
        T(test_read_bounds), T(test_wrong_want), T(test_no_descriptors),
        T(test_mkdir_delete),
        T(test_lists), T(test_roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
