/* test_fsm.c: a walk over all (type, from, to, role, reason) against the law written down a second
 * time, independently of the rows, as the issue and the reference state it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/fsm.h"

/* "type from to": who. Everything that is not listed is refused. */
static const struct {
    const char *type, *from, *to, *who; /* who: any, guard, system */
} law[] = {
    {"issue", "ready", "in_progress", "any"},
    {"issue", "ready", "canceled", "any"},
    {"issue", "ready", "blocked", "system"},
    {"issue", "in_progress", "blocked", "any"},
    {"issue", "in_progress", "waiting_for_developer", "any"},
    {"issue", "in_progress", "ready_for_testing", "any"},
    {"issue", "in_progress", "code_review", "any"},
    {"issue", "in_progress", "canceled", "any"},
    {"issue", "in_progress", "ready", "system"},
    {"issue", "blocked", "in_progress", "any"},
    {"issue", "blocked", "canceled", "any"},
    {"issue", "blocked", "ready", "system"},
    {"issue", "blocked", "code_review", "system"},
    {"issue", "blocked", "ready_for_testing", "system"},
    {"issue", "waiting_for_developer", "in_progress", "any"},
    {"issue", "waiting_for_developer", "canceled", "any"},
    {"issue", "waiting_for_developer", "ready", "system"},
    {"issue", "ready_for_testing", "code_review", "any"},
    {"issue", "ready_for_testing", "in_progress", "any"},
    {"issue", "ready_for_testing", "canceled", "any"},
    {"issue", "ready_for_testing", "blocked", "system"},
    {"issue", "code_review", "done", "guard"},
    {"issue", "code_review", "in_progress", "any"},
    {"issue", "code_review", "ready_for_testing", "any"},
    {"issue", "code_review", "blocked", "system"},
    {"issue", "code_review", "canceled", "system"},
    {"issue", "done", "archived", "system"},
    {"issue", "canceled", "archived", "system"},
    {"epic", "ready", "in_progress", "any"},
    {"epic", "ready", "canceled", "any"},
    {"epic", "in_progress", "code_review", "any"},
    {"epic", "in_progress", "done", "any"},
    {"epic", "in_progress", "canceled", "any"},
    {"epic", "code_review", "done", "any"},
    {"epic", "code_review", "in_progress", "any"},
    {"epic", "done", "archived", "system"},
    {"epic", "canceled", "archived", "system"},
    {"rock", "ready", "in_progress", "any"},
    {"rock", "ready", "canceled", "any"},
    {"rock", "in_progress", "done", "any"},
    {"rock", "in_progress", "canceled", "any"},
    {"rock", "done", "archived", "system"},
    {"rock", "canceled", "archived", "system"},
    {"plan", "ready", "in_progress", "any"},
    {"plan", "ready", "canceled", "any"},
    {"plan", "ready", "blocked", "system"},
    {"plan", "in_progress", "ready", "system"},
    {"plan", "in_progress", "blocked", "any"},
    {"plan", "in_progress", "waiting_for_developer", "any"},
    {"plan", "in_progress", "done", "system"},
    {"plan", "in_progress", "canceled", "any"},
    {"plan", "blocked", "ready", "system"},
    {"plan", "blocked", "in_progress", "any"},
    {"plan", "blocked", "canceled", "any"},
    {"plan", "waiting_for_developer", "ready", "system"},
    {"plan", "waiting_for_developer", "in_progress", "any"},
    {"plan", "waiting_for_developer", "canceled", "any"},
    {"plan", "done", "archived", "system"},
    {"plan", "canceled", "archived", "system"},
};

static const char *const types[] = {"rock", "epic", "issue", "plan", "utility", "app"};
static const char *const statuses[] = {
    "ready", "in_progress", "blocked", "waiting_for_developer", "ready_for_testing", "code_review",
    "done",  "canceled",    "archived"};
static const char *const roles[] = {
    "system", "human", "integrity_guard", "coder", "System", "integrity_guard ", "Integrity_Guard"};
static const char *const reasons[] = {NULL,    "resource", "dependency", "review",
                                      "input", "system",   "",           "because"};

static struct fsm_text text(const char *s)
{
    return (struct fsm_text){s, s ? strlen(s) : 0};
}

static const char *who_may(const char *type, const char *from, const char *to)
{
    for (size_t i = 0; i < COUNT_OF(law); i++)
        if (!strcmp(law[i].type, type) && !strcmp(law[i].from, from) && !strcmp(law[i].to, to))
            return law[i].who;
    return NULL;
}

static bool expected(const char *type, const char *from, const char *to, const char *role,
                     size_t reason)
{
    const char *who = who_may(type, from, to);
    bool waits = !strcmp(to, "blocked") || !strcmp(to, "waiting_for_developer");
    if (!who || waits != (reason >= 1 && reason <= 5) || reason > 5)
        return false;
    if (!strcmp(who, "guard"))
        return !strcmp(role, "integrity_guard");
    return !strcmp(who, "any") || !strcmp(role, "system");
}

static void test_walk(void **state)
{
    (void)state;
    size_t allowed = 0;
    for (size_t t = 0; t < COUNT_OF(types); t++)
        for (size_t f = 0; f < COUNT_OF(statuses); f++)
            for (size_t g = 0; g < COUNT_OF(statuses); g++)
                for (size_t r = 0; r < COUNT_OF(roles); r++)
                    for (size_t w = 0; w < COUNT_OF(reasons); w++) {
                        struct fsm_verdict v;
                        struct fsm_text reason = text(reasons[w]);
                        bool ok = fsm_check(text(types[t]), text(statuses[f]), text(statuses[g]),
                                            text(roles[r]), reasons[w] ? &reason : NULL, &v);
                        if (ok != expected(types[t], statuses[f], statuses[g], roles[r], w))
                            fail_msg("%s %s -> %s by '%s' reason %s: %s", types[t], statuses[f],
                                     statuses[g], roles[r], reasons[w] ? reasons[w] : "-", v.why);
                        assert_int_equal(ok, v.ok);
                        assert_true(v.why[0] != '\0');
                        assert_true(ok == (v.fix[0] == '\0'));
                        allowed += ok;
                    }
    assert_true(allowed > 0);
}

static void test_every_row_is_one_edge(void **state)
{
    (void)state;
    size_t count, edges = 0;
    const struct fsm_row *rows = fsm_rows(&count);
    for (size_t i = 0; i < count; i++)
        for (int t = 0; t < FSM_TYPE_COUNT; t++)
            if (rows[i].types & 1 << t) {
                edges++;
                assert_non_null(who_may(fsm_type_name(t), fsm_status_name(rows[i].from),
                                        fsm_status_name(rows[i].to)));
            }
    assert_int_equal(edges, COUNT_OF(law)); // so no row hides behind another
}

static void test_rules(void **state)
{
    (void)state;
    static const struct {
        const char *type, *from, *to, *role, *reason, *rule, *fix;
    } rows[] = {
        {"issue", "ready", "in_progress", "coder", NULL, "fsm.allow", ""},
        {"issue", "ready", "done", "coder", NULL, "fsm.edge", "in_progress, canceled"},
        {"issue", "ready", "ready", "coder", NULL, "fsm.edge", "in_progress, canceled"},
        {"issue", "code_review", "done", "coder", NULL, "fsm.guard", "integrity_guard"},
        {"issue", "code_review", "done", "human", NULL, "fsm.guard", "integrity_guard"},
        {"issue", "code_review", "done", "system", NULL, "fsm.guard", "integrity_guard"},
        {"issue", "code_review", "canceled", "human", NULL, "fsm.system", "in_progress"},
        {"issue", "in_progress", "blocked", "coder", NULL, "fsm.reason", "resource, dependency"},
        {"issue", "in_progress", "blocked", "coder", "lunch", "fsm.name", "resource, dependency"},
        {"issue", "in_progress", "code_review", "coder", "review", "fsm.reason", "leave"},
        {"issue", "done", "in_progress", "human", NULL, "fsm.final", "new card"},
        {"issue", "archived", "ready", "system", NULL, "fsm.final", "new card"},
        {"app", "ready", "in_progress", "system", NULL, "fsm.type", "issue"},
        {"story", "ready", "in_progress", "coder", NULL, "fsm.name", "rock, epic, issue"},
        {"issue", "READY", "in_progress", "coder", NULL, "fsm.name", "archived"},
        {"issue", "ready", "in_progress", "", NULL, "fsm.name", "role"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fsm_verdict v;
        struct fsm_text reason = text(rows[i].reason);
        fsm_check(text(rows[i].type), text(rows[i].from), text(rows[i].to), text(rows[i].role),
                  rows[i].reason ? &reason : NULL, &v);
        assert_string_equal(v.rule, rows[i].rule);
        assert_non_null(strstr(v.fix, rows[i].fix));
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < FSM_STATUS_COUNT; i++)
        assert_int_equal(fsm_status_of(fsm_status_name(i), strlen(fsm_status_name(i))), i);
    assert_int_equal(fsm_status_of("done\0", 5), -1);
    assert_int_equal(fsm_status_of("don", 3), -1);
    assert_null(fsm_status_name(-1));
    assert_null(fsm_status_name(FSM_STATUS_COUNT));
    assert_null(fsm_reason_name(FSM_REASON_NONE));
    char role[FSM_ROLE_MAX + 1];
    memset(role, 'a', sizeof role);
    struct fsm_verdict v;
    assert_true(fsm_check(text("issue"), text("ready"), text("in_progress"),
                          (struct fsm_text){role, FSM_ROLE_MAX}, NULL, &v));
    assert_false(fsm_check(text("issue"), text("ready"), text("in_progress"),
                           (struct fsm_text){role, FSM_ROLE_MAX + 1}, NULL, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_every_row_is_one_edge),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("fsm", tests, NULL, NULL);
}
