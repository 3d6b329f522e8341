/* passwords.c: see passwords.h. */
#include "bind/auth/passwords.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <termios.h>

#include "bind/auth/secret.h"
#include "bind/process/pending.h"
#include "io/auth/credential.h"

/* ---- on the pool ---- */

struct hashing {
    uv_work_t work;
    struct pending *pending; /* NULL: its state is closed */
    bool keeps;              /* else it checks */
    char *dir, *text;        /* owned */
    size_t len;
    bool has_id;
    struct credential_id id;
    bool fits;
    int rc;
    struct err err;
};

static void hash(uv_work_t *work)
{
    struct hashing *job = work->data;
    if (job->keeps)
        job->rc = password_keep(job->dir, job->text, job->len, &job->id, &job->err);
    else
        job->rc = password_check(job->dir, job->has_id ? job->id.text : NULL, job->text, job->len,
                                 &job->fits, &job->err);
}

static int push_result(lua_State *L)
{
    const struct hashing *job = lua_touserdata(L, 1);
    if (job->keeps)
        lua_pushstring(L, job->id.text);
    else
        lua_pushboolean(L, job->fits);
    return 1;
}

static void release(struct hashing *job)
{
    if (!job)
        return;
    if (job->text)
        sodium_memzero(job->text, job->len);
    free(job->text);
    free(job->dir);
    free(job);
}

static void hashed(uv_work_t *work, int status)
{
    struct hashing *job = work->data;
    if (status && !job->rc)
        job->rc = err_set(&job->err, ERR_CANCELED, "the password was not looked at");
    if (job->pending)
        pending_end(job->pending, push_result, job->rc ? NULL : job, &job->err);
    release(job);
}

static void abandon(void *what)
{
    ((struct hashing *)what)->pending = NULL;
}

static struct hashing *new_job(const char *dir, const struct secret_text *password)
{
    struct hashing *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->work.data = job;
    job->dir = strdup(dir);
    job->text = malloc(password->len + 1);
    if (!job->dir || !job->text) {
        release(job);
        return NULL;
    }
    memcpy(job->text, password->text, password->len);
    job->len = password->len;
    return job;
}

/* Takes the job, or releases it: nothing that may raise runs while it is held. */
static int start(lua_State *L, struct pending *pending, struct hashing *job)
{
    if (!job || uv_queue_work(pending->bind->loop, &job->work, hash, hashed)) {
        pending_drop(pending);
        release(job);
        return luaL_error(L, "out of memory");
    }
    job->pending = pending;
    pending->what = job;
    return 0;
}

/* auth.keep_password(dir, password, done: fun(id|nil, message?, code?, fix?)): hashes it (Argon2id)
 * and keeps it in dir/people/ under a new id */
int l_keep_password(lua_State *L)
{
    const char *dir = luaL_checkstring(L, 1);
    const struct secret_text *password = secret_text_check(L, 2);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    struct pending *pending = pending_new(L, 3, abandon);
    struct hashing *job = new_job(dir, password);
    if (job)
        job->keeps = true;
    return start(L, pending, job);
}

/* auth.check_password(dir, id|nil, password, done: fun(fits: boolean|nil, message?, code?, fix?));
 * without an id it takes as long, and none fits */
int l_check_password(lua_State *L)
{
    size_t len;
    const char *dir = luaL_checkstring(L, 1), *id = luaL_optlstring(L, 2, NULL, &len);
    const struct secret_text *password = secret_text_check(L, 3);
    luaL_checktype(L, 4, LUA_TFUNCTION);
    luaL_argcheck(L, !id || credential_is_id(id, len), 2, "no id of a password");
    struct pending *pending = pending_new(L, 4, abandon);
    struct hashing *job = new_job(dir, password);
    if (job && id) {
        job->has_id = true;
        memcpy(job->id.text, id, CREDENTIAL_ID);
    }
    return start(L, pending, job);
}

/* ---- from a terminal ---- */

#define INTERRUPT '\3' /* ^C: no signal meanwhile, which would leave the terminal silent */

/* A line of at most PASSWORD_MAX bytes, with LF or CR LF; a longer one is none, and one that ^C
 * ends. */
static bool read_line(FILE *in, char *text, size_t *len)
{
    int c;
    *len = 0;
    while ((c = getc(in)) != EOF && c != '\n' && c != INTERRUPT)
        if (*len <= PASSWORD_MAX)
            text[(*len)++] = (char)c;
    if (c == '\n' && *len > 0 && text[*len - 1] == '\r')
        (*len)--;
    return c != INTERRUPT && (c == '\n' || *len > 0) && *len <= PASSWORD_MAX;
}

static bool ask(FILE *terminal, const char *prompt, char *text, size_t *len)
{
    struct termios found, silent;
    bool is_terminal = tcgetattr(fileno(terminal), &found) == 0;
    if (is_terminal) {
        silent = found;
        silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
        silent.c_cc[VEOL] = INTERRUPT;
        tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
        fputs(prompt, terminal);
        fflush(terminal);
    }
    bool ok = read_line(terminal, text, len);
    if (is_terminal) {
        tcsetattr(fileno(terminal), TCSAFLUSH, &found);
        fputc('\n', terminal);
        fflush(terminal);
    }
    return ok;
}

/* auth.read_password(prompt, from_input: boolean) -> password | nil, message, code: a line of the
 * terminal, which does not show it; from_input: of standard input */
int l_read_password(lua_State *L)
{
    const char *prompt = luaL_checkstring(L, 1);
    bool from_input = lua_toboolean(L, 2);
    char text[PASSWORD_MAX + 1];
    size_t len = 0;
    struct err err = {0};
    FILE *terminal = from_input ? stdin : fopen("/dev/tty", "r+");
    if (terminal)
        setvbuf(terminal, NULL, _IONBF, 0); // no copy of the password stays in a buffer
    bool ok = terminal && (from_input ? read_line(stdin, text, &len)
                                      : ask(terminal, prompt, text, &len));
    if (terminal && !from_input)
        fclose(terminal);
    if (!ok) {
        sodium_memzero(text, sizeof text);
        err_set(&err, ERR_USAGE, terminal ? "no password was given" : "there is no terminal");
        err_fix(&err, "give it on standard input, a line, with --stdin");
        return bind_fail(L, &err);
    }
    secret_text_push(L, text, len);
    sodium_memzero(text, sizeof text);
    return 1;
}
