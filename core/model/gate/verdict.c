/* verdict.c: the gate's own rules by name, and verdicts: how one of them reads. */
#include <stdarg.h>
#include <string.h>

#include "base/text/utf8.h"
#include "model/gate/impl.h"

static const struct {
    const char *id, *refuses;
} rules[GATE_RULE_COUNT] = {
#define X(name, id, refuses) {id, refuses},
    GATE_RULES(X)
#undef X
};

const char *gate_rule_name(enum gate_rule_id id)
{
    return rules[id].id;
}

const char *gate_rule_text(enum gate_rule_id id)
{
    return rules[id].refuses;
}

/* Texts of the caller may be cut inside a character or be no UTF-8 at all; a verdict always is. */
static void keep_utf8(char *text)
{
    if (utf8_valid(text, strlen(text)))
        return;
    for (; *text; text++)
        if (*text & 0x80)
            *text = '?';
}

bool gate_deny(struct gate_case *c, enum gate_rule_id rule, const char *fix, const char *fmt, ...)
{
    struct gate_verdict *v = c->verdict;
    v->decision = GATE_DECISION_DENY;
    v->rule = rules[rule].id;
    va_list args;
    va_start(args, fmt);
    vsnprintf(v->why, sizeof v->why, fmt, args);
    va_end(args);
    keep_utf8(v->why);
    snprintf(v->fix, sizeof v->fix, "%s", fix);
    utf8_clean(v->fix, sizeof v->fix);
    v->where[0] = '\0';
    return false;
}

bool gate_deny_at(struct gate_case *c, const char *where)
{
    snprintf(c->verdict->where, sizeof c->verdict->where, "%s", where ? where : "");
    utf8_clean(c->verdict->where, sizeof c->verdict->where);
    return false;
}

void gate_ask(struct gate_case *c, enum gate_rule_id rule, const char *fix, const char *why)
{
    gate_deny(c, rule, fix, "%s", why);
    c->verdict->decision = GATE_DECISION_ASK;
}

void gate_clear(struct gate_verdict *verdict)
{
    verdict->decision = GATE_DECISION_ALLOW;
    verdict->rule = rules[GATE_ALLOW].id;
    verdict->why[0] = verdict->fix[0] = verdict->where[0] = '\0';
}
