/* pool.c: boxes of one script. The free ones are a stack: the last used is the warmest. */
#include "script/pool.h"

#include <string.h>

struct script {
    char *name, *text; /* owned copies */
    struct prelude *prelude;
    size_t text_len, mem;
    struct json_doc doc; /* what the script returned */
    struct box *idle[SCRIPT_BOXES];
    size_t idle_count, count;
    bool released; /* goes when the last box is back */
};

static char *copy(const char *bytes, size_t len)
{
    char *made = malloc(len + 1);
    if (made) {
        memcpy(made, bytes, len);
        made[len] = '\0';
    }
    return made;
}

static int load_text(struct script *s, struct box *box, struct err *err)
{
    struct box_text text = {.name = s->name, .bytes = s->text, .len = s->text_len};
    return box_load(box, &text, NULL, err);
}

static int load_all(struct script *s, struct box *box, struct err *err)
{
    int rc = 0;
    if (s->prelude) {
        struct box_text prelude = prelude_text(s->prelude);
        rc = box_load(box, &prelude, NULL, err);
    }
    if (!rc)
        rc = load_text(s, box, err);
    return rc ? rc : box_seal(box, err);
}

static int make_box(struct script *s, struct box **out, struct err *err)
{
    struct box *box;
    int rc = box_new(&box, s->mem, err);
    if (rc)
        return rc;
    rc = load_all(s, box, err);
    if (rc) {
        box_free(box);
        return rc;
    }
    *out = box;
    return 0;
}

/* ---- before it serves ---- */

static bool has_trial_box(const struct script *s)
{
    return s->prelude && s->mem == 0;
}

/* A box with the script loaded. */
static int begin_trial(struct script *s, struct box **out, struct err *err)
{
    if (!has_trial_box(s))
        return make_box(s, out, err);
    int rc = prelude_box(s->prelude, out, err);
    rc = rc ? rc : load_text(s, *out, err);
    return rc ? rc : box_settle(*out, err);
}

static void end_trial(const struct script *s, struct box *box)
{
    if (has_trial_box(s))
        box_rest(box);
    else
        box_free(box);
}

static int describe(struct script *s, struct box *box, struct err *err)
{
    int rc = box_describe(box, err);
    if (rc)
        return rc;
    if (!box_returned_table(box)) {
        err_set(err, ERR_SCRIPT_CONTRACT, "%s does not return a table", s->name);
        return err_fix(err, "end the file with: return { NAME = function(...) ... end }");
    }
    box_move_value(box, &s->doc);
    return 0;
}

int script_new(struct script **out, const struct script_source *source, struct err *err)
{
    struct script *s = calloc(1, sizeof *s);
    struct box *box = NULL;
    if (!s)
        return err_set(err, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
    s->mem = source->mem;
    s->name = copy(source->text.name, strlen(source->text.name));
    s->text = copy(source->text.bytes, s->text_len = source->text.len);
    s->prelude = prelude_hold(source->prelude);
    bool copied = s->name && s->text;
    int rc =
        copied ? begin_trial(s, &box, err) : err_set(err, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
    if (!rc) {
        rc = describe(s, box, err);
        end_trial(s, box);
    }
    if (rc) {
        script_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

int script_try(struct script *s, const struct box_call *call, struct err *err)
{
    struct box *box;
    int rc = begin_trial(s, &box, err);
    if (rc)
        return rc;
    rc = box_call(box, call, NULL, err);
    end_trial(s, box);
    return rc;
}

void script_free(struct script *s)
{
    if (!s)
        return;
    s->released = true;
    if (s->idle_count < s->count)
        return;
    while (s->idle_count)
        box_free(s->idle[--s->idle_count]);
    json_doc_clear(&s->doc);
    free(s->name);
    free(s->text);
    prelude_free(s->prelude);
    free(s);
}

const struct json *script_value(const struct script *s)
{
    return &s->doc.root;
}

int script_take(struct script *s, struct box **out, struct err *err)
{
    if (!s->idle_count && s->count == SCRIPT_BOXES) {
        err_set(err, ERR_LIMIT, "%s runs in %d sessions already", s->name, SCRIPT_BOXES);
        return err_fix(err, "wait until one of them has ended");
    }
    if (!s->idle_count) {
        struct box *box;
        int rc = make_box(s, &box, err);
        if (rc)
            return rc;
        s->count++;
        s->idle[s->idle_count++] = box;
    }
    *out = s->idle[--s->idle_count];
    box_reset(*out);
    return 0;
}

void script_give(struct script *s, struct box *box)
{
    require(s->idle_count < s->count);
    box_rest(box);
    s->idle[s->idle_count++] = box;
    if (s->released)
        script_free(s);
}
