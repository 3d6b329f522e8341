/* bounds.c: see bounds.h. */
#include "model/dialect/bounds.h"

#include "model/dialect/form/match.h"

#define MARK_MIN 4   /* bytes of a mark: shorter ones, as brackets and fences, stand in any text */
#define ANY_MAX  256 /* as capture.c has it */

/* ---- the marks of a family ---- */

static const struct form *first_of(const struct form *form)
{
    return form - form->before;
}

static const struct form *last_of(const struct form *form)
{
    return form + form->behind;
}

static bool is_heart(enum item_kind kind)
{
    return kind != ITEM_TEXT && kind != ITEM_BLANKS && kind != ITEM_MAYBE && kind != ITEM_NAME &&
           kind != ITEM_ANY && kind != ITEM_KEY;
}

/* No word, nor what stands in any text. */
bool bounds_is_mark(const char *text, size_t len)
{
    for (size_t i = 0; i < len && len >= MARK_MIN; i++)
        if (memchr("<[|", text[i], 3) || (unsigned char)text[i] >= 0x80)
            return true;
    return false;
}

static struct text item_text(const struct item *item)
{
    bool has = (item->kind == ITEM_TEXT || item->kind == ITEM_MAYBE) &&
               bounds_is_mark(item->text, item->len);
    return has ? (struct text){item->text, item->len} : (struct text){NULL, 0};
}

/* Calls fn with each mark until it answers other than NO: those before the heart of a call, or
 * those behind it and behind its parameters. */
static enum found each_mark(const struct form *form, bool ends,
                            enum found (*fn)(void *, struct text), void *ctx)
{
    enum found best = FOUND_NO, found;
    for (const struct form *f = first_of(form); f <= last_of(form) && best != FOUND_YES; f++) {
        bool behind = false;
        struct text section = ends ? f->close : f->open;
        if (section.len >= MARK_MIN && (found = fn(ctx, section)) > best)
            best = found;
        for (size_t i = 0; i < f->call.count && f->where == WHERE_MARK; i++) {
            struct text mark = item_text(&f->call.items[i]);
            behind |= is_heart(f->call.items[i].kind);
            if (mark.len && behind == ends && (found = fn(ctx, mark)) > best)
                best = found;
        }
        struct text close = ends && f->param.count ? item_text(&f->param.items[f->param.count - 1])
                                                   : (struct text){NULL, 0};
        if (close.len && (found = fn(ctx, close)) > best)
            best = found;
    }
    return best;
}

struct standing {
    const char *at, *end;
    size_t len;
};

static enum found stands(void *ctx, struct text mark)
{
    struct standing *s = ctx;
    struct scan look = {.at = s->at, .end = s->end};
    enum found found = scan_text(&look, mark.at, mark.len);
    if (found == FOUND_YES)
        s->len = mark.len;
    return found;
}

static enum found add_lead(void *ctx, struct text mark)
{
    ((bool *)ctx)[(unsigned char)*mark.at] = true;
    return FOUND_NO;
}

static const char *next_lead(const bool leads[256], const char *at, const char *end)
{
    while (at < end && !leads[(unsigned char)*at])
        at++;
    return at;
}

static bool has_lead(const bool leads[256])
{
    for (size_t i = 0; i < 256; i++)
        if (leads[i])
            return true;
    return false;
}

bool bounds_set_off(const char *from, const char *at)
{
    const char *p = at;
    while (p > from && (p[-1] == ' ' || p[-1] == '\t'))
        p--;
    if (p == from || p[-1] == '\n')
        return false;
    return p < at || memchr("`\"'(", p[-1], 4);
}

/* ---- a call begins ---- */

static enum found heart_begins(const struct form *f, enum item_kind kind, struct scan *s)
{
    const char *name;
    size_t len;
    enum found found;
    scan_blanks(s);
    if (s->at == s->end)
        return FOUND_MORE;
    switch (kind) {
    case ITEM_JSON:
        return *s->at == '{' ? FOUND_YES : FOUND_NO;
    case ITEM_CALLS:
    case ITEM_KEYED:
        return (*s->at == '{' || *s->at == '[') && !match_holds_none(s) ? FOUND_YES : FOUND_NO;
    case ITEM_PYTHON:
        found = scan_name(s, &name, &len);
        return found == FOUND_YES ? scan_text(s, "(", 1) : found;
    case ITEM_PARAMS:
        return scan_text(s, f->param.items[0].text, f->param.items[0].len);
    case ITEM_TAGS:
        return scan_text(s, f->tags.at, f->tags.len);
    default:
        return FOUND_YES;
    }
}

static enum found pass_any(const struct text first, struct scan *s, const struct item *next)
{
    size_t left = scan_left(s) < ANY_MAX ? scan_left(s) : ANY_MAX;
    const char *at = next->len ? memmem(s->at, left, next->text, next->len) : s->at;
    if (at && first.len >= MARK_MIN && memmem(s->at, (size_t)(at - s->at), first.at, first.len))
        return FOUND_NO; /* the call begins again */
    s->at = at ? at : s->at;
    if (at)
        return FOUND_YES;
    return left < ANY_MAX ? FOUND_MORE : FOUND_NO;
}

/* One item before the heart. */
static enum found pass_item(const struct template *t, size_t i, struct scan *s)
{
    const struct item *item = &t->items[i];
    const char *name;
    size_t len;
    switch (item->kind) {
    case ITEM_BLANKS:
        scan_blanks(s);
        return FOUND_YES;
    case ITEM_MAYBE:
        return scan_text(s, item->text, item->len) == FOUND_MORE ? FOUND_MORE : FOUND_YES;
    case ITEM_TEXT:
        return scan_text(s, item->text, item->len);
    case ITEM_ANY:
        return i + 1 < t->count
                   ? pass_any((struct text){t->items[0].text, t->items[0].len}, s, item + 1)
                   : FOUND_YES;
    default:
        return scan_name(s, &name, &len);
    }
}

static enum found form_begins(const struct form *f, struct scan s)
{
    const struct template *t = &f->call;
    enum found found = f->where == WHERE_MARK ? FOUND_YES : FOUND_NO;
    for (size_t i = 0; found == FOUND_YES && i < t->count; i++) {
        enum item_kind kind = t->items[i].kind;
        if (!is_heart(kind)) {
            found = pass_item(t, i, &s);
            continue;
        }
        struct scan heart = s;
        found = heart_begins(f, kind, &heart);
        if (found != FOUND_NO || (kind != ITEM_PARAMS && kind != ITEM_TAGS))
            return found;
        found = FOUND_YES; /* without parameters: what is behind them decides */
    }
    return found;
}

enum found bounds_begin_own(const struct form *form, const char *at, const char *end)
{
    return form_begins(form, (struct scan){.at = at, .end = end});
}

enum found bounds_begin(const struct form *form, const char *at, const char *end)
{
    enum found best = FOUND_NO;
    for (const struct form *f = first_of(form); f <= last_of(form) && best != FOUND_YES; f++) {
        /* such may be read in replies of that family alone */
        bool other = f->named && !form->named;
        enum found found = other ? FOUND_NO : form_begins(f, (struct scan){.at = at, .end = end});
        best = found > best ? found : best;
    }
    return best;
}

/* ---- behind what is broken ---- */

enum found bounds_skip(const struct form *form, const char *from, const char *end, bool final,
                       const char **to)
{
    bool ends[256] = {false}, leads[256] = {false};
    each_mark(form, true, add_lead, ends);
    memcpy(leads, ends, sizeof leads);
    each_mark(form, false, add_lead, leads);
    *to = from;
    if (!has_lead(ends))
        return FOUND_YES;
    for (const char *at = next_lead(leads, from, end); at < end;
         at = next_lead(leads, at + 1, end)) {
        struct standing s = {.at = at, .end = end};
        enum found begun = bounds_begin(form, at, end);
        enum found ended = begun == FOUND_YES ? FOUND_NO : each_mark(form, true, stands, &s);
        if ((begun == FOUND_MORE || ended == FOUND_MORE) && !final)
            return FOUND_MORE;
        *to = at;
        if (begun == FOUND_YES)
            return FOUND_NO;
        if (ended == FOUND_YES && !(form->param.count && bounds_set_off(from, at))) {
            *to = at + s.len;
            return FOUND_YES;
        }
    }
    *to = end;
    return final ? FOUND_YES : FOUND_MORE;
}

/* ---- what a text holds ---- */

static bool is_tool(const struct json *tools, const char *name, size_t len)
{
    return !tools || tool_named(tools, name, len);
}

static bool is_keyed(const struct form *form)
{
    bool keyed = false;
    for (size_t i = 0; i < form->call.count; i++)
        keyed |= form->call.items[i].kind == ITEM_KEYED;
    return keyed;
}

/* {"name": "search", or where the key is the name, {"search": */
static bool key_begins(struct scan s)
{
    const struct json *tools = s.tools;
    static const char *const keys[] = {"name",     "tool",          "tool_name",
                                       "function", "function_name", "action"};
    const char *key, *name;
    size_t len, name_len;
    s.at++;
    scan_blanks(&s);
    const char quote = s.at < s.end ? *s.at++ : '\0';
    if (!quote || !memchr("\"'", quote, 2) || scan_name(&s, &key, &len) != FOUND_YES ||
        *s.at++ != quote)
        return false;
    if (is_keyed(s.form) && is_tool(tools, key, len)) {
        scan_blanks(&s);
        return scan_is(&s, ':');
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strlen(keys[i]) != len || memcmp(keys[i], key, len) != 0)
            continue;
        scan_blanks(&s);
        if (!scan_is(&s, ':'))
            return false;
        s.at++;
        scan_blanks(&s);
        s.at += s.at < s.end && memchr("\"'", *s.at, 2);
        return scan_name(&s, &name, &name_len) == FOUND_YES && is_tool(tools, name, name_len);
    }
    return false;
}

/* search( of a declared tool; where none is, ), f( */
static bool python_begins(const struct json *tools, const char *from, const char *bracket)
{
    const char *name = bracket;
    while (name > from && bracket - name < SCAN_NAME_MAX &&
           (scan_begins_name(name[-1]) || (name[-1] >= '0' && name[-1] <= '9')))
        name--;
    if (name == bracket || tools)
        return name < bracket && tool_named(tools, name, (size_t)(bracket - name));
    while (name > from && (scan_blank(name[-1]) || name[-1] == ',' || name[-1] == ';'))
        name--;
    return name > from && name[-1] == ')';
}

static bool holds_mark(const struct form *form, bool ends, const char *from, const char *to)
{
    bool leads[256] = {false};
    each_mark(form, ends, add_lead, leads);
    for (const char *at = next_lead(leads, from, to); at < to; at = next_lead(leads, at + 1, to)) {
        struct standing s = {.at = at, .end = to};
        if (each_mark(form, ends, stands, &s) == FOUND_YES)
            return true;
    }
    return false;
}

enum found bounds_begin_in(const struct form *form, const char *from, const char *to,
                           const char *end)
{
    bool leads[256] = {false};
    enum found best = FOUND_NO;
    each_mark(form, false, add_lead, leads);
    for (const char *at = next_lead(leads, from, to); at < to && best != FOUND_YES;
         at = next_lead(leads, at + 1, to)) {
        enum found found = bounds_begin(form, at, end);
        best = found > best ? found : best;
    }
    return best;
}

/* Where calls begin lines, the words that they begin with. */
static bool holds_line(const struct form *form, const char *from, const char *to)
{
    for (const struct form *f = first_of(form); f <= last_of(form); f++) {
        const struct item *word = &f->call.items[0];
        if (f->where != WHERE_LINE || word->kind != ITEM_TEXT || word->len < MARK_MIN)
            continue;
        for (const char *at = from; (at = memmem(at, (size_t)(to - at), word->text, word->len));
             at++)
            if (at > from && at[-1] == '\n')
                return true;
    }
    return false;
}

bool bounds_hold(const struct scan *s, const char *from, const char *to, bool python)
{
    for (const char *at = from; at < to; at++)
        if (python ? *at == '(' && python_begins(s->tools, from, at)
                   : *at == '{' && key_begins((struct scan){
                                       .at = at, .end = to, .form = s->form, .tools = s->tools}))
            return true;
        else if (*at == '\n' && bounds_begin(s->form, at + 1, to) == FOUND_YES)
            return true;
    return holds_mark(s->form, true, from, to) || holds_mark(s->form, false, from, to) ||
           holds_line(s->form, from, to);
}

/* ---- forms without marks ---- */

/* The name of a declared tool stands here; of a call that is an object, in it. */
static bool names_declared(const struct form *form, enum item_kind kind, struct scan *s)
{
    const char *name;
    size_t len;
    if (kind == ITEM_NAME || kind == ITEM_PYTHON) {
        scan_blanks(s);
        bool declared = scan_name(s, &name, &len) == FOUND_YES && tool_named(s->tools, name, len);
        return declared && (kind == ITEM_NAME || scan_is(s, '('));
    }
    while (s->at < s->end && (*s->at == '[' || scan_blank(*s->at)))
        s->at++;
    return scan_is(s, '{') &&
           key_begins((struct scan){.at = s->at, .end = s->end, .form = form, .tools = s->tools});
}

bool bounds_declared(const struct form *form, const struct json *tools, const char *at,
                     const char *end)
{
    /* it is asked at many places: brackets without end are none */
    const size_t most = 2 * SCAN_NAME_MAX;
    struct scan s = {.at = at, .end = (size_t)(end - at) > most ? at + most : end, .tools = tools};
    bool named = false;
    for (size_t i = 0; tools && i < form->call.count; i++) {
        enum item_kind kind = form->call.items[i].kind;
        if (is_heart(kind))
            return named || names_declared(form, kind, &s);
        named |= kind == ITEM_NAME;
        if (kind == ITEM_NAME ? !names_declared(form, kind, &s)
                              : pass_item(&form->call, i, &s) != FOUND_YES)
            return false;
    }
    return false;
}
