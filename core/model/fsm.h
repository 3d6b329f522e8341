/* fsm.h: the card state machine: which status change of which card is legal for whom. Pure.
 *
 * type    rock > epic > issue are the cards that move, and plan, out of which they are made;
 *         utility and app have no transitions at all
 * status  one of nine; done, canceled and archived are final (the engine may still archive)
 * reason  why a card waits: required for blocked and waiting_for_developer, refused otherwise
 * role    who acts: "system" is the engine, "human" a person, "integrity_guard" the reviewer, every
 *         other text an agent's role. A turn acts as exactly one role.
 *
 * Every status change of the program, the engine's own included, passes fsm_check. The table is
 * data (fsm_rows); docs/state-machine.md is generated from it.
 */
#ifndef MODEL_FSM_H
#define MODEL_FSM_H

#include "base/base.h"

/* X(enum, name, meaning) */
#define FSM_TYPES(X)                                                                               \
    X(ROCK, "rock", "a milestone: a list of epics")                                                \
    X(EPIC, "epic", "a runnable batch: issues, one team, one environment")                         \
    X(ISSUE, "issue", "one unit of work for one seat")                                             \
    X(PLAN, "plan", "a request that agents make a proposal of; done when a person took it")        \
    X(UTILITY, "utility", "an asset kept as a card; it never moves")                               \
    X(APP, "app", "a product kept as a card; it never moves")

#define FSM_STATUSES(X)                                                                            \
    X(READY, "ready", "may be claimed once its dependencies are done")                             \
    X(IN_PROGRESS, "in_progress", "a seat works on it")                                            \
    X(BLOCKED, "blocked", "parked; the wait reason says for what")                                 \
    X(WAITING, "waiting_for_developer", "a person has to answer; the wait reason says why")        \
    X(TESTING, "ready_for_testing", "the work is handed in; verification runs")                    \
    X(REVIEW, "code_review", "the integrity guard judges it")                                      \
    X(DONE, "done", "accepted; final")                                                             \
    X(CANCELED, "canceled", "given up; final")                                                     \
    X(ARCHIVED, "archived", "put away; final")

#define FSM_REASONS(X)                                                                             \
    X(RESOURCE, "resource", "a person, role, budget or capacity is missing")                       \
    X(DEPENDENCY, "dependency", "another card has to come first")                                  \
    X(REVIEW, "review", "an approval is asked for")                                                \
    X(INPUT, "input", "a clarification from outside is needed")                                    \
    X(SYSTEM, "system", "a system is not available, or an effect is uncertain")

enum fsm_type {
#define X(name, text, meaning) FSM_TYPE_##name,
    FSM_TYPES(X)
#undef X
        FSM_TYPE_COUNT
};

enum fsm_status {
#define X(name, text, meaning) FSM_##name,
    FSM_STATUSES(X)
#undef X
        FSM_STATUS_COUNT
};

enum fsm_reason {
    FSM_REASON_NONE,
#define X(name, text, meaning) FSM_REASON_##name,
    FSM_REASONS(X)
#undef X
        FSM_REASON_COUNT
};

/* Who acts, as bits, so that a row can name several. */
enum fsm_who { FSM_AGENT = 1, FSM_GUARD = 2, FSM_HUMAN = 4, FSM_SYSTEM = 8, FSM_ANY = 15 };

/* One legal edge. */
struct fsm_row {
    uint8_t types;    /* bits 1 << enum fsm_type */
    uint8_t from, to; /* enum fsm_status */
    uint8_t who;      /* bits of enum fsm_who */
    const char *what; /* what the edge is for */
};

/* The answer; `rule` is a stable id:
 *   fsm.allow   the edge is legal for this role
 *   fsm.name    a type, status, reason or role has no such name
 *   fsm.type    cards of this type never move
 *   fsm.final   nothing leads out of this status any more
 *   fsm.edge    there is no such edge
 *   fsm.reason  the wait reason is missing or out of place
 *   fsm.guard   only integrity_guard may
 *   fsm.system  only the engine may
 */
struct fsm_verdict {
    bool ok;
    const char *rule; /* static */
    char why[240];
    char fix[240]; /* empty when ok */
};

#define FSM_ROLE_MAX 128 /* bytes of a role's name */

/* The published table. */
const struct fsm_row *fsm_rows(size_t *count);

/* Names and their meanings; NULL when out of range (and for FSM_REASON_NONE). Static strings. */
const char *fsm_type_name(int type);
const char *fsm_status_name(int status);
const char *fsm_reason_name(int reason);
const char *fsm_type_meaning(int type);
const char *fsm_status_meaning(int status);
const char *fsm_reason_meaning(int reason);

/* The enum of a name (exact bytes), or -1. */
int fsm_type_of(const char *name, size_t len);
int fsm_status_of(const char *name, size_t len);
enum fsm_who fsm_who_of(const char *role, size_t len);

/* True for the two statuses that are a wait. */
bool fsm_is_wait(enum fsm_status status);

struct fsm_text {
    const char *data;
    size_t len;
};

/* Asks the table: fills *verdict, returns verdict->ok. `reason` may be NULL. Checks in this order:
 * names (an unknown one is refused with the list of known ones), type, edge, reason, role. */
bool fsm_check(struct fsm_text type, struct fsm_text from, struct fsm_text to, struct fsm_text role,
               const struct fsm_text *reason, struct fsm_verdict *verdict);

#endif
