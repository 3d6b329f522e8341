/* executed.c: files that the tools of people execute, or obey without being asked: when a folder is
 * opened, something is committed, a shell starts, a build server sees a push. Writing one runs a
 * program on another machine, later, outside of every jail; so a person has to say yes.
 *
 * Not here: what a person starts on purpose, like Makefile or package.json, which is an ordinary
 * part of the work; and names that no path may go through at all (names.c). */
#include <string.h>

#include "model/gate/impl.h"

#define EDITOR  "editors take commands from"
#define SERVER  "a build server executes"
#define HOOKS   "git, or what is installed beside it, executes"
#define SHELL   "a shell or another program executes when it starts"
#define PACKAGE "a package manager takes commands from"
#define DESKTOP "a desktop executes when it is opened"
#define AGENT   "assistants of people take commands from"

#define WHOLE(text, what)  GATE_ROW(GATE_WHOLE, text, what)
#define BEGINS(text, what) GATE_ROW(GATE_BEGINS, text, what)
#define ENDS(text, what)   GATE_ROW(GATE_ENDS, text, what)

/* Components that begin with a dot, files and directories alike. */
static const struct gate_name_row dotted[] = {
    BEGINS(".vscode", EDITOR),
    WHOLE(".idea", EDITOR),
    WHOLE(".run", EDITOR),
    WHOLE(".vs", EDITOR),
    WHOLE(".fleet", EDITOR),
    WHOLE(".zed", EDITOR),
    WHOLE(".nova", EDITOR),
    WHOLE(".helix", EDITOR),
    WHOLE(".theia", EDITOR),
    BEGINS(".kateproject", EDITOR),
    BEGINS(".devcontainer", EDITOR),
    BEGINS(".gitpod", EDITOR),
    BEGINS(".codesandbox", EDITOR),
    WHOLE(".replit", EDITOR),
    WHOLE(".vim", EDITOR),
    BEGINS(".vimrc", EDITOR),
    BEGINS(".gvimrc", EDITOR),
    BEGINS(".nvim", EDITOR),
    WHOLE(".lvimrc", EDITOR),
    WHOLE(".exrc", EDITOR),
    WHOLE(".pylintrc", EDITOR),
    BEGINS(".ycm_extra_conf", EDITOR),
    BEGINS(".vimspector", EDITOR),
    WHOLE(".project", EDITOR),
    BEGINS(".externaltoolbuilders", EDITOR),
    BEGINS(".emacs", EDITOR),
    BEGINS(".dir-locals", EDITOR),
    WHOLE(".github", SERVER),
    BEGINS(".gitlab", SERVER),
    WHOLE(".gitea", SERVER),
    WHOLE(".forgejo", SERVER),
    WHOLE(".circleci", SERVER),
    WHOLE(".buildkite", SERVER),
    WHOLE(".teamcity", SERVER),
    WHOLE(".semaphore", SERVER),
    WHOLE(".ci", SERVER),
    WHOLE(".builds", SERVER),
    BEGINS(".build.y", SERVER),
    BEGINS(".travis", SERVER),
    BEGINS(".appveyor", SERVER),
    BEGINS(".drone", SERVER),
    BEGINS(".woodpecker", SERVER),
    BEGINS(".cirrus", SERVER),
    BEGINS(".zuul", SERVER),
    WHOLE(".tekton", SERVER),
    BEGINS(".readthedocs", SERVER),
    BEGINS(".azure-pipelines", SERVER),
    WHOLE(".azuredevops", SERVER),
    WHOLE(".harness", SERVER),
    BEGINS(".vela.y", SERVER),
    BEGINS(".sr.ht.y", SERVER),
    BEGINS(".onedev-buildspec", SERVER),
    BEGINS(".screwdriver.y", SERVER),
    BEGINS(".husky", HOOKS),
    BEGINS(".githooks", HOOKS),
    WHOLE(".git-hooks", HOOKS),
    WHOLE(".hooks", HOOKS),
    WHOLE(".gitattributes", HOOKS),
    WHOLE(".lfsconfig", HOOKS),
    BEGINS(".pre-commit", HOOKS),
    BEGINS(".lefthook", HOOKS),
    BEGINS(".overcommit", HOOKS),
    BEGINS(".lintstaged", HOOKS),
    BEGINS(".simple-git-hooks", HOOKS),
    BEGINS(".bash", SHELL),
    BEGINS(".profile", SHELL),
    BEGINS(".zsh", SHELL),
    BEGINS(".zprofile", SHELL),
    BEGINS(".zlog", SHELL),
    WHOLE(".login", SHELL),
    WHOLE(".logout", SHELL),
    WHOLE(".kshrc", SHELL),
    WHOLE(".mkshrc", SHELL),
    WHOLE(".shrc", SHELL),
    WHOLE(".cshrc", SHELL),
    WHOLE(".tcshrc", SHELL),
    WHOLE(".xonshrc", SHELL),
    WHOLE(".inputrc", SHELL),
    WHOLE(".pam_environment", SHELL),
    BEGINS(".xinit", SHELL),
    BEGINS(".xprofile", SHELL),
    BEGINS(".xsession", SHELL),
    WHOLE(".config", SHELL),
    WHOLE(".local", SHELL),
    BEGINS(".tmux", SHELL),
    WHOLE(".screenrc", SHELL),
    WHOLE(".curlrc", SHELL),
    WHOLE(".wgetrc", SHELL),
    WHOLE(".direnv", SHELL),
    BEGINS(".gdbinit", SHELL),
    BEGINS(".lldbinit", SHELL),
    WHOLE(".pdbrc", SHELL),
    BEGINS(".pythonrc", SHELL),
    WHOLE(".irbrc", SHELL),
    WHOLE(".pryrc", SHELL),
    BEGINS(".rprofile", SHELL),
    WHOLE(".renviron", SHELL),
    WHOLE(".ghci", SHELL),
    WHOLE(".iex.exs", SHELL),
    WHOLE(".ocamlinit", SHELL),
    WHOLE(".psqlrc", SHELL),
    WHOLE(".sqliterc", SHELL),
    BEGINS(".mise", SHELL),
    BEGINS(".rtx", SHELL),
    BEGINS(".rvmrc", SHELL),
    BEGINS(".autoenv", SHELL),
    WHOLE(".tool-versions", SHELL),
    WHOLE(".lesskey", SHELL),
    BEGINS(".yarn", PACKAGE),
    BEGINS(".pnpmfile", PACKAGE),
    WHOLE(".bunfig.toml", PACKAGE),
    WHOLE(".cargo", PACKAGE),
    WHOLE(".mvn", PACKAGE),
    WHOLE(".bundle", PACKAGE),
    WHOLE(".gemrc", PACKAGE),
    WHOLE(".pip", PACKAGE),
    WHOLE(".condarc", PACKAGE),
    BEGINS(".bazelrc", PACKAGE),
    BEGINS(".bazelisk", PACKAGE),
    BEGINS(".mcp", AGENT),
    BEGINS(".claude", AGENT),
    BEGINS(".cursor", AGENT),
    BEGINS(".windsurf", AGENT),
    BEGINS(".aider", AGENT),
    WHOLE(".codex", AGENT),
    WHOLE(".gemini", AGENT),
    WHOLE(".continue", AGENT),
    WHOLE(".cline", AGENT),
    BEGINS(".clinerules", AGENT),
    WHOLE(".roo", AGENT),
    WHOLE(".kiro", AGENT),
    WHOLE(".amazonq", AGENT),
    WHOLE(".opencode", AGENT),
    WHOLE(".kilocode", AGENT),
    WHOLE(".trae", AGENT),
    WHOLE(".junie", AGENT),
    WHOLE(".qwen", AGENT),
    WHOLE(".augment", AGENT),
    BEGINS(".crush", AGENT),
    WHOLE(".agents", AGENT),
};

static const struct gate_name_row plain[] = {
    ENDS(".code-workspace", EDITOR),
    ENDS(".sublime-project", EDITOR),
    WHOLE("devcontainer.json", EDITOR),
    BEGINS("jenkinsfile", SERVER),
    ENDS(".jenkinsfile", SERVER),
    BEGINS("azure-pipelines", SERVER),
    BEGINS("bitbucket-pipelines", SERVER),
    BEGINS("appveyor.y", SERVER),
    BEGINS("circle.y", SERVER),
    BEGINS("wercker.y", SERVER),
    BEGINS("buildspec.y", SERVER),
    BEGINS("cloudbuild.", SERVER),
    BEGINS("codefresh.y", SERVER),
    BEGINS("screwdriver.y", SERVER),
    BEGINS("codemagic.y", SERVER),
    BEGINS("bitrise.y", SERVER),
    BEGINS("lefthook", HOOKS),
    BEGINS("lint-staged.config", HOOKS),
    WHOLE("sitecustomize.py", SHELL),
    WHOLE("usercustomize.py", SHELL),
    WHOLE("_vimrc", EDITOR),
    WHOLE("bunfig.toml", PACKAGE),
    WHOLE("gradle-wrapper.properties", PACKAGE),
    WHOLE("pip.conf", PACKAGE),
    WHOLE("pip.ini", PACKAGE),
    BEGINS("mise.", SHELL),
    WHOLE("autorun.inf", DESKTOP),
    WHOLE("desktop.ini", DESKTOP),
    ENDS(".desktop", DESKTOP),
    ENDS(".lnk", DESKTOP),
    ENDS(".command", DESKTOP),
    ENDS(".terminal", DESKTOP),
    ENDS(".scf", DESKTOP),
    ENDS(".library-ms", DESKTOP),
    ENDS(".inetloc", DESKTOP),
    ENDS(".url", DESKTOP),
    ENDS(".webloc", DESKTOP),
    ENDS(".launch", EDITOR),
    BEGINS("opencode.json", AGENT),
};

/* GITHUB~1 is another name of .github on systems with short names. */
static bool is_short_name(const char *word, size_t len)
{
    const char *tilde = memchr(word, '~', len);
    size_t before = tilde ? (size_t)(tilde - word) : 0;
    return before > 0 && before <= 6 && before + 1 < len && tilde[1] >= '1' && tilde[1] <= '9' &&
           (before + 2 == len || tilde[2] == '.');
}

static const char *executed_component(const char *text, size_t len)
{
    char word[256];
    if (len == 0 || len >= sizeof word) // longer ones are refused
        return NULL;
    len = gate_fold_component(text, len, word);
    if (len == 0)
        return NULL;
    if (word[0] == '.')
        return gate_find_row(dotted, COUNT_OF(dotted), word, len);
    return is_short_name(word, len) ? "a system with short names takes for another one"
                                    : gate_find_row(plain, COUNT_OF(plain), word, len);
}

/* Which tools execute a file of this name, as the end of a sentence; NULL: none that is known. */
static const char *executed(const char *name, size_t len)
{
    const char *end = name + len;
    while (name < end) {
        const char *stop = name;
        while (stop < end && *stop != '/' && *stop != '\\')
            stop++;
        const char *what = executed_component(name, (size_t)(stop - name));
        if (what)
            return what;
        name = stop + 1;
    }
    return NULL;
}

/* A question that stands already is answered by a person who sees the same text. */
void gate_ask_executed(struct gate_case *c, const struct gate_path *path, enum gate_want want)
{
    char why[sizeof c->verdict->why];
    bool asks =
        want == GATE_WANT_WRITE && path->name && c->verdict->decision == GATE_DECISION_ALLOW;
    const char *what = asks ? executed(path->name, path->len) : NULL;
    if (!what)
        return;
    snprintf(why, sizeof why, "'%.200s' is a file that %s, so a person has to say yes", path->name,
             what);
    gate_ask(c, GATE_PATH_EXECUTED,
             "write it by a call of its own and wait for the person's answer; a command cannot",
             why);
}
