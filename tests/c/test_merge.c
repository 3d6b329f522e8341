/* test_merge.c: the three-way merge: a table, laws that hold for any input, git as the oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "model/merge/merge.h"

static struct merge_text text(const char *bytes)
{
    return (struct merge_text){.bytes = bytes, .len = strlen(bytes)};
}

static void merge(const char *base, const char *ours, const char *theirs, struct merge_result *out)
{
    struct merge_text b = text(base), x = text(ours), y = text(theirs);
    x.label = "ours";
    y.label = "theirs";
    *out = (struct merge_result){0};
    assert_int_equal(merge3(&b, &x, &y, out), 0);
}

static const char *bytes(const struct merge_result *r)
{
    return r->text.data ? r->text.data : "";
}

static void test_table(void **state)
{
    (void)state;
    static const struct {
        const char *base, *ours, *theirs, *merged;
        size_t conflicts;
    } rows[] = {
        {"", "", "", "", 0},
        {"a\n", "a\n", "b\n", "b\n", 0},
        {"a\n", "b\n", "a\n", "b\n", 0},
        {"a\n", "b\n", "b\n", "b\n", 0},
        {"a\nb\nc\n", "x\nb\nc\n", "a\nb\ny\n", "x\nb\ny\n", 0},
        {"a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n", "a\nc\nd\n", 0},
        {"a\nb\nc\n", "0\na\nb\nc\n", "a\nb\nc\nd\n", "0\na\nb\nc\nd\n", 0},
        {"a\nb\nc\n", "", "a\nb\nc\n", "", 0},
        {"a\nb\nc", "x\nb\nc", "a\nb\nc\n", "x\nb\nc\n", 0},
        {"a\n", "x\n", "y\n", "<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n", 1},
        {"", "x\n", "y\n", "<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n", 1},
        {"a", "x", "y", "<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n", 1},
        {"a\nb\n", "x\nb\n", "a\ny\n", "<<<<<<< ours\nx\nb\n=======\na\ny\n>>>>>>> theirs\n", 1},
        {"", "p\nx\nq\n", "p\ny\nq\n", "p\n<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\nq\n", 1},
        {"a\nb\nc\n", "", "a\nx\nc\n", "<<<<<<< ours\n=======\na\nx\nc\n>>>>>>> theirs\n", 1},
        {"1\n2\n3\n4\n5\n", "1\nx\n3\n4\n5\n", "1\ny\n3\nz\n5\n",
         "1\n<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n3\nz\n5\n", 1},
        {"1\n2\n3\n4\n5\n", "1\n2\nx\n4\n5\n", "1\n2\nx\n4\n5\n6\n", "1\n2\nx\n4\n5\n6\n", 0},
        {"1\n2\n3\n4\n5\n6\n7\n", "a\n2\n3\n4\n5\n6\nb\n", "c\n2\n3\nx\n5\n6\nd\n",
         "<<<<<<< ours\na\n=======\nc\n>>>>>>> theirs\n2\n3\nx\n5\n6\n"
         "<<<<<<< ours\nb\n=======\nd\n>>>>>>> theirs\n", 2},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct merge_result r;
        merge(rows[i].base, rows[i].ours, rows[i].theirs, &r);
        assert_string_equal(bytes(&r), rows[i].merged);
        assert_int_equal(r.conflicts, rows[i].conflicts);
        assert_false(r.whole);
        buf_clear(&r.text);
    }
}

static void test_whole(void **state)
{
    (void)state;
    struct merge_text base = {.bytes = "a\0b", .len = 3}, ours = {.bytes = "a\0c", .len = 3};
    struct merge_text theirs = {.bytes = "a\0d", .len = 3};
    struct merge_result r = {0};
    assert_int_equal(merge3(&base, &ours, &theirs, &r), 0);
    assert_int_equal(r.conflicts, 1);
    assert_true(r.whole);
    assert_memory_equal(r.text.data, "a\0c", 3);
    buf_clear(&r.text);
    assert_int_equal(merge3(&base, &base, &theirs, &r), 0);
    assert_int_equal(r.conflicts, 0);
    assert_memory_equal(r.text.data, "a\0d", 3);
    buf_clear(&r.text);
    char *large = malloc(MERGE_MAX + 2);
    assert_non_null(large);
    memset(large, '\n', MERGE_MAX + 2);
    ours = (struct merge_text){.bytes = large, .len = MERGE_MAX + 1};
    theirs = (struct merge_text){.bytes = large, .len = MERGE_MAX + 2};
    base = (struct merge_text){.bytes = "\n", .len = 1};
    assert_int_equal(merge3(&base, &ours, &theirs, &r), 0);
    assert_true(r.whole && r.conflicts == 1 && r.text.len == MERGE_MAX + 1);
    buf_clear(&r.text);
    free(large);
}

static void test_wins(void **state)
{
    (void)state;
    struct merge_text base = text("1\n2\n3\n4\n5\n"), ours = text("0\n1\nx\n3\n4\n5\n");
    struct merge_text theirs = text("1\ny\n3\n4\nz\n");
    struct merge_result r = {0};
    theirs.wins = true;
    assert_int_equal(merge3(&base, &ours, &theirs, &r), 0);
    assert_string_equal(bytes(&r), "0\n1\ny\n3\n4\nz\n");
    assert_int_equal(r.conflicts, 1);
    buf_clear(&r.text);
}

/* ---- random texts ---- */

struct random {
    uint64_t s;
};

static unsigned below(struct random *r, unsigned n)
{
    r->s ^= r->s << 13;
    r->s ^= r->s >> 7;
    r->s ^= r->s << 17;
    return (unsigned)((r->s >> 33) % n);
}

static void put_line(struct random *r, struct buf *out, unsigned alphabet)
{
    buf_printf(out, "%u\n", below(r, alphabet));
}

static struct buf make_base(struct random *r, unsigned lines, unsigned alphabet)
{
    struct buf out = {0};
    for (unsigned i = below(r, lines + 1); i > 0; i--)
        put_line(r, &out, alphabet);
    buf_put(&out, "", 0);
    return out;
}

/* Each line is kept, dropped, replaced, or followed by a new one. */
static struct buf make_edit(struct random *r, const struct buf *base, unsigned alphabet,
                            unsigned rate)
{
    struct buf out = {0};
    const char *at = base->data, *end = at + base->len;
    while (at < end) {
        const char *next = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
        unsigned dice = below(r, 100);
        if (dice >= rate || dice % 3 == 0)
            buf_put(&out, at, (size_t)(next - at));
        if (dice < rate && dice % 3 != 1)
            put_line(r, &out, alphabet);
        at = next;
    }
    if (below(r, 8) == 0 && out.len)
        out.len--; // no newline at the end
    buf_putc(&out, '\n');
    out.len--;
    out.data[out.len] = '\0';
    return out;
}

static void put_file(const char *dir, const char *name, const struct buf *bytes)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0 && write(fd, bytes->data, bytes->len) == (ssize_t)bytes->len);
    close(fd);
}

/* git's answer; its exit code is the number of conflicts. */
static int ask_git(const char *dir, struct buf *out)
{
    char command[300], block[4096];
    snprintf(command, sizeof command,
             "cd %s && git merge-file -p -q -L ours -L base -L theirs ours base theirs", dir);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t n;
    while ((n = fread(block, 1, sizeof block, pipe)) > 0)
        buf_put(out, block, n);
    return WEXITSTATUS(pclose(pipe));
}

struct score {
    unsigned clean, conflicts, other_text, other_verdict;
};

static void compare_with_git(const char *dir, struct random *r, unsigned alphabet,
                             struct score *score)
{
    struct buf base = make_base(r, 40, alphabet), git = {0};
    struct buf ours = make_edit(r, &base, alphabet, 12), theirs = make_edit(r, &base, alphabet, 12);
    struct merge_result mine;
    base.data[base.len] = '\0';
    put_file(dir, "base", &base);
    put_file(dir, "ours", &ours);
    put_file(dir, "theirs", &theirs);
    int conflicts = ask_git(dir, &git);
    merge(base.data, ours.data, theirs.data, &mine);
    bool clean = mine.conflicts == 0;
    if (clean != (conflicts == 0))
        score->other_verdict++;
    else if (!clean)
        score->conflicts++;
    else if (mine.text.len == git.len &&
             memcmp(bytes(&mine), git.len ? git.data : "", git.len) == 0)
        score->clean++;
    else
        score->other_text++;
    buf_clear(&base);
    buf_clear(&git);
    buf_clear(&ours);
    buf_clear(&theirs);
    buf_clear(&mine.text);
}

static struct score run_against_git(unsigned alphabet, unsigned rounds)
{
    char dir[] = "/tmp/orket-merge-XXXXXX", command[64];
    struct random r = {88172645463325252u};
    struct score score = {0};
    assert_non_null(mkdtemp(dir));
    for (unsigned i = 0; i < rounds; i++)
        compare_with_git(dir, &r, alphabet, &score);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
    print_message("alphabet %u: %u clean, %u conflicts, %u other texts, %u other verdicts\n",
                  alphabet, score.clean, score.conflicts, score.other_text, score.other_verdict);
    return score;
}

static unsigned rounds(void)
{
    const char *n = getenv("N");
    return n ? (unsigned)atoi(n) : 150;
}

/* Lines that seldom repeat leave one shortest edit: then the answers have to be the same. */
static void test_git_distinct_lines(void **state)
{
    (void)state;
    if (system("git --version > /dev/null 2>&1") != 0)
        skip();
    struct score score = run_against_git(1000000, rounds());
    assert_int_equal(score.other_text, 0);
    assert_int_equal(score.other_verdict, 0);
    assert_true(score.clean > 0 && score.conflicts > 0);
}

/* Lines that repeat leave several shortest edits, and git may choose another: seldom. */
static void test_git_repeated_lines(void **state)
{
    (void)state;
    if (system("git --version > /dev/null 2>&1") != 0)
        skip();
    struct score score = run_against_git(6, rounds());
    assert_true((score.other_text + score.other_verdict) * 10 <= rounds());
}

/* ---- laws ---- */

static void check_same(const struct merge_result *r, const struct buf *want)
{
    assert_int_equal(r->conflicts, 0);
    assert_string_equal(bytes(r), want->data);
}

static void test_laws(void **state)
{
    (void)state;
    struct random r = {42};
    for (int i = 0; i < 2000; i++) {
        unsigned alphabet = i % 2 ? 4 : 1000;
        struct buf base = make_base(&r, 30, alphabet), x = make_edit(&r, &base, alphabet, 30);
        struct buf y = make_edit(&r, &base, alphabet, 30);
        struct merge_result a, b;
        base.data[base.len] = '\0';
        merge(base.data, x.data, base.data, &a); // one side alone is taken
        check_same(&a, &x);
        buf_clear(&a.text);
        merge(base.data, x.data, x.data, &a); // agreement is taken
        check_same(&a, &x);
        buf_clear(&a.text);
        merge(base.data, x.data, y.data, &a); // who comes first does not matter
        merge(base.data, y.data, x.data, &b);
        assert_int_equal(a.conflicts, b.conflicts);
        if (a.conflicts == 0)
            assert_string_equal(bytes(&a), bytes(&b));
        buf_clear(&a.text);
        buf_clear(&b.text);
        buf_clear(&base);
        buf_clear(&x);
        buf_clear(&y);
    }
}

/* Texts that share nothing, and texts of one repeated line, must not take long. */
static void test_bounds(void **state)
{
    (void)state;
    struct random r = {7};
    struct buf t[3] = {{0}};
    for (unsigned alphabet = 1; alphabet <= 1000000; alphabet *= 1000) {
        for (int k = 0; k < 3; k++) {
            buf_reset(&t[k]);
            while (t[k].len < MERGE_MAX - 20 - (size_t)k * 1000)
                put_line(&r, &t[k], alphabet);
            buf_putc(&t[k], '\0');
        }
        struct merge_result m;
        clock_t begin = clock();
        merge(t[0].data, t[1].data, t[2].data, &m);
        double ms = (double)(clock() - begin) * 1000 / CLOCKS_PER_SEC;
        print_message("1 MiB, alphabet %u: %.0f ms, %zu conflicts\n", alphabet, ms, m.conflicts);
        assert_true(ms < 5000);
        buf_clear(&m.text);
    }
    for (int k = 0; k < 3; k++)
        buf_clear(&t[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_wins),
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_git_distinct_lines),
        cmocka_unit_test(test_git_repeated_lines),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
