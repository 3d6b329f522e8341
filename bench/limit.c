/* limit.c: the least a durable step can cost: one streamed request by libcurl, one row in SQLite
 * (WAL, synchronous FULL, one commit for all steps that are ready together), and the file that
 * `orket bench turns` writes in the first step and reads in the second. No JSON, no law, no
 * scripts; the next request of a card leaves after its commit.
 *   N= steps (9000), C= cards at once (100), LLM= http://HOST:PORT/v1, DIR= where the files go
 * Prints one line BENCH {...}. */
#include <curl/curl.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"

#define SIZE 1024 /* bytes of a row's body and of a file */

struct limit {
    const char *url, *dir;
    int steps, started, done;
    CURLM *multi;
    struct curl_slist *headers;
    sqlite3 *db;
    sqlite3_stmt *begin, *insert, *commit;
    char filling[3300]; /* what a prompt weighs */
    char bytes[SIZE];
};

/* One card at a time, step by step. */
struct slot {
    CURL *easy;
    struct slot *next; /* of those that are ready */
    int card, step;
    struct buf body;
};

static double cpu_ms(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e3 +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
}

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void check(int bad, const char *what)
{
    if (bad) {
        fprintf(stderr, "limit: %s\n", what);
        exit(1);
    }
}

/* ---- files and rows ---- */

static void touch_file(const struct limit *l, const struct slot *s)
{
    char path[4200], bytes[SIZE];
    snprintf(path, sizeof path, "%s/out/%d.txt", l->dir, s->card);
    int fd = s->step == 0 ? open(path, O_WRONLY | O_CREAT | O_EXCL, 0644) : open(path, O_RDONLY);
    check(fd < 0, path);
    ssize_t moved = s->step == 0 ? write(fd, l->bytes, SIZE) : read(fd, bytes, SIZE);
    check(moved != SIZE, path);
    close(fd);
}

static void run_statement(const struct limit *l, sqlite3_stmt *statement)
{
    check(sqlite3_step(statement) != SQLITE_DONE, sqlite3_errmsg(l->db));
    sqlite3_reset(statement);
}

static void keep(struct limit *l, const struct slot *s)
{
    if (s->step < 2)
        touch_file(l, s);
    sqlite3_bind_int(l->insert, 1, s->card);
    sqlite3_bind_int(l->insert, 2, s->step);
    sqlite3_bind_text(l->insert, 3, l->bytes, SIZE, SQLITE_STATIC);
    run_statement(l, l->insert);
}

static void open_database(struct limit *l)
{
    struct buf path = {0};
    buf_printf(&path, "%s/limit.db", l->dir);
    check(sqlite3_open(path.data, &l->db), "cannot open the database");
    check(sqlite3_exec(l->db,
                       "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE step(seq "
                       "INTEGER PRIMARY KEY,"
                       " card INTEGER, step INTEGER, body TEXT)",
                       NULL, NULL, NULL),
          sqlite3_errmsg(l->db));
    sqlite3_prepare_v2(l->db, "BEGIN", -1, &l->begin, NULL);
    sqlite3_prepare_v2(l->db, "COMMIT", -1, &l->commit, NULL);
    sqlite3_prepare_v2(l->db, "INSERT INTO step(card, step, body) VALUES (?, ?, ?)", -1, &l->insert,
                       NULL);
    buf_clear(&path);
}

static void close_database(struct limit *l)
{
    sqlite3_finalize(l->begin);
    sqlite3_finalize(l->insert);
    sqlite3_finalize(l->commit);
    sqlite3_close(l->db);
}

/* ---- requests ---- */

static size_t swallow(char *bytes, size_t size, size_t count, void *ctx)
{
    (void)bytes;
    (void)ctx;
    return size * count;
}

static void send_step(struct limit *l, struct slot *s)
{
    l->started++;
    buf_reset(&s->body);
    buf_printf(&s->body,
               "{\"model\":\"bench\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":"
               "\"[[issue:%d]] %s\"}",
               s->card, l->filling);
    for (int i = 0; i < s->step; i++)
        buf_printf(&s->body, ",{\"role\":\"tool\",\"content\":\"%.*s\"}", i == 1 ? SIZE : 20,
                   l->bytes);
    buf_puts(&s->body, "]}");
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, s->body.data);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)s->body.len);
    curl_multi_add_handle(l->multi, s->easy);
}

static void open_slot(struct limit *l, struct slot *s)
{
    s->easy = curl_easy_init();
    curl_easy_setopt(s->easy, CURLOPT_URL, l->url);
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, l->headers);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
    curl_easy_setopt(s->easy, CURLOPT_BUFFERSIZE, 16384L);
}

/* Those whose reply is complete. */
static struct slot *take_ready(struct limit *l)
{
    struct slot *ready = NULL;
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(l->multi, &left))) {
        struct slot *s;
        check(message->data.result, curl_easy_strerror(message->data.result));
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &s);
        curl_multi_remove_handle(l->multi, s->easy);
        s->next = ready;
        ready = s;
    }
    return ready;
}

static void commit_all(struct limit *l, const struct slot *ready)
{
    run_statement(l, l->begin);
    for (const struct slot *s = ready; s; s = s->next) {
        keep(l, s);
        l->done++;
    }
    run_statement(l, l->commit);
}

static void run(struct limit *l, struct slot *slots, int at_once)
{
    int cards = 0, running;
    for (int i = 0; i < at_once && l->started < l->steps; i++) {
        open_slot(l, &slots[i]);
        slots[i].card = cards++;
        send_step(l, &slots[i]);
    }
    while (l->done < l->steps) {
        check(curl_multi_perform(l->multi, &running), "curl_multi_perform");
        struct slot *ready = take_ready(l);
        if (ready)
            commit_all(l, ready);
        else
            curl_multi_poll(l->multi, NULL, 0, 1000, NULL);
        for (struct slot *s = ready; s && l->started < l->steps; s = s->next) {
            s->card = s->step == 2 ? cards++ : s->card;
            s->step = (s->step + 1) % 3;
            send_step(l, s);
        }
    }
}

/* ---- the program ---- */

static void allow_many_files(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static const char *setting(const char *name, const char *otherwise)
{
    const char *text = getenv(name);
    check(!text && !otherwise, "LLM= and DIR= are needed");
    return text ? text : otherwise;
}

static void set_up(struct limit *l, struct buf *text, int at_once)
{
    allow_many_files();
    memset(l->filling, 'p', sizeof l->filling - 1);
    memset(l->bytes, 'b', sizeof l->bytes);
    buf_printf(text, "%s/out", l->dir);
    check(mkdir(text->data, 0755), "cannot make the directory out/");
    buf_reset(text);
    buf_printf(text, "%s/chat/completions", setting("LLM", NULL));
    l->url = text->data;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    l->multi = curl_multi_init();
    curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, (long)at_once + 8);
    l->headers = curl_slist_append(NULL, "Content-Type: application/json");
    l->headers = curl_slist_append(l->headers, "Expect:");
    open_database(l);
}

int main(void)
{
    struct limit l = {.steps = atoi(setting("N", "9000")), .dir = setting("DIR", NULL)};
    int at_once = atoi(setting("C", "100"));
    struct buf text = {0};
    check(l.steps < 1 || at_once < 1, "N= and C= are at least 1");
    struct slot *slots = calloc((size_t)at_once, sizeof *slots);
    set_up(&l, &text, at_once);
    double began = now(), spent = cpu_ms();
    run(&l, slots, at_once);
    began = now() - began;
    spent = cpu_ms() - spent;
    printf("BENCH {\"steps\":%d,\"at_once\":%d,\"cpu_ms_per_step\":%.4f,\"steps_per_s\":%.0f}\n",
           l.steps, at_once, spent / l.steps, l.steps / began);
    for (int i = 0; i < at_once && slots[i].easy; i++) {
        curl_easy_cleanup(slots[i].easy);
        buf_clear(&slots[i].body);
    }
    curl_multi_cleanup(l.multi);
    curl_slist_free_all(l.headers);
    close_database(&l);
    buf_clear(&text);
    free(slots);
    return 0;
}
