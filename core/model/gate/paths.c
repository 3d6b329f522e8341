/* paths.c: the path arguments of a call: which there are, and whether each is inside the card's
 * tree and may be what it is wanted for. */
#include "model/gate/impl.h"

bool gate_check_path(struct gate_case *c, const struct gate_path *path)
{
    bool inside = path->code == 0 || path->code == ERR_NOT_FOUND || path->code == ERR_NOT_FILE ||
                  path->code == ERR_NOT_DIR;
    const char *text = path->value && path->value->type == JSON_STRING ? path->value->u.string : "";
    if (path->code == ERR_PATH)
        return gate_deny(c, GATE_PATH_ESCAPE, "use a relative path beneath the card's own tree",
                         "the path '%.200s' is not inside the card's tree", text);
    if (!inside || !path->name)
        return gate_deny(c, GATE_PATH_UNRESOLVED, "use a relative path beneath the card's own tree",
                         "the path '%.200s' could not be resolved: %s", text, err_text(path->code));
    const char *what = gate_forbidden(path->name, path->len);
    if (what)
        return gate_deny(c, GATE_PATH_NAME, "choose another name; secrets never go through a tool",
                         "the path '%.200s' leads through %s", path->name, what);
    return true;
}

struct deep {
    void (*fn)(void *ctx, const struct json *path);
    void *ctx;
};

static void without_pointer(void *ctx, const char *pointer, const struct json *path)
{
    struct deep *deep = ctx;
    (void)pointer;
    deep->fn(deep->ctx, path);
}

static void each_path(const struct gate_tool *tool, const struct json *arguments,
                      void (*fn)(void *ctx, const struct json *path), void *ctx)
{
    struct deep deep = {fn, ctx};
    if (tool->deep_paths)
        schema_each_path(tool->schema, arguments, without_pointer, &deep);
    for (size_t i = 0; !tool->deep_paths && i < tool->path_count; i++) {
        const struct json_member *member = tool->paths[i];
        const struct json *value = json_get_n(arguments, member->key, member->key_len);
        if (value)
            fn(ctx, value);
    }
}

void gate_each_path(const struct gate *gate, const struct gate_call *call,
                    void (*fn)(void *ctx, const struct json *path), void *ctx)
{
    size_t tool = gate_name_find(&gate->tools, call->tool, call->tool_len);
    if (tool != GATE_NO_NAME)
        each_path(&gate->tool[tool], call->arguments, fn, ctx);
}

struct path_case {
    struct gate_case *c;
    enum gate_want want; /* of every path; NOTHING when the tool does several things with them */
    bool ok;
};

/* A tool that also reads says of no path of many which one it writes; its operations will. */
static enum gate_want want_of_each(const struct gate_tool *tool)
{
    bool single = tool->path_count == 1 && !tool->deep_paths;
    return single || !tool->reads ? tool->want : GATE_WANT_NOTHING;
}

static void check_argument(void *ctx, const struct json *value)
{
    struct path_case *p = ctx;
    const struct gate_call *call = p->c->call;
    if (!p->ok)
        return;
    struct gate_path none = {.value = value, .code = ERR_IO};
    const struct gate_path *found = &none;
    for (size_t i = 0; i < call->path_count; i++)
        if (call->paths[i].value == value)
            found = &call->paths[i];
    p->ok = gate_check_path(p->c, found) && gate_check_write(p->c, found, p->want);
}

bool gate_check_paths(struct gate_case *c)
{
    struct path_case p = {c, want_of_each(&c->gate->tool[c->tool]), true};
    each_path(&c->gate->tool[c->tool], c->call->arguments, check_argument, &p);
    return p.ok;
}

void gate_ask_paths(struct gate_case *c)
{
    enum gate_want want = want_of_each(&c->gate->tool[c->tool]);
    for (size_t i = 0; i < c->call->path_count; i++)
        gate_ask_executed(c, &c->call->paths[i], want);
}

/* ---- each by itself ---- */

struct path_list {
    struct path_case one;
    void (*after)(void *ctx);
    void *ctx;
};

static void check_one(void *ctx, const struct json *value)
{
    struct path_list *list = ctx;
    list->one.ok = true;
    check_argument(&list->one, value);
    list->after(list->ctx);
}

void gate_check_each_path(struct gate_case *c, void (*after)(void *ctx), void *ctx)
{
    const struct gate_tool *tool = &c->gate->tool[c->tool];
    struct path_list list = {{c, want_of_each(tool), true}, after, ctx};
    each_path(tool, c->call->arguments, check_one, &list);
}
