/*
 * Any bytes as a line, and as lines of a stream, to be redacted: findings lie in it, in order and apart; what was valid JSON is valid JSON
 * afterwards; no mark is found again; nothing but the findings changes.
 */
#include "formats/redact/redact.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/block/record.h"
#include "formats/line/flatten.h"
#include "formats/redact/hunt.h"
#include "formats/redact/replace.h"

#include <assert.h>
#include <stdlib.h>

enum { ROOM = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct redactor *open_all(enum redact_action action)
{
    static const struct str keys[] = {STR_INIT("a.b"), STR_INIT("c[*].d"), STR_INIT("**.e"),
                                      STR_INIT("f.*")};
    static const struct str allow[] = {STR_INIT("*@ok.example")};
    static const struct redact_pattern patterns[] = {
        {STR_INIT("order"), STR_INIT("ORD-[0-9]{4}"), REDACT_MASK}};
    struct redact_options options;
    struct redactor *r;
    struct err err;
    redact_options_init(&options);
    for (size_t i = 0; i < REDACT_RULES; i++)
        options.actions[i] = action;
    options.keys = keys;
    options.n_keys = countof(keys);
    options.allow = allow;
    options.n_allow = countof(allow);
    options.patterns = patterns;
    options.n_patterns = countof(patterns);
    if (!redactor_open(&r, &options, &err))
        abort();
    return r;
}

static bool is_json(struct str text)
{
    struct field room[ROOM];
    struct fields fields = {.items = room, .max = ROOM};
    struct flatten_result result;
    return flatten_json(text, 0, &fields, &result) && result.is_whole;
}

static bool is_of_number(char c)
{
    return is_alnum(c) || c == '-' || c == '+' || c == '.';
}

/* In JSON all of a number goes in which a finding lies, and all of an escape. */
static struct str without_pieces(struct str between, bool has_before, bool has_behind)
{
    size_t slashes = 0;
    while (slashes < between.len && between.ptr[between.len - 1 - slashes] == '\\')
        slashes++;
    between.len -= has_behind && slashes % 2;
    while (has_before && between.len && is_of_number(between.ptr[0]))
        between = str_slice(between, 1, SIZE_MAX);
    while (has_behind && between.len && is_of_number(between.ptr[between.len - 1]))
        between.len--;
    return between;
}

/* What stands between the findings is in out, in order. */
static void check_between(const struct redaction *r, struct str line, struct str out)
{
    struct json_place place;
    json_place_init(&place, line);
    size_t done = 0;
    for (size_t i = 0; i <= r->n; i++) {
        size_t from = i < r->n ? r->findings[i].from : line.len;
        assert(from >= done && from <= line.len);
        struct str between = str_slice(line, done, from - done);
        if (place.is_json)
            between = without_pieces(between, i > 0, i < r->n);
        size_t at = i ? str_find(out, between) : 0;
        assert(at != SIZE_MAX && str_starts(str_slice(out, at, SIZE_MAX), between));
        out = str_slice(out, at + between.len, SIZE_MAX);
        if (i < r->n) {
            assert(r->findings[i].to > from && r->findings[i].to <= line.len);
            done = r->findings[i].to;
        }
    }
}

/* No mark is found again. Other values may be: a word that says what they are is nearer than it was. */
static void check_again(const struct redactor *redactor, struct str out)
{
    defer(redaction_free) struct redaction twice = {0};
    struct redact_stream stream = {0};
    redact_find(redactor, &twice, &stream, out);
    for (size_t i = 0; i < twice.n; i++) {
        struct str value =
            str_slice(out, twice.findings[i].from, twice.findings[i].to - twice.findings[i].from);
        for (size_t rule = 0; rule < REDACT_RULES; rule++)
            assert(!str_equal(value, redact_rules[rule].mark));
    }
}

static void check_line(const struct redactor *redactor, struct redact_stream *stream,
                       struct str line)
{
    defer(redaction_free) struct redaction once = {0};
    struct str out = redact_line(redactor, &once, stream, line);
    assert(once.n || out.ptr == line.ptr);
    check_between(&once, line, out);
    assert(line.len > RECORD_LINE_MAX || out.len <= RECORD_LINE_MAX);
    assert(!is_json(line) || is_json(out));
    if (redact_action_of(redactor, RULE_EMAIL) == REDACT_MASK && is_json(line))
        check_again(redactor, out);
}

/* As one record, and as one for each of its lines. */
static void check(const struct redactor *redactor, struct str text)
{
    struct redact_stream alone = {0}, stream = {0};
    check_line(redactor, &alone, text);
    for (size_t len; text.len; text = str_slice(text, len + 1, SIZE_MAX)) {
        len = min_of(str_find_byte(text, '\n'), text.len);
        check_line(redactor, &stream, str_slice(text, 0, len));
    }
}

/* As a text in JSON, and in JSON in it; its escapes stay what they are. */
static void check_in_json(const struct redactor *redactor, struct str text)
{
    defer(buf_free) struct buf inner = {.max = SIZE_MAX}, outer = {.max = SIZE_MAX};
    buf_print(&inner, "[\"");
    put_json_escaped(&inner, text);
    buf_print(&inner, "\",12345,{\"n\":\"");
    put_json_escaped(&inner, text);
    buf_print(&inner, "\"},  \"bob\"]");
    buf_print(&outer, "{\"a\":");
    put_json(&outer, buf_str(&inner));
    buf_print(&outer, ",  \"b\":  \"carol\",\"c\":[true,54321]}");
    check_line(redactor, &(struct redact_stream){0}, buf_str(&inner));
    check_line(redactor, &(struct redact_stream){0}, buf_str(&outer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct redactor *masking, *partial;
    if (!masking) {
        masking = open_all(REDACT_MASK);
        partial = open_all(REDACT_PARTIAL);
    }
    /* At the end of memory, so that looking behind it is noticed. */
    char *copy = mem_alloc(size + 1);
    memcpy(copy + 1, data, size);
    check(masking, str_of(copy + 1, size));
    check(partial, str_of(copy + 1, size));
    check_in_json(masking, str_of(copy + 1, size));
    check_in_json(partial, str_of(copy + 1, size));
    mem_free(&copy);
    return 0;
}
