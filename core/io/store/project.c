/* project.c: runs the statements that projections.sql has for a kind of event. Used by the
 * writer and by the rebuild alike, so that both cannot differ. */
#include <ctype.h>
#include <string.h>

#include "io/store/db.h"

enum source {
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
    FROM_MS,
    FROM_BODY,
    FROM_FIELD
};

static const char *const envelope[] = {"seq",  "run",   "turn", "step", "n",  "kind",
                                       "card", "actor", "role", "at",   "ms", "body"};

struct statement {
    sqlite3_stmt *stmt;
    bool must;
    int params;
    uint8_t *sources; /* owned; one per parameter */
};

struct project_kind {
    bool ready, fields;
    size_t count;
    struct statement *statements;
};

/* Skips blanks and comments; *must tells whether one of the comments is the mark. */
static const char *skip(const char *p, const char *end, bool *must)
{
    *must = false;
    for (;;) {
        while (p < end && isspace((unsigned char)*p))
            p++;
        if (end - p < 2 || p[0] != '-' || p[1] != '-')
            return p;
        const char *line = p;
        while (p < end && *p != '\n')
            p++;
        if (p - line == 7 && memcmp(line, "-- must", 7) == 0)
            *must = true;
    }
}

static int source_of(const char *name, struct err *err)
{
    if (name && name[0] == '$')
        return FROM_FIELD;
    for (size_t i = 0; name && name[0] == ':' && i < COUNT_OF(envelope); i++)
        if (strcmp(name + 1, envelope[i]) == 0)
            return (int)i;
    return err_set(err, ERR_BUG, "projections.sql: parameter %s", name ? name : "without a name");
}

static int find_sources(struct statement *statement, bool *fields, struct err *err)
{
    statement->params = sqlite3_bind_parameter_count(statement->stmt);
    statement->sources = calloc((size_t)statement->params + 1, 1);
    if (!statement->sources)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (int i = 0; i < statement->params; i++) {
        int source = source_of(sqlite3_bind_parameter_name(statement->stmt, i + 1), err);
        if (source < 0)
            return source;
        statement->sources[i] = (uint8_t)source;
        *fields |= source == FROM_FIELD;
    }
    return 0;
}

static int add_statement(struct projector *projector, struct project_kind *kind, const char **text,
                         const char *end, bool must, struct err *err)
{
    struct statement *grown = realloc(kind->statements, (kind->count + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory");
    kind->statements = grown;
    struct statement *statement = &grown[kind->count];
    *statement = (struct statement){.must = must};
    int rc = db_prepare(projector->db, *text, (size_t)(end - *text), &statement->stmt, text, err);
    if (rc)
        return rc;
    kind->count++;
    return find_sources(statement, &kind->fields, err);
}

static void drop(struct project_kind *kind)
{
    for (size_t i = 0; i < kind->count; i++) {
        sqlite3_finalize(kind->statements[i].stmt);
        free(kind->statements[i].sources);
    }
    free(kind->statements);
    *kind = (struct project_kind){0};
}

static int prepare(struct projector *projector, int index, struct err *err)
{
    const struct sql_section *section = &projector->kinds->items[index];
    struct project_kind *kind = &projector->prepared[index];
    const char *end = section->text + section->len;
    bool must;
    for (const char *p = skip(section->text, end, &must); p < end; p = skip(p, end, &must)) {
        int rc = add_statement(projector, kind, &p, end, must, err);
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

static int bind_one(struct projector *projector, struct statement *statement, int i,
                    const struct store_seen *event)
{
    sqlite3_stmt *stmt = statement->stmt;
    int at = i + 1;
    switch ((enum source)statement->sources[i]) {
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
    case FROM_MS:
        return event->ms < 0 ? sqlite3_bind_null(stmt, at)
                             : sqlite3_bind_int64(stmt, at, event->ms);
    case FROM_BODY:
        return sqlite3_bind_text(stmt, at, event->body, (int)event->body_len, SQLITE_STATIC);
    case FROM_FIELD:
        break;
    }
    const char *name = sqlite3_bind_parameter_name(stmt, at);
    return bind_json(projector, stmt, at, json_get(&projector->doc.root, name + 1));
}

static int run(struct projector *projector, struct statement *statement,
               const struct store_seen *event, struct err *err)
{
    int rc = SQLITE_OK;
    for (int i = 0; rc == SQLITE_OK && i < statement->params; i++)
        rc = bind_one(projector, statement, i, event);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement->stmt);
    int code = rc == SQLITE_DONE ? 0 : db_fail(projector->db, rc, err);
    sqlite3_reset(statement->stmt);
    if (code || !statement->must || sqlite3_changes(projector->db) == 1)
        return code;
    err_set(err, ERR_STALE, "%s of %s: it is not what it was", event->kind,
            event->card ? event->card : event->run);
    err_fix(err, "read it again and decide anew");
    return ERR_STALE;
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
        rc = run(projector, &kind->statements[i], event, err);
        *touched |= !rc;
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
