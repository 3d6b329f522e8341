/* secret.c: each key is one allocation of libsodium: locked against swapping where the limit
 * allows, between guard pages, wiped when freed. */
#include "io/keys/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "io/auth/jwt.h"
#include "io/keys/header_list.h"
#include "io/keys/spelling.h"

struct secret {
    struct secret *next;
    struct secret *with; /* counted: the next header of a list */
    unsigned refs;       /* one is the store's */
    char name[SECRET_NAME_MAX + 1];
    char *origin; /* owned, or NULL */
    char *line;   /* sodium_malloc; of a user's key the bare value stands behind its end */
    size_t value; /* where the bare value begins in it */
    bool hidden;  /* long enough to be looked for in replies */
    struct spelling spelling;
    char *spelled; /* sodium_malloc: the room of its spelling */
};

struct secrets {
    struct secret *first;
    size_t count;
    struct spelling_filter filter; /* of all that are hidden */
};

struct secrets *secrets_open(void)
{
    return sodium_init() < 0 ? NULL : calloc(1, sizeof(struct secrets));
}

void secret_release(struct secret *secret)
{
    if (!secret || --secret->refs)
        return;
    secret_release(secret->with); // SECRET_LIST_MAX deep
    sodium_free(secret->line);
    sodium_free(secret->spelled);
    free(secret->origin);
    free(secret);
}

void secrets_close(struct secrets *secrets)
{
    if (!secrets)
        return;
    while (secrets->first) {
        struct secret *secret = secrets->first;
        secrets->first = secret->next;
        secret_release(secret);
    }
    free(secrets);
}

static bool is_token(const char *text, size_t max)
{
    size_t len = strlen(text);
    if (len == 0 || len > max)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i]))
            return false;
    return true;
}

static int unreadable(const char *name, int error, struct err *err)
{
    if (error != ENOENT)
        return err_os(err, error, "the file of key '%s' cannot be read", name);
    return err_set(err, ERR_NOT_FOUND, "the file of key '%s' cannot be read: %s", name,
                   strerror(error));
}

/* Reads at most SECRET_VALUE_MAX + 1 bytes of a regular file into value. */
static int read_file(const char *name, const char *path, char *value, size_t *len, struct err *err)
{
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st))
        return unreadable(name, errno, err);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_IO, "the file of key '%s' is no regular file", name);
    for (*len = 0; *len <= SECRET_VALUE_MAX;) {
        ssize_t n = read(fd, value + *len, SECRET_VALUE_MAX + 1 - *len);
        if (n < 0 && errno != EINTR)
            return unreadable(name, errno, err);
        if (n == 0)
            break;
        *len += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int read_env(const char *name, const char *env, char *value, size_t *len, struct err *err)
{
    const char *text = getenv(env);
    if (!text) {
        err_set(err, ERR_NOT_FOUND, "key '%s': the environment variable %s is not set", name, env);
        err_fix(err, "export %s=... before starting orket", env);
        return ERR_NOT_FOUND;
    }
    *len = strnlen(text, SECRET_VALUE_MAX + 1);
    memcpy(value, text, *len);
    return 0;
}

/* Cuts blanks off and checks that a header may carry the rest. */
static int clean(const char *name, char *value, size_t *len, struct err *err)
{
    size_t start = 0;
    if (*len > SECRET_VALUE_MAX)
        return err_set(err, ERR_LIMIT, "key '%s' is over %d bytes", name, SECRET_VALUE_MAX);
    while (*len && isspace((unsigned char)value[*len - 1]))
        --*len;
    while (start < *len && isspace((unsigned char)value[start]))
        start++;
    *len -= start;
    memmove(value, value + start, *len);
    if (*len == 0)
        return err_set(err, ERR_CONFIG, "key '%s' is empty", name);
    for (size_t i = 0; i < *len; i++)
        if (value[i] < 0x21 || value[i] > 0x7E)
            return err_set(err, ERR_CONFIG, "key '%s' has a blank or a control byte inside", name);
    return 0;
}

/* Backslashes do not count: they go with those of a text. */
static size_t letters(const struct secret *secret)
{
    size_t count = 0;
    for (const char *c = secret->line + secret->value; *c; c++)
        count += *c != '\\';
    return count;
}

#define BASIC "Authorization: Basic "

static size_t encoded_size(size_t len)
{
    return sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
}

static size_t line_size(const struct secret_source *source, size_t len)
{
    if (source->user)
        return sizeof BASIC + encoded_size(strlen(source->user) + 1 + len) + len + 1;
    return sizeof "Authorization: Bearer " + (source->header ? strlen(source->header) : 0) + len;
}

/* "Authorization: Basic BASE64(user:value)", a NUL, the value. */
static size_t write_basic(char *line, size_t size, const char *user, const char *value, size_t len)
{
    size_t behind = size - len - 1, at = strlen(user);
    char *plain = sodium_malloc(at + 1 + len);
    if (!plain)
        return 0;
    memcpy(plain, user, at);
    plain[at] = ':';
    memcpy(plain + at + 1, value, len);
    memcpy(line, BASIC, sizeof BASIC);
    sodium_bin2base64(line + sizeof BASIC - 1, encoded_size(at + 1 + len),
                      (const unsigned char *)plain, at + 1 + len, sodium_base64_VARIANT_ORIGINAL);
    sodium_free(plain);
    memcpy(line + behind, value, len);
    line[behind + len] = 0;
    return behind;
}

/* Writes the header and answers where the bare value begins; 0 when out of memory. */
static size_t write_line(char *line, size_t size, const struct secret_source *source,
                         const char *value, size_t len)
{
    if (source->user)
        return write_basic(line, size, source->user, value, len);
    const char *header = source->header ? source->header : "Authorization";
    const char *scheme = source->header ? "" : "Bearer ";
    snprintf(line, size, "%s: %s%.*s", header, scheme, (int)len, value);
    return strlen(header) + strlen(": ") + strlen(scheme);
}

static struct secret *make(const char *name, const struct secret_source *source, const char *value,
                           size_t len)
{
    size_t size = line_size(source, len);
    struct secret *secret = calloc(1, sizeof *secret);
    if (!secret)
        return NULL;
    secret->refs = 1;
    secret->line = sodium_malloc(size);
    secret->spelled = sodium_malloc(spelling_room(len));
    secret->origin = source->origin ? strdup(source->origin) : NULL;
    if (secret->line)
        secret->value = write_line(secret->line, size, source, value, len);
    if (!secret->value || !secret->spelled || (source->origin && !secret->origin)) {
        secret_release(secret);
        return NULL;
    }
    snprintf(secret->name, sizeof secret->name, "%s", name);
    secret->hidden = letters(secret) >= SECRET_HIDE_MIN;
    spelling_make(&secret->spelling, value, len, secret->spelled);
    return secret;
}

static struct secret **find(struct secrets *secrets, const char *name)
{
    struct secret **at = &secrets->first;
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

static int put(struct secrets *secrets, struct secret *secret, const char *name, struct err *err)
{
    struct secret **at = find(secrets, name);
    struct secret *old = *at;
    if (!old && secrets->count == SECRET_COUNT_MAX) {
        secret_release(secret);
        return err_set(err, ERR_LIMIT, "more than %d keys", SECRET_COUNT_MAX);
    }
    secret->next = old ? old->next : NULL;
    *at = secret;
    secrets->count += !old;
    secret_release(old);
    secrets->filter = (struct spelling_filter){0};
    for (const struct secret *one = secrets->first; one; one = one->next)
        if (one->hidden)
            spelling_mark(&secrets->filter, &one->spelling);
    return 0;
}

/* Each header of a list is a secret of its own, so that its value is looked for in replies; the
 * first one has the list's name and leads to the others. */
static int put_list(struct secrets *secrets, const char *name, char *text, struct err *err)
{
    struct header_pair pair;
    struct secret *before = NULL;
    char part[SECRET_NAME_MAX + 8];
    int more = 0;
    for (int i = 1; (more = header_list_next(&text, &pair)) > 0; i++) {
        const struct secret_source source = {.header = pair.name};
        snprintf(part, sizeof part, i == 1 ? "%s" : "%s.%d", name, i);
        if (i > SECRET_LIST_MAX || !is_token(part, SECRET_NAME_MAX))
            return err_set(err, ERR_LIMIT, "key '%s' has more than %d headers", name,
                           SECRET_LIST_MAX);
        if (!is_token(pair.name, SECRET_NAME_MAX))
            break;
        struct secret *secret = make(part, &source, pair.value, strlen(pair.value));
        int rc = secret ? put(secrets, secret, part, err) : err_set(err, ERR_MEMORY, "no memory");
        if (rc)
            return rc;
        if (before)
            before->with = secret;
        secret->refs += before != NULL;
        before = secret;
    }
    if (more || !before)
        return err_set(err, ERR_CONFIG, "key '%s' is no list of headers: name=value,name=value",
                       name);
    return 0;
}

int secret_define(struct secrets *secrets, const char *name, const struct secret_source *source,
                  struct err *err)
{
    if (!is_token(name, SECRET_NAME_MAX))
        return err_set(err, ERR_USAGE, "a key's name is 1 to %d letters, digits, - _ .",
                       SECRET_NAME_MAX);
    if (!source->env == !source->file)
        return err_set(err, ERR_USAGE, "key '%s' needs either env or file", name);
    if (source->header && !is_token(source->header, SECRET_NAME_MAX))
        return err_set(err, ERR_USAGE, "key '%s': not a header name", name);
    if (source->user && (source->header || !is_token(source->user, SECRET_NAME_MAX)))
        return err_set(err, ERR_USAGE, "key '%s': a user is a name, and has no header", name);
    char value[SECRET_VALUE_MAX + 1];
    size_t len = 0;
    int rc = source->env ? read_env(name, source->env, value, &len, err)
                         : read_file(name, source->file, value, &len, err);
    if (rc == 0 && source->list) {
        value[len < SECRET_VALUE_MAX ? len : SECRET_VALUE_MAX] = '\0';
        rc = len > SECRET_VALUE_MAX
                 ? err_set(err, ERR_LIMIT, "key '%s' is over %d bytes", name, SECRET_VALUE_MAX)
                 : put_list(secrets, name, value, err);
        sodium_memzero(value, sizeof value);
        return rc;
    }
    if (rc == 0)
        rc = clean(name, value, &len, err);
    if (rc == 0) {
        struct secret *secret = make(name, source, value, len);
        rc = secret ? put(secrets, secret, name, err) : err_set(err, ERR_MEMORY, "out of memory");
    }
    sodium_memzero(value, sizeof value);
    return rc;
}

int secret_use(struct secrets *secrets, const char *name, const char *origin, struct secret **out,
               struct err *err)
{
    struct secret *secret = *find(secrets, name);
    if (!secret)
        return err_set(err, ERR_NOT_FOUND, "no key is named '%s'", name);
    if (!secret->origin) { // the first origin that it is used for keeps it
        secret->origin = strdup(origin);
        if (!secret->origin)
            return err_set(err, ERR_MEMORY, "out of memory");
    }
    if (strcmp(secret->origin, origin) != 0) {
        err_set(err, ERR_DENIED, "key '%s' belongs to %s, not to %s", name, secret->origin, origin);
        err_fix(err, "define a key of another name for %s", origin);
        return ERR_DENIED;
    }
    secret->refs++;
    *out = secret;
    return 0;
}

const char *secret_line(const struct secret *secret)
{
    return secret->line;
}

const char *secret_value(const struct secret *secret)
{
    return secret->line + secret->value;
}

int secret_sign(struct secrets *secrets, const char *name, const char *origin, const void *bytes,
                size_t len, char out[SECRET_SIGNATURE_SIZE], struct err *err)
{
    struct secret *secret;
    uint8_t mac[HMAC_SIZE];
    int rc = secret_use(secrets, name, origin, &secret, err);
    if (rc)
        return rc;
    struct jwt_secret key = {secret_value(secret), strlen(secret_value(secret))};
    hmac_sign(mac, bytes, len, &key);
    secret_release(secret);
    sodium_bin2hex(out, SECRET_SIGNATURE_SIZE, mac, sizeof mac);
    return 0;
}

const struct secret *secret_next(const struct secret *secret)
{
    return secret->with;
}

static void hide_all(const char *value, char *text, size_t len)
{
    size_t value_len = strlen(value);
    char *end = text + len, *at = text;
    while (at < end && (at = memmem(at, (size_t)(end - at), value, value_len))) {
        memset(at, '*', value_len);
        at += value_len;
    }
}

void secret_hide(const struct secret *secret, char *text, size_t len)
{
    if (!secret)
        return;
    hide_all(secret->line + secret->value, text, len);
    if (secret->value > strlen(secret->line)) // with a user's name, as it is sent
        hide_all(secret->line + sizeof BASIC - 1, text, len);
    secrets_hide(NULL, secret, text, len, true); // in its other spellings
}

/* ---- values in replies ---- */

/* What is looked for: the values of a list, and one that may not be in it any more. */
struct wanted {
    const struct secret *first, *also;
    const struct spelling_filter *filter;
    struct spelling_filter own; /* when there is such a one */
};

/* False: there is nothing to look for. */
static bool want(struct wanted *wanted, const struct secrets *secrets, const struct secret *also)
{
    static const struct spelling_filter nothing;
    wanted->first = secrets ? secrets->first : NULL;
    wanted->filter = secrets ? &secrets->filter : &nothing;
    for (const struct secret *one = wanted->first; also && one; one = one->next)
        if (one == also)
            also = NULL;
    wanted->also = also && also->hidden ? also : NULL;
    if (!wanted->also)
        return wanted->first != NULL;
    wanted->own = *wanted->filter;
    spelling_mark(&wanted->own, &also->spelling);
    wanted->filter = &wanted->own;
    return true;
}

static size_t match(const struct wanted *wanted, const char *text, size_t len, bool last)
{
    const struct secret *also = wanted->also;
    size_t longest = also ? spelling_match(&also->spelling, text, len, last) : 0;
    for (const struct secret *one = wanted->first; one; one = one->next) {
        size_t n = one->hidden ? spelling_match(&one->spelling, text, len, last) : 0;
        longest = n > longest ? n : longest;
    }
    return longest;
}

size_t secrets_hide(const struct secrets *secrets, const struct secret *also, char *text,
                    size_t len, bool last)
{
    struct wanted wanted;
    if (!want(&wanted, secrets, also))
        return len;
    for (size_t i = 0; (i = spelling_next(wanted.filter, text, i, len)) < len; i++) {
        size_t n = match(&wanted, text + i, len - i, last);
        if (n > len - i)
            return i;
        if (n) {
            memset(text + i, '*', n);
            i += n - 1;
        }
    }
    return len;
}

bool secrets_find(const struct secrets *secrets, const char *text, size_t len)
{
    struct wanted wanted;
    if (!want(&wanted, secrets, NULL))
        return false;
    for (size_t i = 0; (i = spelling_next(wanted.filter, text, i, len)) < len; i++)
        if (match(&wanted, text + i, len - i, true))
            return true;
    return false;
}
