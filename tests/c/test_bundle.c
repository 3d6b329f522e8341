/* test_bundle.c: a run in one file: whatever is done to the file is found, and named; nothing that
 * was changed is taken for what was signed. */
#include "store_world.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "io/bundle/impl.h"
#include "io/store_export.h"

#define LINES_MAX 4096

/* A bundle in memory, cut into lines (each with its line feed). */
struct file {
    char *bytes;
    size_t len, count;
    size_t at[LINES_MAX + 1];
};

static struct file small, large, forked;
static struct file *const both[] = {&small, &forked};
static struct world w;
static char path[128];
static int memory; /* the file that is verified */

static uint64_t random_state = 1;

static size_t pick(size_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(random_state >> 33) % n;
}

/* ---- making them ---- */

static void put(struct store_tx *tx, struct hash *convo, int i, char body[512])
{
    char text[256], hex[2][HASH_HEX + 1];
    struct hash blob, parent = *convo;
    bool first = i == 0;
    int len = snprintf(text, sizeof text, "message %d \"quoted\" \xc3\xa4\n", i);
    assert_int_equal(store_put_message(tx, first ? NULL : &parent, text, (size_t)len, convo, NULL),
                     0);
    len = snprintf(text, sizeof text, "blob %d", i);
    text[0] = i % 2 ? 'b' : '\xff'; // text, or not
    assert_int_equal(store_put_blob(tx, text, (size_t)len + 1, &blob, NULL), 0);
    hash_hex(convo, hex[0]);
    hash_hex(&blob, hex[1]);
    snprintf(body, 512,
             "{\"blob\":\"%s\",\"convo\":\"%s\",\"next\":\"x\",\"path\":\"f%d\",\"text\":\"\\u0001,"
             "\\\"next\\\":\\\"\"}",
             hex[1], hex[0], i);
}

static void fill(int turns, int steps)
{
    struct store_stream *run, *turn;
    char body[512], number[16];
    assert_int_equal(
        write_one(&w, w.board, "card.created", "E", "{\"name\":\"e\",\"type\":\"epic\"}"), 0);
    assert_int_equal(
        write_one(&w, w.board, "card.created", "X", "{\"name\":\"not ours\",\"type\":\"epic\"}"),
        0);
    assert_int_equal(
        write_one(&w, w.board, "scripts.loaded", NULL, "{\"files\":{},\"generation\":\"g1\"}"), 0);
    assert_int_equal(
        write_one(&w, w.board, "scripts.loaded", NULL, "{\"files\":{},\"generation\":\"g2\"}"), 0);
    assert_int_equal(store_stream_open(w.store, "r", "0", "engine", "system", &run, NULL), 0);
    assert_int_equal(write_one(&w, run, "run.started", "E", "{\"generation\":\"g1\"}"), 0);
    for (int t = 1; t <= turns; t++) {
        struct hash convo;
        struct outcome outcome;
        snprintf(number, sizeof number, "%d", t);
        assert_int_equal(store_stream_open(w.store, "r", number, "agent:a", "coder", &turn, NULL),
                         0);
        struct store_tx *tx = store_begin(turn);
        for (int i = 0; i < steps; i++) {
            put(tx, &convo, i, body);
            add(tx, "file.written", "E", body);
        }
        commit(tx, &outcome);
        uv_run(&w.loop, UV_RUN_DEFAULT);
        assert_int_equal(outcome.code, 0);
        store_stream_close(turn);
    }
    assert_int_equal(write_one(&w, run, "run.ended", "E", "{\"status\":\"done\"}"), 0);
    store_stream_close(run);
}

/* A run that goes on from another one as that is now, writes a file in a turn of its own,
 * and ends. */
static void fork_of(const char *of, const char *name)
{
    struct store_stream *run, *turn;
    struct outcome outcome;
    struct hash hash, convo;
    char body[512], hex[HASH_HEX + 1];
    assert_int_equal(store_head(w.store, of, &hash, NULL), 0);
    hash_hex(&hash, hex);
    snprintf(body, sizeof body, "{\"at\":%lld,\"hash\":\"%s\",\"of\":\"%s\"}",
             (long long)count(&w, "SELECT max(seq) FROM event"), hex, of);
    assert_int_equal(store_stream_open(w.store, name, "0", "human:a", "human", &run, NULL), 0);
    assert_int_equal(write_one(&w, run, "run.forked", "E", body), 0);
    assert_int_equal(store_stream_open(w.store, name, "1", "agent:a", "coder", &turn, NULL), 0);
    struct store_tx *tx = store_begin(turn);
    put(tx, &convo, 0, body);
    add(tx, "turn.prompted", "E", body);
    add(tx, "file.written", "E", body);
    commit(tx, &outcome);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    assert_int_equal(outcome.code, 0);
    assert_int_equal(write_one(&w, run, "run.ended", "E", "{\"status\":\"done\"}"), 0);
    store_stream_close(turn);
    store_stream_close(run);
}

/* f is a fork of r, g one of f; both sources went on afterwards. */
static void fill_forks(void)
{
    static const char *const runs[] = {"r", "f", "g"};
    struct store_stream *run;
    fill(2, 2);
    for (size_t i = 0; i < 2; i++) {
        fork_of(runs[i], runs[i + 1]);
        assert_int_equal(store_stream_open(w.store, runs[i], "0", "engine", NULL, &run, NULL), 0);
        assert_int_equal(write_one(&w, run, "run.resumed", "E", "{}"), 0);
        assert_int_equal(write_one(&w, run, "run.ended", "E", "{\"status\":\"done\"}"), 0);
        store_stream_close(run);
    }
}

static int export_to(const char *name, const char *run, struct err *err)
{
    struct store_exported out;
    int fd, rc = bundle_create(name, &fd, err);
    assert_int_equal(rc, 0);
    rc = store_export(w.store, run, "0.0.0", fd, &out, err);
    assert_int_equal(bundle_keep(name, fd, rc == 0, NULL), 0);
    return rc;
}

static void cut(struct file *file)
{
    file->count = 0;
    for (size_t i = 0; i < file->len; i++)
        if (i == 0 || file->bytes[i - 1] == '\n')
            file->at[file->count++] = i;
    file->at[file->count] = file->len;
    assert_true(file->count < LINES_MAX);
}

static void read_file(struct file *file)
{
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    file->bytes = malloc(4 << 20);
    file->len = fread(file->bytes, 1, 4 << 20, in);
    fclose(in);
    cut(file);
}

/* steps 0: of a fork of a fork */
static void make(struct file *file, int turns, int steps)
{
    struct err err = {0};
    world_dir(&w);
    world_open(&w, NULL);
    snprintf(path, sizeof path, "%s/bundle", w.dir);
    if (steps)
        fill(turns, steps);
    else
        fill_forks();
    if (export_to(path, steps ? "r" : "g", &err))
        fail_msg("%s", err.text);
    read_file(file);
    unlink(path);
    world_close(&w);
    world_remove(&w);
}

static int set_up(void **state)
{
    (void)state;
    hash_start();
    make(&small, 2, 2);
    make(&large, 3, 300);
    make(&forked, 0, 0);
    memory = memfd_create("bundle", 0); // no disk: thousands of files are verified
    snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    return memory < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(small.bytes);
    free(large.bytes);
    free(forked.bytes);
    return close(memory);
}

/* ---- looking at them ---- */

static struct bundle_report verify(const char *bytes, size_t len)
{
    struct bundle_report report;
    struct err err = {0};
    assert_int_equal(ftruncate(memory, 0), 0);
    assert_int_equal(pwrite(memory, bytes, len, 0), len);
    if (bundle_verify(path, &report, &err))
        fail_msg("%s", err.text);
    return report;
}

/* "KIND ID" of a line (0-based). */
static void name_of(const struct file *file, size_t line, char kind[16], char id[BUNDLE_NAME])
{
    const char *text = file->bytes + file->at[line];
    assert_int_equal(
        sscanf(text, "{\"i\":%*d,\"record\":\"%15[a-z]\",\"id\":\"%299[^\"]\"", kind, id), 2);
}

static void expect(const struct bundle_report *report, const char *what, size_t line,
                   const struct file *file, size_t record)
{
    char kind[16] = "", id[BUNDLE_NAME] = "";
    if (record < file->count)
        name_of(file, record, kind, id);
    assert_false(report->intact);
    if (strcmp(report->what, what) != 0 || report->line != (int64_t)line + 1 ||
        strcmp(report->kind, kind) != 0 || (report->id[0] && strcmp(report->id, id) != 0))
        fail_msg("line %zu: %s %s is %s at line %lld: %s", line + 1, report->kind, report->id,
                 report->what, (long long)report->line, report->why);
    assert_true(report->id[0] || record == 0); // only the first line has nothing that announces it
}

/* Some lines of the file, in this order. */
static struct bundle_report verify_lines(const struct file *file, const size_t *order, size_t count)
{
    char *bytes = malloc(2 * file->len + 1);
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        size_t from = file->at[order[i]], size = file->at[order[i] + 1] - from;
        memcpy(bytes + len, file->bytes + from, size);
        len += size;
    }
    struct bundle_report report = verify(bytes, len);
    free(bytes);
    return report;
}

static size_t whole(const struct file *file, size_t *order)
{
    for (size_t i = 0; i < file->count; i++)
        order[i] = i;
    return file->count;
}

/* ---- tests ---- */

static void test_intact(void **state)
{
    (void)state;
    struct bundle_report report = verify(small.bytes, small.len);
    if (!report.intact)
        fail_msg("line %lld: %s: %s", (long long)report.line, report.what, report.why);
    assert_string_equal(report.run, "r");
    assert_string_equal(report.engine, "0.0.0");
    assert_int_equal(report.records, small.count);
    assert_int_equal(report.counts[BUNDLE_EVENT], 6);
    assert_int_equal(report.counts[BUNDLE_BLOB], 2);
    assert_int_equal(report.counts[BUNDLE_MESSAGE], 2);
    assert_int_equal(report.counts[BUNDLE_GENERATION], 1);
    assert_int_equal(report.counts[BUNDLE_BOARD], 2); // its epic and its scripts, not the others
    assert_true(verify(large.bytes, large.len).intact);
}

static void test_forks(void **state)
{
    (void)state;
    struct bundle_report report = verify(forked.bytes, forked.len);
    if (!report.intact)
        fail_msg("line %lld: %s: %s", (long long)report.line, report.what, report.why);
    assert_string_equal(report.run, "g");
    assert_string_equal(report.source, "f");
    assert_int_equal(report.counts[BUNDLE_SOURCE], 2);
    assert_int_equal(report.counts[BUNDLE_PREFIX], 6 + 4); // not what the sources did afterwards
    assert_int_equal(report.counts[BUNDLE_EVENT], 4);
}

static void do_every_byte(struct file *file)
{
    size_t line = 0;
    for (size_t i = 0; i < file->len; i++) {
        line += i == file->at[line + 1];
        char kept = file->bytes[i];
        file->bytes[i] = (char)(kept ^ 1 << pick(8));
        struct bundle_report report = verify(file->bytes, file->len);
        file->bytes[i] = kept;
        expect(&report, i + 1 == file->len ? "cut off" : "changed", line, file, line);
    }
}

static void test_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(both); i++)
        do_every_byte(both[i]);
}

static void do_every_line_dropped(struct file *file)
{
    size_t order[LINES_MAX];
    for (size_t i = 0; i < file->count; i++) {
        size_t count = whole(file, order);
        memmove(order + i, order + i + 1, (count - i - 1) * sizeof *order);
        struct bundle_report report = verify_lines(file, order, count - 1);
        expect(&report, i + 1 == count ? "cut off" : "missing", i, file, i);
    }
}

static void test_every_line_dropped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(both); i++)
        do_every_line_dropped(both[i]);
}

static void do_every_line_repeated(struct file *file)
{
    size_t order[LINES_MAX];
    for (size_t i = 0; i < file->count; i++)
        for (size_t to = i + 1; to <= file->count; to++) {
            size_t count = whole(file, order);
            memmove(order + to + 1, order + to, (count - to) * sizeof *order);
            order[to] = i;
            struct bundle_report report = verify_lines(file, order, count + 1);
            bool behind = to == count;
            expect(&report, behind ? "added" : "repeated", to, file, behind ? count - 1 : i);
        }
}

static void test_every_line_repeated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(both); i++)
        do_every_line_repeated(both[i]);
}

static void do_every_pair_swapped(struct file *file)
{
    size_t order[LINES_MAX];
    for (size_t i = 0; i < file->count; i++)
        for (size_t k = i + 1; k < file->count; k++) {
            size_t count = whole(file, order);
            order[i] = k;
            order[k] = i;
            struct bundle_report report = verify_lines(file, order, count);
            expect(&report, "moved", i, file, i);
        }
}

static void test_every_pair_swapped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(both); i++)
        do_every_pair_swapped(both[i]);
}

static void do_every_cut(struct file *file)
{
    size_t line = 0;
    for (size_t len = 0; len < file->len; len++) {
        while (len >= file->at[line + 1])
            line++;
        struct bundle_report report = verify(file->bytes, len);
        expect(&report, "cut off", line, file, line);
    }
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(both); i++)
        do_every_cut(both[i]);
}

static void test_more_behind(void **state)
{
    static const char *const more[] = {"\n", "x", "{}\n", "\n\n", " "};
    char *bytes = malloc(small.len + 8);
    (void)state;
    memcpy(bytes, small.bytes, small.len);
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        memcpy(bytes + small.len, more[i], strlen(more[i]));
        struct bundle_report report = verify(bytes, small.len + strlen(more[i]));
        expect(&report, "added", small.count, &small, small.count - 1);
    }
    free(bytes);
}

static void test_no_bundle(void **state)
{
    static const char *const texts[] = {"{}\n", "hello\n", "\n", "[1,2]\n{}\n",
                                        "{\"i\":1,\"record\":\"header\"}\n"};
    struct bundle_report report;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        report = verify(texts[i], strlen(texts[i]));
        assert_false(report.intact);
        assert_int_equal(report.line, 1);
    }
    assert_int_equal(bundle_verify("/nonexistent/file", &report, NULL), ERR_NOT_FOUND);
    assert_int_equal(bundle_verify("/tmp", &report, NULL), ERR_IO);
}

/* Random bytes and random pieces of a larger one. */
static void test_random(void **state)
{
    char *bytes = malloc(2 * large.len);
    (void)state;
    for (int round = 0; round < 400; round++) {
        size_t len = large.len, at = pick(len), n = 1 + pick(pick(2) ? 3 : 3000);
        memcpy(bytes, large.bytes, len);
        n = n > len - at ? len - at : n;
        if (round % 3 == 0) {
            for (size_t i = 0; i < n; i++)
                bytes[at + i] = (char)pick(256);
        } else if (round % 3 == 1) {
            memmove(bytes + at, bytes + at + n, len - at - n);
            len -= n;
        } else {
            memmove(bytes + at + n, bytes + at, len - at);
            len += n;
        }
        bool same = len == large.len && memcmp(bytes, large.bytes, len) == 0;
        assert_true(same == verify(bytes, len).intact);
    }
    free(bytes);
}

/* ---- by who knows how it is made, but has no key ---- */

/* Links anew what was changed. */
static struct bundle_report verify_linked(const char *bytes, size_t len)
{
    struct buf out = {0};
    struct hash link = {{0}};
    for (size_t at = 0; at < len;) {
        size_t size = (size_t)((const char *)memchr(bytes + at, '\n', len - at) - (bytes + at));
        char hex[HASH_HEX + 1];
        link = bundle_link(&link, bytes + at, size - LINK_TAIL);
        hash_hex(&link, hex);
        buf_put(&out, bytes + at, size - LINK_TAIL);
        buf_printf(&out, LINK_KEY "%s\"}\n", hex);
        at += size + 1;
    }
    struct bundle_report report = verify(out.data, out.len);
    buf_clear(&out);
    return report;
}

static const struct {
    const char *from, *to; /* of the same length */
    const char *kind, *why;
    struct file *file; /* NULL: small */
} forgeries[] = {
    {"\"text\":\"blob 1", "\"text\":\"blob 2", "blob", "another hash", NULL},
    {"message 1", "message 2", "message", "does not follow", NULL},
    {"\"path\":\"f1\"", "\"path\":\"f2\"", "event", "does not follow", NULL},
    {"\"actor\":\"agent:a\"", "\"actor\":\"agent:b\"", "event", "does not follow", NULL},
    {"\"name\":\"e\"", "\"name\":\"f\"", "board", "does not follow", NULL},
    {"\"at\":\"2", "\"at\":\"3", "event", "does not follow", NULL},
    {"\"at\":\"2", "\"at\":\"3", "prefix", "does not follow", &forked},
    {"\"engine\":\"0.0.0\"", "\"engine\":\"9.0.0\"", "end", "not sealed", NULL},
    {"\"event\":6", "\"event\":7", "end", "counts", NULL},
    {"\"events\":6", "\"events\":7", "end", "counts", NULL},
    {"\"version\":2", "\"version\":3", "header", "version", NULL},
    {"orket bundle", "orket bumdle", "header", "no bundle", NULL},
    {"\"record\":\"end\"", "\"record\":\"eni\"", "eni", "announces", NULL},
    {"\"path\":\"f1\"", "\"path\":\"f2\"", "prefix", "does not follow", &forked},
    {"\"events\":6", "\"events\":5", "source", "hash of the run", &forked},
    {",\"run\":\"r\",\"at\"", ",\"run\":\"q\",\"at\"", "source", "not the moment", &forked},
    {"\"seq\":11", "\"seq\":99", "source", "not the moment", &forked},
};

static void test_forged(void **state)
{
    char *bytes = malloc(small.len + forked.len + 1);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forgeries); i++) {
        const struct file *file = forgeries[i].file ? forgeries[i].file : &small;
        memcpy(bytes, file->bytes, file->len);
        bytes[file->len] = '\0';
        char *at = strstr(bytes, forgeries[i].from);
        assert_non_null(at);
        assert_int_equal(strlen(forgeries[i].from), strlen(forgeries[i].to));
        memcpy(at, forgeries[i].to, strlen(forgeries[i].to));
        struct bundle_report report = verify_linked(bytes, file->len);
        assert_false(report.intact);
        if (strcmp(report.what, "false") != 0 || strcmp(report.kind, forgeries[i].kind) != 0 ||
            !strstr(report.why, forgeries[i].why))
            fail_msg("%s: %s %s: %s", forgeries[i].to, report.kind, report.what, report.why);
    }
    free(bytes);
}

/* Whole records left out, linked anew and announced:
 * the counts, the hash of the run or the seal. */
static void do_forged_lines(struct file *file)
{
    char *bytes = malloc(file->len + 1);
    for (size_t i = 1; i + 1 < file->count; i++) {
        size_t from = file->at[i], to = file->at[i + 1];
        memcpy(bytes, file->bytes, from);
        memcpy(bytes + from, file->bytes + to, file->len - to);
        assert_false(verify_linked(bytes, file->len - (to - from)).intact);
    }
    free(bytes);
}

static void test_forged_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(both); i++)
        do_forged_lines(both[i]);
}

/* ---- by who has the key ---- */

/* What is left out of a bundle that is whole in every other respect. */
static const struct {
    const char *what, *kind, *why;
} omissions[] = {
    {"", "", ""},
    {"blob", "event", "the blob "},
    {"message", "event", "the message "},
    {"generation", "event", "the generation g1, which it names, is not in the file"},
    {"script", "generation", "the blob "},
    {"parent", "message", "the message before it"},
    {"source", "event", "do not stand before it"},
    {"at", "event", "do not stand before it"},
    {"origin", "event", "not those that it goes on from"},
    {"fork", "end", "its run is no fork"},
    {"prefix", "source", "not where its kind belongs"},
    {"end of prefix", "event", "not where its kind belongs"},
    {"events", "end", "no event"},
};

struct maker {
    struct bundle bundle;
    struct signer *signer;
    const char *without;
    struct hash event, run, blob, parent, message;
};

static bool with(const struct maker *m, const char *what)
{
    return strcmp(m->without, what) != 0;
}

static void put_event(struct maker *m, enum bundle_kind kind, const char *run, const char *turn,
                      int64_t n, const char *event_kind, const char *body)
{
    struct hash prev = n == 1 ? (struct hash){{0}} : m->event;
    struct store_seen event = {.run = run,
                               .turn = turn,
                               .n = n,
                               .seq = n,
                               .kind = event_kind,
                               .actor = "a",
                               .at = "now",
                               .body = body,
                               .body_len = strlen(body)};
    struct store_seen hashed = event;
    hashed.at = with(m, "times") ? event.at : NULL;
    m->event = event_hash(&prev, &hashed);
    bundle_event(&m->bundle, kind, &event, &prev, &m->event);
}

static struct run_head end_run(struct maker *m, const char *run, int64_t events,
                               struct signature *signature)
{
    struct run_head head = {.run = run, .events = events};
    head.hash = m->run = run_hash(&(struct hash){{0}}, "0", &m->event);
    assert_int_equal(head_sign(m->signer, &head, signature, NULL), 0);
    return head;
}

static void put_contents(struct maker *m)
{
    char files[128], hex[HASH_HEX + 1];
    m->blob = hash_of("text", 4);
    struct hash_part parts[] = {{NULL, 0}, {"one", 3}};
    m->parent = hash_parts(parts, 2);
    struct hash_part next[] = {{m->parent.bytes, HASH_SIZE}, {"two", 3}};
    m->message = hash_parts(next, 2);
    if (with(m, "blob") && with(m, "script"))
        bundle_blob(&m->bundle, &m->blob, "text", 4);
    if (with(m, "parent") && with(m, "message"))
        bundle_message(&m->bundle, &m->parent, NULL, "one", 3);
    if (with(m, "message"))
        bundle_message(&m->bundle, &m->message, &m->parent, "two", 3);
    hash_hex(&m->blob, hex);
    snprintf(files, sizeof files, "{\"roles/a.lua\":\"%s\"}", hex);
    if (with(m, "generation"))
        bundle_generation(&m->bundle, "g1", with(m, "blob") ? files : "{}",
                          with(m, "blob") ? strlen(files) : 2);
}

static void put_source(struct maker *m)
{
    struct signature signature;
    if (with(m, "prefix"))
        put_event(m, BUNDLE_PREFIX, "s", "0", 1, "run.started", "{}");
    struct run_head head = end_run(m, "s", 1, &signature);
    if (with(m, "end of prefix"))
        bundle_source(&m->bundle, &head, 1, &signature);
}

static int64_t put_run(struct maker *m)
{
    char body[400], hex[3][HASH_HEX + 1];
    struct hash origin = with(m, "origin") ? m->run : m->blob;
    hash_hex(&origin, hex[0]);
    hash_hex(&m->blob, hex[1]);
    hash_hex(&m->message, hex[2]);
    snprintf(body, sizeof body, "{\"at\":%d,\"hash\":\"%s\",\"of\":\"s\"}", with(m, "at") ? 1 : 2,
             hex[0]);
    put_event(m, BUNDLE_EVENT, "r", "0", 1, with(m, "fork") ? "run.forked" : "run.started", body);
    put_event(m, BUNDLE_EVENT, "r", "0", 2, "turn.started", "{\"generation\":\"g1\"}");
    snprintf(body, sizeof body, "{\"convo\":\"%s\"}", hex[2]);
    put_event(m, BUNDLE_EVENT, "r", "0", 3, "turn.prompted", body);
    snprintf(body, sizeof body, "{\"changes\":[{\"path\":\"a\"},{\"blob\":\"%s\",\"path\":\"b\"}]}",
             hex[1]);
    put_event(m, BUNDLE_EVENT, "r", "0", 4, "tree.merged", body);
    return 4;
}

static struct bundle_report verify_made(const char *without)
{
    struct maker m = {.without = without};
    struct signature signature;
    assert_int_equal(signer_open(w.dir, true, &m.signer, NULL), 0);
    struct sign_public key = signer_public(m.signer);
    assert_int_equal(ftruncate(memory, 0), 0);
    assert_int_equal(lseek(memory, 0, SEEK_SET), 0);
    bundle_open(&m.bundle, memory);
    bundle_header(&m.bundle, "r", "0.0.0", &key);
    put_contents(&m);
    if (with(&m, "source") && with(&m, "events"))
        put_source(&m);
    int64_t events = with(&m, "events") ? put_run(&m) : 0;
    struct run_head head = end_run(&m, "r", events, &signature);
    assert_int_equal(bundle_finish(&m.bundle, &head, &signature, m.signer, NULL), 0);
    bundle_clear(&m.bundle);
    signer_close(m.signer);
    struct bundle_report report;
    assert_int_equal(bundle_verify(path, &report, NULL), 0);
    return report;
}

/* One of before times were hashed: its hashes are over all else. */
static void test_timeless(void **state)
{
    (void)state;
    world_dir(&w);
    assert_true(verify_made("times").intact);
    world_remove(&w);
}

/* Sealed and signed, and still not whole. */
static void test_omitted(void **state)
{
    (void)state;
    world_dir(&w);
    for (size_t i = 0; i < COUNT_OF(omissions); i++) {
        struct bundle_report report = verify_made(omissions[i].what);
        if (report.intact != (i == 0) || strcmp(report.kind, omissions[i].kind) != 0 ||
            (i > 0 && (strcmp(report.what, "false") != 0 || !strstr(report.why, omissions[i].why))))
            fail_msg("without %s: %s %s is %s: %s", omissions[i].what, report.kind, report.id,
                     report.what, report.why);
    }
    world_remove(&w);
}

/* ---- the export ---- */

static void open_world(void)
{
    world_dir(&w);
    world_open(&w, NULL);
    fill(2, 2);
}

static void close_world(void)
{
    world_close(&w);
    world_remove(&w);
}

static int export_again(const char *run, struct err *err)
{
    char name[160];
    snprintf(name, sizeof name, "%s/out", w.dir);
    int rc = export_to(name, run, err);
    assert_int_equal(access(name, F_OK) == 0, rc == 0); // whole or not there
    unlink(name);
    return rc;
}

static const struct {
    const char *sql, *why;
    const char *run; /* NULL: r, which stands alone */
} damages[] = {
    {"UPDATE blob SET bytes = x'00' WHERE id = 1", "the blob", NULL},
    {"UPDATE message SET bytes = x'00' WHERE id = 1", "the message", NULL},
    {"UPDATE entry SET body = '{}' WHERE seq IN (SELECT seq FROM event WHERE kind = "
     "'file.written')",
     "the event r/1/1", NULL},
    {"UPDATE head SET events = events + 1", "the signature", NULL},
    {"UPDATE head SET key = zeroblob(32)", "another key", NULL},
    {"UPDATE head SET seq = seq - 1", "its events are others", NULL},
    {"DELETE FROM head", "its end is not signed", NULL},
    {"DELETE FROM blob WHERE id = 1", "the blob ", NULL},
    {"DELETE FROM message WHERE id = 1", "a message, which the message ", "g"},
    {"UPDATE blob SET bytes = x'00' WHERE id = 2", "the blob", "g"},
    {"UPDATE entry SET body = '{}' WHERE seq IN (SELECT seq FROM event WHERE kind = "
     "'file.written')",
     "the event r/1/1", "g"},
    {"DELETE FROM head WHERE run = 'r'", "run r is not what was signed: its end", "g"},
    {"UPDATE head SET hash = zeroblob(32) WHERE run = 'f'", "run f is not what was signed", "g"},
};

static void test_damaged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        struct err err = {0};
        const char *run = damages[i].run;
        world_dir(&w);
        world_open(&w, NULL);
        if (run)
            fill_forks();
        else
            fill(2, 2);
        sql(&w, damages[i].sql);
        assert_int_equal(export_again(run ? run : "r", &err), ERR_STORE_CORRUPT);
        if (!strstr(err.text, damages[i].why))
            fail_msg("%s: %s", damages[i].sql, err.text);
        close_world();
    }
}

/* A run that goes on is signed as it is; the head of its last end stays what it was. */
static void test_not_ended(void **state)
{
    struct store_stream *run;
    struct err err = {0};
    (void)state;
    open_world();
    assert_int_equal(store_stream_open(w.store, "r", "0", "engine", NULL, &run, NULL), 0);
    assert_int_equal(write_one(&w, run, "run.resumed", "E", "{}"), 0);
    char name[160];
    snprintf(name, sizeof name, "%s/out", w.dir);
    assert_int_equal(export_to(name, "r", &err), 0);
    struct bundle_report report;
    assert_int_equal(bundle_verify(name, &report, NULL), 0);
    assert_true(report.intact);
    assert_int_equal(report.counts[BUNDLE_EVENT], 7);
    unlink(name);
    store_stream_close(run);
    close_world();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intact),
        cmocka_unit_test(test_forks),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_every_line_dropped),
        cmocka_unit_test(test_every_line_repeated),
        cmocka_unit_test(test_every_pair_swapped),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_more_behind),
        cmocka_unit_test(test_no_bundle),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_forged_lines),
        cmocka_unit_test(test_timeless),
        cmocka_unit_test(test_omitted),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_not_ended),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
