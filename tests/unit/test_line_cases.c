/*
 * Reads tests/cases/lines.cases: comments begin with '#', "!file TIME" sets the file's time, and
 * every other pair of lines is a line of a log and what it says. Empty lines are skipped; a
 * backslash alone stands for a log's empty line.
 */
#include "base/buf.h"
#include "base/time.h"
#include "formats/line/facts.h"
#include "tests/test.h"
#include "tests/unit/case_text.h"

enum { LEAST_CASES = 150 };

static int64_t time_of_word(struct str word)
{
    int64_t ns = TIME_NONE;
    if (!str_equal(word, STR("none")))
        REQUIRE(take_rfc3339(&word, &ns) && word.len == 0);
    return ns;
}

static void parse_expected(struct str s, struct line_facts *expected)
{
    struct str word;
    enum level level;
    *expected = (struct line_facts){.time_ns = TIME_NONE};
    while (take_until(&s, ' ', &word)) {
        if (take_prefix(&word, STR("level="))) {
            REQUIRE(level_parse(word, &level));
            expected->level = (uint8_t)level;
        } else if (take_prefix(&word, STR("time="))) {
            expected->time_ns = time_of_word(word);
        } else {
            REQUIRE(str_equal(word, STR("derived")));
            expected->level_derived = true;
        }
    }
}

static void put_facts(struct buf *b, const struct line_facts *f)
{
    buf_print(b, "level=%s%s time=", level_name(f->level), f->level_derived ? " derived" : "");
    if (f->time_ns == TIME_NONE)
        buf_add(b, STR("none"));
    else
        put_rfc3339(b, f->time_ns, 9);
}

static void check_case(const struct case_file *f, int64_t file_time_ns, struct str input,
                       struct str expected_text)
{
    struct buf line = {0}, want = {0}, have = {0};
    struct line_facts expected, facts;
    struct line_context context = {.file_time_ns = file_time_ns};
    parse_expected(expected_text, &expected);
    if (!str_equal(input, STR("\\")))
        case_unescape(input, &line);
    line_facts_of(buf_str(&line), &context, &facts);
    put_facts(&want, &expected);
    put_facts(&have, &facts);
    if (!str_equal(buf_str(&want), buf_str(&have)))
        test_fail(f->path, f->line, "%.*s is %.*s", STR_ARG(input), STR_ARG(buf_str(&have)));
    buf_free(&line);
    buf_free(&want);
    buf_free(&have);
}

TEST(line_cases)
{
    struct case_file file;
    int64_t file_time_ns;
    struct str line;
    int cases = 0;
    case_open(&file, "tests/cases/lines.cases");
    REQUIRE(civil_to_ns((struct civil){.year = 2026, .month = 11, .day = 21}, &file_time_ns));
    while (case_next(&file, &line)) {
        if (line.len == 0 || str_starts(line, STR("#")))
            continue;
        if (take_prefix(&line, STR("!file "))) {
            file_time_ns = time_of_word(line);
            continue;
        }
        char input[sizeof file.text];
        memcpy(input, line.ptr, line.len);
        size_t len = line.len;
        REQUIRE(case_next(&file, &line));
        check_case(&file, file_time_ns, str_of(input, len), line);
        cases++;
    }
    CHECK(cases >= LEAST_CASES);
}
