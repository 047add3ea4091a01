/*
 * Redaction of the configuration, on lines that are given: a filter between two programs, a look at what is found and
 * why, a test of own rules, and the token to search for.
 *
 *     sluice redact < app.log                    the lines, without what is hidden
 *     sluice redact --explain < app.log          a line for each finding: where, by which rule, what becomes of it
 *     sluice redact --test rules.test            lines, and what must become of them
 *     sluice redact --token email bob@example.com
 *
 *  1. --explain and --test never print a value that was found, but for what the file of tests says itself.
 *  2. What was read is written before more is waited for, so that it can stand behind tail -f.
 */
#include "base/file.h"
#include "base/front.h"
#include "base/mem.h"
#include "base/say.h"
#include "base/text.h"
#include "formats/block/record.h"
#include "query/commands.h"
#include "query/output.h"
#include "redaction/redacting.h"

#include <string.h>
#include <unistd.h>

enum { EXIT_UNMET = 1, READ_BYTES = 1 << 16, TEST_MAX = 16 << 20 };

enum form { FORM_TEXT, FORM_JSON };

struct flags {
    struct str config, test, token;
    int output;
    bool explain, help;
};

static const char *const output_words[] = {"text", "json", NULL};

#define FIELD(name) .field = offsetof(struct flags, name)

/* clang-format off */
static const struct option rows[] = {
    {.flag = "explain", .type = OPTION_BOOLEAN, FIELD(explain),
     .help = "instead of the lines: where something was found, by which rule, and what becomes of it"},
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "text",
     .value_name = "FORM", .help = "of --explain: text or json (an object a finding)"},
    {.flag = "test", .type = OPTION_PATH, FIELD(test), .value_name = "FILE",
     .help = "lines and what must become of them: '< LINE', then '> LINE'"},
    {.flag = "token", .type = OPTION_STRING, FIELD(token), .value_name = "RULE",
     .help = "the token of a value, to search for it; one a line, if there are several keys"},
    FRONT_CONFIG,
    FRONT_HELP,
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "redact", &table,
    STR_INIT("usage: sluice redact [OPTIONS] [FILE]\n"
             "       sluice redact --token RULE VALUE\n\n"
             "Hides secrets and personal data in the lines of a file or of standard input, by\n"
             "the rules of shipper.redact in the configuration, as the shipper does.\n\n"
             "Exit status: 0; 1 a case of --test is not met; 2 an error.\n\n")};

struct work {
    const struct flags *flags;
    struct redacting *redacting;
    struct redaction redaction;
    struct redact_stream stream;
    struct buf line; /* the open one */
    struct buf out;
    size_t number; /* of the line, from 1 */
    size_t unmet;  /* cases of a test */
};

/* ---- lines ---- */

static void put_finding(struct work *w, const struct finding *f)
{
    const struct redactor *redactor = redacting_redactor(w->redacting);
    struct str rule = redact_rule_name(redactor, f->rule);
    const char *action = redact_action_names[redact_action_of(redactor, f->rule)];
    if (w->flags->output == FORM_JSON)
        buf_print(&w->out,
                  "{\"line\":%zu,\"from\":%zu,\"to\":%zu,\"rule\":\"%.*s\",\"kind\":\"%s\","
                  "\"action\":\"%s\"}\n",
                  w->number, f->from, f->to, STR_ARG(rule), f->kind, action);
    else
        buf_print(&w->out, "%zu: bytes %zu-%zu  %.*s (%s)  %s\n", w->number, f->from + 1, f->to,
                  STR_ARG(rule), f->kind, action);
}

static void explain(struct work *w, struct str line)
{
    redact_find(redacting_redactor(w->redacting), &w->redaction, &w->stream, line);
    for (size_t i = 0; i < w->redaction.n; i++)
        put_finding(w, &w->redaction.findings[i]);
}

static void take_line(struct work *w, struct str line, bool ends)
{
    const struct redactor *redactor = redacting_redactor(w->redacting);
    if (redactor && w->flags->explain)
        explain(w, line);
    else if (!w->flags->explain)
        buf_add(&w->out, redactor ? redact_line(redactor, &w->redaction, &w->stream, line) : line);
    if (ends && !w->flags->explain)
        buf_add_byte(&w->out, '\n');
    w->number += ends;
}

/* A line longer than a record can be is looked at in parts, as it is kept. */
static void take_bytes(struct work *w, struct str bytes)
{
    while (bytes.len) {
        size_t end = str_find_byte(bytes, '\n'), room = RECORD_LINE_MAX - w->line.len;
        bool ends = end <= room && end < bytes.len;
        size_t take = ends ? end : min_of(room, bytes.len);
        struct str piece = str_slice(bytes, 0, take);
        bytes = str_slice(bytes, take + ends, SIZE_MAX);
        if (ends && w->line.len == 0) {
            take_line(w, piece, true);
            continue;
        }
        buf_add(&w->line, piece);
        if (ends || w->line.len == RECORD_LINE_MAX) {
            take_line(w, buf_str(&w->line), ends);
            buf_reset(&w->line);
        }
    }
}

static bool read_lines(struct work *w, const char *path, struct err *err)
{
    struct file file = {.fd_plus_1 = STDIN_FILENO + 1};
    bool is_input = !path || strcmp(path, "-") == 0;
    if (!is_input && !file_open(&file, path, FILE_READ, err))
        return false;
    defer(buf_free) struct buf bytes = {0};
    char *room = buf_reserve(&bytes, READ_BYTES);
    size_t got = 1;
    bool ok = true;
    while (ok && got) {
        ok = file_read_next(&file, room, READ_BYTES, &got, err);
        take_bytes(w, str_of(room, ok ? got : 0));
        output_write("redact", &w->out);
    }
    if (w->line.len)
        take_line(w, buf_str(&w->line), false);
    output_write("redact", &w->out);
    if (!is_input)
        file_close(&file);
    return ok || err_wrap(err, "%s", is_input ? "standard input" : path);
}

/* ---- tests ---- */

/* The same, but that a mark in what is expected stands for any token of its rule: "[email]" for "[email:k1:...]". */
static bool is_as_expected(struct str got, struct str expected)
{
    while (expected.len && got.len) {
        size_t end = expected.ptr[0] == '[' ? str_find_byte(expected, ']') : SIZE_MAX;
        if (end != SIZE_MAX && str_starts(got, str_slice(expected, 0, end)) && got.len > end &&
            got.ptr[end] == ':') {
            size_t close = str_find_byte(got, ']');
            got = str_slice(got, close == SIZE_MAX ? got.len : close + 1, SIZE_MAX);
            expected = str_slice(expected, end + 1, SIZE_MAX);
            continue;
        }
        if (got.ptr[0] != expected.ptr[0])
            return false;
        got = str_slice(got, 1, SIZE_MAX);
        expected = str_slice(expected, 1, SIZE_MAX);
    }
    return got.len == expected.len;
}

static void try_case(struct work *w, struct str line, struct str expected)
{
    const struct redactor *redactor = redacting_redactor(w->redacting);
    struct str got = redactor ? redact_line(redactor, &w->redaction, NULL, line) : line;
    if (is_as_expected(got, expected))
        return;
    w->unmet++;
    buf_print(&w->out, "%.*s:%zu: not as expected\n  < %.*s\n  > %.*s\n  = %.*s\n",
              STR_ARG(w->flags->test), w->number, STR_ARG(line), STR_ARG(expected), STR_ARG(got));
}

static bool run_test(struct work *w, struct err *err)
{
    defer(buf_free) struct buf text = {.max = TEST_MAX};
    struct str line = {0}, rest;
    size_t cases = 0;
    const char *path = w->flags->test.ptr;
    if (!file_load(path, TEST_MAX, &text, err))
        return false;
    for (rest = buf_str(&text); rest.len; w->number++) {
        size_t end = str_find_byte(rest, '\n');
        struct str now = str_slice(rest, 0, end);
        rest = str_slice(rest, now.len + (end != SIZE_MAX), SIZE_MAX);
        if (now.len == 0 || now.ptr[0] == '#')
            continue;
        bool is_line = str_starts(now, STR("< ")), is_expected = str_starts(now, STR("> "));
        if (!is_line && !(is_expected && line.ptr))
            return err_set(
                err, ERR_INPUT,
                "%s:%zu: a case is a line '< TEXT' and behind it one '> TEXT'; '#' begins a "
                "comment",
                path, w->number);
        if (is_line) {
            line = str_slice(now, 2, SIZE_MAX);
            continue;
        }
        try_case(w, line, str_slice(now, 2, SIZE_MAX));
        line = (struct str){0};
        cases++;
    }
    buf_print(&w->out, "%zu cases, %zu not met\n", cases, w->unmet);
    output_write("redact", &w->out);
    return true;
}

/* ---- tokens ---- */

/* The rule or own pattern that --token names. */
static bool find_rule(const struct config_redact *c, struct str name, unsigned *rule,
                      struct err *err)
{
    const char *names[REDACT_RULES];
    for (unsigned i = 0; i < REDACT_RULES; i++) {
        names[i] = redact_rules[i].name.ptr;
        if (str_equal(redact_rules[i].name, name)) {
            *rule = i;
            return true;
        }
    }
    for (unsigned i = 0; i < c->patterns_n; i++) {
        if (str_equal(c->patterns[i].name, name)) {
            *rule = REDACT_RULES + i;
            return true;
        }
    }
    const char *near = nearest_name(name, names, REDACT_RULES);
    return err_set(err, ERR_INPUT, "--token: there is no rule or pattern '%.*s'%s%s%s",
                   STR_ARG(name), near ? "; did you mean '" : "", near ? near : "",
                   near ? "'?" : "");
}

/* ---- the command ---- */

static bool open_redaction(struct work *w, const struct config_shipper *c, struct err *err)
{
    enum redact_keys keys = w->flags->token.len ? KEYS_NEEDED : KEYS_OPTIONAL;
    if (!redacting_check(&c->redact, err) ||
        !redacting_open(&w->redacting, &c->redact, c->state, keys, err))
        return false;
    if (w->flags->token.len && !w->redacting)
        return err_set(err, ERR_INPUT,
                       "shipper.redact.enabled is unsafe-false: there are no tokens");
    if (!w->redacting)
        say("note: shipper.redact.enabled is unsafe-false: nothing is hidden");
    else if (redacting_note(w->redacting) && !w->flags->explain && !w->flags->test.len)
        say("note: %s", redacting_note(w->redacting));
    return true;
}

static void free_work(struct work *w)
{
    redacting_close(&w->redacting);
    redaction_free(&w->redaction);
    buf_free(&w->line);
    buf_free(&w->out);
}

int command_redact(int argc, char **argv)
{
    struct err err;
    struct flags f;
    struct options given;
    unsigned rule = REDACT_RULES;
    int status;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    defer(free_work) struct work w = {.flags = &f, .number = 1};
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status) ||
        !front_config(&front, &config, f.config, true, &status))
        return status;
    if (f.token.len && !find_rule(&config.shipper.redact, f.token, &rule, &err))
        return front_fail(&front, "%s", err.text);
    if (f.token.len && given.operands.n != 1)
        return front_fail(&front, "give the value: sluice redact --token %.*s VALUE",
                          STR_ARG(f.token));
    output_begin();
    w.out.max = w.line.max = SIZE_MAX / 2;
    if (!open_redaction(&w, &config.shipper, &err))
        return front_fail(&front, "%s", err.text);
    if (f.token.len) {
        redacting_put_tokens(w.redacting, rule, given.operands.items[0], &w.out);
        output_write("redact", &w.out);
        return 0;
    }
    if (given.operands.n > (f.test.len ? 0 : 1))
        return front_fail(&front, f.test.len ? "--test reads its file only" : "one file at a time");
    if (f.test.len ? !run_test(&w, &err)
                   : !read_lines(&w, given.operands.n ? given.operands.items[0].ptr : NULL, &err))
        return front_fail(&front, "%s", err.text);
    return w.unmet ? EXIT_UNMET : 0;
}
