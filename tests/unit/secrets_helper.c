#include "tests/unit/secrets_helper.h"

#include "base/mem.h"
#include "tests/test.h"

#include <time.h>

struct redactor *secrets_redactor(const struct str *keys, size_t n_keys)
{
    struct redact_options options;
    struct redactor *r;
    struct err err;
    redact_options_init(&options);
    for (size_t i = 0; i < REDACT_RULES; i++)
        options.actions[i] = REDACT_KEEP;
    options.actions[RULE_SECRETS] = options.actions[RULE_JWT] = REDACT_MASK;
    options.actions[RULE_SSN] = options.actions[RULE_CARD] = REDACT_MASK;
    options.keys = keys;
    options.n_keys = n_keys;
    REQUIRE_OK(redactor_open(&r, &options, &err));
    return r;
}

struct str redacted(const struct redactor *r, struct str line, struct buf *out)
{
    defer(redaction_free) struct redaction room = {.n = 0};
    buf_reset(out);
    buf_add(out, redact_line(r, &room, NULL, line));
    return buf_str(out);
}

static void check_one(const struct redactor *r, const char *before, const char *after)
{
    defer(buf_free) struct buf once = {0}, twice = {0};
    CHECK_STR(redacted(r, str_from(before), &once), str_from(after));
    CHECK_STR(redacted(r, buf_str(&once), &twice), buf_str(&once));
}

void check_redacted(const struct redactor *r, const char *const *lines)
{
    for (; *lines; lines += 2)
        check_one(r, lines[0], *lines[1] ? lines[1] : lines[0]);
}

void check_kept(const struct redactor *r, const char *const *lines)
{
    for (; *lines; lines++)
        check_one(r, *lines, *lines);
}

static double seconds_for(const struct redactor *r, const char *piece, size_t size)
{
    defer(buf_free) struct buf line = {.max = 8 << 20};
    defer(redaction_free) struct redaction room = {.n = 0};
    while (line.len < size)
        buf_add(&line, str_from(piece));
    double best = 1e9;
    for (int i = 0; i < 3; i++) {
        struct timespec from, to;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
        redact_find(r, &room, NULL, str_slice(buf_str(&line), 0, size));
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
        double spent =
            (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
        best = min_of(best, spent);
    }
    return best;
}

/* Sixteen times the bytes take about sixteen times as long, and not 256 times. */
void check_linear(const struct redactor *r, const char *piece)
{
    enum { SHORT = 64 << 10, LONG = 1 << 20 };
    double few = seconds_for(r, piece, SHORT), many = seconds_for(r, piece, LONG);
    if (many > 64 * few + 0.01)
        test_fail(__FILE__, __LINE__, "\"%s\" again and again: %.6f s for 64 KiB, %.6f s for 1 MiB",
                  piece, few, many);
}
