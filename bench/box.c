/* box.c: what a box costs: restoring its image, whole calls, a session, and VM work under the hook.
 * Prints one line of JSON. */
#include <string.h>
#include <time.h>

#include "script/pool.h"

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static const char text[] =
    "local words = {} for i = 1, 40 do words[i] = 'word' .. i end\n"
    "return {\n"
    "  nothing = function() end,\n"
    "  prompt = function(view) local t = {} for i, c in ipairs(view.comments) do t[i] = c.author "
    ".. ': ' .. c.text end\n"
    "    return { system = table.concat(words, ' '), user = view.card.name .. table.concat(t, "
    "'\\n') } end,\n"
    "  tool = function(path) return perform({ op = 'fs.read', path = path }) end,\n"
    "  work = function() local n = 0 for i = 1, 100000 do n = n + i % 7 end return n end,\n"
    "}";

static const char view[] =
    "{\"card\":{\"id\":\"A-1\",\"name\":\"A card\",\"status\":\"ready\"},\"comments\":[%s]}";

/* A view of about 3.6 KB. */
static void make_view(struct json_doc *doc)
{
    struct buf comments = {0}, all = {0};
    for (int i = 0; i < 40; i++)
        buf_printf(&comments,
                   "%s{\"author\":\"seat %d\",\"text\":\"what there was to say about this card, "
                   "number %d\"}",
                   i ? "," : "", i, i);
    buf_printf(&all, view, comments.data);
    require(json_parse(doc, all.data, all.len, NULL, NULL) == 0);
    buf_clear(&comments);
    buf_clear(&all);
}

/* Microseconds of one entry: reset, call, result; the best of five rounds. */
static double entry(struct box *box, const char *function, const struct json *arg, int count)
{
    double best = 1e12;
    struct err err;
    struct json nothing = {0};
    struct box_call call = {.function = function,
                            .args = &arg,
                            .count = arg ? 1 : 0,
                            .session = strcmp(function, "tool") == 0};
    for (int round = 0; round < 5; round++) {
        double start = now();
        for (int i = 0; i < count; i++) {
            box_reset(box);
            int rc = box_call(box, &call, NULL, &err);
            if (rc == BOX_YIELD)
                rc = box_resume(box, &nothing, &err);
            require(rc == BOX_DONE);
        }
        double each = (now() - start) / count;
        best = each < best ? each : best;
    }
    return best;
}

static double reset(struct box *box, int count)
{
    double start = now();
    for (int i = 0; i < count; i++)
        box_reset(box);
    return (now() - start) / count;
}

int main(void)
{
    struct script *script = NULL;
    struct box *box = NULL;
    struct err err;
    struct json_doc doc = {0};
    struct json path = {.type = JSON_STRING, .len = 5, .u.string = "a.txt"};
    struct script_source source = {
        .text = {.name = "bench", .bytes = text, .len = sizeof text - 1}};
    make_view(&doc);
    double start = now();
    require(script_new(&script, &source, &err) == 0);
    double prepare = now() - start;
    require(script_take(script, &box, &err) == 0);
    printf("{\"image_bytes\":%zu,\"prepare_us\":%.0f,\"reset_us\":%.2f,\"call_us\":%.2f,\"prompt_"
           "us\":%.2f,\"tool_us\":%.2f,"
           "\"work_100k_us\":%.0f}\n",
           box_image(box), prepare, reset(box, 200000), entry(box, "nothing", NULL, 50000),
           entry(box, "prompt", &doc.root, 5000), entry(box, "tool", &path, 50000),
           entry(box, "work", NULL, 20));
    script_give(script, box);
    script_free(script);
    json_doc_clear(&doc);
    return 0;
}
