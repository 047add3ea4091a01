/*
 * Envelopes: tests/cases/envelopes.cases (its head says how it is read), what Go writes against
 * what we read, and damage. Pieces are put at the very end of their memory, so that sanitizers see
 * a step too far.
 */
#include "base/ascii.h"
#include "base/mem.h"
#include "formats/line/docker_local.h"
#include "formats/line/envelope.h"
#include "formats/line/json_special.h"
#include "formats/line/json_text.h"
#include "tests/test.h"

enum { LEAST_CASES = 75, ROUNDS = 3000 };

static uint64_t seed = 7;

static uint64_t draw(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (seed >> 33) % below;
}

/* A copy of its own, without a byte behind it. */
static struct str tight(struct str s)
{
    char *copy = mem_alloc_raw(s.len + !s.len);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return str_of(copy, s.len);
}

static void tight_free(struct str *s)
{
    char *ptr = (char *)(uintptr_t)s->ptr;
    mem_free(&ptr);
}

/* ---- the cases ---- */

static const struct str kind_names[ENVELOPE_KINDS] = {
    [ENVELOPE_NONE] = STR_INIT("none"),
    [ENVELOPE_DOCKER_JSON] = STR_INIT("docker_json"),
    [ENVELOPE_DOCKER_LOCAL] = STR_INIT("docker_local"),
    [ENVELOPE_CRI] = STR_INIT("cri"),
};

/* 0a 06 "stdout" */
static void put_hex(struct buf *b, struct str s)
{
    while (s.len) {
        struct str quoted;
        if (take_prefix(&s, STR("\""))) {
            REQUIRE(take_until(&s, '"', &quoted));
            buf_add(b, quoted);
        } else if (!take_prefix(&s, STR(" "))) {
            REQUIRE(s.len >= 2);
            buf_add_byte(b, (char)(hex_value(s.ptr[0]) * 16 + hex_value(s.ptr[1])));
            s = str_slice(s, 2, s.len);
        }
    }
}

static void put_escaped(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '\\')
            buf_add(b, STR("\\\\"));
        else if (c == '\n' || c == '\r' || c == '\t')
            buf_print(b, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        else if (c < 0x20 || c == 0x7f)
            buf_print(b, "\\x%02x", c);
        else if (str_starts(str_slice(s, i, s.len), STR("\u2028")))
            buf_add(b, STR("\\u2028")), i += 2;
        else
            buf_add_byte(b, (char)c);
    }
}

static void put_enveloped(struct buf *b, const struct enveloped *e)
{
    buf_print(b, "%s %s ", e->lane == LANE_ERR ? "err" : "out", e->is_partial ? "part" : "whole");
    int digits = 0;
    for (int64_t left = e->time_ns % NS_PER_S; left; left = left * 10 % NS_PER_S)
        digits++;
    if (e->time_ns == TIME_NONE)
        buf_add(b, STR("none"));
    else
        put_rfc3339(b, e->time_ns, digits);
    if (e->text.len)
        buf_add_byte(b, ' ');
    put_escaped(b, e->text);
}

static void check_case(int line, enum envelope_kind kind, struct str input, struct str expected)
{
    defer(buf_free) struct buf bytes = {0}, scratch = {0}, have = {0};
    struct enveloped e = {.text = STR("unchanged"), .is_partial = true};
    if (kind == ENVELOPE_DOCKER_LOCAL)
        put_hex(&bytes, str_equal(input, STR("\\")) ? STR("") : input);
    else if (!str_equal(input, STR("\\")))
        buf_add(&bytes, input);
    defer(tight_free) struct str piece = tight(buf_str(&bytes));
    if (envelope_open(kind, piece, &scratch, &e)) {
        put_enveloped(&have, &e);
    } else {
        CHECK(e.is_partial && str_equal(e.text, STR("unchanged")));
        buf_add(&have, STR("refused"));
    }
    if (!str_equal(buf_str(&have), expected))
        test_fail("tests/cases/envelopes.cases", line, "%.*s\n# is        %.*s\n# and not   %.*s",
                  STR_ARG(input), STR_ARG(buf_str(&have)), STR_ARG(expected));
}

static bool next_line(FILE *file, char *text, size_t size, int *number, struct str *line)
{
    if (!fgets(text, (int)size, file))
        return false;
    (*number)++;
    *line = str_from(text);
    if (str_ends(*line, STR("\n")))
        line->len--;
    return true;
}

TEST(envelope_cases)
{
    FILE *file = fopen("tests/cases/envelopes.cases", "r");
    REQUIRE(file);
    char text[2][4096];
    struct str input, expected;
    int number = 0, cases = 0;
    enum envelope_kind kind = ENVELOPE_NONE;
    while (next_line(file, text[0], sizeof text[0], &number, &input)) {
        if (input.len == 0 || input.ptr[0] == '#')
            continue;
        if (take_prefix(&input, STR("!"))) {
            for (kind = 0; kind < ENVELOPE_KINDS && !str_equal(kind_names[kind], input);)
                kind++;
            REQUIRE(kind < ENVELOPE_KINDS);
            continue;
        }
        REQUIRE(next_line(file, text[1], sizeof text[1], &number, &expected));
        check_case(number - 1, kind, input, expected);
        cases++;
    }
    fclose(file);
    CHECK(cases >= LEAST_CASES);
}

/* ---- what Go writes ---- */

/* Bytes of the UTF-8 character at the front of s, or 0 if it is none. */
static size_t utf8_len(struct str s)
{
    for (size_t n = 1; n <= 4 && n <= s.len; n++)
        if (is_utf8(str_slice(s, 0, n)))
            return n;
    return 0;
}

/* As dockerd's ffjsonWriteJSONBytesAsString (daemon/logger/jsonfilelog/jsonlog), without the
 * quotes; and what is left of the bytes. */
static void put_as_go(struct buf *json, struct buf *meaning, struct str s)
{
    while (s.len) {
        unsigned char c = (unsigned char)s.ptr[0];
        size_t n = utf8_len(s);
        struct str one = str_slice(s, 0, n);
        if (c == '\\' || c == '"')
            buf_print(json, "\\%c", c);
        else if (c == '\n' || c == '\r')
            buf_print(json, "\\%c", c == '\n' ? 'n' : 'r');
        else if (c < 0x20 || c == '<' || c == '>' || c == '&')
            buf_print(json, "\\u%04x", c);
        else if (n == 0)
            buf_add(json, STR("\\ufffd"));
        else if (str_equal(one, STR("\u2028")) || str_equal(one, STR("\u2029")))
            buf_print(json, "\\u202%c", one.ptr[2] == '\xa8' ? '8' : '9');
        else
            buf_add(json, one);
        buf_add(meaning, n ? one : STR("\ufffd"));
        s = str_slice(s, n ? n : 1, s.len);
    }
}

/* Text with many bytes of one sort, or few. */
static void put_random(struct buf *b, size_t len)
{
    static const char *const wide[] = {"é",      "訂",     "😀",           "\u2028",
                                       "\u2029", "\ufffd", "\xed\xa0\x80"};
    uint64_t often = 1 + draw(40);
    while (b->len < len) {
        uint64_t sort = draw(often);
        if (sort == 0)
            buf_add_byte(b, "\\\"\n\r\t<>&/bu\x1b"[draw(12)]);
        else if (sort == 1)
            buf_add(b, str_from(wide[draw(countof(wide))]));
        else if (sort == 2)
            buf_add_byte(b, (char)draw(256));
        else
            buf_add_byte(b, (char)('a' + draw(26)));
    }
}

TEST(envelope_reads_what_docker_writes)
{
    defer(buf_free) struct buf scratch = {0};
    for (int i = 0; i < ROUNDS; i++) {
        defer(buf_free) struct buf text = {0}, json = {0}, meaning = {0};
        struct enveloped e;
        bool partial = draw(4) == 0, err = draw(2), attrs = draw(8) == 0;
        int64_t ns = (int64_t)draw(2000000000) * NS_PER_S + (int64_t)draw(1000000000);
        put_random(&text, draw(20) ? draw(100) : draw(20000));
        if (partial && str_ends(buf_str(&text), STR("\n")))
            text.len--; /* the copier cuts no line there */
        if (!partial)
            buf_add_byte(&text, '\n');
        buf_add(&json, STR("{\"log\":\""));
        put_as_go(&json, &meaning, buf_str(&text));
        buf_print(&json, "\",\"stream\":\"%s\",%s\"time\":\"", err ? "stderr" : "stdout",
                  attrs ? "\"attrs\":{\"a\":\"}\"}," : "");
        put_rfc3339(&json, ns, 9);
        buf_add(&json, STR("\"}"));
        defer(tight_free) struct str piece = tight(buf_str(&json));
        REQUIRE(envelope_open(ENVELOPE_DOCKER_JSON, piece, &scratch, &e));
        if (!partial)
            meaning.len--;
        CHECK_STR(e.text, buf_str(&meaning));
        CHECK(e.is_partial == (partial && !str_ends(buf_str(&meaning), STR("\n"))));
        CHECK(e.lane == (err ? LANE_ERR : LANE_OUT) && e.time_ns == ns);
    }
}

TEST(envelope_text_is_a_view_where_nothing_is_escaped)
{
    defer(buf_free) struct buf scratch = {0};
    struct str piece =
        STR("{\"log\":\"ready\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05Z\"}");
    struct enveloped e;
    REQUIRE(envelope_open(ENVELOPE_DOCKER_JSON, piece, &scratch, &e));
    CHECK(e.text.ptr == piece.ptr + 8);
    CHECK_INT(scratch.capacity, 0);
    REQUIRE(envelope_open(ENVELOPE_NONE, piece, &scratch, &e));
    CHECK(e.text.ptr == piece.ptr && e.text.len == piece.len && !e.is_partial);
    CHECK(e.time_ns == TIME_NONE && e.lane == LANE_OUT);
}

TEST(envelope_takes_nothing_for_an_empty_piece)
{
    defer(buf_free) struct buf scratch = {0};
    struct enveloped e;
    CHECK(envelope_open(ENVELOPE_NONE, (struct str){0}, &scratch, &e) && e.text.len == 0);
    for (enum envelope_kind kind = ENVELOPE_NONE + 1; kind < ENVELOPE_KINDS; kind++)
        CHECK(!envelope_open(kind, (struct str){0}, &scratch, &e));
}

TEST(envelope_keeps_to_the_ceiling_of_scratch)
{
    defer(buf_free) struct buf scratch = {.max = 64}, json = {0};
    struct enveloped e;
    buf_add(&json, STR("{\"log\":\""));
    for (int i = 0; i < 100; i++)
        buf_add(&json, STR("\\t"));
    buf_add(&json, STR("\"}"));
    CHECK(!envelope_open(ENVELOPE_DOCKER_JSON, buf_str(&json), &scratch, &e));
    REQUIRE(envelope_open(ENVELOPE_DOCKER_JSON, STR("{\"log\":\"\\t\\n\"}"), &scratch, &e));
    CHECK_STR(e.text, STR("\t"));
}

TEST(envelope_refuses_json_that_is_cut_anywhere)
{
    defer(buf_free) struct buf scratch = {0};
    struct str whole =
        STR("{\"log\":\"a \\ud83d\\ude00 \\\"b\\\"\\n\",\"stream\":\"stderr\",\"attrs\":"
            "{\"a\":\"b\"},\"time\":\"2026-01-02T03:04:05.123456789Z\"}");
    struct enveloped e;
    REQUIRE(envelope_open(ENVELOPE_DOCKER_JSON, whole, &scratch, &e));
    for (size_t len = 0; len < whole.len; len++) {
        defer(tight_free) struct str piece = tight(str_slice(whole, 0, len));
        CHECK(!envelope_open(ENVELOPE_DOCKER_JSON, piece, &scratch, &e));
    }
}

/* ---- json_text.h ---- */

static void check_unescape(struct str s)
{
    const char *end = s.ptr + s.len, *at[2] = {s.ptr, s.ptr};
    char *to[2] = {mem_alloc_raw(s.len + JSON_TEXT_SLACK), mem_alloc_raw(s.len + JSON_TEXT_SLACK)};
    char *stop[2] = {json_unescape(&at[0], end, to[0]), json_unescape_scalar(&at[1], end, to[1])};
    CHECK(!stop[0] == !stop[1]);
    if (stop[0] && stop[1]) {
        CHECK(at[0] == at[1] && at[0] < end && *at[0] == '"');
        CHECK(stop[0] - to[0] <= at[0] - s.ptr);
        CHECK_STR(str_of(to[0], (size_t)(stop[0] - to[0])),
                  str_of(to[1], (size_t)(stop[1] - to[1])));
    }
    CHECK(json_special(s.ptr, end) == json_special_scalar(s.ptr, end));
    mem_free(&to[0]);
    mem_free(&to[1]);
}

TEST(json_text_has_one_meaning_on_all_machines)
{
    static const char *const parts[] = {"\\n",     "\\\\", "\\\"",  "\\u00e9", "\\ud83d",
                                        "\\ude00", "\\",   "\"",    "\\x",     "\x1f",
                                        " ",       "\x80", "\\u12", "é"};
    for (int i = 0; i < 10 * ROUNDS; i++) {
        defer(buf_free) struct buf b = {0};
        uint64_t n = 1 + draw(12), last = draw(2) ? 6 : countof(parts);
        while (n--) {
            for (uint64_t plain = draw(2) ? draw(40) : 0; plain; plain--)
                buf_add_byte(&b, 'x');
            buf_add(&b, str_from(parts[draw(last)]));
        }
        if (draw(2))
            buf_add_byte(&b, '"');
        defer(tight_free) struct str s = tight(buf_str(&b));
        check_unescape(s);
    }
}

TEST(json_special_knows_each_byte)
{
    char text[40];
    for (int c = 0; c < 256; c++)
        for (size_t at = 0; at < sizeof text; at++) {
            memset(text, 'x', sizeof text);
            text[at] = (char)c;
            bool special = c < 0x20 || c == '"' || c == '\\';
            const char *want = text + (special ? at : sizeof text);
            CHECK(json_special(text, text + sizeof text) == want);
            CHECK(json_special_scalar(text, text + sizeof text) == want);
        }
}

/* ---- the two ways to read a time ---- */

/* With a small letter for the zone it goes the long way. */
TEST(time_reads_the_usual_form_as_any_other)
{
    for (int i = 0; i < 20 * ROUNDS; i++) {
        defer(buf_free) struct buf b = {0};
        put_rfc3339(
            &b, ((int64_t)draw(12000000000) - 4000000000) * NS_PER_S + (int64_t)draw(NS_PER_S), 9);
        b.len -= draw(11); /* fraction, point */
        b.ptr[b.len - 1] = 'Z';
        if (draw(2))
            b.ptr[draw(b.len - 1)] = draw(3) ? "0123456789:-T. Z"[draw(16)] : (char)draw(256);
        int64_t ns[2] = {TIME_NONE, TIME_NONE};
        defer(tight_free) struct str usual = tight(buf_str(&b));
        struct str rest[2] = {usual, buf_str(&b)};
        bool done[2];
        done[0] = take_rfc3339(&rest[0], &ns[0]);
        b.ptr[b.len - 1] = 'z';
        done[1] = take_rfc3339(&rest[1], &ns[1]);
        CHECK(done[0] == done[1] && ns[0] == ns[1] && rest[0].len == rest[1].len);
    }
}
