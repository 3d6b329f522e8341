/* json.c: what the codec costs for the view of a card (3.6 KB): text to Lua, Lua to text, text to
 * tree, tree to text, canonicalise; jansson beside it. N= sets the rounds; an argument picks one
 * run. Prints one JSON line. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "jansson_oracle.h"
#include "script/value.h"

static const char *const words[] = {"ready", "in_progress", "code_review", "blocked", "done"};

/* A card with description, requirements, comments, dependencies, memory and effects. */
static void make_view(struct buf *text)
{
    buf_puts(text,
             "{\"id\":\"EPIC-1/ISSUE-7\",\"revision\":12,\"priority\":2.5,\"summary\":\"Parse the "
             "configuration\",\"description\":\"Read the file, check every key and\\nanswer all "
             "errors at once, each with its line.\\n\\nKeys: \\\"name\\\", "
             "\\\"seats\\\"\",\"note\":null,"
             "\"requirements\":\"Unknown keys are errors \xE2\x80\x94 always.\",\"comments\":[");
    for (int i = 0; i < 12; i++)
        buf_printf(text,
                   "%s{\"author\":\"coder\",\"at\":\"2026-01-31T12:00:%02d.123Z\",\"text\":"
                   "\"Changed the parser"
                   " so that step %d is checked before it is used.\",\"seq\":%d}",
                   i ? "," : "", i, i, 1000 + i);
    buf_puts(text, "],\"dependencies\":[");
    for (int i = 0; i < 8; i++)
        buf_printf(text, "%s{\"id\":\"ISSUE-%d\",\"status\":\"%s\",\"impact\":%d,\"done\":%s}",
                   i ? "," : "", i, words[i % 5], i * 3, i % 2 ? "true" : "false");
    buf_puts(text, "],\"memory\":[");
    for (int i = 0; i < 6; i++)
        buf_printf(text,
                   "%s{\"keywords\":[\"parser\",\"config\",\"k%d\"],\"text\":\"Errors carry a line "
                   "and a column.\","
                   "\"score\":%d.%d}",
                   i ? "," : "", i, i, i);
    buf_puts(text, "],\"effects\":[");
    for (int i = 0; i < 10; i++)
        buf_printf(
            text,
            "%s{\"call\":\"call_%d\",\"tool\":\"write_file\",\"path\":\"src/part%d.c\",\"ok\":true,"
            "\"bytes\":%d}",
            i ? "," : "", i, i, 1234 * i);
    buf_puts(text, "]}");
}

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

struct bench {
    struct buf text, out;
    struct json_text encoder;
    lua_State *L;
    struct json_doc doc;
    struct jansson jansson;
    void *jansson_tree;
};

static void decode(struct bench *b)
{
    require(value_decode(b->L, b->text.data, b->text.len, NULL, NULL) == 0);
    lua_pop(b->L, 1);
}

static void encode(struct bench *b)
{
    buf_reset(&b->out);
    require(value_encode(b->L, 1, &b->encoder, &b->out, NULL) == 0);
}

static void parse(struct bench *b)
{
    require(json_parse(&b->doc, b->text.data, b->text.len, NULL, NULL) == 0);
}

static void write_tree(struct bench *b)
{
    buf_reset(&b->out);
    json_write(&b->out, &b->doc.root);
}

static void push(struct bench *b)
{
    value_push(b->L, &b->doc.root);
    lua_pop(b->L, 1);
}

static void canonical(struct bench *b)
{
    struct json_text sink = {0};
    buf_reset(&b->out);
    json_text_begin(&sink, &b->out);
    require(json_scan(b->text.data, b->text.len, NULL, &json_text_sink, &sink, NULL) == 0);
    json_text_clear(&sink);
}

static void jansson_decode(struct bench *b)
{
    void *value = b->jansson.load(b->text.data, b->text.len, JANSSON_REJECT_DUPLICATES, NULL);
    require(value != NULL);
    b->jansson.release(value);
}

static void jansson_encode(struct bench *b)
{
    char *text = b->jansson.dump(b->jansson_tree, JANSSON_COMPACT | JANSSON_SORT_KEYS);
    require(text != NULL);
    free(text);
}

static const struct {
    const char *name;
    void (*run)(struct bench *b);
} runs[] = {
    {"decode_us", decode}, {"encode_us", encode},       {"parse_us", parse},
    {"write_us", write_tree}, {"push_us", push},        {"canonical_us", canonical},
    {"jansson_decode_us", jansson_decode}, {"jansson_encode_us", jansson_encode},
};

int main(int argc, char **argv)
{
    const char *rounds = getenv("N");
    int n = rounds ? atoi(rounds) : 20000;
    struct bench b = {.L = luaL_newstate()};
    require(b.L != NULL && n > 0);
    make_view(&b.text);
    require(value_decode(b.L, b.text.data, b.text.len, NULL, NULL) == 0);
    parse(&b);
    b.jansson = jansson_open();
    b.jansson_tree = b.jansson.load(b.text.data, b.text.len, 0, NULL);
    printf("{\"bytes\":%zu", b.text.len);
    for (size_t i = 0; i < COUNT_OF(runs); i++) {
        if (argc > 1 && strcmp(argv[1], runs[i].name) != 0)
            continue;
        double start = now();
        for (int k = 0; k < n; k++)
            runs[i].run(&b);
        printf(",\"%s\":%.2f", runs[i].name, (now() - start) / n);
    }
    printf("}\n");
    b.jansson.release(b.jansson_tree);
    json_doc_clear(&b.doc);
    buf_clear(&b.text);
    buf_clear(&b.out);
    lua_close(b.L);
    return 0;
}
