#include "formats/redact/redact.h"

#include "base/hash.h"
#include "base/mem.h"
#include "formats/line/json.h"
#include "formats/redact/replace.h"
#include "formats/redact/scan.h"
#include "tests/test.h"

#include <stdlib.h>

static uint64_t seed = 1;

static unsigned roll(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static uint64_t sign(void *context, struct str text)
{
    (*(unsigned *)context)++;
    return hash64(text);
}

static struct redactor *open_with(void (*change)(struct redact_options *options))
{
    static unsigned signed_values;
    struct redact_options options;
    struct redactor *r;
    struct err err;
    redact_options_init(&options);
    options.sign = sign;
    options.sign_context = &signed_values;
    change(&options);
    REQUIRE(redactor_open(&r, &options, &err));
    return r;
}

static void nothing(struct redact_options *options)
{
    (void)options;
}

static void mask_mail(struct redact_options *options)
{
    options->actions[RULE_EMAIL] = REDACT_MASK;
}

static void check_line(const struct redactor *r, const char *line, const char *expected)
{
    defer(redaction_free) struct redaction room = {0};
    struct str out = redact_line(r, &room, NULL, str_from(line));
    CHECK_STR(out, str_from(expected));
    defer(redaction_free) struct redaction again = {0};
    CHECK(str_equal(redact_line(r, &again, NULL, out), out)); /* redact.h, invariant 2 */
}

/* ---- scan.h ---- */

static struct {
    size_t at[4096], n;
} seen;

static size_t note(struct hunt *h, size_t at)
{
    (void)h;
    seen.at[seen.n++] = at;
    return at + 1;
}

/* scan.h, invariant 1: on lines with all bytes, of all lengths. */
TEST(redact_ways_to_scan_agree)
{
    static const char likely[] = "0123456789ABCDefab -.-:=@%_+(<'\\";
    struct scan_finders finders = {0};
    char line[300];
    for (unsigned i = 0; i < TRIGGERS; i++)
        finders.of[i] = note;
    for (unsigned round = 0; round < 2000; round++) {
        size_t len = round % sizeof line, wanted[4096], n = 0;
        for (size_t i = 0; i < len; i++)
            line[i] = (char)(round % 3 ? likely[(unsigned)rand() % (sizeof likely - 1)] : rand());
        for (size_t k = scan_method_count; k-- > 0;) {
            struct hunt h = {.line = str_of(line, len)};
            if (!scan_methods[k].is_supported())
                continue;
            seen.n = 0;
            scan_methods[k].scan(&finders, &h, round % 2);
            if (n == 0)
                memcpy(wanted, seen.at, (n = seen.n) * sizeof *wanted);
            CHECK(seen.n == n && memcmp(wanted, seen.at, n * sizeof *wanted) == 0);
        }
    }
}

static void look(enum trigger trigger, struct str line)
{
    struct scan_finders finders = {0};
    struct hunt h = {.line = line};
    finders.of[trigger] = note;
    seen.n = 0;
    scan_line(&finders, &h);
}

static bool is_run(char c)
{
    return is_alnum(c) || c == '_' || c == '-';
}

static bool is_separator(char c)
{
    return c == ' ' || c == '-' || c == '.';
}

static bool are_digits(struct str s, size_t i, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (!is_digit(byte_at(s, i + k)))
            return false;
    }
    return true;
}

/* With separators between them. */
static bool are_pairs(struct str s, size_t i, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (!are_digits(s, i + 3 * k, 2) || (k > 0 && !is_separator(byte_at(s, i + 3 * k - 1))))
            return false;
    }
    return true;
}

/* What scan.h says of each trigger, byte by byte. */
static bool stands_at(enum trigger t, struct str s, size_t i)
{
    char c = s.ptr[i], before = i ? s.ptr[i - 1] : 0, behind = byte_at(s, i + 1);
    size_t n = 0;
    switch (t) {
    case TRIGGER_AT:
        return c == '@' || c == '%';
    case TRIGGER_PLUS:
        return c == '+' && (is_digit(before) || is_upper(before)) && is_digit(behind);
    case TRIGGER_ESCAPE:
        return c == '\\' && is_letter(behind);
    case TRIGGER_PAIR:
        return c == ':' || c == '=';
    case TRIGGER_NUMBER:
        return (are_digits(s, i, 7) && !is_digit(before)) ||
               (are_digits(s, i, 3) && is_separator(byte_at(s, i + 3)) &&
                (are_digits(s, i + 4, 3) ||
                 (are_digits(s, i + 4, 2) && is_separator(byte_at(s, i + 6)) &&
                  are_digits(s, i + 7, 3)))) ||
               are_pairs(s, i, 5);
    case TRIGGER_LETTERS:
        return is_letter(c) && !(c & 0x20) && is_letter(behind) && !(behind & 0x20) &&
               (are_digits(s, i + 2, 2) ||
                (is_separator(byte_at(s, i + 2)) && are_digits(s, i + 3, 2)));
    case TRIGGER_RUN:
        while (i + n < s.len && is_run(s.ptr[i + n]))
            n++;
        return n >= 16 && !is_run(before);
    case TRIGGER_DASHES:
        return str_starts(str_slice(s, i, 5), STR("-----")) && before != '-';
    case TRIGGER_DOT:
        return c == '.' && ((is_digit(before) && is_digit(behind)) ||
                            (is_hex(before) && is_hex(behind) && byte_at(s, i + 5) == '.'));
    case TRIGGER_COLON:
        return c == ':' && (before == ':' || behind == ':' || is_digit(before) ||
                            (is_letter(before) && (before | 0x20) < 'g'));
    case TRIGGER_DIALED:
        return (c == '+' || c == '(') && is_digit(behind);
    case TRIGGER_OPTION:
        return c == '-' && !is_run(before) && (is_letter(behind) || behind == '-');
    case TRIGGER_OPENING:
        return (c == '<' || c == '\'') && !is_run(before);
    default:
        return false;
    }
}

TEST(redact_triggers_are_where_bytes_say)
{
    static const char letters[] = "0123456789012345678901234567890123456789--- ..:=@%+(AZaz_f<'\\";
    char line[300];
    for (unsigned round = 0; round < 3000; round++) {
        size_t len = roll(300);
        unsigned kinds = 1 + roll(sizeof letters - 1);
        for (size_t i = 0; i < len; i++)
            line[i] = letters[roll(kinds)];
        for (unsigned t = 0; t < TRIGGERS; t++) {
            size_t n = 0;
            look(t, str_of(line, len));
            for (size_t i = 0; i < len; i++) {
                if (stands_at(t, str_of(line, len), i))
                    n += n < seen.n && seen.at[n] == i;
                else
                    CHECK(n == seen.n || seen.at[n] != i);
            }
            CHECK_INT(n, seen.n);
        }
    }
}

/* ---- replacing ---- */

TEST(redact_marks_and_tokens)
{
    defer(redactor_close) struct redactor *r = open_with(nothing);
    defer(buf_free) struct buf token = {.max = 100}, line = {.max = 200}, wide = {.max = 100};
    REQUIRE(redact_put_token(r, RULE_EMAIL, STR("bob@example.com"), &token));
    buf_print(&line, "from %.*s to", STR_ARG(buf_str(&token)));
    check_line(r, "from bob@example.com to", buf_text(&line));
    check_line(r, "from Bob@Example.COM to", buf_text(&line));
    check_line(r, "from bob%40example.com to", buf_text(&line));
    check_line(r, "from bob%2540example.com to", buf_text(&line));
    REQUIRE(redact_put_token(r, RULE_EMAIL, STR("j\xc3\xbcrgen@example.de"), &wide));
    check_line(r, "j%C3%BCrgen%40example.de", buf_text(&wide));
    check_line(r, "j%25C3%25BCrgen%2540example.de", buf_text(&wide));
    check_line(r, "q=%80%ffab@%00&x=caf%C3%A9", "q=%80%ffab@%00&x=caf%C3%A9");
    check_line(r, "nothing here", "nothing here");
    check_line(r, "", "");
}

static void partial(struct redact_options *options)
{
    for (size_t i = 0; i < REDACT_RULES; i++)
        options->actions[i] = REDACT_PARTIAL;
}

static void removing(struct redact_options *options)
{
    options->actions[RULE_EMAIL] = REDACT_REMOVE;
}

TEST(redact_mail_addresses)
{
    defer(redactor_close) struct redactor *r = open_with(partial);
    check_line(r, "to o'brien@example.com, user%2Btag%40example.com",
               "to [email:o***@example.com], [email:u***@example.com]");
    check_line(r, "('o''brien@example.com', b'bob@example.com')",
               "('[email:o***@example.com]', b'[email:b***@example.com]')");
    check_line(r, "at Foo$$Lambda@2eb6d34a.apply", "at Foo$$Lambda@2eb6d34a.apply");
    check_line(r, "u=ssh%3A%2F%2Fgit%40git.example%3A22%2Fa&m=mailto%3Abob%40example.com",
               "u=ssh%3A%2F%2Fgit%40git.example%3A22%2Fa&m=mailto%3A[email:b***@example.com]");
    check_line(r, "x@cafe1234.de", "[email:x***@cafe1234.de]");
    check_line(r, "{\"m\":\"o\\u0027brien@example.com\"}", "{\"m\":\"[email:o***@example.com]\"}");
}

/* Letters beyond ASCII stay whole: escapes of JSON, and UTF-8. */
TEST(redact_mail_of_wide_letters)
{
    defer(redactor_close) struct redactor *r = open_with(partial);
    check_line(r, "{\"m\":\"\\u00fcber@example.com\"}", "{\"m\":\"[email:***@example.com]\"}");
    check_line(r,
               "\xc3\xbc"
               "ber@example.com",
               "[email:***@example.com]");
    static const struct str letters[] = {STR_INIT("\\u00fc"), STR_INIT("\xc3\xbc")};
    for (size_t i = 0; i < countof(letters); i++) {
        for (size_t n = 1; n < 70; n++) {
            defer(buf_free) struct buf line = {.max = 1024}, expected = {.max = 1024};
            size_t most = 64 / letters[i].len, before = n > most ? n - most : 0;
            for (size_t k = 0; k < n; k++)
                buf_add(&line, letters[i]);
            buf_add(&expected, str_slice(buf_str(&line), 0, before * letters[i].len));
            buf_print(&expected, "[email:***@example.com]");
            buf_print(&line, "@example.com");
            check_line(r, buf_text(&line), buf_text(&expected));
        }
    }
}

TEST(redact_partial_of_encoded)
{
    defer(redactor_close) struct redactor *r = open_with(partial);
    check_line(r, "GET /?iban=DE89%203704%200044%200532%200130%2000&c=4111%201111%201111%201111",
               "GET /?iban=[iban:DE:3000]&c=[card:1111]");
}

TEST(redact_partial_and_remove)
{
    defer(redactor_close) struct redactor *r = open_with(partial), *none = open_with(removing);
    check_line(r, "bob@example.com", "[email:b***@example.com]");
    check_line(none, "to <bob@example.com>.", "to <>.");
}

static void overlapping(struct redact_options *options)
{
    static const struct redact_pattern pattern = {STR_INIT("sec"), STR_INIT("io sec[0-9]+"),
                                                  REDACT_MASK};
    options->actions[RULE_EMAIL] = REDACT_PARTIAL;
    options->patterns = &pattern;
    options->n_patterns = 1;
}

static void own(struct redact_options *options)
{
    static const struct redact_pattern patterns[] = {
        {STR_INIT("order"), STR_INIT("ORD-[0-9]{8}\\b"), REDACT_MASK},
        {STR_INIT("number"), STR_INIT("(?<=n=|\"n\":)\\d+|(?<=o\":)\\{[^}]*\\}"), REDACT_TOKEN},
        {STR_INIT("slow"), STR_INIT("(x+x+)+[yz]"), REDACT_MASK},
        {STR_INIT("four"), STR_INIT("1234"), REDACT_MASK},
        {STR_INIT("ahead"), STR_INIT("a(?=.*zz)"), REDACT_MASK},
    };
    static const struct str allow[] = {STR_INIT("*@example.org"), STR_INIT("ord-00000000")};
    options->actions[RULE_EMAIL] = REDACT_MASK;
    options->patterns = patterns;
    options->n_patterns = countof(patterns);
    options->allow = allow;
    options->n_allow = countof(allow);
    options->sign = NULL;
}

TEST(redact_own_patterns_and_allowed_values)
{
    defer(redactor_close) struct redactor *r = open_with(own);
    defer(redaction_free) struct redaction room = {0};
    char slow[3000];
    check_line(r, "ORD-12345678,ORD-723456789 ORD-87654321", "[order],ORD-723456789 [order]");
    check_line(r, "ORD-00000000 a@example.org b@EXAMPLE.ORG c@example.com",
               "ORD-00000000 a@example.org b@EXAMPLE.ORG [email]");
    check_line(r, "a%40example.org&b=x%3D1%26m%3Db%2540example.org&c%40example.com",
               "a%40example.org&b=x%3D1%26m%3Db%2540example.org&[email]");
    memset(slow, 'x', sizeof slow);
    memcpy(slow, "a@b.cc ", 7);
    CHECK(str_starts(redact_line(r, &room, NULL, str_of(slow, sizeof slow)), STR("[email] x")));
    redact_count(&room);
    CHECK_INT(room.gave_up, 1);
    CHECK_INT(room.counts[RULE_EMAIL], 1);
}

TEST(redact_json_stays_json)
{
    defer(redactor_close) struct redactor *r = open_with(own);
    check_line(r, "{\"n\":12,\"o\":{\"a\":1}}", "{\"n\":\"[number]\",\"o\":\"[number]\"}");
    check_line(r, "{\"m\":\"n=12, x\"}", "{\"m\":\"n=[number], x\"}");
    check_line(r, "{\"m\":\"the \\\"n\\\" of n=12\"}", "{\"m\":\"the \\\"n\\\" of n=[number]\"}");
    check_line(r, "{\"b\":\"{\\\"o\\\":{\\\"n\\\":1}}\"}", "{\"b\":\"{\\\"o\\\":{\\\"n\\\":1}}\"}");
    check_line(r, "n=12", "n=[number]");
    check_line(r, "{\"a\":[-12345,{\"b\":12341234.5e3}]}",
               "{\"a\":[\"[four]\",{\"b\":\"[four]\"}]}");
    check_line(r, "{\"a\":\"-12345\"}", "{\"a\":\"-[four]5\"}");
}

/* redact.h, invariant 4 */
TEST(redact_own_patterns_have_a_budget)
{
    defer(redactor_close) struct redactor *r = open_with(own);
    defer(redaction_free) struct redaction room = {0};
    defer(buf_free) struct buf line = {.max = 1 << 20};
    while (line.len < line.max - 2)
        buf_add_byte(&line, 'a');
    buf_add(&line, STR("zz"));
    struct str out = redact_line(r, &room, NULL, buf_str(&line));
    CHECK(str_starts(out, STR("[ahead][ahead]")) || str_starts(out, STR("**")));
    CHECK(str_find_byte(out, 'a') != 0);
}

/* What a rule may show of its own values it does not show of others that overlap with them. */
TEST(redact_what_overlaps_is_masked)
{
    defer(redactor_close) struct redactor *r = open_with(overlapping);
    check_line(r, "a@corp.io and a@corp.io sec12345", "[email:a***@corp.io] and [sec]");
}

/* replace.h, invariant 2 */
TEST(redact_lines_stay_within_their_bound)
{
    defer(redactor_close) struct redactor *r = open_with(nothing);
    defer(redaction_free) struct redaction room = {0};
    static const struct str one = STR_INIT("a@b.cc,");
    defer(buf_free) struct buf line = {.max = 1 << 20};
    while (line.len + one.len <= line.max - 100)
        buf_add(&line, one);
    struct str out = redact_line(r, &room, NULL, buf_str(&line));
    CHECK(out.len <= 1 << 20);
    CHECK(str_starts(out, STR("[email:")));
    CHECK(str_ends(out, STR("******,******,")));
    CHECK(str_find_byte(out, '@') == SIZE_MAX);
}

TEST(redact_place_in_json)
{
    static const struct {
        const char *line; /* the place is at '#' */
        const char *quotes;
    } cases[] = {
        {"{\"a\":#}", "\""},
        {"{\"a\":\"#\"}", ""},
        {"{\"a\":\"x\\\"#\"}", ""},
        {"{\"a\\\\\":#}", "\""},
        {" [1,#]", "\""},
        {"a:#", ""},
        {"{\"a\":\"{\\\"b\\\":#}\"}", "\\\""},
        {"{\"a\":\"{\\\"b\\\":\\\"#\\\"}\"}", ""},
        {"{\"a\":\"{\\\"b\\\":\\\"\\\\\\\"#\\\"}\"}", ""},
        {"{\"a\":\"{\\\"b\\\":\\\"\\\\\\\\\\\",\\\"c\\\":#}\"}", "\\\""},
        {"{\"a\":\"{\\\"b\\\":\\\"\\\\n\\\",\\\"c\\\":#}\"}", "\\\""},
        {"{\"a\":\"b\",\"c\":\"d: #\"}", ""},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct str line = str_from(cases[i].line);
        struct json_place place;
        json_place_init(&place, line);
        CHECK(str_equal(json_place_quotes(&place, str_find_byte(line, '#')),
                        str_from(cases[i].quotes)));
    }
}

TEST(redact_findings_do_not_overlap)
{
    defer(redactor_close) struct redactor *r = open_with(own);
    defer(redaction_free) struct redaction room = {0};
    struct str line = STR("n=1,n=12 ORD-12345678 a@b.cc,d@e.ff");
    redact_find(r, &room, NULL, line);
    redact_count(&room);
    REQUIRE(room.n == 5);
    for (size_t i = 1; i < room.n; i++)
        CHECK(room.findings[i - 1].to <= room.findings[i].from);
    CHECK_INT(room.counts[RULE_EMAIL], 2);
    CHECK_INT(room.own_count, 3);
}

TEST(redact_bad_options)
{
    struct redact_options options;
    struct redactor *r = NULL;
    struct err err;
    struct redact_pattern pattern = {STR_INIT("a b"), STR_INIT("x"), REDACT_MASK};
    redact_options_init(&options);
    options.patterns = &pattern;
    options.n_patterns = 1;
    CHECK(!redactor_open(&r, &options, &err));
    CHECK_STR(str_from(err.text),
              STR("pattern 'a b': the name 'a b' is not 1 to 40 letters, digits, '_' and '-'"));
    pattern.name = STR("ab");
    pattern.match = STR("a(b");
    CHECK(!redactor_open(&r, &options, &err));
    CHECK(str_starts(str_from(err.text), STR("pattern 'ab': ")));
}

/* ---- hunt.h ---- */

TEST(redact_what_is_hidden)
{
    static const char *const hidden[] = {"",
                                         " ",
                                         "***",
                                         "xxxx",
                                         "[email]",
                                         "[REDACTED]",
                                         "null",
                                         "None",
                                         "${PW}",
                                         "$1",
                                         "{{ pw }}",
                                         "%s",
                                         "?",
                                         "<hidden>",
                                         "(null)",
                                         "[email:k1:0123456789abcdef]",
                                         "[email:b***@example.com]",
                                         "%(pw)s",
                                         "{}"};
    static const char *const shown[] = {
        "a",    "hunter2",        "[a,b]",    "{a}",    "<1>",     "$ecret", "%secret",     "nullx",
        "a[b]", "[correcthorse]", "(hunter)", "$98765", "{{a b}}", "${a}b}", "[abc:123def]"};
    for (size_t i = 0; i < countof(hidden); i++)
        CHECK(is_hidden(str_from(hidden[i])));
    for (size_t i = 0; i < countof(shown); i++)
        CHECK(!is_hidden(str_from(shown[i])));
}

static bool is_near(const char *text, const char *words)
{
    struct str line = str_from(text);
    size_t at = str_find_byte(line, '#');
    return has_word_near(line, at, at + 1, words);
}

TEST(redact_words_near)
{
    CHECK(is_near("SSN: #", "ssn|social_security"));
    CHECK(is_near("customerSsn=#", "ssn"));
    CHECK(is_near("social-security no #", "ssn|social_security"));
    CHECK(is_near("socialsecurity #", "ssn|social_security"));
    CHECK(is_near("# is the SSN of", "ssn"));
    CHECK(is_near("{\"tax_id\":\"#\"", "tax_id"));
    CHECK(!is_near("assn #", "ssn"));
    CHECK(!is_near("ssns #", "ssn"));
    CHECK(!is_near("#", "ssn"));
    CHECK(!is_near("ssn ........................................ #", "ssn"));
    CHECK(!is_near("xssn ..................................... #", "ssn")); /* cut at the edge */
    CHECK(is_near("x ssn ................................... #", "ssn"));
}

/* ---- mail.c ---- */

/* Nothing behind a line is looked at: an escape may be cut with it. */
TEST(redact_lines_that_end_anywhere)
{
    static const char *const lines[] = {
        "99@6III\\u00fc",
        "o'\\u00fc@a.b\\u00fcc",
        "bob%40a.b%20",
        "\\x22password\\x22:\\x22a\\x22",
        "<password><![CDATA[a]]></password>",
        "curl -u a:b --password \"x\"",
        "u:x@tcp(h)/",
        "identified by 'x'",
    };
    defer(redactor_close) struct redactor *r = open_with(nothing);
    defer(redaction_free) struct redaction room = {.n = 0};
    for (size_t i = 0; i < countof(lines); i++) {
        for (size_t len = 1; len <= strlen(lines[i]); len++) {
            char *copy = mem_alloc(len);
            memcpy(copy, lines[i], len);
            redact_find(r, &room, NULL, str_of(copy, len));
            mem_free(&copy);
        }
    }
}

TEST(redact_mail)
{
    static const char *const yes[] = {"bob@example.com",
                                      "<bob@example.com>",
                                      "a.b+c_d-e@sub.example.co.uk",
                                      "mailto:bob@example.com",
                                      "{\"to\":\"bob@example.com\"}",
                                      "u=bob@example.com&x",
                                      "bob@example.museum",
                                      "bob@xn--bcher-kva.example",
                                      "bob@bcher.xn--p1ai",
                                      "'bob@example.com': ",
                                      "bob@example.com.",
                                      "=bob@example.com;",
                                      "(bob@example.com)",
                                      "bob@example.com:5 retries",
                                      "bob@example.com_old",
                                      "\\tbob@example.com\\n",
                                      "dell'orto@example.com",
                                      "bob@ex\xc3\xa4mple.com",
                                      "bob@\xd0\xbf\xd1\x80.\xd1\x80\xd1\x84"};
    static const char *const no[] = {"icon@2x.png",
                                     "getty@tty1.service",
                                     "git@example.com:a/b.git",
                                     "scp bob@example.com:/srv/x",
                                     "ssh://git@example.com/a",
                                     "react@18.2.0",
                                     "root@10.0.0.1",
                                     "@example.com",
                                     "bob@",
                                     "bob@localhost",
                                     "bob@example",
                                     "com.example.Foo@1a2b3c4d",
                                     "a@b",
                                     "bob@.com",
                                     "bob@example..",
                                     "x@example.c",
                                     "/node_modules/@babel/core.js",
                                     "https://bob:x@example.com/",
                                     "user@host:path",
                                     "bob@-example.com",
                                     "%41b.com"};
    defer(redactor_close) struct redactor *r = open_with(mask_mail);
    for (size_t i = 0; i < countof(yes); i++) {
        defer(redaction_free) struct redaction room = {0};
        redact_find(r, &room, NULL, str_from(yes[i]));
        redact_count(&room);
        if (room.counts[RULE_EMAIL] != 1)
            test_fail(__FILE__, __LINE__, "not found: %s", yes[i]);
    }
    for (size_t i = 0; i < countof(no); i++) {
        defer(redaction_free) struct redaction room = {0};
        redact_find(r, &room, NULL, str_from(no[i]));
        redact_count(&room);
        if (room.counts[RULE_EMAIL])
            test_fail(__FILE__, __LINE__, "found: %s", no[i]);
    }
    check_line(r, "a bob@example.com,eve@example.org;", "a [email],[email];");
    check_line(r, "{\"m\":\"x\\nbob@example.com\"}", "{\"m\":\"x\\n[email]\"}");
    check_line(r, "{\"m\":\"x\\r\\tbob@example.com\"}", "{\"m\":\"x\\r\\t[email]\"}");
    check_line(r, "{\"m\":\"x\\u003cbob@example.com\"}", "{\"m\":\"x\\u003c[email]\"}");
    check_line(r, "to%3Dbob@example.com to%3Dbob%40example.com", "to%3D[email] to%3D[email]");
    check_line(r, "\x1b[32mbob@example.com [mike@example.com]", "\x1b[32m[email] [[email]]");
    check_line(r, "m\xc3\xbcller@example.com", "[email]");
    check_line(r, "{\"m\":\"DOMAIN\\\\bob@example.com\"}", "{\"m\":\"DOMAIN\\\\[email]\"}");
    check_line(r, "{\"m\":\"m\\u00fcller@example.com\"}", "{\"m\":\"[email]\"}");
    check_line(r,
               "b'bob@example.com' \xe2\x80\x9c"
               "bob@example.com",
               "b'[email]' \xe2\x80\x9c[email]");
    check_line(
        r, "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789@example.com",
        "abcdefgh[email]");
    check_line(r,
               "{\"m\":\"\\u003cabcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz@"
               "example.com\"}",
               "{\"m\":\"\\u003c[email]\"}");
}
