/* verify.c: reads a bundle from its beginning; the first line whose link is not right, or that does
 * not say what its bytes say, is named. What happened there is found out by its number, its name,
 * and a second look at the file. */
#include <string.h>

#include "base/json.h"
#include "io/bundle/impl.h"

struct verify {
    const char *path;
    struct bundle_report *report;
    struct lines lines;
    struct json_doc doc;
    struct content content;
    char expected[BUNDLE_NAME]; /* "KIND ID": the record that has to come */
    int64_t line;
    bool ended;
    struct err *err;
};

/* ---- what is wrong ---- */

/* name: "KIND ID", the ID may be missing. */
static void set_name(struct bundle_report *report, const char *name)
{
    size_t len = strcspn(name, " ");
    snprintf(report->kind, sizeof report->kind, "%.*s", (int)len, name);
    snprintf(report->id, sizeof report->id, "%s", name[len] ? name + len + 1 : "");
}

static int found(struct verify *v, const char *what, const char *name, const char *why)
{
    struct bundle_report *report = v->report;
    snprintf(report->what, sizeof report->what, "%s", what);
    snprintf(report->why, sizeof report->why, "%s", why);
    report->line = v->line;
    set_name(report, name);
    return 0;
}

/* The number and the name that a line gives itself; false when it is no record. */
static bool read_name(struct verify *v, int64_t *i, char name[BUNDLE_NAME])
{
    static const struct json_limits limits = {.bytes = BUNDLE_LINE, .depth = JSON_DEPTH_MAX};
    const struct buf *line = &v->lines.line;
    if (json_parse(&v->doc, line->data ? line->data : "", line->len, &limits, NULL))
        return false;
    const struct json *root = &v->doc.root;
    const char *kind = json_string(json_get(root, "record"), NULL),
               *id = json_string(json_get(root, "id"), NULL);
    *i = json_int(json_get(root, "i"), 0);
    if (!kind || !id || *i < 1)
        return false;
    return snprintf(name, BUNDLE_NAME, "%s %s", kind, id) < (int)BUNDLE_NAME;
}

/* How the line that is expected here begins. */
static void write_prefix(struct verify *v, struct buf *out)
{
    size_t len = strcspn(v->expected, " ");
    if (!v->expected[len]) {
        buf_printf(out, "{\"i\":%lld,\"record\":\"%s\"", (long long)v->line, v->expected);
        return;
    }
    char kind[BUNDLE_NAME];
    snprintf(kind, sizeof kind, "%.*s", (int)len, v->expected);
    bundle_begin(out, v->line, kind, v->expected + len + 1);
}

/* The number of the line further down where the expected record stands, 0: nowhere. */
static int look_for(struct verify *v, int64_t *at)
{
    struct buf prefix = {0};
    int rc = 0;
    *at = 0;
    write_prefix(v, &prefix);
    for (int64_t line = v->line + 1; !*at && (rc = lines_next(&v->lines, NULL)) > 0; line++)
        if (buf_ok(&prefix) && v->lines.line.len >= prefix.len &&
            memcmp(v->lines.line.data, prefix.data, prefix.len) == 0)
            *at = line;
    bool memory = buf_ok(&prefix);
    buf_clear(&prefix);
    if (!memory || rc == ERR_MEMORY)
        return err_set(v->err, ERR_MEMORY, "out of memory");
    return rc == ERR_IO ? err_set(v->err, ERR_IO, "%s cannot be read", v->path) : 0;
}

/* A line is here that is not the one that belongs here, and it knows its own number and name. */
static int misplaced(struct verify *v, int64_t i, const char *name)
{
    char why[sizeof v->report->why];
    int64_t at;
    if (i < v->line) {
        snprintf(why, sizeof why, "it stands at line %lld already", (long long)i);
        return found(v, "repeated", name, why);
    }
    int rc = look_for(v, &at);
    if (rc)
        return rc;
    if (at == 0)
        return found(v, "missing", v->expected, "the line of another record stands in its place");
    snprintf(why, sizeof why, "it stands at line %lld", (long long)at);
    return found(v, "moved", v->expected, why);
}

/* The link of this line does not follow. One of number and name right: the record, changed. */
static int broken_link(struct verify *v)
{
    char name[BUNDLE_NAME];
    int64_t i;
    if (read_name(v, &i, name) && i != v->line &&
        strncmp(name, v->expected, strlen(v->expected)) != 0)
        return misplaced(v, i, name);
    return found(v, "changed", v->expected,
                 v->line > 1 ? "its bytes are not those that were written"
                             : "its bytes are not those that were written, or this is no file of "
                               "orket export");
}

static int cut_off(struct verify *v, bool in_the_middle)
{
    return found(v, "cut off", v->expected,
                 in_the_middle ? "the file ends in the middle of it" : "the file ends before it");
}

/* ---- one line ---- */

/* The bytes of the line that its link is over, and the link; false when it has none. */
static bool split(const struct buf *line, size_t *len, struct hash *link)
{
    if (line->len < LINK_TAIL + 2)
        return false;
    *len = line->len - LINK_TAIL;
    const char *tail = line->data + *len, *hex = tail + sizeof LINK_KEY - 1;
    return memcmp(tail, LINK_KEY, sizeof LINK_KEY - 1) == 0 && hash_from_hex(hex, HASH_HEX, link) &&
           memcmp(hex + HASH_HEX, "\"}", 2) == 0;
}

static bool link_holds(struct verify *v, struct hash *link)
{
    size_t len;
    if (!split(&v->lines.line, &len, link))
        return false;
    struct hash right = bundle_link(&v->content.link, v->lines.line.data, len);
    return hash_equal(&right, link);
}

static int kind_of(const char *name)
{
    size_t len = strcspn(name, " ");
    for (int kind = 0; kind < BUNDLE_KIND_COUNT; kind++) {
        const char *text = bundle_kind_name((enum bundle_kind)kind);
        if (strlen(text) == len && memcmp(text, name, len) == 0)
            return kind;
    }
    return -1;
}

/* What the line says of itself and of the next one is as it has to be. */
static const char *place_fault(struct verify *v, int64_t i, const char *name)
{
    size_t len = strlen(v->expected);
    if (i != v->line || strncmp(name, v->expected, len) != 0 || (v->line > 1 && name[len]))
        return "it is not the record that the line before announces";
    const char *next = json_string(json_get(&v->doc.root, "next"), NULL);
    if (!next == (kind_of(name) != BUNDLE_END) || (next && strlen(next) >= BUNDLE_NAME))
        return "it does not announce the record after it";
    return NULL;
}

static int read_record(struct verify *v, const struct hash *link)
{
    char name[BUNDLE_NAME];
    int64_t i;
    if (!read_name(v, &i, name))
        return found(v, "false", v->expected, "it is no record");
    int kind = kind_of(name);
    const char *why = place_fault(v, i, name);
    v->content.line = v->lines.line.data;
    v->content.len = v->lines.line.len;
    if (!why)
        why = kind < 0 ? "its kind is unknown" : content_fault(&v->content, (enum bundle_kind)kind);
    if (v->content.memory)
        return err_set(v->err, v->content.memory, "out of memory");
    if (why)
        return found(v, "false", name, why);
    v->report->records++;
    v->report->counts[kind]++;
    v->ended = kind == BUNDLE_END;
    if (!v->ended) // else it keeps the name of the end
        snprintf(v->expected, sizeof v->expected, "%s",
                 json_string(json_get(&v->doc.root, "next"), NULL));
    v->content.link = *link;
    return 1;
}

/* 1: all is well so far; 0: something was found; negative: the file cannot be read. */
static int one_line(struct verify *v)
{
    struct hash link;
    int rc = lines_next(&v->lines, v->err);
    v->line++;
    if (rc == ERR_LIMIT)
        return found(v, "changed", v->expected, "its line is longer than any that is written");
    if (rc < 0)
        return rc;
    if (v->ended && rc == 0) {
        v->report->intact = true;
        return 0;
    }
    if (v->ended)
        return found(v, "added", v->expected, "something follows the end");
    if (rc == 0)
        return cut_off(v, false);
    if (!link_holds(v, &link))
        return v->lines.whole ? broken_link(v) : cut_off(v, true);
    if (!v->lines.whole)
        return cut_off(v, true); // nothing but the line feed is missing
    return read_record(v, &link);
}

int bundle_verify(const char *path, struct bundle_report *report, struct err *err)
{
    struct verify v = {.path = path, .report = report, .err = err, .expected = "header"};
    *report = (struct bundle_report){0};
    v.content = (struct content){.report = report, .doc = &v.doc, .last = -1};
    int rc = lines_open(&v.lines, path, err);
    if (rc)
        return rc;
    while ((rc = one_line(&v)) > 0)
        ;
    lines_close(&v.lines);
    json_doc_clear(&v.doc);
    content_clear(&v.content);
    return rc;
}
