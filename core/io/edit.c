/* edit.c: libedit's own interface (not its readline imitation, which lives in globals). */
#include "io/edit.h"

#include <ctype.h>
#include <errno.h>
#include <histedit.h>
#include <signal.h>
#include <string.h>

#define HISTORY_MAX 1000

struct edit {
    EditLine *line;
    History *history;
    char *file;  /* of the history, or NULL */
    char *words; /* see edit_words, or NULL */
    const char *prompt;
    bool canceled; /* the line that is being read */
};

static struct edit *self_of(EditLine *line)
{
    void *self = NULL;
    el_get(line, EL_CLIENTDATA, &self);
    return self;
}

static char *prompt_of(EditLine *line)
{
    return (char *)(uintptr_t)self_of(line)->prompt; // libedit only reads it
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* The longest text that all words beginning with `stem` share; how many there are. */
static size_t common(const struct edit *edit, const char *stem, size_t len, const char **word,
                     size_t *shared)
{
    size_t count = 0;
    for (const char *w = edit->words; w && *w; w += strlen(w) + 1) {
        if (strncmp(w, stem, len) != 0)
            continue;
        if (count++ == 0) {
            *word = w;
            *shared = strlen(w);
        }
        size_t same = 0;
        while (same < *shared && (*word)[same] == w[same])
            same++;
        *shared = same;
    }
    return count;
}

static void list(const struct edit *edit, const char *stem, size_t len)
{
    fputc('\n', stdout);
    for (const char *w = edit->words; w && *w; w += strlen(w) + 1)
        if (strncmp(w, stem, len) == 0)
            printf("%s  ", w);
    fputc('\n', stdout);
    fflush(stdout);
}

static unsigned char complete(EditLine *line, int key)
{
    (void)key;
    const struct edit *edit = self_of(line);
    const LineInfo *info = el_line(line);
    const char *stem = info->cursor;
    while (stem > info->buffer && is_word(stem[-1]))
        stem--;
    size_t len = (size_t)(info->cursor - stem), shared = 0;
    const char *word = NULL;
    size_t count = common(edit, stem, len, &word, &shared);
    if (count == 0)
        return CC_ERROR;
    if (shared == len && count > 1) {
        list(edit, stem, len);
        return CC_REDISPLAY;
    }
    char tail[256];
    snprintf(tail, sizeof tail, "%.*s", (int)(shared - len), word + len);
    return tail[0] && el_insertstr(line, tail) == -1 ? CC_ERROR : CC_REFRESH;
}

/* ^C: the line is given up, and so is what it was to complete. */
static unsigned char cancel(EditLine *line, int key)
{
    (void)key;
    self_of(line)->canceled = true;
    return CC_EOF;
}

/* Between lines, where the terminal takes ^D for the end of an input that no one reads. */
static void keep_keys(EditLine *line, bool keep)
{
    el_set(line, EL_SETTY, "-x", keep ? "-icanon" : "+icanon", NULL);
}

/* ^Z: the program stops, with the terminal as it was found, until it is continued. */
static unsigned char suspend(EditLine *line, int key)
{
    (void)key;
    keep_keys(line, false);
    el_set(line, EL_PREP_TERM, 0);
    raise(SIGSTOP);
    keep_keys(line, true);
    el_set(line, EL_PREP_TERM, 1);
    return CC_REDISPLAY;
}

static int set_up(struct edit *edit)
{
    HistEvent event;
    edit->line = el_init("orket", stdin, stdout, stderr);
    edit->history = history_init();
    if (!edit->line || !edit->history)
        return ERR_MEMORY;
    history(edit->history, &event, H_SETSIZE, HISTORY_MAX);
    history(edit->history, &event, H_SETUNIQUE, 1);
    if (edit->file)
        history(edit->history, &event, H_LOAD, edit->file);
    el_set(edit->line, EL_CLIENTDATA, edit);
    el_set(edit->line, EL_PROMPT, prompt_of);
    el_set(edit->line, EL_EDITOR, "emacs");
    el_set(edit->line, EL_SIGNAL, 0);
    el_set(edit->line, EL_SETTY, "-d", "-isig", NULL); // ^C and ^Z are keys
    keep_keys(edit->line, true);
    // wide, because of narrow names libedit makes copies that it never frees
    el_wset(edit->line, EL_ADDFN, L"orket-cancel", L"give up the line", cancel);
    el_set(edit->line, EL_BIND, "^C", "orket-cancel", NULL);
    el_wset(edit->line, EL_ADDFN, L"orket-suspend", L"stop the program", suspend);
    el_set(edit->line, EL_BIND, "^Z", "orket-suspend", NULL);
    el_set(edit->line, EL_HIST, history, edit->history);
    el_wset(edit->line, EL_ADDFN, L"orket-complete", L"complete a word", complete);
    el_set(edit->line, EL_BIND, "^I", "orket-complete", NULL);
    return 0;
}

int edit_open(const char *history_file, struct edit **out, struct err *err)
{
    struct edit *edit = calloc(1, sizeof *edit);
    if (!edit || (history_file && !(edit->file = strdup(history_file))) || set_up(edit)) {
        edit_close(edit);
        return err_set(err, ERR_MEMORY, "the line editor could not start");
    }
    *out = edit;
    return 0;
}

void edit_close(struct edit *edit)
{
    HistEvent event;
    if (!edit)
        return;
    if (edit->history && edit->file)
        history(edit->history, &event, H_SAVE, edit->file);
    if (edit->history)
        history_end(edit->history);
    if (edit->line)
        el_end(edit->line);
    free(edit->words);
    free(edit->file);
    free(edit);
}

int edit_words(struct edit *edit, const char *words, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy)
        return ERR_MEMORY;
    memcpy(copy, words, len);
    copy[len] = '\0';
    free(edit->words);
    edit->words = copy;
    return 0;
}

int edit_line(struct edit *edit, const char *prompt, struct buf *line)
{
    int len = 0;
    HistEvent event;
    edit->prompt = prompt;
    edit->canceled = false;
    buf_reset(line);
    errno = 0;
    el_set(edit->line, EL_PREP_TERM, 1); // ^Z and ^C are keys as soon as the prompt stands
    const char *text = el_gets(edit->line, &len);
    if (!text || len <= 0)
        return edit->canceled || errno == EINTR ? ERR_CANCELED : ERR_NOT_FOUND;
    if (len > 1)
        history(edit->history, &event, H_ENTER, text);
    buf_put(line, text, (size_t)len - (text[len - 1] == '\n'));
    return buf_ok(line) ? 0 : ERR_MEMORY;
}
