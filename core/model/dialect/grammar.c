/* grammar.c: see grammar.h. */
#include "model/dialect/grammar.h"

#include <stdlib.h>

static const char *const CAPTURES[] = {
#define X(name, capture) [ITEM_##name] = capture,
    GRAMMAR_CAPTURES(X)
#undef X
};
#define CAPTURE_COUNT (sizeof CAPTURES / sizeof *CAPTURES)

static int wrong(struct err *err, const char *what, const char *text)
{
    return err_set(err, ERR_CONFIG, "a dialect %s: %s", what, text ? text : "(no text)");
}

/* ---- templates ---- */

static struct item *new_item(struct template *t, enum item_kind kind)
{
    if (t->count == GRAMMAR_ITEMS_MAX)
        return NULL;
    t->items[t->count] = (struct item){.kind = kind};
    return &t->items[t->count++];
}

/* {name}, {?text} or {=text}; at stands on the brace. NULL: it is none. */
static const char *add_capture(struct template *t, const char *at)
{
    const char *close = strchr(at, '}');
    size_t len = close ? (size_t)(close - at - 1) : 0;
    if (len > 1 && (at[1] == '?' || at[1] == '=')) {
        struct item *item = new_item(t, at[1] == '?' ? ITEM_MAYBE : ITEM_TEXT);
        if (item)
            item->text = at + 2, item->len = len - 1;
        return item ? close + 1 : NULL;
    }
    for (size_t i = 0; len && i < CAPTURE_COUNT; i++)
        if (strlen(CAPTURES[i]) == len && memcmp(CAPTURES[i], at + 1, len) == 0)
            return new_item(t, (enum item_kind)i) ? close + 1 : NULL;
    return NULL;
}

static const char *add_text(struct template *t, const char *at)
{
    size_t len = strcspn(at, "{ \n");
    struct item *item = new_item(t, ITEM_TEXT);
    if (!item)
        return NULL;
    item->text = at;
    item->len = len;
    return at + len;
}

static const char *add_blanks(struct template *t, const char *at)
{
    return new_item(t, ITEM_BLANKS) ? at + strspn(at, " \n") : NULL;
}

static int compile(struct template *t, const struct json *spec, struct err *err)
{
    const char *text = json_string(spec, NULL);
    for (const char *at = text; at && *at;) {
        if (*at == '{')
            at = add_capture(t, at);
        else
            at = *at == ' ' || *at == '\n' ? add_blanks(t, at) : add_text(t, at);
        if (!at)
            return wrong(err, "has a template that cannot be read", text);
    }
    return text && t->count ? 0 : wrong(err, "needs a template", text);
}

/* ---- forms ---- */

static struct text text_of(const struct json *value)
{
    struct text text = {NULL, 0};
    text.at = json_string(value, &text.len);
    return text;
}

static int where_of(struct form *form, const struct json *spec, struct err *err)
{
    static const char *const names[] = {"mark", "prose", "line", "start"};
    const struct json *where = json_get(spec, "where");
    if (!where)
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (json_is(where, names[i])) {
            form->where = (enum where)i;
            return 0;
        }
    return wrong(err, "may begin at mark, prose, line or start, not", json_string(where, NULL));
}

static int add_form(struct grammar *g, const struct json *spec, struct err *err)
{
    if (g->form_count == GRAMMAR_FORMS_MAX)
        return wrong(err, "is one too many", NULL);
    struct form *forms = realloc(g->forms, (g->form_count + 1) * sizeof *forms);
    if (!forms)
        return err_set(err, ERR_MEMORY, NULL);
    g->forms = forms;
    struct form *form = &forms[g->form_count++];
    *form = (struct form){
        .family = g->family_count - 1,
        .typed = json_true(json_get(spec, "typed")),
        .strict = json_true(json_get(spec, "strict")),
        .named = json_true(json_get(spec, "named")),
        .cdata = json_true(json_get(spec, "cdata")),
        .lines = json_true(json_get(spec, "lines")),
        .wrapped = json_true(json_get(spec, "wrapped")),
        .quote = text_of(json_get(spec, "quote")),
        .tags = text_of(json_get(spec, "tags")),
        .arguments = json_get(spec, "arguments"),
    };
    const struct json *section = json_get(spec, "section"), *param = json_get(spec, "param");
    form->open = text_of(json_at(section, 0));
    form->close = text_of(json_at(section, 1));
    int code = compile(&form->call, json_get(spec, "call"), err);
    if (!code && param)
        code = compile(&form->param, param, err);
    return code ? code : where_of(form, spec, err);
}

static void count_siblings(struct grammar *g, size_t from)
{
    for (size_t i = from; i < g->form_count; i++) {
        g->forms[i].before = i - from;
        g->forms[i].behind = g->form_count - 1 - i;
    }
}

static int add_family(struct grammar *g, const struct json *spec, struct err *err)
{
    const char *name = json_string(json_get(spec, "name"), NULL);
    const struct json *forms = json_get(spec, "forms");
    if (!name || !json_at(forms, 0))
        return wrong(err, "needs a name and forms", name);
    const char **families = realloc(g->families, (g->family_count + 1) * sizeof *families);
    if (!families)
        return err_set(err, ERR_MEMORY, NULL);
    g->families = families;
    families[g->family_count++] = name;
    int code = 0;
    size_t from = g->form_count;
    for (size_t i = 0; !code && json_at(forms, i); i++)
        code = add_form(g, json_at(forms, i), err);
    count_siblings(g, from);
    return code;
}

/* ---- spans ---- */

static int add_span(struct grammar *g, struct span span, struct err *err)
{
    if (!span.open.len)
        return wrong(err, "has an empty mark", span.open.at);
    struct span *spans = realloc(g->spans, (g->span_count + 1) * sizeof *spans);
    if (!spans)
        return err_set(err, ERR_MEMORY, NULL);
    g->spans = spans;
    spans[g->span_count++] = span;
    return 0;
}

static int add_spans(struct grammar *g, const struct json *spec, struct err *err)
{
    const struct json *each, *reasoning = json_get(spec, "reasoning"),
                             *drop = json_get(spec, "drop");
    int code = 0;
    for (size_t i = 0; !code && (each = json_at(reasoning, i)); i++)
        code = add_span(g,
                        (struct span){.open = text_of(json_at(each, 0)),
                                      .close = text_of(json_at(each, 1)),
                                      .ends_alone = json_true(json_at(each, 2))},
                        err);
    for (size_t i = 0; !code && (each = json_at(drop, i)); i++)
        code = add_span(g, (struct span){.open = text_of(each)}, err);
    return code;
}

/* ---- the whole ---- */

struct text form_mark(const struct form *form)
{
    const struct item *first = &form->call.items[0];
    if (form->open.len)
        return form->open;
    return first->kind == ITEM_TEXT ? (struct text){first->text, first->len}
                                    : (struct text){NULL, 0};
}

static struct lead_word lead_word(struct text mark)
{
    unsigned char bytes[8] = {0}, mask[8] = {0};
    struct lead_word lead;
    size_t len = mark.len < sizeof bytes ? mark.len : sizeof bytes;
    if (len) {
        memcpy(bytes, mark.at, len);
        memset(mask, 0xFF, len);
    }
    memcpy(&lead.word, bytes, sizeof lead.word);
    memcpy(&lead.mask, mask, sizeof lead.mask);
    return lead;
}

/* The first two bytes of a mark; of one byte, that with any. */
static void add_pair(uint8_t pairs[256][32], struct text mark)
{
    if (mark.len == 1)
        memset(pairs[(unsigned char)*mark.at], 0xFF, sizeof *pairs);
    else if (mark.len > 1)
        pairs[(unsigned char)mark.at[0]][(unsigned char)mark.at[1] >> 3] |=
            (uint8_t)(1u << ((unsigned char)mark.at[1] & 7));
}

/* A mark, and whose it is. */
struct owned {
    struct text mark;
    uint16_t of;
    bool closes;
};

static bool is_in(struct text mark, unsigned bucket)
{
    return mark.len == 1 ||
           lead_bucket((unsigned char)mark.at[0], (unsigned char)mark.at[1]) == bucket;
}

static int index_marks(struct leads *leads, uint8_t pairs[256][32], const struct owned *marks,
                       size_t count)
{
    size_t size = 1, at = 0;
    for (size_t i = 0; i < count; i++) {
        size += marks[i].mark.len == 1 ? LEAD_BUCKETS : 1;
        add_pair(pairs, marks[i].mark);
    }
    leads->list = size <= UINT16_MAX ? calloc(size, sizeof *leads->list) : NULL;
    if (!leads->list)
        return ERR_MEMORY;
    for (unsigned bucket = 0; bucket < LEAD_BUCKETS; bucket++) {
        leads->first[bucket] = (uint16_t)at;
        for (size_t i = 0; i < count; i++)
            if (is_in(marks[i].mark, bucket))
                leads->list[at++] =
                    (struct lead){lead_word(marks[i].mark), marks[i].of, marks[i].closes};
    }
    leads->first[LEAD_BUCKETS] = (uint16_t)at;
    return 0;
}

static int index_forms(struct grammar *g)
{
    struct owned marks[2 * GRAMMAR_FORMS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < g->form_count; i++) {
        struct text mark = form_mark(&g->forms[i]); /* bare JSON has none but its bracket */
        marks[count++] =
            (struct owned){mark.len ? mark : (struct text){"{", 1}, (uint16_t)i, false};
        if (!mark.len)
            marks[count++] = (struct owned){{"[", 1}, (uint16_t)i, false};
    }
    return index_marks(&g->form_leads, g->form_pairs, marks, count);
}

static int index_spans(struct grammar *g)
{
    struct owned *marks = calloc(g->span_count * 2 + 1, sizeof *marks);
    size_t count = 0;
    for (size_t i = 0; marks && i < g->span_count; i++) {
        marks[count++] = (struct owned){g->spans[i].open, (uint16_t)i, false};
        if (g->spans[i].ends_alone)
            marks[count++] = (struct owned){g->spans[i].close, (uint16_t)i, true};
    }
    int code = marks ? index_marks(&g->span_leads, g->span_pairs, marks, count) : ERR_MEMORY;
    free(marks);
    return code;
}

static int build(struct grammar *g, struct err *err)
{
    const struct json *each, *families = json_get(&g->doc.root, "families");
    int code = json_at(families, 0) ? 0 : wrong(err, "table has no families", NULL);
    for (size_t i = 0; !code && (each = json_at(families, i)); i++)
        code = add_family(g, each, err);
    if (!code)
        code = add_spans(g, &g->doc.root, err);
    if (!code && (index_forms(g) || index_spans(g)))
        code = err_set(err, ERR_MEMORY, NULL);
    return code;
}

int grammar_init(struct grammar *g, const struct json *spec, struct err *err)
{
    struct buf text = {0};
    *g = (struct grammar){0};
    json_write(&text, spec);
    int code = buf_ok(&text) ? json_parse(&g->doc, text.data, text.len, NULL, err)
                             : err_set(err, ERR_MEMORY, NULL);
    buf_clear(&text);
    if (!code)
        code = build(g, err);
    if (code)
        grammar_clear(g);
    return code;
}

void grammar_clear(struct grammar *g)
{
    free(g->families);
    free(g->forms);
    free(g->spans);
    free(g->form_leads.list);
    free(g->span_leads.list);
    json_doc_clear(&g->doc);
    *g = (struct grammar){0};
}

int grammar_family(const struct grammar *g, const char *name)
{
    for (size_t i = 0; i < g->family_count; i++)
        if (strcmp(g->families[i], name) == 0)
            return (int)i;
    return -1;
}
