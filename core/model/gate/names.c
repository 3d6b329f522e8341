/* names.c: names: the lookup table of tools and roles, and the names no path may go through. */
#include <string.h>

#include "base/text/utf8.h"
#include "model/gate/impl.h"

static uint32_t hash_name(const char *text, size_t len)
{
    uint32_t hash = 2166136261u; /* FNV-1a; the table is fixed, so nobody can make it degenerate */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return hash;
}

int gate_names_init(struct gate_names *names, size_t capacity)
{
    size_t slots = 8;
    while (slots < capacity * 2)
        slots *= 2;
    names->slots = calloc(slots, sizeof *names->slots);
    names->names = calloc(capacity + 1, sizeof *names->names);
    names->mask = slots - 1;
    return names->slots && names->names ? 0 : ERR_MEMORY;
}

void gate_names_clear(struct gate_names *names)
{
    free(names->slots);
    free(names->names);
    *names = (struct gate_names){0};
}

void gate_name_add(struct gate_names *names, const char *text, size_t len)
{
    uint32_t hash = hash_name(text, len);
    size_t at = hash & names->mask;
    while (names->slots[at].number)
        at = (at + 1) & names->mask;
    names->names[names->count++] = (struct gate_name){text, len};
    names->slots[at] = (struct gate_slot){hash, (uint32_t)names->count};
}

size_t gate_name_find(const struct gate_names *names, const char *text, size_t len)
{
    uint32_t hash = hash_name(text, len);
    for (size_t at = hash & names->mask; names->slots[at].number; at = (at + 1) & names->mask) {
        const struct gate_slot *slot = &names->slots[at];
        const struct gate_name *name = &names->names[slot->number - 1];
        if (slot->hash == hash && name->len == len && memcmp(name->text, text, len) == 0)
            return slot->number - 1;
    }
    return GATE_NO_NAME;
}

bool gate_is_tool_name(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.';
        if (!is_word)
            return false;
    }
    return len > 0 && len <= GATE_TOOL_NAME_MAX;
}

/* ---- names no path may go through ---- */

#define OWN         "a name of the engine's own"
#define REPOSITORY  "the repository's own data"
#define ENVIRONMENT "an environment file, where secrets are kept"
#define CREDENTIALS "a place of credentials"
#define KEY         "a private key or a key store"
#define SECRET      "a file of secrets"

/* By first character: what begins with a dot, and the rest. */
static const struct gate_name_row dotted[] = {
    GATE_ROW(GATE_BEGINS, ".orket", OWN),
    GATE_ROW(GATE_WHOLE, ".git", REPOSITORY),
    GATE_ROW(GATE_WHOLE, ".gitmodules", REPOSITORY),
    GATE_ROW(GATE_WHOLE, ".gitconfig", REPOSITORY),
    GATE_ROW(GATE_WHOLE, ".hg", REPOSITORY),
    GATE_ROW(GATE_WHOLE, ".svn", REPOSITORY),
    GATE_ROW(GATE_WHOLE, ".env", ENVIRONMENT),
    GATE_ROW(GATE_BEGINS, ".env.", ENVIRONMENT),
    GATE_ROW(GATE_BEGINS, ".env-", ENVIRONMENT),
    GATE_ROW(GATE_BEGINS, ".env_", ENVIRONMENT),
    GATE_ROW(GATE_WHOLE, ".envrc", ENVIRONMENT),
    GATE_ROW(GATE_WHOLE, ".netrc", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".pgpass", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".my.cnf", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".boto", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".s3cfg", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".vault-token", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".dockercfg", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".npmrc", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".pypirc", CREDENTIALS),
    GATE_ROW(GATE_BEGINS, ".htpasswd", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".ssh", KEY),
    GATE_ROW(GATE_WHOLE, ".gnupg", KEY),
    GATE_ROW(GATE_WHOLE, ".aws", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".azure", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".kube", CREDENTIALS),
    GATE_ROW(GATE_WHOLE, ".docker", CREDENTIALS),
    GATE_ROW(GATE_BEGINS, ".secret", SECRET),
    GATE_ROW(GATE_BEGINS, ".password", SECRET),
};

static const struct gate_name_row plain[] = {
    GATE_ROW(GATE_BEGINS, "id_rsa", KEY),           GATE_ROW(GATE_BEGINS, "id_dsa", KEY),
    GATE_ROW(GATE_BEGINS, "id_ecdsa", KEY),         GATE_ROW(GATE_BEGINS, "id_ed25519", KEY),
    GATE_ROW(GATE_BEGINS, "id_xmss", KEY),          GATE_ROW(GATE_WHOLE, "git~1", REPOSITORY),
    GATE_ROW(GATE_WHOLE, "_netrc", CREDENTIALS),    GATE_ROW(GATE_WHOLE, "kubeconfig", CREDENTIALS),
    GATE_ROW(GATE_BEGINS, "client_secret", SECRET), GATE_ROW(GATE_WHOLE, "secret", SECRET),
    GATE_ROW(GATE_WHOLE, "secrets", SECRET),        GATE_ROW(GATE_BEGINS, "secret.", SECRET),
    GATE_ROW(GATE_BEGINS, "secrets.", SECRET),      GATE_ROW(GATE_WHOLE, "password", SECRET),
    GATE_ROW(GATE_WHOLE, "passwords", SECRET),      GATE_ROW(GATE_BEGINS, "password.", SECRET),
    GATE_ROW(GATE_BEGINS, "passwords.", SECRET),
};

static const struct gate_name_row endings[] = {
    GATE_ROW(GATE_ENDS, ".env", ENVIRONMENT), GATE_ROW(GATE_ENDS, ".pem", KEY),
    GATE_ROW(GATE_ENDS, ".key", KEY),         GATE_ROW(GATE_ENDS, ".p12", KEY),
    GATE_ROW(GATE_ENDS, ".pfx", KEY),         GATE_ROW(GATE_ENDS, ".jks", KEY),
    GATE_ROW(GATE_ENDS, ".keystore", KEY),    GATE_ROW(GATE_ENDS, ".kdbx", KEY),
    GATE_ROW(GATE_ENDS, ".ppk", KEY),         GATE_ROW(GATE_ENDS, ".p8", KEY),
    GATE_ROW(GATE_ENDS, ".pk8", KEY),         GATE_ROW(GATE_ENDS, ".keytab", KEY),
};

static const struct gate_name_row anywhere[] = {
    GATE_ROW(GATE_HOLDS, "credential", CREDENTIALS),
};

static bool fits(const struct gate_name_row *row, const char *word, size_t len)
{
    size_t want = row->len;
    if (len < want)
        return false;
    switch (row->place) {
    case GATE_WHOLE:
        return len == want && memcmp(word, row->text, want) == 0;
    case GATE_BEGINS:
        return memcmp(word, row->text, want) == 0;
    case GATE_ENDS:
        return memcmp(word + len - want, row->text, want) == 0;
    case GATE_HOLDS:
        return memmem(word, len, row->text, want) != NULL;
    }
    return false;
}

/* Most rows are told apart by their first two characters; each has at least as many. */
static bool may_fit(const struct gate_name_row *row, const char *word, size_t len)
{
    return row->place == GATE_ENDS || row->place == GATE_HOLDS ||
           (len >= 2 && word[0] == row->text[0] && word[1] == row->text[1]);
}

const char *gate_find_row(const struct gate_name_row *rows, size_t count, const char *word,
                          size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (may_fit(&rows[i], word, len) && fits(&rows[i], word, len))
            return rows[i].what;
    return NULL;
}

static const char *find_at_start(const char *word, size_t len)
{
    return word[0] == '.' ? gate_find_row(dotted, COUNT_OF(dotted), word, len)
                          : gate_find_row(plain, COUNT_OF(plain), word, len);
}

/* Characters that some system or reader sees as nothing, as a blank, or as some of ASCII. */
static const struct {
    uint32_t from, to;
    const char *as; /* no longer than the character itself */
} alike[] = {
    {0xA0, 0xA0, " "},       {0xAD, 0xAD, ""},       {0xDF, 0xDF, "ss"},
    {0x17F, 0x17F, "s"},     {0x34F, 0x34F, ""},     {0x61C, 0x61C, ""},
    {0x115F, 0x1160, ""},    {0x17B4, 0x17B5, ""},   {0x180B, 0x180F, ""},
    {0x1E9E, 0x1E9E, "ss"},  {0x2000, 0x200A, " "},  {0x200B, 0x200F, ""},
    {0x2024, 0x2024, "."},   {0x2028, 0x2029, " "},  {0x202A, 0x202E, ""},
    {0x202F, 0x202F, " "},   {0x205F, 0x205F, " "},  {0x2060, 0x206F, ""},
    {0x212A, 0x212A, "k"},   {0x3000, 0x3000, " "},  {0xFB00, 0xFB00, "ff"},
    {0xFB01, 0xFB01, "fi"},  {0xFB02, 0xFB02, "fl"}, {0xFB03, 0xFB03, "ffi"},
    {0xFB04, 0xFB04, "ffl"}, {0xFB05, 0xFB06, "st"}, {0xFE00, 0xFE0F, ""},
    {0xFE52, 0xFE52, "."},   {0xFEFF, 0xFEFF, ""},   {0xE0000, 0xE0FFF, ""},
};

#define WIDE_FROM 0xFF01u /* the whole of ASCII once more, in full width */
#define WIDE_TO   0xFF5Eu

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
}

static uint32_t code_of(const char *text, size_t size)
{
    uint32_t code = (uint8_t)*text & (0xFFu >> (size + 1));
    for (size_t i = 1; i < size; i++)
        code = code << 6 | ((uint8_t)text[i] & 0x3F);
    return code;
}

static size_t put_text(char *out, const char *text)
{
    size_t len = strlen(text);
    memcpy(out, text, len);
    return len;
}

/* One that is no ASCII into out: bytes taken; *put tells how many came of it. */
static size_t fold_wide(const char *text, size_t len, char *out, size_t *put)
{
    size_t size = utf8_sequence(text, len);
    uint32_t code = size > 1 ? code_of(text, size) : 0;
    *put = 1;
    *out = *text;
    if (code >= WIDE_FROM && code <= WIDE_TO)
        return *out = lower((char)(code - WIDE_FROM + '!')), size;
    for (size_t i = 0; i < COUNT_OF(alike); i++)
        if (code >= alike[i].from && code <= alike[i].to)
            return *put = put_text(out, alike[i].as), size;
    return 1;
}

static size_t without(const char *word, size_t len, const char *ending)
{
    size_t tail = strlen(ending);
    return len > tail && memcmp(word + len - tail, ending, tail) == 0 ? len - tail : len;
}

size_t gate_fold_name(const char *text, size_t len, char *word)
{
    size_t count = 0, put;
    for (size_t i = 0; i < len && text[i] != ':';) {
        if ((uint8_t)text[i] >= 0x80) {
            i += fold_wide(text + i, len - i, word + count, &put);
            count += put;
        } else {
            word[count++] = lower(text[i++]);
        }
    }
    return count;
}

size_t gate_fold_component(const char *text, size_t len, char *word)
{
    size_t count = gate_fold_name(text, len, word);
    count = without(word, without(word, without(word, count, "~"), ".bak"), ".old");
    while (count && (word[count - 1] == '.' || word[count - 1] == ' '))
        count--;
    return count;
}

/* Most names begin and end like none of the rows, and are short. */
static bool is_ordinary(const char *text, size_t len)
{
    return len < strlen("credential") && !memchr("._cgikpsCGIKPS", text[0], 14) &&
           !memchr(". ~28bdekmsvxyBDEKMSVXY", text[len - 1], 23);
}

static const char *forbidden_component(const char *text, size_t len, bool odd)
{
    char word[256];
    if (len == 0 || (!odd && is_ordinary(text, len)))
        return NULL;
    if (len >= sizeof word)
        return "a component that is too long";
    len = gate_fold_component(text, len, word);
    if (len == 0)
        return NULL;
    const char *what = memchr("._cgikps", word[0], 8) ? find_at_start(word, len) : NULL;
    if (!what && memchr("28bekmsvxy", word[len - 1], 10))
        what = gate_find_row(endings, COUNT_OF(endings), word, len);
    if (!what && len >= strlen("credential"))
        what = gate_find_row(anywhere, COUNT_OF(anywhere), word, len);
    return what;
}

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

static bool is_odd(char c)
{
    return (uint8_t)c >= 0x80 || c == ':';
}

const char *gate_forbidden(const char *name, size_t len)
{
    const char *end = name + len;
    while (name < end) {
        const char *stop = name;
        bool odd = false;
        for (; stop < end && !is_slash(*stop); stop++)
            odd |= is_odd(*stop);
        const char *what = forbidden_component(name, (size_t)(stop - name), odd);
        if (what)
            return what;
        name = stop + 1;
    }
    return NULL;
}
