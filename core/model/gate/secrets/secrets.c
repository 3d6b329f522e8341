/* secrets.c: secrets in a text, recognised by their form: tokens that their makers gave a prefix,
 * web tokens, blocks of private keys. One pass over the text, which looks only into runs that are
 * long enough to be one, and no further ahead than one reaches, so that the time it takes is
 * linear. What it answers names the kind and never repeats the secret. */
#include <string.h>

#include "model/gate/impl.h"

#define RUN_MIN 10 /* characters without a break; "-----BEGIN" has as many */

enum set { UPPER = 1, LOWER = 2, DIGIT = 4, LINE = 8, DASH = 16, DOT = 32, SIGN = 64 };

#define ALNUM  (UPPER | LOWER | DIGIT)
#define WORD   (ALNUM | LINE)
#define SLUG   (WORD | DASH)
#define TOKEN  (SLUG | DOT)
#define BASE64 (ALNUM | SIGN)

static const uint8_t sets[256] = {
    ['A' ... 'Z'] = UPPER, ['a' ... 'z'] = LOWER, ['0' ... '9'] = DIGIT, ['_'] = LINE,
    ['-'] = DASH,          ['.'] = DOT,           ['/'] = SIGN,          ['+'] = SIGN,
};

static bool is_in(char c, unsigned set)
{
    return sets[(unsigned char)c] & set;
}

/* A text that is searched. */
struct search {
    const char *from, *end;
    const char *no_token; /* no web token begins before */
};

/* How many characters of the set stand at the beginning. */
static size_t span(const char *text, const char *end, unsigned set)
{
    const char *at = text;
    while (at < end && is_in(*at, set))
        at++;
    return (size_t)(at - text);
}

/* ---- tokens with a prefix ---- */

static const struct form {
    const char *prefix;
    unsigned set;    /* of what follows */
    size_t min, max; /* characters of it; max 0 = any */
    bool digit;      /* it has one: a word of people may not */
    const char *what;
} forms[] = {
    {"AKIA", UPPER | DIGIT, 16, 16, false, "an AWS access key"},
    {"ASIA", UPPER | DIGIT, 16, 16, false, "an AWS access key"},
    {"ABIA", UPPER | DIGIT, 16, 16, false, "an AWS access key"},
    {"ACCA", UPPER | DIGIT, 16, 16, false, "an AWS access key"},
    {"AIza", SLUG, 35, 0, false, "a Google API key"},
    {"GOCSPX-", SLUG, 20, 0, true, "a Google OAuth secret"},
    {"ya29.", SLUG, 30, 0, true, "a Google OAuth token"},
    {"ghp_", ALNUM, 20, 0, false, "a GitHub token"},
    {"gho_", ALNUM, 20, 0, false, "a GitHub token"},
    {"ghu_", ALNUM, 20, 0, false, "a GitHub token"},
    {"ghs_", ALNUM, 20, 0, false, "a GitHub token"},
    {"ghr_", ALNUM, 20, 0, false, "a GitHub token"},
    {"github_pat_", WORD, 20, 0, false, "a GitHub token"},
    {"glpat-", SLUG, 16, 0, false, "a GitLab token"},
    {"glagent-", SLUG, 16, 0, true, "a GitLab token"},
    {"gldt-", SLUG, 16, 0, true, "a GitLab token"},
    {"glptt-", SLUG, 16, 0, true, "a GitLab token"},
    {"glrt-", SLUG, 16, 0, true, "a GitLab token"},
    {"glsoat-", SLUG, 16, 0, true, "a GitLab token"},
    {"xoxa-", ALNUM | DASH, 10, 0, true, "a Slack token"},
    {"xoxb-", ALNUM | DASH, 10, 0, true, "a Slack token"},
    {"xoxc-", ALNUM | DASH, 10, 0, true, "a Slack token"},
    {"xoxd-", ALNUM | DASH, 10, 0, true, "a Slack token"},
    {"xoxe-", ALNUM | DASH, 10, 0, true, "a Slack token"},
    {"xoxp-", ALNUM | DASH, 10, 0, true, "a Slack token"},
    {"xoxr-", ALNUM | DASH, 10, 0, true, "a Slack token"},
    {"xoxs-", ALNUM | DASH, 10, 0, true, "a Slack token"},
    {"xapp-", ALNUM | DASH, 10, 0, true, "a Slack token"},
    {"hooks.slack.com/services/T", ALNUM | SIGN, 20, 0, true, "a Slack webhook"},
    {"sk-admin-", SLUG, 16, 0, true, "an API key of a model provider"},
    {"sk-None-", SLUG, 16, 0, true, "an API key of a model provider"},
    {"sk-proj-", SLUG, 16, 0, true, "an API key of a model provider"},
    {"sk-svcacct-", SLUG, 16, 0, true, "an API key of a model provider"},
    {"sk-ant-", SLUG, 16, 0, true, "an API key of a model provider"},
    {"sk-or-v1-", SLUG, 16, 0, true, "an API key of a model provider"},
    {"sk-", ALNUM, 20, 0, true, "an API key of a model provider"},
    {"gsk_", ALNUM, 40, 0, true, "an API key of a model provider"},
    {"pplx-", ALNUM, 40, 0, true, "an API key of a model provider"},
    {"r8_", ALNUM, 36, 0, true, "an API key of a model provider"},
    {"xai-", ALNUM, 40, 0, true, "an API key of a model provider"},
    {"hf_", ALNUM, 30, 0, false, "a Hugging Face token"},
    {"sk_live_", ALNUM, 16, 0, false, "a Stripe key"},
    {"sk_test_", ALNUM, 16, 0, false, "a Stripe key"},
    {"rk_live_", ALNUM, 16, 0, false, "a Stripe key"},
    {"rk_test_", ALNUM, 16, 0, false, "a Stripe key"},
    {"whsec_", BASE64, 24, 0, true, "a Stripe secret"},
    {"npm_", ALNUM, 30, 0, true, "an npm token"},
    {"pypi-AgE", SLUG, 40, 0, false, "a PyPI token"},
    {"dop_v1_", ALNUM, 32, 0, true, "a DigitalOcean token"},
    {"dckr_pat_", SLUG, 20, 0, true, "a Docker token"},
    {"hvs.", SLUG, 24, 0, true, "a Vault token"},
    {"SG.", TOKEN, 60, 0, true, "a SendGrid key"},
    {"AGE-SECRET-KEY-1", UPPER | DIGIT, 50, 0, true, "an age key"},
    {"AccountKey=", BASE64, 80, 0, true, "an Azure storage key"},
    {"shpat_", ALNUM, 32, 0, true, "a Shopify token"},
    {"ATATT3", SLUG, 100, 0, true, "an Atlassian token"},
    {"dapi", ALNUM, 32, 0, true, "a Databricks token"},
    {"SK", LOWER | DIGIT, 32, 32, true, "a Twilio key"},
};

static bool has_digit(const char *text, size_t len)
{
    while (len && !is_in(text[len - 1], DIGIT))
        len--;
    return len;
}

static bool begins(const char *text, const char *end, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(end - text) >= len && memcmp(text, word, len) == 0;
}

#define FORM_MAX 256 /* characters behind a prefix that matter */

static const char *limit(const char *text, const char *end, size_t max)
{
    return (size_t)(end - text) > max ? text + max : end;
}

static const char *find_form(const char *text, const char *end)
{
    for (const struct form *form = forms; form < forms + COUNT_OF(forms); form++) {
        if (*form->prefix != *text || !begins(text, end, form->prefix))
            continue;
        const char *body = text + strlen(form->prefix);
        size_t len = span(body, limit(body, end, FORM_MAX), form->set);
        if (len >= form->min && (!form->max || len <= form->max) &&
            (!form->digit || has_digit(body, len)))
            return form->what;
    }
    return NULL;
}

/* ---- the others ---- */

/* Three parts; the first two are JSON objects in base64. Words further on in the first part have
 * the same behind them: where this is no token, they are none. */
static const char *find_web_token(struct search *s, const char *text)
{
    if (text < s->no_token || !begins(text, s->end, "eyJ"))
        return NULL;
    const char *dot = s->no_token = text + span(text, s->end, SLUG);
    if (dot - text < 10 || !begins(dot, s->end, ".eyJ"))
        return NULL;
    const char *second = dot + 1 + span(dot + 1, s->end, SLUG);
    bool whole =
        second - dot > 8 && begins(second, s->end, ".") && span(second + 1, s->end, SLUG) >= 8;
    return whole ? "a JSON web token" : NULL;
}

#define BODY_MIN 24 /* characters of a body's line; prose has no such word */
#define GAP_MAX  24 /* between two of its lines, as programs, comments and markup quote them */
#define BODY_FAR 4096 /* from its beginning, with all headers */
#define SHORT    3  /* a run that is punctuation: the n of "\\n", a plus, two slashes, br/ */

/* "Proc-Type: 4,ENCRYPTED": to the end of the line, which may be an escape in a longer one. */
static const char *skip_header(const char *text, const char *end)
{
    while (text < end && *text != '\n' && (*text != '\\' || text + 1 == end || text[1] != 'n'))
        text++;
    return text;
}

/* Whether a line of base64 comes next, behind quotes, signs and headers. Who only speaks of such
 * blocks writes none. */
static bool is_body(const char *text, const char *end)
{
    end = limit(text, end, BODY_FAR);
    for (const char *gap = text; text < end && text - gap <= GAP_MAX;) {
        size_t run = span(text, end, BASE64);
        const char *after = text + span(text, end, SLUG);
        if (run >= BODY_MIN)
            return true;
        if (after > text + SHORT && after < end && *after == ':')
            gap = text = skip_header(after, end);
        else if (run > SHORT)
            return false;
        else
            text += run ? run : 1;
    }
    return false;
}

static const char *find_private_key(const char *text, const char *end)
{
    if (!begins(text, end, "-----BEGIN "))
        return NULL;
    const char *name = text + strlen("-----BEGIN ");
    size_t len = 0;
    while (name + len < end && len < 40 && (is_in(name[len], UPPER | DIGIT) || name[len] == ' '))
        len++;
    if (!memmem(name, len, "PRIVATE KEY", 11) || !begins(name + len, end, "-----"))
        return NULL;
    return is_body(name + len + 5, end) ? "a private key" : NULL;
}

static const char *find_putty_key(const char *text, const char *end)
{
    static const char name[] = "Private-Lines: ";
    if (!begins(text, end, name))
        return NULL;
    const char *number = text + sizeof name - 1, *line = number + span(number, end, DIGIT);
    return line > number && is_body(line, end) ? "a private key" : NULL;
}

/* A bot's number stands before its secret, which begins with AA: 123456789:AA... */
static const char *find_telegram(const char *from, const char *text, const char *end)
{
    const char *number = text - 1;
    while (number > from && is_in(number[-1], DIGIT))
        number--;
    bool is_one = text - number > 8 && text - number < 12 && text[-1] == ':' &&
                  begins(text, end, "AA") && span(text, end, SLUG) == 35;
    return is_one ? "a Telegram bot's token" : NULL;
}

static const char *find_aws_secret(const char *text, const char *end)
{
    static const char *const names[] = {"secret_access_key", "secretaccesskey",
                                        "secret-access-key", "secret_key"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        size_t len = strlen(names[i]);
        if ((size_t)(end - text) < len || strncasecmp(text, names[i], len) != 0)
            continue;
        const char *value = text + len;
        while (value < end && value < text + len + 12 && strchr("\"'\\=:> \t", *value))
            value++;
        size_t run = span(value, limit(value, end, FORM_MAX), BASE64);
        if (run >= 40 && has_digit(value, run))
            return "an AWS secret key";
    }
    return NULL;
}

static const char *find_here(struct search *s, const char *text)
{
    const char *end = s->end;
    switch (*text) {
    case '-':
        return find_private_key(text, end);
    case 'e':
        return find_web_token(s, text);
    case 'P':
        return find_putty_key(text, end);
    case 'S':
    case 's': {
        const char *what = find_form(text, end);
        return what ? what : find_aws_secret(text, end);
    }
    case 'A': {
        const char *what = find_form(text, end);
        return what || text == s->from ? what : find_telegram(s->from, text, end);
    }
    case 'G':
    case 'd':
    case 'g':
    case 'h':
    case 'n':
    case 'p':
    case 'r':
    case 'w':
    case 'x':
    case 'y':
        return find_form(text, end);
    default:
        return NULL;
    }
}

/* A secret begins where a word does; "\n" inside of a quoted text is no part of the word after it.
 */
static bool begins_word(const char *text, const char *run, const char *at)
{
    if (at == run || !is_in(at[-1], ALNUM))
        return true;
    return at == run + 1 && run > text && run[-1] == '\\' && strchr("nrt", *run);
}

/* Where in a run a word may begin next; NULL: the run is over. */
static const char *next_word(const char *at, const char *run, const char *end)
{
    at += at > run ? span(at, end, ALNUM) : 0;
    return at < end && is_in(*at, TOKEN) && ++at < end && is_in(*at, TOKEN) ? at : NULL;
}

const char *gate_find_plain_secret(const char *text, size_t len, size_t *at)
{
    const char *end = text + len, *run = text;
    struct search s = {text, end, text};
    while (end - run >= RUN_MIN) {
        const char *back = run + RUN_MIN;
        while (back > run && is_in(back[-1], TOKEN))
            back--;
        if (back > run) {
            run = back;
            continue;
        }
        const char *last = run;
        for (const char *p = run; p; p = next_word(p, run, end)) {
            const char *what = begins_word(text, run, p) ? find_here(&s, p) : NULL;
            if (what)
                return *at = (size_t)(p - text), what;
            last = p;
        }
        run = last + 1 + span(last + 1, end, ALNUM);
    }
    return NULL;
}

const char *gate_find_secret(const char *text, size_t len, size_t *at)
{
    const char *what = gate_find_plain_secret(text, len, at);
    return what ? what : gate_find_base64_secret(text, len, at);
}

/* ---- the check ---- */

static size_t line_of(const char *text, size_t at)
{
    size_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}

#define SECRET_FIX                                                                                 \
    "leave it out: read it from the environment, or name a file that is not in the tree"

static bool deny_text(struct gate_case *c, const char *name, const char *what, const char *text,
                      size_t at)
{
    return gate_deny(c, GATE_SECRET, SECRET_FIX, "'%.64s' holds %s in line %zu", name, what,
                     line_of(text, at));
}

static bool deny_name(struct gate_case *c, const char *what)
{
    return gate_deny(c, GATE_SECRET, SECRET_FIX, "the name of a field holds %s", what);
}

static bool check_value(struct gate_case *c, const char *name, const struct json *value)
{
    size_t at = 0;
    const char *what =
        value->type == JSON_STRING ? gate_find_secret(value->u.string, value->len, &at) : NULL;
    if (what)
        return deny_text(c, name, what, value->u.string, at);
    for (uint32_t i = 0; value->type == JSON_ARRAY && i < value->len; i++)
        if (!check_value(c, name, &value->u.items[i]))
            return false;
    for (uint32_t i = 0; value->type == JSON_OBJECT && i < value->len; i++) {
        const struct json_member *m = &value->u.members[i];
        if ((what = gate_find_secret(m->key, m->key_len, &at)))
            return deny_name(c, what);
        if (!check_value(c, *name ? name : m->key, &m->value))
            return false;
    }
    return true;
}

bool gate_check_secrets(struct gate_case *c, const struct json *tree)
{
    return check_value(c, "", tree);
}

/* A text that the call's own check has passed. */
static bool was_checked(const struct gate_case *c, const struct json *value)
{
    const struct json *said = c->call->arguments;
    if (value->type != JSON_STRING || !said || said->type != JSON_OBJECT ||
        !c->gate->tool[c->tool].records)
        return false;
    for (uint32_t i = 0; i < said->len; i++) {
        const struct json *text = &said->u.members[i].value;
        if (text->type == JSON_STRING && text->len == value->len &&
            memcmp(text->u.string, value->u.string, value->len) == 0)
            return true;
    }
    return false;
}

bool gate_check_new_secrets(struct gate_case *c, const struct json *fields)
{
    for (uint32_t i = 0; i < fields->len; i++) {
        const struct json_member *m = &fields->u.members[i];
        size_t at;
        const char *what = gate_find_secret(m->key, m->key_len, &at);
        if (what)
            return deny_name(c, what);
        if (!was_checked(c, &m->value) && !check_value(c, m->key, &m->value))
            return false;
    }
    return true;
}

void gate_deny_key(struct gate_verdict *verdict)
{
    struct gate_case c = {.verdict = verdict};
    gate_deny(&c, GATE_SECRET, SECRET_FIX, "it holds a key of this organization");
}
