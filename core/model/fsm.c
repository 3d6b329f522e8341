/* fsm.c: the card state machine as one table of legal edges and one function that reads it. */
#include "model/fsm.h"

#include <stdarg.h>
#include <string.h>

#include "base/text/utf8.h"

struct word {
    const char *name, *meaning;
    size_t len; /* of name */
};

static const struct word types[] = {
#define X(name, text, meaning) {text, meaning, sizeof text - 1},
    FSM_TYPES(X)
#undef X
};

static const struct word statuses[] = {
#define X(name, text, meaning) {text, meaning, sizeof text - 1},
    FSM_STATUSES(X)
#undef X
};

static const struct word reasons[] = {{NULL, NULL, 0},
#define X(name, text, meaning) {text, meaning, sizeof text - 1},
                                      FSM_REASONS(X)
#undef X
};

#define ROCK  (1 << FSM_TYPE_ROCK)
#define EPIC  (1 << FSM_TYPE_EPIC)
#define ISSUE (1 << FSM_TYPE_ISSUE)
#define PLAN  (1 << FSM_TYPE_PLAN)
#define WORK  (ISSUE | PLAN)

static const struct fsm_row rows[] = {
    {ROCK | EPIC | WORK, FSM_READY, FSM_IN_PROGRESS, FSM_ANY, "claim"},
    {ROCK | EPIC | WORK, FSM_READY, FSM_CANCELED, FSM_ANY, "give up"},
    {WORK, FSM_READY, FSM_BLOCKED, FSM_SYSTEM, "park"},

    {WORK, FSM_IN_PROGRESS, FSM_READY, FSM_SYSTEM, "retry"},
    {WORK, FSM_IN_PROGRESS, FSM_BLOCKED, FSM_ANY, "park"},
    {WORK, FSM_IN_PROGRESS, FSM_WAITING, FSM_ANY, "ask a person"},
    {ISSUE, FSM_IN_PROGRESS, FSM_TESTING, FSM_ANY, "hand in"},
    {EPIC | ISSUE, FSM_IN_PROGRESS, FSM_REVIEW, FSM_ANY, "hand in for review"},
    {ROCK | EPIC, FSM_IN_PROGRESS, FSM_DONE, FSM_ANY, "finish"},
    {PLAN, FSM_IN_PROGRESS, FSM_DONE, FSM_SYSTEM, "a person took what it proposes"},
    {ROCK | EPIC | WORK, FSM_IN_PROGRESS, FSM_CANCELED, FSM_ANY, "give up"},

    {WORK, FSM_BLOCKED, FSM_READY, FSM_SYSTEM, "return to where it was parked"},
    {WORK, FSM_BLOCKED, FSM_IN_PROGRESS, FSM_ANY, "go on"},
    {ISSUE, FSM_BLOCKED, FSM_TESTING, FSM_SYSTEM, "return to where it was parked"},
    {ISSUE, FSM_BLOCKED, FSM_REVIEW, FSM_SYSTEM, "return to where it was parked"},
    {WORK, FSM_BLOCKED, FSM_CANCELED, FSM_ANY, "give up"},

    {WORK, FSM_WAITING, FSM_READY, FSM_SYSTEM, "return answered"},
    {WORK, FSM_WAITING, FSM_IN_PROGRESS, FSM_ANY, "go on"},
    {WORK, FSM_WAITING, FSM_CANCELED, FSM_ANY, "give up"},

    {ISSUE, FSM_TESTING, FSM_IN_PROGRESS, FSM_ANY, "verification failed"},
    {ISSUE, FSM_TESTING, FSM_BLOCKED, FSM_SYSTEM, "park"},
    {ISSUE, FSM_TESTING, FSM_REVIEW, FSM_ANY, "verification passed"},
    {ISSUE, FSM_TESTING, FSM_CANCELED, FSM_ANY, "give up"},

    {EPIC | ISSUE, FSM_REVIEW, FSM_IN_PROGRESS, FSM_ANY, "send back"},
    {ISSUE, FSM_REVIEW, FSM_BLOCKED, FSM_SYSTEM, "park"},
    {ISSUE, FSM_REVIEW, FSM_TESTING, FSM_ANY, "verify again"},
    {EPIC, FSM_REVIEW, FSM_DONE, FSM_ANY, "accept"},
    {ISSUE, FSM_REVIEW, FSM_DONE, FSM_GUARD, "accept"},
    {ISSUE, FSM_REVIEW, FSM_CANCELED, FSM_SYSTEM, "give up"},

    {ROCK | EPIC | WORK, FSM_DONE, FSM_ARCHIVED, FSM_SYSTEM, "put away"},
    {ROCK | EPIC | WORK, FSM_CANCELED, FSM_ARCHIVED, FSM_SYSTEM, "put away"},
};

const struct fsm_row *fsm_rows(size_t *count)
{
    *count = COUNT_OF(rows);
    return rows;
}

/* ---- names ---- */

static const struct word *word_at(const struct word *words, size_t count, int index)
{
    return index >= 0 && (size_t)index < count ? &words[index] : &reasons[0];
}

static int word_of(const struct word *words, size_t count, const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (words[i].len == len && words[i].name && memcmp(words[i].name, name, len) == 0)
            return (int)i;
    return -1;
}

const char *fsm_type_name(int type)
{
    return word_at(types, COUNT_OF(types), type)->name;
}

const char *fsm_status_name(int status)
{
    return word_at(statuses, COUNT_OF(statuses), status)->name;
}

const char *fsm_reason_name(int reason)
{
    return word_at(reasons, COUNT_OF(reasons), reason)->name;
}

const char *fsm_type_meaning(int type)
{
    return word_at(types, COUNT_OF(types), type)->meaning;
}

const char *fsm_status_meaning(int status)
{
    return word_at(statuses, COUNT_OF(statuses), status)->meaning;
}

const char *fsm_reason_meaning(int reason)
{
    return word_at(reasons, COUNT_OF(reasons), reason)->meaning;
}

int fsm_type_of(const char *name, size_t len)
{
    return word_of(types, COUNT_OF(types), name, len);
}

int fsm_status_of(const char *name, size_t len)
{
    return word_of(statuses, COUNT_OF(statuses), name, len);
}

static bool is(const char *text, size_t len, const char *name)
{
    return len == strlen(name) && memcmp(text, name, len) == 0;
}

enum fsm_who fsm_who_of(const char *role, size_t len)
{
    if (is(role, len, "system"))
        return FSM_SYSTEM;
    if (is(role, len, "human"))
        return FSM_HUMAN;
    return is(role, len, "integrity_guard") ? FSM_GUARD : FSM_AGENT;
}

bool fsm_is_wait(enum fsm_status status)
{
    return status == FSM_BLOCKED || status == FSM_WAITING;
}

/* ---- the verdict ---- */

static bool refuse(struct fsm_verdict *verdict, const char *rule, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static bool refuse(struct fsm_verdict *verdict, const char *rule, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(verdict->why, sizeof verdict->why, fmt, args);
    va_end(args);
    utf8_clean(verdict->why, sizeof verdict->why);
    verdict->ok = false;
    verdict->rule = rule;
    return false;
}

/* Appends ", name" (or "name" when it is the first) behind `used` bytes of a fix. */
static void list_add(struct fsm_verdict *verdict, size_t start, const char *name)
{
    size_t used = strlen(verdict->fix);
    snprintf(verdict->fix + used, sizeof verdict->fix - used, "%s%s", used > start ? ", " : "",
             name);
}

static void fix_words(struct fsm_verdict *verdict, const struct word *words, size_t count)
{
    strcpy(verdict->fix, "one of: ");
    for (size_t i = 0; i < count; i++)
        if (words[i].name)
            list_add(verdict, strlen("one of: "), words[i].name);
}

static const struct fsm_row *find_row(enum fsm_type type, enum fsm_status from, enum fsm_status to)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].from == from && rows[i].to == to && (rows[i].types & 1 << type))
            return &rows[i];
    return NULL;
}

/* The fix of a missing edge: where this role may move the card from here. */
static void fix_targets(struct fsm_verdict *verdict, enum fsm_type type, enum fsm_status from,
                        enum fsm_who role)
{
    size_t start = (size_t)snprintf(verdict->fix, sizeof verdict->fix, "from %s it may go to ",
                                    statuses[from].name);
    for (int to = 0; to < FSM_STATUS_COUNT; to++) {
        const struct fsm_row *row = find_row(type, from, (enum fsm_status)to);
        if (row && row->who & role)
            list_add(verdict, start, statuses[to].name);
    }
    if (strlen(verdict->fix) == start)
        snprintf(verdict->fix, sizeof verdict->fix, "this role cannot move it; leave it as it is");
}

static bool refuse_edge(struct fsm_verdict *verdict, enum fsm_type type, enum fsm_status from,
                        enum fsm_status to, enum fsm_who role)
{
    if (from == FSM_DONE || from == FSM_CANCELED || from == FSM_ARCHIVED) {
        refuse(verdict, "fsm.final", "the %s is %s, which is final", types[type].name,
               statuses[from].name);
        snprintf(verdict->fix, sizeof verdict->fix, "create a new card for further work");
    } else {
        if (from == to)
            refuse(verdict, "fsm.edge", "the %s is already %s", types[type].name,
                   statuses[from].name);
        else
            refuse(verdict, "fsm.edge", "%s %s cannot go from %s to %s",
                   type == FSM_TYPE_ROCK ? "a" : "an", types[type].name, statuses[from].name,
                   statuses[to].name);
        fix_targets(verdict, type, from, role);
    }
    return false;
}

static bool check_reason(enum fsm_status to, enum fsm_reason reason, struct fsm_verdict *verdict)
{
    if (fsm_is_wait(to) && reason == FSM_REASON_NONE) {
        refuse(verdict, "fsm.reason", "%s needs a wait reason", statuses[to].name);
        fix_words(verdict, reasons, COUNT_OF(reasons));
        return false;
    }
    if (!fsm_is_wait(to) && reason != FSM_REASON_NONE) {
        refuse(verdict, "fsm.reason", "%s takes no wait reason", statuses[to].name);
        snprintf(verdict->fix, sizeof verdict->fix, "leave the wait reason out");
        return false;
    }
    return true;
}

static bool check_role(const struct fsm_row *row, enum fsm_type type, enum fsm_who role,
                       struct fsm_verdict *verdict)
{
    if (row->who & role)
        return true;
    if (row->who == FSM_GUARD) {
        refuse(verdict, "fsm.guard", "only integrity_guard moves an %s to %s", types[type].name,
               statuses[row->to].name);
        snprintf(verdict->fix, sizeof verdict->fix,
                 "leave it in %s; a turn acting as integrity_guard decides",
                 statuses[row->from].name);
    } else {
        refuse(verdict, "fsm.system", "only the engine moves an %s from %s to %s", types[type].name,
               statuses[row->from].name, statuses[row->to].name);
        fix_targets(verdict, type, (enum fsm_status)row->from, role);
    }
    return false;
}

/* In this order: type, edge, reason, role. */
static bool judge(enum fsm_type type, enum fsm_status from, enum fsm_status to, enum fsm_who role,
                  enum fsm_reason reason, struct fsm_verdict *verdict)
{
    verdict->why[0] = verdict->fix[0] = '\0';
    if (type == FSM_TYPE_UTILITY || type == FSM_TYPE_APP) {
        refuse(verdict, "fsm.type", "%s cards never move", types[type].name);
        snprintf(verdict->fix, sizeof verdict->fix, "move an issue, an epic or a rock");
        return false;
    }
    const struct fsm_row *row = find_row(type, from, to);
    if (!row)
        return refuse_edge(verdict, type, from, to, role);
    if (!check_reason(to, reason, verdict) || !check_role(row, type, role, verdict))
        return false;
    verdict->ok = true;
    verdict->rule = "fsm.allow";
    snprintf(verdict->why, sizeof verdict->why, "%s from %s to %s: %s", types[type].name,
             statuses[from].name, statuses[to].name, row->what);
    return true;
}

static int known(const struct word *words, size_t count, struct fsm_text text, const char *what,
                 struct fsm_verdict *verdict)
{
    int found = word_of(words, count, text.data, text.len);
    if (found < 0) {
        refuse(verdict, "fsm.name", "there is no such %s", what);
        fix_words(verdict, words, count);
    }
    return found;
}

bool fsm_check(struct fsm_text type, struct fsm_text from, struct fsm_text to, struct fsm_text role,
               const struct fsm_text *reason, struct fsm_verdict *verdict)
{
    int t, f, g, r = FSM_REASON_NONE;
    if ((t = known(types, COUNT_OF(types), type, "card type", verdict)) < 0 ||
        (f = known(statuses, COUNT_OF(statuses), from, "status (from)", verdict)) < 0 ||
        (g = known(statuses, COUNT_OF(statuses), to, "status (to)", verdict)) < 0 ||
        (reason && (r = known(reasons, COUNT_OF(reasons), *reason, "wait reason", verdict)) < 0))
        return false;
    if (role.len == 0 || role.len > FSM_ROLE_MAX) {
        refuse(verdict, "fsm.name", "a role's name has 1 to %d bytes", FSM_ROLE_MAX);
        snprintf(verdict->fix, sizeof verdict->fix, "system, human, or the name of a role");
        return false;
    }
    return judge((enum fsm_type)t, (enum fsm_status)f, (enum fsm_status)g,
                 fsm_who_of(role.data, role.len), (enum fsm_reason)r, verdict);
}
