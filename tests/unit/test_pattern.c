/* Patterns against GNU grep: random patterns and lines, with -i -w -x -v -o, by line number. */
#include "query/engine/pattern.h"

#include "base/literal.h"
#include "base/mem.h"
#include "base/posix.h"
#include "tests/test.h"
#include "tests/unit/grep_helper.h"

static uint64_t seed;

static unsigned roll(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

/* ---- ours ---- */

static void print_line(struct buf *out, size_t number, struct str text)
{
    buf_print(out, "%zu:", number);
    buf_add(out, text);
    buf_add_byte(out, '\n');
}

static void print_spans(struct pattern *p, struct str line, size_t number, struct buf *out)
{
    struct span s;
    for (size_t from = 0; pattern_next_span(p, line, from, &s); from = s.to)
        print_line(out, number, str_slice(line, s.from, s.to - s.from));
}

static void run_ours(struct pattern *p, const struct grep_case *c, struct str lines,
                     struct buf *out)
{
    struct str rest = lines, line;
    for (size_t number = 1; take_until(&rest, '\n', &line); number++) {
        if (pattern_matches(p, line) != MATCH_FOUND)
            continue;
        if (!c->only_matching)
            print_line(out, number, line);
        else if (!c->options.invert)
            print_spans(p, line, number, out);
    }
}

/* What is said of needles holds for each line. */
static void check_needles(struct pattern *p, struct str lines)
{
    struct sieve_needle needles[PATTERN_SCAN_MAX];
    size_t n = pattern_needles(p, needles);
    struct str line;
    while (n && take_until(&lines, '\n', &line)) {
        bool matches = pattern_matches(p, line) == MATCH_FOUND, has = false;
        for (size_t i = 0; i < n; i++) {
            struct literal literal;
            literal_init(&literal, needles[i].text, needles[i].ignore_case);
            has |= literal_find(&literal, line, 0) != SIZE_MAX;
            literal_free(&literal);
        }
        CHECK(has || !matches);
        CHECK(matches || !has || !pattern_is_needles(p));
    }
}

/* Invariant 5: skipping by the scan selects the same lines. */
static void check_scan(struct pattern *p, struct str lines)
{
    check_needles(p, lines);
    if (!pattern_can_skip(p))
        return;
    struct pattern_scan scan;
    pattern_scan_init(&scan, p, lines);
    struct str rest = lines, line;
    bool any = false;
    while (take_until(&rest, '\n', &line)) {
        size_t from = (size_t)(line.ptr - lines.ptr);
        bool skipped = pattern_scan_next(&scan, from) >= from + line.len;
        any = any || pattern_matches(p, line) == MATCH_FOUND;
        CHECK(!skipped || pattern_matches(p, line) == MATCH_NONE);
    }
    CHECK(!any || pattern_may_match(p, lines));
}

/* ---- random input ---- */

static const char *const ascii_atoms[] = {"a", "b", "k", "S", "0", "_", "-", " ", "ab", "ba"};
static const char *const utf_atoms[] = {"a", "b",        "k",        "S",        "_",           "-",
                                        " ", "\xc3\xa9", "\xc3\x89", "\xce\xbb", "\xe2\x82\xac"};

static void add_atom(struct buf *b, bool utf)
{
    buf_add(b, str_from(utf ? utf_atoms[roll(countof(utf_atoms))]
                            : ascii_atoms[roll(countof(ascii_atoms))]));
}

static void make_lines(struct buf *b, bool utf)
{
    for (int i = 0; i < 150; i++) {
        for (unsigned n = roll(9); n; n--)
            add_atom(b, utf);
        if (!utf && roll(4) == 0)
            buf_add(b, roll(2) ? STR("\xe9") : STR("\xff\xc3"));
        for (unsigned n = roll(3); n; n--)
            add_atom(b, utf);
        if (roll(20) == 0)
            buf_add(b, STR("\r"));
        buf_add_byte(b, '\n');
    }
}

static const char *const sets[] = {
    "[ab]", "[^a]", "[a-k]",  "[^a-z]",      "[[:alpha:]]",   "[]a]",    "[^]b]",   "[[:upper:]_]",
    "[-a]", "[a-]", "[0-9k]", "[[:punct:]]", "[^[:space:]b]", "[[.a.]]", "[[=b=]S]"};
static const char *const utf_sets[] = {"[\xc3\xa9]", "[^\xc3\xa9]", "[a\xc3\x89]", "[^a\xce\xbb]"};
static const char *const words[] = {"\\w", "\\W", "\\b", "\\B", "\\<", "\\>", "\\s", "\\S"};

static void make_regex(struct buf *b, enum pattern_kind kind, bool utf, bool asserts, int depth);

static void make_atom(struct buf *b, enum pattern_kind kind, bool utf, bool asserts, int depth)
{
    unsigned r = roll(16);
    if (r < 8 || depth == 0) {
        add_atom(b, utf);
    } else if (r < 10) {
        buf_add_byte(b, '.');
    } else if (r < 12) {
        if (utf && roll(3) == 0)
            buf_add(b, str_from(utf_sets[roll(countof(utf_sets))]));
        else
            buf_add(b, str_from(sets[roll(kind == PATTERN_PERL ? 12 : countof(sets))]));
    } else if (r < 14) {
        put_operator(b, kind, "(");
        make_regex(b, kind, utf, asserts, depth - 1);
        put_operator(b, kind, ")");
    } else {
        unsigned w = roll(countof(words));
        /* With PCRE2 10.42, grep -P loses \\W and \\S of characters beyond ASCII. */
        bool unknown = kind == PATTERN_PERL && (w == 4 || w == 5 || (utf && (w == 1 || w == 7)));
        buf_add(b, str_from(unknown || (!asserts && w > 1) ? "a" : words[w]));
    }
}

static void make_piece(struct buf *b, enum pattern_kind kind, bool utf, bool asserts, int depth)
{
    size_t at = b->len;
    make_atom(b, kind, utf, asserts, depth);
    if (b->len - at == 2 && b->ptr[at] == '\\' && strchr("bB<>", b->ptr[at + 1]))
        return; /* repeated assertions differ between the versions of grep itself */
    if (str_find_byte(str_slice(buf_str(b), at, SIZE_MAX), '^') != SIZE_MAX)
        return; /* glibc loses matches of "(^a)+b" */
    switch (roll(8)) {
    case 0:
        buf_add_byte(b, '*');
        break;
    case 1:
        put_operator(b, kind, "?");
        break;
    case 2:
        put_operator(b, kind, "+");
        break;
    case 3:
        put_operator(b, kind, roll(2) ? "{1,2" : "{2");
        put_operator(b, kind, "}");
        break;
    default:
        break;
    }
}

static void make_regex(struct buf *b, enum pattern_kind kind, bool utf, bool asserts, int depth)
{
    if (roll(12) == 0)
        buf_add_byte(b, '^');
    for (unsigned n = 1 + roll(3); n; n--)
        make_piece(b, kind, utf, asserts, depth);
    if (roll(12) == 0)
        buf_add_byte(b, '$');
    if (roll(6) == 0 && depth) {
        put_operator(b, kind, "|");
        make_regex(b, kind, utf, asserts, depth - 1);
    }
}

static void make_pattern(struct grep_case *c, bool utf)
{
    buf_reset(&c->pattern);
    if (c->options.kind == PATTERN_TEXT) {
        for (unsigned n = 1 + roll(3); n; n--)
            add_atom(&c->pattern, utf);
        if (roll(5) == 0) {
            buf_add_byte(&c->pattern, '\n');
            add_atom(&c->pattern, utf);
        }
        return;
    }
    make_regex(&c->pattern, c->options.kind, utf, !c->options.whole_word, 2);
}

static int differences_of_word;

static void compare_one(const struct grep_case *c, struct str lines, const char *lines_path,
                        const char *out_path, int *used)
{
    struct err err;
    defer(pattern_close) struct pattern *p = NULL;
    defer(buf_free) struct buf expected = {0}, ours = {0};
    int code = run_grep(c, lines_path, out_path, &expected);
    struct str text = buf_str(&c->pattern);
    bool compiled = pattern_compile(&p, &text, 1, c->options, &err);
    if (code == 2 && !compiled)
        return;
    ++*used;
    if (code > 1 || !compiled) {
        test_fail(__FILE__, __LINE__, "grep exits with %d, ours says %s: -%c '%.*s'", code,
                  compiled ? "fine" : err.text, "FEGP"[c->options.kind], STR_ARG(text));
        return;
    }
    run_ours(p, c, lines, &ours);
    if (!is_same_as_grep(c, buf_str(&expected), buf_str(&ours), &differences_of_word))
        fail_as_grep(c, "", &expected, &ours);
    check_scan(p, lines);
}

static void compare_kind(enum pattern_kind kind, bool utf, int cases, uint64_t first_seed)
{
    seed = first_seed;
    char lines_path[256], out_path[256];
    snprintf(lines_path, sizeof lines_path, "%s/lines", test_folder());
    snprintf(out_path, sizeof out_path, "%s/out", test_folder());
    defer(buf_free) struct buf lines = {0};
    make_lines(&lines, utf);
    FILE *f = fopen(lines_path, "wb");
    REQUIRE(f && fwrite(lines.ptr, 1, lines.len, f) == lines.len && fclose(f) == 0);
    int used = 0;
    struct grep_case c = {.locale = utf ? "C.UTF-8" : "C"};
    for (int i = 0; i < cases; i++) {
        c.options = (struct pattern_options){.kind = kind,
                                             .ignore_case = roll(3) == 0,
                                             .whole_word = roll(4) == 0,
                                             .whole_line = roll(6) == 0,
                                             .invert = roll(6) == 0,
                                             .lines = true};
        c.only_matching = roll(2);
        make_pattern(&c, utf);
        make_fair(&c);
        compare_one(&c, buf_str(&lines), lines_path, out_path, &used);
    }
    buf_free(&c.pattern);
    CHECK(used > cases * 3 / 4);
    CHECK(differences_of_word <= 1 + cases / 50);
}

#define COMPARE(name, kind, utf, number)                           \
    TEST_SLOW(pattern_##name, 600)                                 \
    {                                                              \
        compare_kind(kind, utf, (int)number_of_a_run("CASES", 80), \
                     number_of_a_run("SEED", number));             \
    }

COMPARE(text_is_grep_in_c, PATTERN_TEXT, false, 1)
COMPARE(text_is_grep_in_utf8, PATTERN_TEXT, true, 2)
COMPARE(extended_is_grep_in_c, PATTERN_EXTENDED, false, 3)
COMPARE(extended_is_grep_in_utf8, PATTERN_EXTENDED, true, 4)
COMPARE(basic_is_grep_in_c, PATTERN_BASIC, false, 5)
COMPARE(basic_is_grep_in_utf8, PATTERN_BASIC, true, 6)
COMPARE(perl_is_grep_in_c, PATTERN_PERL, false, 7)
COMPARE(perl_is_grep_in_utf8, PATTERN_PERL, true, 8)

/* ---- what grep cannot be asked ---- */

static bool selects(const char *pattern, struct pattern_options options, struct str unit)
{
    struct err err;
    defer(pattern_close) struct pattern *p = NULL;
    struct str text = str_from(pattern);
    REQUIRE_OK(pattern_compile(&p, &text, 1, options, &err));
    return pattern_matches(p, unit) == MATCH_FOUND;
}

static const struct pattern_options text = {.kind = PATTERN_TEXT};
static const struct pattern_options text_x = {.kind = PATTERN_TEXT, .whole_line = true};
static const struct pattern_options extended = {.kind = PATTERN_EXTENDED};
static const struct pattern_options extended_x = {.kind = PATTERN_EXTENDED, .whole_line = true};
static const struct pattern_options extended_i = {.kind = PATTERN_EXTENDED, .ignore_case = true};
static const struct pattern_options perl = {.kind = PATTERN_PERL};

/* Invariant 1 */
TEST(pattern_anchors_stand_at_each_physical_line)
{
    struct str record = STR("panic: x\r\n\tat main.go:7\r\nexit\r");
    CHECK(selects("^\tat", extended, record) && selects("x$", extended, record));
    CHECK(selects("exit$", extended, record) && selects("^panic", perl, record));
    CHECK(selects("go:7$", perl, record) && selects("[$\\]]7$|:7$", perl, record));
    CHECK(selects("exit", text_x, record) && selects("panic: x", text_x, record));
    CHECK(selects("e..t", extended_x, record) && !selects("at.*", extended_x, record));
    CHECK(!selects("x[^y]at", extended, record)); /* a set never spans lines */
    CHECK(!selects("a\\$$", perl, STR("a\r")) && selects("a\\$$", perl, STR("a$\r")));
    struct pattern_options lines = {.kind = PATTERN_EXTENDED, .lines = true};
    CHECK(!selects("exit$", lines, STR("exit\r")) && selects("exit.$", lines, STR("exit\r")));
    lines.kind = PATTERN_PERL;
    CHECK(!selects("exit$", lines, STR("exit\r")));
}

/* Invariant 2 */
TEST(pattern_folding_stays_on_its_side_of_ascii)
{
    struct str kelvin = STR("\xe2\x84\xaa \xc5\xbf");
    struct pattern_options text_i = {.kind = PATTERN_TEXT, .ignore_case = true};
    CHECK(!selects("k", text_i, kelvin) && !selects("s", text_i, kelvin));
    CHECK(!selects("^k", extended_i, kelvin) && !selects("S$", extended_i, kelvin));
    CHECK(!selects("^[a-z]", extended_i, kelvin) && !selects("[[:digit:]s]$", extended_i, kelvin));
    CHECK(!selects("\xe2\x84\xaa.*", extended_i, STR("k\xc3\xa9")));
    CHECK(!selects("[\xe2\x84\xaa]", extended_i, STR("k\xc3\xa9")));
    CHECK(selects("^\xe2\x84\xaa", extended_i, kelvin));
    CHECK(selects("\xc3\x89T\xc3\xa9", text_i, STR("\xc3\xa9t\xc3\x89")));
    CHECK(selects("^[^[:alpha:]]$", extended, STR("\xe2\x82\xac")));
    CHECK(selects("^...$", extended, STR("\xe2\x82\xff"))); /* not UTF-8: bytes */
}

TEST(pattern_takes_any_byte)
{
    CHECK(selects("", text, STR("")) && selects("", text, STR("\0")) && selects("", perl, STR("")));
    CHECK(selects("a.b", extended, STR("a\0b")) && selects("b$", extended, STR("a\0b")));
    struct err err;
    defer(pattern_close) struct pattern *p = NULL;
    struct str nul = STR("\0b");
    REQUIRE_OK(pattern_compile(&p, &nul, 1, text, &err));
    CHECK(pattern_matches(p, STR("a\0b")) == MATCH_FOUND);
    CHECK(pattern_matches(p, STR("ab")) == MATCH_NONE);
}

TEST(pattern_joins_several)
{
    struct err err;
    struct span s;
    const struct str texts[] = {STR("ab*"), STR("(a)\\1b"), STR("x\ny")};
    defer(pattern_close) struct pattern *p = NULL;
    REQUIRE_OK(pattern_compile(&p, texts, 3, extended, &err));
    REQUIRE(pattern_next_span(p, STR("-aabb"), 0, &s));
    CHECK(s.from == 1 && s.to == 4);
    REQUIRE(pattern_next_span(p, STR("-y-"), 0, &s));
    CHECK(s.from == 1 && s.to == 2);
    CHECK(!pattern_next_span(p, STR("-y-"), 2, &s));
}

TEST(pattern_takes_the_longest_where_posix_asks)
{
    struct err err;
    struct span s;
    struct str texts = STR("user|username");
    defer(pattern_close) struct pattern *p = NULL, *q = NULL;
    REQUIRE_OK(pattern_compile(&p, &texts, 1, extended, &err));
    REQUIRE_OK(pattern_compile(&q, &texts, 1, perl, &err));
    CHECK(pattern_next_span(p, STR("a username"), 0, &s) && s.to == 10);
    CHECK(pattern_next_span(q, STR("a username"), 0, &s) && s.to == 6);
}

TEST(pattern_says_what_is_wrong)
{
    static const struct {
        struct pattern_options options;
        const char *pattern, *says;
    } cases[] = {
        {{.kind = PATTERN_EXTENDED}, "a(b", "unmatched ( or \\( (at byte 4)"},
        {{.kind = PATTERN_BASIC}, "ab\\)", "unmatched ) or \\) (at byte 5)"},
        {{.kind = PATTERN_EXTENDED}, "[[:foo:]]", "unknown character class name"},
        {{.kind = PATTERN_EXTENDED}, "x[:space:]", "not [:space:]"},
        {{.kind = PATTERN_EXTENDED}, "[b-a]", "invalid range end"},
        {{.kind = PATTERN_EXTENDED}, "(a)\\2", "invalid back reference"},
        {{.kind = PATTERN_EXTENDED}, "a\\", "trailing backslash"},
        {{.kind = PATTERN_EXTENDED}, "a{3,2}", "invalid content"},
        {{.kind = PATTERN_EXTENDED}, "a{1,99999}", "too big"},
        {{.kind = PATTERN_EXTENDED}, "((a{999}){999}){999}", "too large: fewer"},
        {{.kind = PATTERN_BASIC}, "a\\{x", "unmatched \\{"},
        {{.kind = PATTERN_PERL}, "a(b", "missing closing parenthesis (at byte 4)"},
        {{.kind = PATTERN_PERL, .whole_line = true}, "a)|(b", "unmatched closing parenthesis"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err = {0};
        struct pattern *p = NULL;
        struct str one = str_from(cases[i].pattern);
        CHECK(!pattern_compile(&p, &one, 1, cases[i].options, &err));
        if (!strstr(err.text, cases[i].says) || !strstr(err.text, cases[i].pattern))
            test_fail(__FILE__, __LINE__, "%s: %s", cases[i].pattern, err.text);
    }
}

/* base/match.h, invariant 3 */
TEST(pattern_gives_up_on_a_hostile_expression)
{
    struct err err;
    char line[64];
    memset(line, 'a', sizeof line);
    line[sizeof line - 1] = 'b';
    defer(pattern_close) struct pattern *p = NULL;
    struct str hostile = STR("^(?:(?:a+)+)+\\1?$|^(a*)*c$");
    REQUIRE_OK(pattern_compile(&p, &hostile, 1, perl, &err));
    CHECK(pattern_matches(p, str_of(line, sizeof line)) == MATCH_LIMIT);
    CHECK(pattern_matches(p, STR("aac")) == MATCH_FOUND);
}

static size_t count_needed(const char *pattern, struct pattern_options options, struct str must)
{
    struct err err;
    defer(pattern_close) struct pattern *p = NULL;
    struct str one = str_from(pattern);
    REQUIRE_OK(pattern_compile(&p, &one, 1, options, &err));
    return pattern_can_skip(p) ? 1 + !pattern_may_match(p, must) : 0;
}

/* Invariant 5: 0 = no literal is known, 1 = one is and `must` has it, 2 = and `must` has none. */
TEST(pattern_knows_literals_that_are_needed)
{
    CHECK_INT(count_needed("a*", extended, STR("")), 0);
    CHECK_INT(count_needed("colou?r", extended, STR("colo")), 1);
    CHECK_INT(count_needed("colou?r", extended, STR("col ur")), 2);
    CHECK_INT(count_needed("GET|POST", extended, STR("xPOSTx")), 1);
    CHECK_INT(count_needed("(GET|POST) /a{2}", extended, STR(" /")), 2);
    CHECK_INT(count_needed("(GET|POST) /a{2}", extended, STR("POST")), 1);
    CHECK_INT(count_needed("(GET|P)?", extended, STR("")), 0);
    CHECK_INT(count_needed("ab|c", extended, STR("")), 0);
    CHECK_INT(count_needed("(?i)abc", perl, STR("")), 0);
    CHECK_INT(count_needed("abc{0}x", perl, STR("abx")), 1);
    CHECK_INT(count_needed("\\d+ms (?!abc)", perl, STR("ms ")), 1);
    CHECK_INT(count_needed("a\\.b\\$", extended, STR("a.b$")), 1);
    CHECK_INT(count_needed("MasK", extended_i, STR("mask")), 1);
    CHECK_INT(count_needed("mas.",
                           (struct pattern_options){.kind = PATTERN_PERL, .ignore_case = true},
                           STR("MA\xc5\xbf!")),
              1);
    CHECK_INT(count_needed("abc", (struct pattern_options){.invert = true}, STR("")), 0);
}

static bool is_needles(const char *pattern, struct pattern_options options)
{
    struct err err;
    defer(pattern_close) struct pattern *p = NULL;
    struct str one = str_from(pattern);
    REQUIRE_OK(pattern_compile(&p, &one, 1, options, &err));
    return pattern_is_needles(p);
}

TEST(pattern_of_plain_text_is_its_needles)
{
    CHECK(is_needles("timeout", (struct pattern_options){0}));
    CHECK(is_needles("time.out\nretry", (struct pattern_options){.ignore_case = true}));
    CHECK(!is_needles("timeout", (struct pattern_options){.whole_word = true}));
    CHECK(!is_needles("timeout", (struct pattern_options){.whole_line = true}));
    CHECK(!is_needles("timeout", (struct pattern_options){.invert = true}));
    CHECK(!is_needles("timeout", (struct pattern_options){.kind = PATTERN_EXTENDED}));
    CHECK(!is_needles("caf\xc3\xa9", (struct pattern_options){0}));
    CHECK(!is_needles("", (struct pattern_options){0}));
}
