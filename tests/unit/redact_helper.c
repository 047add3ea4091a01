#include "tests/unit/redact_helper.h"

#include "base/mem.h"
#include "tests/test.h"

unsigned roll(unsigned n)
{
    static uint64_t seed = 1;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static const struct redactor *masking(void)
{
    static struct redactor *all;
    struct redact_options options;
    struct err err;
    if (all)
        return all;
    redact_options_init(&options);
    for (size_t i = 0; i < REDACT_RULES; i++)
        options.actions[i] =
            i == RULE_SECRETS || i == RULE_JWT || i == RULE_EMAIL ? REDACT_KEEP : REDACT_MASK;
    REQUIRE_OK(redactor_open(&all, &options, &err));
    return all;
}

void check_masked(const char *line, const char *expected)
{
    defer(redaction_free) struct redaction room = {0}, again = {0};
    struct str out = redact_line(masking(), &room, NULL, str_from(line));
    CHECK_STR(out, str_from(expected));
    CHECK_STR(redact_line(masking(), &again, NULL, out), out); /* redact.h, invariant 2 */
}

void check_plain(const char *line)
{
    check_masked(line, line);
}

bool is_found(struct str line, struct str value, enum redact_rule rule)
{
    defer(redaction_free) struct redaction room = {0};
    redact_find(masking(), &room, NULL, line);
    const struct finding *f = room.findings;
    return room.n == 1 && f->rule == rule &&
           str_equal(str_slice(line, f->from, f->to - f->from), value);
}

size_t count_found(struct str line)
{
    defer(redaction_free) struct redaction room = {0};
    redact_find(masking(), &room, NULL, line);
    return room.n;
}

void put_random(struct buf *b, const char *pattern)
{
    for (const char *p = pattern; *p; p++) {
        char c = *p == '#'   ? (char)('0' + roll(10))
                 : *p == '^' ? (char)('A' + roll(26))
                 : *p == '~' ? "0123456789abcdef"[roll(16)]
                             : *p;
        buf_add(b, str_of(&c, 1));
    }
}

void check_none_found(const char *const *patterns, size_t n, size_t each)
{
    defer(buf_free) struct buf line = {0};
    for (size_t i = 0; i < n * each; i++) {
        line.len = 0;
        put_random(&line, patterns[i % n]);
        if (count_found(buf_str(&line)) > 0)
            test_fail(__FILE__, __LINE__, "%.*s", STR_ARG(buf_str(&line)));
    }
}

size_t bare_of(struct str text, char *bare, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len && n < room; i++) {
        if (!memchr(" -.", text.ptr[i], 3))
            bare[n++] = text.ptr[i];
    }
    return n;
}

/* $ is the value, @ the word. */
static const char *const carriers[CARRIERS] = {
    "{\"name\":\"x\",\"@\":\"$\",\"n\":1}",
    "{\"level\":\"info\",\"customer\":{\"@\": \"$\"}}",
    "{\"log\":\"{\\\"@\\\":\\\"$\\\"}\\n\",\"stream\":\"stdout\"}",
    "time=10:00:00 level=info msg=\"checked\" @=\"$\" ok=true",
    "10.0.0.1 - - \"GET /check?@=$&lang=en HTTP/1.1\" 200 17",
    "INSERT INTO people (@) VALUES ('$', 'x')",
    "java.lang.IllegalStateException: bad @ $\\n\\tat com.example.Main.run(Main.java:17)",
    "The @ $ was refused.",
    "<person><@>$</@></person>",
    "@: $",
    "{\"input\":\"$\"}",
    "INSERT INTO t VALUES (1, '$', NULL)",
    "1;$;Berlin",
    "x\t$\ty",
    "$",
    "{\\u0022text\\u0022:\\u0022$\\u0022}",
};

void put_carrier(struct buf *b, size_t carrier, const char *word, struct str value)
{
    for (const char *p = carriers[carrier]; *p; p++)
        buf_add(b, *p == '$' ? value : *p == '@' ? str_from(word) : str_of(p, 1));
}
