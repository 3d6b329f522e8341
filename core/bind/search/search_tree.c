/* search_tree.c: see search_tree.h. */
#include "bind/search/search_tree.h"

#include <string.h>

#include "base/text/sanitize.h"
#include "model/search/grammar.h"

struct state {
    struct search *search;
    struct json_builder out;
    struct buf bytes, line;         /* of the file; of one line that is shown */
    struct ignore git, own;         /* .gitignore; .ignore, which goes first */
    char path[2 * FS_PATH_MAX + 2]; /* from the tree's root: the target's, and what is below */
    size_t prefix;                  /* bytes of the target's, with its slash */
    size_t found, skipped, files, read, shown, ignored, budget;
    bool more, full;
    int rc; /* the first failure that ends it */
    struct err err;
};

#define DONE 1 /* for fs_visit: enough was found */

/* ---- what is shown ---- */

static void add_text(struct state *s, const char *text, size_t len)
{
    buf_reset(&s->line);
    utf8_sanitize(&s->line, text, len);
    json_add_string(&s->out, buf_ok(&s->line) && s->line.len ? s->line.data : "", s->line.len);
    s->shown += s->line.len;
}

static bool is_inside_character(const char *text, size_t at)
{
    return ((unsigned char)text[at] & 0xc0) == 0x80;
}

/* A line, or of a long one the part with the hit. */
static void add_line(struct state *s, const char *line, size_t len, size_t hit)
{
    size_t from = hit >= SEARCH_LINE ? hit - SEARCH_LINE / 4 : 0;
    size_t to = len - from > SEARCH_LINE ? from + SEARCH_LINE : len;
    if (to == len && len > 0 && line[len - 1] == '\r')
        to--;
    while (from < to && is_inside_character(line, from))
        from++;
    while (to > from && to < len && is_inside_character(line, to))
        to--;
    add_text(s, line + from, to - from);
}

/* A text being looked at. */
struct text {
    const char *bytes;
    size_t len;
};

static size_t line_end(struct text text, size_t at)
{
    const char *feed = at < text.len ? memchr(text.bytes + at, '\n', text.len - at) : NULL;
    return feed ? (size_t)(feed - text.bytes) : text.len;
}

static size_t previous_line(struct text text, size_t at)
{
    const char *feed = at > 1 ? memrchr(text.bytes, '\n', at - 1) : NULL;
    return feed ? (size_t)(feed - text.bytes) + 1 : 0;
}

static void add_before(struct state *s, struct text text, size_t line)
{
    size_t at = line;
    for (size_t n = s->search->context; n > 0 && at > 0; n--)
        at = previous_line(text, at);
    json_key(&s->out, "before", 6);
    json_begin_array(&s->out);
    for (size_t end; at < line; at = end + 1) {
        end = line_end(text, at);
        add_line(s, text.bytes + at, end - at, 0);
    }
    json_end_array(&s->out);
}

static void add_after(struct state *s, struct text text, size_t at)
{
    json_key(&s->out, "after", 5);
    json_begin_array(&s->out);
    for (size_t n = s->search->context, end; n > 0 && at < text.len; n--, at = end + 1) {
        end = line_end(text, at);
        add_line(s, text.bytes + at, end - at, 0);
    }
    json_end_array(&s->out);
}

/* Whether what was found next is to be shown: not skipped, and there is room. */
static bool takes(struct state *s)
{
    if (s->skipped < s->search->skip) {
        s->skipped++;
        return false;
    }
    s->full = s->found >= s->search->limit || s->shown >= SEARCH_ANSWER;
    s->found += !s->full;
    return !s->full;
}

static void add_path(struct state *s, size_t len)
{
    json_add_string(&s->out, s->path, len);
    s->shown += len;
}

struct match {
    size_t line, hit, number; /* where the line begins, where the hit does; the line's number */
};

static void add_match(struct state *s, size_t path, struct text text, const struct match *match)
{
    size_t end = line_end(text, match->line);
    json_begin_object(&s->out);
    json_key(&s->out, "path", 4);
    add_path(s, path);
    json_key(&s->out, "line", 4);
    json_add_int(&s->out, (int64_t)match->number);
    json_key(&s->out, "text", 4);
    add_line(s, text.bytes + match->line, end - match->line, match->hit - match->line);
    if (s->search->context) {
        add_before(s, text, match->line);
        add_after(s, text, end + 1);
    }
    json_end_object(&s->out);
}

/* ---- one file ---- */

static bool is_canceled(const struct state *s)
{
    return atomic_load_explicit(&s->search->canceled, memory_order_relaxed);
}

static int fail(struct state *s, int rc, const char *why, const char *fix)
{
    s->rc = err_set(&s->err, rc, "%s", why);
    err_fix(&s->err, "%s", fix);
    return DONE;
}

static size_t count_lines(struct text text, size_t from, size_t to)
{
    size_t lines = 0;
    const char *at = text.bytes + from, *end = text.bytes + to;
    for (const char *feed; at < end && (feed = memchr(at, '\n', (size_t)(end - at))); at = feed + 1)
        lines++;
    return lines;
}

/* Each line with a hit, once. */
static int look_in(struct state *s, size_t path)
{
    struct text text = {s->bytes.data, s->bytes.len};
    struct match match = {.number = 1};
    size_t at = 0, counted = 0;
    while (at < text.len && !is_canceled(s)) {
        int rc = needle_find(&s->search->needle, text.bytes, text.len, at, &match.line, &match.hit);
        if (rc == ERR_LIMIT)
            return fail(s, rc, "the expression costs too much", "look for something simpler");
        if (rc < 0)
            return fail(s, rc, "no memory to search", "search fewer files");
        if (rc == 0)
            return 0;
        match.number += count_lines(text, counted, match.line);
        counted = match.line;
        if (takes(s))
            add_match(s, path, text, &match);
        else if (s->full)
            return DONE;
        at = line_end(text, match.hit) + 1; // the text may begin with the end of a line
    }
    return 0;
}

static int look_at_bytes(struct state *s, size_t path)
{
    s->read += s->bytes.len;
    s->files++;
    if (s->bytes.len == 0 || memchr(s->bytes.data, 0, s->bytes.len))
        return 0; // binary
    return look_in(s, path);
}

static int add_source(struct state *s, size_t path)
{
    const char *text = s->bytes.data ? s->bytes.data : "";
    size_t len = s->bytes.len;
    const char *grammar = grammar_of(s->path, path);
    s->read += len;
    s->files++;
    if (!grammar || memchr(text, 0, len) || !utf8_valid(text, len))
        return 0;
    json_begin_object(&s->out);
    json_key(&s->out, "path", 4);
    add_path(s, path);
    json_key(&s->out, "language", 8);
    json_add_text(&s->out, grammar);
    json_key(&s->out, "text", 4);
    json_add_string(&s->out, text, len);
    json_end_object(&s->out);
    return 0;
}

/* What was read is looked at; a file that is gone, or no file, is passed over; one that the machine
 * does not give would be missed. */
static int settle_read(struct state *s, int rc, struct err *err, size_t path)
{
    if (err_is_environment(rc)) {
        s->err = *err;
        s->rc = rc;
        return DONE;
    }
    if (rc == ERR_TOO_LARGE)
        s->more = true;
    if (rc)
        return 0;
    return s->search->sources ? add_source(s, path) : look_at_bytes(s, path);
}

/* ---- all files ---- */

static size_t read_most(const struct state *s)
{
    return s->search->sources ? SOURCE_MAX : SEARCH_FILE;
}

static bool has_all(struct state *s)
{
    size_t most = s->search->sources ? SOURCES_BYTES : SEARCH_BYTES;
    return s->read >= most || (s->search->sources && s->files >= SOURCES_MAX);
}

static bool is_wanted_name(const struct state *s)
{
    return s->search->needle.len > 0 || s->search->needle.regex || s->search->sources;
}

/* Why the walk may not go on, or 0. */
static int check_walk(struct state *s)
{
    if (is_canceled(s))
        return fail(s, ERR_CANCELED, "the search was canceled", "search again");
    if (s->budget == 0)
        return fail(s, ERR_LIMIT, "the ignore files cost too much",
                    "search a smaller directory, or with ignored = true");
    return 0;
}

static int meet(void *ctx, int dir, const char *path, size_t len, size_t name, char type)
{
    struct state *s = ctx;
    struct err err = {0};
    size_t whole = s->prefix + len;
    if (check_walk(s))
        return DONE;
    if (type != 'f' || (s->search->sources && !grammar_of(path, len)))
        return 0;
    if (!gate_may_read(s->search->gate, &s->search->call, s->path, whole))
        return 0;
    if (!is_wanted_name(s)) {
        s->files++;
        if (takes(s))
            add_path(s, whole);
        return s->full ? DONE : 0;
    }
    if (has_all(s)) {
        s->more = true;
        return DONE;
    }
    int rc = fs_read_name(dir, path + name, read_most(s), &s->bytes, &err);
    return settle_read(s, rc, &err, whole);
}

static bool is_left_out(struct state *s, size_t len, bool is_directory)
{
    enum ignored says = ignore_judge(&s->own, s->path, len, is_directory, &s->budget);
    if (says == IGNORED_UNSAID)
        says = ignore_judge(&s->git, s->path, len, is_directory, &s->budget);
    return says == IGNORED_YES;
}

/* The glob is about the file, or about a directory that it is in. */
static bool fits_glob(struct state *s, const char *path, size_t len)
{
    const struct ignore_rule *glob = &s->search->glob;
    bool fits = ignore_rule_fits(glob, path, len, false, &s->budget);
    for (size_t i = 0; i < len && !fits; i++)
        fits = path[i] == '/' && ignore_rule_fits(glob, path, i, true, &s->budget);
    return fits != glob->negated;
}

static bool is_git(const char *path, size_t len)
{
    return len >= 4 && memcmp(path + len - 4, ".git", 4) == 0 && (len == 4 || path[len - 5] == '/');
}

static bool wants(void *ctx, const char *path, size_t len, char type)
{
    struct state *s = ctx;
    if (s->budget == 0 || s->prefix + len >= sizeof s->path || is_git(path, len))
        return false;
    memcpy(s->path + s->prefix, path, len);
    s->path[s->prefix + len] = '\0';
    bool left = !s->search->everything && is_left_out(s, s->prefix + len, type == 'd');
    s->ignored += left;
    return !left && (type == 'd' || s->search->glob.len == 0 || fits_glob(s, path, len));
}

static int push_file(struct state *s, struct ignore *ignore, int dir, const char *name, size_t base)
{
    struct err err = {0};
    int rc = fs_read_name(dir, name, IGNORE_FILE_MAX, &s->bytes, &err);
    if (err_is_environment(rc)) {
        s->err = err;
        return s->rc = rc;
    }
    if (ignore_push(ignore, base, rc || !s->bytes.len ? "" : s->bytes.data, rc ? 0 : s->bytes.len))
        fail(s, ERR_MEMORY, "no memory for an ignore file", "search fewer files");
    return s->rc;
}

static int push_levels(struct state *s, int dir, size_t base)
{
    int rc = push_file(s, &s->git, dir, ".gitignore", base);
    return rc ? rc : push_file(s, &s->own, dir, ".ignore", base);
}

static int enter(void *ctx, int dir, const char *path, size_t len)
{
    struct state *s = ctx;
    (void)path;
    if (check_walk(s))
        return DONE;
    size_t base = len ? s->prefix + len : s->search->target.len;
    return !s->search->everything && push_levels(s, dir, base) ? DONE : 0;
}

static void leave(void *ctx)
{
    struct state *s = ctx;
    ignore_pop(&s->git);
    ignore_pop(&s->own);
}

/* The ignore files of the directories above the target. */
static void push_above(struct state *s)
{
    const struct fs_target *target = &s->search->target;
    size_t base = 0;
    while (s->rc == 0 && base < target->len) {
        struct fs_target above;
        struct err err = {0};
        const char *from = target->path + base + (base > 0);
        if (fs_resolve(s->search->root, base ? target->path : ".", base ? base : 1, FS_LIST, &above,
                       &err) == 0) {
            (void)push_levels(s, above.fd, base);
            fs_target_close(&above);
        }
        const char *slash = strchr(from, '/');
        base = slash ? (size_t)(slash - target->path) : target->len;
    }
}

static int look_below(struct state *s, struct err *err)
{
    struct fs_visitor visitor = {s, wants, enter, leave, meet};
    bool cut = false;
    if (!s->search->everything && s->search->root >= 0)
        push_above(s);
    int rc = s->rc ? DONE : fs_visit(&s->search->target, &visitor, &cut, err);
    s->more = s->more || cut || s->full;
    if (rc == 0)
        rc = check_walk(s);
    return rc == DONE ? 0 : rc;
}

static void look_at_one(struct state *s)
{
    struct err err = {0};
    bool longer = false;
    int rc = fs_read(&s->search->target, 0, read_most(s), &s->bytes, &longer, &err);
    (void)settle_read(s, longer ? ERR_TOO_LARGE : rc, &err, s->search->target.len);
    s->more = s->more || s->full;
}

/* ---- the answer ---- */

static void add_count(struct state *s, const char *key, size_t count)
{
    json_key(&s->out, key, strlen(key));
    json_add_int(&s->out, (int64_t)count);
}

static void add_ends(struct state *s)
{
    json_end_array(&s->out);
    if (!s->search->sources)
        add_count(s, "files", s->files);
    if (s->full)
        add_count(s, "next", s->search->skip + s->found);
    if (s->ignored)
        add_count(s, "ignored", s->ignored);
    if (s->more) {
        json_key(&s->out, "more", 4);
        json_add_bool(&s->out, true);
    }
    json_end_object(&s->out);
}

static const char *name_of_list(const struct state *s)
{
    if (s->search->sources)
        return "files";
    return is_wanted_name(s) ? "matches" : "paths";
}

static void state_clear(struct state *s)
{
    buf_clear(&s->bytes);
    buf_clear(&s->line);
    ignore_clear(&s->git);
    ignore_clear(&s->own);
}

static int run(struct state *s, struct json *found, struct err *err)
{
    json_build(&s->out, &s->search->memory);
    json_begin_object(&s->out);
    json_key(&s->out, name_of_list(s), strlen(name_of_list(s)));
    json_begin_array(&s->out);
    int rc = 0;
    if (s->search->target.want == FS_READ)
        look_at_one(s);
    else
        rc = look_below(s, err);
    add_ends(s);
    int built = json_finish(&s->out, found);
    if (rc == 0 && s->rc) {
        *err = s->err;
        return s->rc;
    }
    return rc || !built ? rc : err_set(err, built, "no memory for what was found");
}

int search_run(struct search *search, struct json *found, struct err *err)
{
    struct state *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(err, ERR_MEMORY, "no memory to search");
    s->search = search;
    s->budget = SEARCH_IGNORED;
    memcpy(s->path, search->target.path, search->target.len);
    s->prefix = search->target.len;
    if (s->prefix)
        s->path[s->prefix++] = '/';
    if (search->target.want == FS_READ)
        s->path[search->target.len] = '\0';
    int rc = run(s, found, err);
    state_clear(s);
    free(s);
    return rc;
}
