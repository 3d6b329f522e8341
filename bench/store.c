/* store.c: what the journal costs. Prints one JSON line:
 *   bare      commits/s of SQLite alone: one small INSERT per durable commit, no thread
 *   alone     commits/s of the store: one event, awaited, then the next
 *   steps     100 streams at once, each step two transactions of three events and a message (1.3 KB
 *             in all), the first awaited: steps/s and CPU per step (both threads, us)
 *   growth    what 1,000 steps over one growing conversation add to the file, for files of 100 to
 *             6,000 bytes in each step: bytes per step, and the ratio to the bytes that were new
 *   view      us of CPU for one view of a typical card (3.6 KB) as text: nothing written meanwhile,
 *             and after a commit, when the reader's page cache is void
 * N= sets the commits (default 4000), STEPS= the steps, DIR= where the files go. */
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <uv.h>

#include "bind/embed.h"
#include "io/store.h"
#include "io/store_read.h"

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double thread_cpu(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void check(int bad, const char *what)
{
    if (bad) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

static void clean(const char *path)
{
    char name[512];
    static const char *const tails[] = {"", "-wal", "-shm", "-owner"};
    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        snprintf(name, sizeof name, "%s%s", path, tails[i]);
        unlink(name);
    }
    snprintf(name, sizeof name, "%.*s/highwater", (int)(strrchr(path, '/') - path), path);
    unlink(name); // the mark of the database before
}

static double bare(const char *path, int n)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    clean(path);
    check(sqlite3_open(path, &db), "open");
    sqlite3_exec(
        db,
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE e(seq INTEGER PRIMARY KEY,"
        " body TEXT)",
        NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "INSERT INTO e(body) VALUES ('{\"text\":\"a small event\"}')", -1, &stmt,
                       NULL);
    double start = now();
    for (int i = 0; i < n; i++) {
        check(sqlite3_step(stmt) != SQLITE_DONE, "insert");
        sqlite3_reset(stmt);
    }
    double spent = now() - start;
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    clean(path);
    return n / spent;
}

/* ---- the store ---- */

struct bench {
    uv_loop_t loop;
    struct store *store;
    int left, live;
};

struct agent {
    struct bench *bench;
    struct store_stream *stream;
    struct hash convo;
    char card[16];
    int64_t step;
};

static void reopen_store(struct bench *bench, const char *path, bool hasty)
{
    struct err err = {0};
    struct store_options options = {.path = path,
                                    .loop = &bench->loop,
                                    .hasty = hasty,
                                    .files = (const struct store_file *)embed_files,
                                    .count = embed_count};
    uv_loop_init(&bench->loop);
    check(store_open(&options, &bench->store, &err), err.text);
}

static void open_store(struct bench *bench, const char *path)
{
    clean(path);
    reopen_store(bench, path, false);
}

static void close_store(struct bench *bench, const char *path)
{
    store_close(bench->store);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    uv_loop_close(&bench->loop);
    clean(path);
}

static void put_event(struct store_tx *tx, const char *kind, const char *card, int64_t step,
                      const char *body)
{
    struct err err = {0};
    struct store_event event = {.kind = kind, .card = card, .step = step};
    buf_puts(store_body(tx), body);
    check(store_event(tx, &event, NULL, &err), err.text);
}

static void on_alone(void *ctx, int64_t seq, const struct err *err);

static void alone_next(struct agent *agent)
{
    if (agent->bench->left-- <= 0)
        return;
    struct store_tx *tx = store_begin(agent->stream);
    put_event(tx, "note", NULL, 0, "{\"text\":\"a small event\"}");
    store_commit(tx, on_alone, agent);
}

static void on_alone(void *ctx, int64_t seq, const struct err *err)
{
    (void)seq;
    check(err != NULL, err ? err->text : "");
    alone_next(ctx);
}

static double alone(const char *path, int n)
{
    struct bench bench = {.left = n};
    struct agent agent = {.bench = &bench};
    struct err err = {0};
    open_store(&bench, path);
    check(store_stream_open(bench.store, "board", "0", "engine", NULL, &agent.stream, &err),
          err.text);
    double start = now();
    alone_next(&agent);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    double spent = now() - start;
    store_stream_close(agent.stream);
    close_store(&bench, path);
    return n / spent;
}

/* Both in turn, in slices: what else the machine does then hits both. */
static void compare(const char *path, int n, double *bare_rate, double *alone_rate)
{
    enum { SLICES = 8 };
    double bare_s = 0, alone_s = 0;
    int each = n < SLICES ? 1 : n / SLICES;
    for (int i = 0; i < SLICES; i++) {
        bare_s += each / bare(path, each);
        alone_s += each / alone(path, each);
    }
    *bare_rate = SLICES * each / bare_s;
    *alone_rate = SLICES * each / alone_s;
}

/* ---- steps ---- */

static void on_intent(void *ctx, int64_t seq, const struct err *err);

static void on_effect(void *ctx, int64_t seq, const struct err *err)
{
    (void)ctx;
    (void)seq;
    check(err != NULL, err ? err->text : "");
}

static void message(struct agent *agent, struct store_tx *tx, char fill)
{
    char text[650];
    struct hash out;
    memset(text, fill, sizeof text);
    snprintf(text, 64, "{\"card\":\"%s\",\"step\":%lld}", agent->card, (long long)agent->step);
    check(store_put_message(tx, &agent->convo, text, sizeof text, &out, NULL), "message");
    agent->convo = out;
}

static void next_step(struct agent *agent)
{
    char body[512], hex[HASH_HEX + 1];
    if (agent->bench->left-- <= 0)
        return;
    agent->step++;
    struct store_tx *tx = store_begin(agent->stream);
    message(agent, tx, 'a');
    hash_hex(&agent->convo, hex);
    snprintf(body, sizeof body, "{\"convo\":\"%s\",\"finish\":\"tool_calls\",\"model\":\"mock\","
             "\"usage\":{\"completion\":120,\"prompt\":900}}", hex);
    put_event(tx, "step.reply", agent->card, agent->step, body);
    snprintf(body, sizeof body,
             "{\"call\":\"call_1\",\"operation\":\"%s\",\"tool\":\"write_file\"}", hex);
    put_event(tx, "call.allowed", agent->card, agent->step, body);
    put_event(tx, "call.allowed", agent->card, agent->step, body);
    store_commit(tx, on_intent, agent);
}

static void on_intent(void *ctx, int64_t seq, const struct err *err)
{
    struct agent *agent = ctx;
    char body[512], hex[HASH_HEX + 1];
    (void)seq;
    check(err != NULL, err ? err->text : "");
    struct store_tx *tx = store_begin(agent->stream);
    message(agent, tx, 'b');
    hash_hex(&agent->convo, hex);
    snprintf(body, sizeof body, "{\"blob\":\"%s\",\"path\":\"src/part%lld.c\"}", hex,
             (long long)agent->step);
    put_event(tx, "file.written", agent->card, agent->step, body);
    snprintf(body, sizeof body,
             "{\"call\":\"call_1\",\"convo\":\"%s\",\"ok\":true,\"operations\":[\"fs.write\"],"
             "\"text\":\"written\",\"tool\":\"write_file\"}",
             hex);
    put_event(tx, "call.result", agent->card, agent->step, body);
    put_event(tx, "call.result", agent->card, agent->step, body);
    store_commit(tx, on_effect, agent);
    next_step(agent);
}

#define AGENTS 100

static void setup(struct bench *bench, struct agent *agents)
{
    struct err err = {0};
    struct store_stream *board;
    char body[256], turn[16];
    check(store_stream_open(bench->store, "board", "0", "engine", NULL, &board, &err), err.text);
    struct store_tx *tx = store_begin(board);
    for (int i = 0; i < AGENTS; i++) {
        struct agent *agent = &agents[i];
        *agent = (struct agent){.bench = bench};
        snprintf(agent->card, sizeof agent->card, "C%d", i);
        snprintf(turn, sizeof turn, "%d", i + 1);
        snprintf(body, sizeof body,
                 "{\"description\":\"Write a part\",\"name\":\"Part %d\",\"type\":\"issue\"}", i);
        put_event(tx, "card.created", agent->card, 0, body);
        check(store_stream_open(bench->store, "run", turn, "agent", "coder", &agent->stream, &err),
              err.text);
    }
    store_commit(tx, on_effect, NULL);
    for (int i = 0; i < AGENTS; i++) {
        tx = store_begin(agents[i].stream);
        check(store_put_message(tx, NULL, "system", 6, &agents[i].convo, NULL), "message");
        put_event(tx, "turn.started", agents[i].card, 0,
                  "{\"model\":\"mock\",\"role\":\"coder\",\"seat\":\"coder\"}");
        store_commit(tx, on_effect, NULL);
    }
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    store_stream_close(board);
}

static void steps(const char *path, int n, double *rate, double *us)
{
    static struct agent agents[AGENTS];
    struct bench bench = {.left = n};
    open_store(&bench, path);
    setup(&bench, agents);
    double start = now(), burnt = cpu();
    for (int i = 0; i < AGENTS; i++)
        next_step(&agents[i]);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    *rate = n / (now() - start);
    *us = (cpu() - burnt) / n * 1e6;
    for (int i = 0; i < AGENTS; i++)
        store_stream_close(agents[i].stream);
    close_store(&bench, path);
}

/* ---- growth ---- */

/* One turn of n steps over one growing conversation, as the engine writes them: a reply that
 * carries a file of `size` bytes, the file, the tool's answer. How many bytes were new, and how
 * many the database grew by. */
struct growth {
    struct bench bench;
    struct agent agent;
    size_t size;
    double unique, grown;
};

static void grow_event(struct growth *g, struct store_tx *tx, const char *kind, const char *body)
{
    g->unique += (double)strlen(body);
    put_event(tx, kind, "C0", g->agent.step, body);
}

static void grow_message(struct growth *g, struct store_tx *tx, const char *text, size_t len,
                         char hex[HASH_HEX + 1])
{
    struct hash out;
    check(store_put_message(tx, &g->agent.convo, text, len, &out, NULL), "message");
    g->agent.convo = out;
    g->unique += (double)len;
    hash_hex(&out, hex);
}

static void grow_done(void *ctx, int64_t seq, const struct err *err);

static void grow_step(struct growth *g)
{
    char body[512], hex[HASH_HEX + 1], call[HASH_HEX + 1], text[16384];
    struct hash blob;
    if (g->bench.left-- <= 0)
        return;
    struct agent *agent = &g->agent;
    struct store_tx *tx = store_begin(agent->stream);
    agent->step++;
    int head =
        snprintf(text, sizeof text,
                 "{\"content\":\"so be it\",\"role\":\"assistant\",\"tool_calls\":[{\"function\":"
                 "{\"arguments\":\"{\\\"path\\\":\\\"f%lld.txt\\\",\\\"content\\\":\\\"",
                 (long long)agent->step);
    memset(text + head, 'x', g->size);
    int tail =
        snprintf(text + head + g->size, 200,
                 "\\\"}\",\"name\":\"write_file\"},\"id\":\"call_%lld_1\",\"type\":\"function\"}]}",
                 (long long)agent->step);
    grow_message(g, tx, text, (size_t)(head + tail) + g->size, hex);
    snprintf(
        body, sizeof body,
        "{\"convo\":\"%s\",\"finish\":\"tool_calls\",\"model\":\"m\",\"usage\":{\"completion\":87,"
        "\"prompt\":%lld}}",
        hex, (long long)(264 + 150 * agent->step));
    grow_event(g, tx, "step.reply", body);
    snprintf(text, 40, "line %lld", (long long)agent->step);
    check(store_put_blob(tx, text, g->size, &blob, NULL), "blob");
    g->unique += (double)g->size;
    hash_hex(&blob, call);
    snprintf(body, sizeof body,
             "{\"call\":\"call_%lld_1\",\"operation\":\"%s\",\"tool\":\"write_file\"}",
             (long long)agent->step, call);
    grow_event(g, tx, "call.allowed", body);
    snprintf(body, sizeof body, "{\"blob\":\"%s\",\"path\":\"f%lld.txt\"}", call,
             (long long)agent->step);
    grow_event(g, tx, "file.written", body);
    int len = snprintf(text, sizeof text,
                       "{\"content\":\"{\\\"ok\\\":true,\\\"result\\\":{\\\"path\\\":\\\"f%lld."
                       "txt\\\"}}\",\"role\":\"tool\","
                       "\"tool_call_id\":\"call_%lld_1\"}",
                       (long long)agent->step, (long long)agent->step);
    grow_message(g, tx, text, (size_t)len, hex);
    snprintf(body, sizeof body,
             "{\"call\":\"call_%lld_1\",\"convo\":\"%s\",\"ok\":true,\"operations\":[{\"hash\":\"%"
             "s\",\"op\":"
             "\"fs.write\"}],\"progress\":true,\"tool\":\"write_file\"}",
             (long long)agent->step, hex, call);
    grow_event(g, tx, "call.result", body);
    store_commit(tx, grow_done, g);
}

static void grow_done(void *ctx, int64_t seq, const struct err *err)
{
    (void)seq;
    check(err != NULL, err ? err->text : "");
    grow_step(ctx);
}

/* The last connection empties the log into the database. */
static double closed_size(struct bench *bench, const char *path)
{
    struct stat st;
    store_close(bench->store);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    uv_loop_close(&bench->loop);
    check(stat(path, &st), "stat");
    return (double)st.st_size;
}

static void grow(const char *path, int n, size_t size, double *per_step, double *ratio)
{
    struct growth g = {.size = size};
    struct err err = {0};
    struct store_stream *board;
    open_store(&g.bench, path);
    check(store_stream_open(g.bench.store, "board", "0", "engine", NULL, &board, &err), err.text);
    struct store_tx *tx = store_begin(board);
    put_event(tx, "card.created", "C0", 0, "{\"name\":\"a card\",\"type\":\"issue\"}");
    store_commit(tx, on_effect, NULL);
    store_stream_close(board);
    double before = closed_size(&g.bench, path);
    reopen_store(&g.bench, path, true);
    check(
        store_stream_open(g.bench.store, "ep.1", "1", "agent:dev", "coder", &g.agent.stream, &err),
        err.text);
    tx = store_begin(g.agent.stream);
    check(store_put_message(tx, NULL, "system", 6, &g.agent.convo, NULL), "message");
    grow_event(&g, tx, "turn.started", "{\"model\":\"mock\",\"role\":\"coder\",\"seat\":\"dev\"}");
    g.bench.left = n;
    store_commit(tx, grow_done, &g);
    uv_run(&g.bench.loop, UV_RUN_DEFAULT);
    store_stream_close(g.agent.stream);
    g.grown = closed_size(&g.bench, path) - before;
    clean(path);
    *per_step = g.grown / n;
    *ratio = g.grown / g.unique;
}

/* ---- the view ---- */

#define TEXT                                                                                       \
    "Read the file, check every key and answer all errors at once, each with its line and "        \
    "column. "

static void fill_board(struct store_stream *board)
{
    char body[4096], card[16];
    struct store_tx *tx = store_begin(board);
    put_event(tx, "card.created", "E", 0,
              "{\"description\":\"" TEXT TEXT "\",\"environment\":\"standard\","
              "\"name\":\"Epic\",\"team\":\"standard\",\"type\":\"epic\"}");
    for (int i = 0; i < 50; i++) {
        snprintf(card, sizeof card, "C%d", i);
        snprintf(body, sizeof body,
                 "{\"depends_on\":[\"C%d\",\"C%d\",\"C%d\"],\"description\":\"" TEXT TEXT TEXT TEXT
                 "\","
                 "\"name\":\"Part %d\",\"parent_id\":\"E\",\"requirements\":[\"" TEXT "\",\"" TEXT
                 "\"],\"seat\":\"coder\","
                 "\"type\":\"issue\"}",
                 i + 1, i + 2, i + 3, i);
        put_event(tx, "card.created", card, 0, body);
        for (int k = 0; k < 4; k++)
            put_event(tx, "comment.added", card, 0, "{\"text\":\"" TEXT "\"}");
        if (i % 10 == 0)
            put_event(tx, "memory.noted", card, 0,
                      "{\"keywords\":[\"parser\"],\"text\":\"Errors carry a line.\"}");
    }
    store_commit(tx, on_effect, NULL);
}

static size_t one_view(struct store *store, int i)
{
    struct store_query *query;
    char card[16];
    snprintf(card, sizeof card, "C%d", i % 45);
    check(store_query(store, "view", &query, NULL), "view");
    store_set_text(query, "card", card, strlen(card));
    check(store_step(query, NULL) != 1, "view");
    size_t len = store_column(query, 0).len;
    store_query_end(query);
    return len;
}

static void view(const char *path, double *warm, double *cold, size_t *bytes)
{
    enum { ROUNDS = 5000, COLD = 300 };
    struct bench bench = {0};
    struct store_stream *board;
    open_store(&bench, path);
    check(store_stream_open(bench.store, "board", "0", "engine", NULL, &board, NULL), "stream");
    fill_board(board);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    *bytes = one_view(bench.store, 0);
    double start = thread_cpu();
    for (int i = 0; i < ROUNDS; i++)
        one_view(bench.store, i);
    *warm = (thread_cpu() - start) / ROUNDS * 1e6;
    *cold = 0;
    for (int i = 0; i < COLD; i++) {
        struct store_tx *tx = store_begin(board);
        put_event(tx, "note", NULL, 0, "{}");
        store_commit(tx, on_effect, NULL);
        uv_run(&bench.loop, UV_RUN_DEFAULT);
        start = thread_cpu();
        one_view(bench.store, i);
        *cold += (thread_cpu() - start) / COLD * 1e6;
    }
    store_stream_close(board);
    close_store(&bench, path);
}

static int number(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

int main(void)
{
    const char *dir = getenv("DIR") ? getenv("DIR") : "/tmp";
    char path[400];
    int n = number("N", 4000), count = number("STEPS", 20000);
    double rate, us, warm, cold, bare_rate, alone_rate;
    size_t bytes;
    hash_start();
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* as store_open does */
    snprintf(path, sizeof path, "%s/bench-store-%ld.db", dir, (long)getpid());
    compare(path, n, &bare_rate, &alone_rate);
    steps(path, count, &rate, &us);
    view(path, &warm, &cold, &bytes);
    printf("{\"bare\":%.0f,\"alone\":%.0f,\"ratio\":%.2f,\"steps\":%.0f,\"us_per_step\":%.1f,"
           "\"view_us\":%.1f,"
           "\"view_after_commit_us\":%.1f,\"view_bytes\":%zu,\"growth\":[",
           bare_rate, alone_rate, alone_rate / bare_rate, rate, us, warm, cold, bytes);
    static const size_t sizes[] = {100, 300, 1000, 2500, 6000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        double per_step, ratio;
        grow(path, 1000, sizes[i], &per_step, &ratio);
        printf("%s{\"file\":%zu,\"bytes_per_step\":%.0f,\"ratio\":%.3f}", i ? "," : "", sizes[i],
               per_step, ratio);
    }
    puts("]}");
    return 0;
}
