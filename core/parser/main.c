/* main.c: the parser: one source text from standard input, its facts to standard output.
 *
 *     parser LANGUAGE [symbols] < source
 *
 * The text is hostile. tree-sitter 0.20 corrupts its memory on some of it (65,536 open brackets are
 * enough), takes exponential time on other, and ends the program without memory. So it works in a
 * process that can do nothing but read, compute and write: whatever happens here, the worst is an
 * answer that does not come. The limits are set here, before a byte is read; the wall clock and the
 * size of the answer are watched from outside (io/process/parser.c). */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "parser/parser.h"

#define SOURCE_MAX ((size_t)1 << 20)
#define MEMORY_MAX ((rlim_t)256 << 20)
#define STACK_MAX  ((rlim_t)8 << 20)
#define CPU_MAX    2 /* seconds */

const TSLanguage *tree_sitter_python(void), *tree_sitter_javascript(void),
    *tree_sitter_typescript(void), *tree_sitter_tsx(void), *tree_sitter_c(void),
    *tree_sitter_lua(void);

static const struct language languages[] = {
    {"python", tree_sitter_python, python_handlers, python_symbols, false},
    {"javascript", tree_sitter_javascript, script_handlers, script_symbols, false},
    {"typescript", tree_sitter_typescript, script_handlers, script_symbols, false},
    {"tsx", tree_sitter_tsx, script_handlers, script_symbols, false},
    {"c", tree_sitter_c, c_handlers, c_symbols, true},
    {"lua", tree_sitter_lua, lua_handlers, lua_symbols, false},
};

static const struct language *find_language(const char *name)
{
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
        if (strcmp(languages[i].name, name) == 0)
            return &languages[i];
    _exit(PARSER_USAGE);
}

/* ---- the doors ---- */

static void must(int rc)
{
    if (rc)
        _exit(PARSER_DOORS);
}

/* Only ever downwards: the engine may have been given less. */
static void limit(int what, rlim_t most)
{
    struct rlimit value;
    must(getrlimit((__rlimit_resource_t)what, &value));
    value.rlim_cur = value.rlim_max = most < value.rlim_max ? most : value.rlim_max;
    must(setrlimit((__rlimit_resource_t)what, &value));
}

/* On a third machine the filter kills the parser at its first system call. */
#ifdef __aarch64__
#define MACHINE AUDIT_ARCH_AARCH64
#else
#define MACHINE AUDIT_ARCH_X86_64
#endif

#define LOAD(field)                                                                                \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define ALLOW(call)                                                                                \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                                         \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Reading, writing and memory; descriptors other than 0 to 2 are closed. */
static void shut_doors(void)
{
    static const struct sock_filter filter[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        ALLOW(read),
        ALLOW(write),
        ALLOW(brk),
        ALLOW(mmap),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, (struct sock_filter *)filter};
    must(prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    must((int)syscall(SYS_close_range, 3u, ~0u, 0u));
    limit(RLIMIT_CORE, 1);  // 0 would let the host's handler of crashes begin
    limit(RLIMIT_FSIZE, 0); // the source is a file in memory: it may not grow
    limit(RLIMIT_CPU, CPU_MAX);
    limit(RLIMIT_AS, MEMORY_MAX);
    limit(RLIMIT_STACK, STACK_MAX);
    free(malloc(1)); // the allocator asks for random bytes once
    must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static char *read_source(size_t *len)
{
    char *text = malloc(SOURCE_MAX);
    if (!text)
        _exit(PARSER_FACTS);
    for (*len = 0; *len < SOURCE_MAX;) {
        ssize_t n = read(STDIN_FILENO, text + *len, SOURCE_MAX - *len);
        must(n < 0);
        if (n == 0)
            return text;
        *len += (size_t)n;
    }
    _exit(PARSER_FACTS);
}

/* ---- the walk ---- */

/* Symbol -> number of its handler + 1. */
static unsigned char *map_of(const struct handler *handlers, const TSLanguage *grammar)
{
    uint32_t count = ts_language_symbol_count(grammar);
    unsigned char *map = calloc(count, 1);
    if (!map)
        _exit(PARSER_FACTS);
    for (uint32_t symbol = 0; symbol < count; symbol++) {
        const char *name = ts_language_symbol_name(grammar, (TSSymbol)symbol);
        for (unsigned char i = 0; name && handlers[i].type; i++)
            if (strcmp(handlers[i].type, name) == 0)
                map[symbol] = (unsigned char)(i + 1);
    }
    return map;
}

/* True when its children are to be looked at. */
static bool visit(struct walk *w, TSNode node, const struct handler *handlers,
                  const unsigned char *map)
{
    if (ts_node_start_byte(node) < w->dead_until)
        return ts_node_end_byte(node) > w->dead_until;
    if (ts_node_is_missing(node) && !w->uses) {
        fact_error(w, node, "missing ", ts_node_type(node));
    } else if (node_is(node, "ERROR") && !w->uses) {
        fact_error(w, node, "this cannot be read", "");
    } else if (ts_node_is_named(node) && map[ts_node_symbol(node)]) {
        handlers[map[ts_node_symbol(node)] - 1].see(w, node);
    }
    return true;
}

static void walk(struct walk *w, TSNode root, const struct handler *handlers,
                 const unsigned char *map)
{
    TSTreeCursor cursor = ts_tree_cursor_new(root);
    for (;;) {
        if (visit(w, ts_tree_cursor_current_node(&cursor), handlers, map) &&
            ts_tree_cursor_goto_first_child(&cursor))
            continue;
        while (!ts_tree_cursor_goto_next_sibling(&cursor))
            if (!ts_tree_cursor_goto_parent(&cursor))
                return;
    }
}

static TSNode parse(const TSLanguage *grammar, const char *text, size_t len)
{
    TSParser *parser = ts_parser_new();
    if (!ts_parser_set_language(parser, grammar))
        _exit(PARSER_USAGE);
    TSTree *tree = ts_parser_parse_string(parser, NULL, text, (uint32_t)len);
    if (!tree)
        _exit(PARSER_FACTS);
    return ts_tree_root_node(tree);
}

/* Nothing is given back: the process ends. */
int main(int argc, char **argv)
{
    const struct language *language = find_language(argc >= 2 ? argv[1] : "");
    bool symbols = argc == 3 && strcmp(argv[2], "symbols") == 0;
    const struct handler *handlers = symbols ? language->symbols : language->handlers;
    const TSLanguage *grammar = language->grammar();
    size_t len;
    shut_doors();
    char *text = read_source(&len);
    struct walk *w = calloc(1, sizeof *w);
    if (!w)
        _exit(PARSER_FACTS);
    w->text = text;
    w->len = (uint32_t)len;
    w->has_macros = language->has_macros;
    if (symbols)
        symbols_begin(w);
    facts_put(w, "[", 1);
    walk(w, parse(grammar, text, len), handlers, map_of(handlers, grammar));
    if (symbols)
        symbols_end(w);
    facts_put(w, "]", 1);
    facts_flush(w);
    _exit(PARSER_OK);
}
