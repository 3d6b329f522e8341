/* project.c: runs the statements that projections.sql has for a kind of event. Used by the
 * writer and by the rebuild alike, so that both cannot differ. */
#include <string.h>

#include "io/store/db/db.h"
#include "io/store/project/projection_directives.h"

enum source_of {
    FROM_SEQ,
    FROM_RUN,
    FROM_TURN,
    FROM_STEP,
    FROM_N,
    FROM_KIND,
    FROM_CARD,
    FROM_ACTOR,
    FROM_ROLE,
    FROM_AT,
    FROM_BODY,
    FROM_FIELD,
    FROM_ITEM
};

static const char *const envelope[] = {"seq",  "run",   "turn", "step", "n",  "kind",
                                       "card", "actor", "role", "at",   "body"};

/* Where a parameter comes from. Its name is a copy: SQLite makes its own anew when another program
 * has changed the schema, for which a VACUUM is enough. */
struct source {
    enum source_of of;
    char *name; /* owned */
    struct field field;
};

struct statement {
    sqlite3_stmt *stmt;
    struct directives directives;
    int params;
    struct source *sources; /* owned; one per parameter */
};

struct project_kind {
    bool ready, fields;
    size_t count;
    struct statement *statements;
};

static int source_of(const char *name, struct err *err)
{
    if (name && name[0] == '$')
        return FROM_FIELD;
    if (name && name[0] == '@')
        return FROM_ITEM;
    for (size_t i = 0; name && name[0] == ':' && i < COUNT_OF(envelope); i++)
        if (strcmp(name + 1, envelope[i]) == 0)
            return (int)i;
    return err_set(err, ERR_BUG, "projections.sql: parameter %s", name ? name : "without a name");
}

static int find_source(struct source *source, const char *name, struct err *err)
{
    int of = source_of(name, err);
    if (of < 0)
        return of;
    source->of = (enum source_of)of;
    source->name = strdup(name + 1);
    if (!source->name)
        return err_set(err, ERR_MEMORY, "out of memory");
    source->field = directives_field(source->name, strlen(source->name));
    return 0;
}

static int find_sources(struct statement *statement, bool *fields, struct err *err)
{
    statement->params = sqlite3_bind_parameter_count(statement->stmt);
    statement->sources = calloc((size_t)statement->params + 1, sizeof *statement->sources);
    if (!statement->sources)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (int i = 0; i < statement->params; i++) {
        struct source *source = &statement->sources[i];
        int rc = find_source(source, sqlite3_bind_parameter_name(statement->stmt, i + 1), err);
        if (rc)
            return rc;
        *fields |= source->of == FROM_FIELD;
    }
    return 0;
}

static int add_statement(struct projector *projector, struct project_kind *kind, const char *text,
                         const char *end, const struct directives *directives, struct err *err)
{
    struct statement *grown = realloc(kind->statements, (kind->count + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory");
    kind->statements = grown;
    struct statement *statement = &grown[kind->count++];
    *statement = (struct statement){.directives = *directives};
    int rc = db_prepare(projector->db, text, (size_t)(end - text), &statement->stmt, NULL, err);
    if (rc)
        return rc;
    kind->fields |= directives->each.name || directives->with.name;
    return find_sources(statement, &kind->fields, err);
}

static void drop_statement(struct statement *statement)
{
    sqlite3_finalize(statement->stmt);
    for (int i = 0; statement->sources && i < statement->params; i++)
        free(statement->sources[i].name);
    free(statement->sources);
}

static void drop(struct project_kind *kind)
{
    for (size_t i = 0; i < kind->count; i++)
        drop_statement(&kind->statements[i]);
    free(kind->statements);
    *kind = (struct project_kind){0};
}

bool project_is_idle(const struct projector *projector, size_t index)
{
    const struct sql_section *section = &projector->kinds->items[index];
    const char *end = section->text + section->len;
    struct directives directives;
    return directives_read(section->text, end, &directives) == end;
}

static int prepare(struct projector *projector, int index, struct err *err)
{
    const struct sql_section *section = &projector->kinds->items[index];
    struct project_kind *kind = &projector->prepared[index];
    const char *end = section->text + section->len, *next;
    struct directives directives;
    const char *p = directives_read(section->text, end, &directives);
    for (; p < end; p = directives_read(next, end, &directives)) {
        next = directives_statement_end(p, end);
        int rc = add_statement(projector, kind, p, next, &directives, err);
        if (rc) {
            drop(kind);
            return rc;
        }
    }
    kind->ready = true;
    return 0;
}

static int bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    return text ? sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC)
                : sqlite3_bind_null(stmt, index);
}

static int bind_json(struct projector *projector, sqlite3_stmt *stmt, int index,
                     const struct json *value)
{
    switch (value ? value->type : JSON_NULL) {
    case JSON_NULL:
        return sqlite3_bind_null(stmt, index);
    case JSON_FALSE:
        return sqlite3_bind_int(stmt, index, 0);
    case JSON_TRUE:
        return sqlite3_bind_int(stmt, index, 1);
    case JSON_INT:
        return sqlite3_bind_int64(stmt, index, value->u.integer);
    case JSON_REAL:
        return sqlite3_bind_double(stmt, index, value->u.real);
    case JSON_STRING:
        return sqlite3_bind_text(stmt, index, value->u.string, (int)value->len, SQLITE_STATIC);
    default:
        break;
    }
    buf_reset(&projector->text);
    json_write(&projector->text, value);
    if (!buf_ok(&projector->text)) {
        buf_clear(&projector->text);
        return SQLITE_NOMEM;
    }
    return sqlite3_bind_text(stmt, index, projector->text.data, (int)projector->text.len,
                             SQLITE_TRANSIENT);
}

static const struct json *field_of(const struct json *body, const struct field *field)
{
    const struct json *value = json_get_n(body, field->name, field->len);
    return field->inner ? json_get_n(value, field->inner, field->inner_len) : value;
}

/* Of an item of an array: itself, or its field. */
static const struct json *part_of(const struct json *item, const struct field *field)
{
    static const char whole[] = "item";
    bool is_whole = field->len == sizeof whole - 1 && memcmp(field->name, whole, field->len) == 0;
    return is_whole ? item : field_of(item, field);
}

static int bind_one(struct projector *projector, struct statement *statement, int i,
                    const struct store_seen *event, const struct json *item)
{
    sqlite3_stmt *stmt = statement->stmt;
    int at = i + 1;
    const struct source *source = &statement->sources[i];
    switch (source->of) {
    case FROM_SEQ:
        return sqlite3_bind_int64(stmt, at, event->seq);
    case FROM_RUN:
        return bind_text(stmt, at, event->run);
    case FROM_TURN:
        return db_bind_turn(stmt, at, event->turn);
    case FROM_STEP:
        return sqlite3_bind_int64(stmt, at, event->step);
    case FROM_N:
        return sqlite3_bind_int64(stmt, at, event->n);
    case FROM_KIND:
        return bind_text(stmt, at, event->kind);
    case FROM_CARD:
        return bind_text(stmt, at, event->card);
    case FROM_ACTOR:
        return bind_text(stmt, at, event->actor);
    case FROM_ROLE:
        return bind_text(stmt, at, event->role);
    case FROM_AT:
        return bind_text(stmt, at, event->at);
    case FROM_BODY:
        return sqlite3_bind_text(stmt, at, event->body, (int)event->body_len, SQLITE_STATIC);
    case FROM_FIELD:
        return bind_json(projector, stmt, at, field_of(&projector->doc.root, &source->field));
    case FROM_ITEM:
        return bind_json(projector, stmt, at, part_of(item, &source->field));
    }
    return SQLITE_MISUSE;
}

static int run(struct projector *projector, struct statement *statement,
               const struct store_seen *event, const struct json *item, struct err *err)
{
    int rc = SQLITE_OK;
    for (int i = 0; rc == SQLITE_OK && i < statement->params; i++)
        rc = bind_one(projector, statement, i, event, item);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement->stmt);
    int code = rc == SQLITE_DONE ? 0 : db_fail(projector->db, rc, err);
    sqlite3_reset(statement->stmt);
    if (code || !statement->directives.must || sqlite3_changes(projector->db) == 1)
        return code;
    err_set(err, ERR_STALE, "%s of %s: it is not what it was", event->kind,
            event->card ? event->card : event->run);
    err_fix(err, "read it again and decide anew");
    return ERR_STALE;
}

static int run_each(struct projector *projector, struct statement *statement,
                    const struct store_seen *event, bool *touched, struct err *err)
{
    const struct json *item, *list = field_of(&projector->doc.root, &statement->directives.each);
    int rc = 0;
    for (size_t i = 0; !rc && (item = json_at(list, i)); i++) {
        rc = run(projector, statement, event, item, err);
        *touched |= !rc;
    }
    return rc;
}

static bool applies(const struct projector *projector, const struct directives *directives)
{
    if (!directives->with.name)
        return true;
    const struct json *field = field_of(&projector->doc.root, &directives->with);
    return field &&
           (!directives->is || (field->type == JSON_STRING && field->len == directives->is_len &&
                                memcmp(field->u.string, directives->is, directives->is_len) == 0));
}

int project(struct projector *projector, int index, const struct store_seen *event, bool *touched,
            struct err *err)
{
    struct project_kind *kind = &projector->prepared[index];
    int rc = kind->ready ? 0 : prepare(projector, index, err);
    if (rc || kind->count == 0)
        return rc;
    if (kind->fields)
        rc = json_parse(&projector->doc, event->body, event->body_len, NULL, err);
    for (size_t i = 0; !rc && i < kind->count; i++) {
        struct statement *statement = &kind->statements[i];
        if (!applies(projector, &statement->directives))
            continue;
        if (statement->directives.each.name) {
            rc = run_each(projector, statement, event, touched, err);
        } else {
            rc = run(projector, statement, event, NULL, err);
            *touched |= !rc;
        }
    }
    return rc;
}

int projector_open(struct projector *projector, sqlite3 *db, const struct sql_sections *kinds)
{
    *projector = (struct projector){.db = db, .kinds = kinds};
    projector->prepared = calloc(kinds->count + 1, sizeof *projector->prepared);
    return projector->prepared ? 0 : ERR_MEMORY;
}

void projector_close(struct projector *projector)
{
    for (size_t i = 0; projector->prepared && i < projector->kinds->count; i++)
        drop(&projector->prepared[i]);
    free(projector->prepared);
    json_doc_clear(&projector->doc);
    buf_clear(&projector->text);
    *projector = (struct projector){0};
}
