/*
 * `sluice status`: what collector and shipper say about themselves; `--check` for monitoring.
 *
 * Exit status of --check: 0 all is well, 1 degraded, 2 down or not to be asked. Else: 0, or 2 if a part
 * that must answer does not.
 */
#include "query/commands.h"

#include "base/front.h"
#include "base/mem.h"
#include "base/report.h"
#include "base/say.h"
#include "base/text.h"
#include "query/parts.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_DEGRADED = 1, EXIT_DOWN = 2, WATCH_S = 2 };

struct status_flags {
    struct str config;
    struct str_list collector;
    int output;
    bool check, watch, help;
};

#define FIELD(name) .field = offsetof(struct status_flags, name)

static const struct option rows[] = {
    FRONT_CONFIG,
    {.flag = "collector",
     .type = OPTION_STRINGS,
     FIELD(collector),
     .value_name = "URL",
     .help = "which collector to ask"},
    {.flag = "check",
     .type = OPTION_BOOLEAN,
     FIELD(check),
     .help = "one line for each problem; exit status 0 ok, 1 degraded, 2 down"},
    {.flag = "output",
     .type = OPTION_WORD,
     FIELD(output),
     .initial = "text",
     .words = (const char *const[]){"text", "json", NULL},
     .value_name = "FORM",
     .help = "text or json"},
    {.flag = "watch",
     .type = OPTION_BOOLEAN,
     FIELD(watch),
     .help = "again every two seconds, until it is interrupted"},
    FRONT_HELP,
};

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "status", &table,
    STR_INIT("usage: sluice status [OPTIONS] [collector] [shipper]\n\n"
             "Shows how the parts on this machine are. Without names: all whose sockets\n"
             "exist, and a collector that is named.\n\n")};

static bool ask(struct part *part, const char *form, struct buf *answer, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    const char *path = arena_print(&arena, "/api/v1/status?output=%s", form).ptr;
    return client_call(&part->client, "GET", path, answer, err);
}

/* ---- --check ---- */

/* The first line is the state. */
static int print_problems(const struct part *part, struct str answer)
{
    struct str line;
    bool is_ok = take_until(&answer, '\n', &line) && str_equal(line, STR("ok"));
    while (take_until(&answer, '\n', &line)) {
        if (line.len)
            printf("%s: %.*s\n", part->name, STR_ARG(line));
    }
    return is_ok ? EXIT_OK : EXIT_DEGRADED;
}

static int check(struct parts *parts)
{
    int worst = EXIT_OK;
    for (size_t i = 0; i < parts->n; i++) {
        struct err err;
        int state = EXIT_DOWN;
        defer(buf_free) struct buf answer = {0};
        if (ask(&parts->items[i], "problems", &answer, &err))
            state = print_problems(&parts->items[i], buf_str(&answer));
        else
            printf("%s: down: %s\n", parts->items[i].name, err.text);
        worst = max_of(worst, state);
    }
    return worst;
}

/* ---- for people, and for programs ---- */

static void put_down(const struct part *part, bool is_json, const struct err *err, struct buf *out)
{
    if (!is_json) {
        put_report_head(out, part->name, "down");
        put_safe(out, str_from(err->text));
        buf_add_byte(out, '\n');
        return;
    }
    buf_print(out, "{\"part\":\"%s\",\"state\":\"down\",\"problems\":[", part->name);
    put_json(out, str_from(err->text));
    buf_add(out, STR("]}"));
}

static int show(struct parts *parts, bool is_json)
{
    int worst = EXIT_OK;
    defer(buf_free) struct buf out = {0};
    buf_add(&out, is_json ? STR("{") : STR(""));
    for (size_t i = 0; i < parts->n; i++) {
        struct err err;
        struct part *part = &parts->items[i];
        defer(buf_free) struct buf answer = {0};
        if (is_json)
            buf_print(&out, "%s\"%s\":", i ? "," : "", part->name);
        if (ask(part, is_json ? "json" : "text", &answer, &err)) {
            if (is_json)
                buf_add(&out, str_trim(buf_str(&answer)));
            else
                put_safe_lines(&out, buf_str(&answer)); /* a part may be anybody */
        } else {
            put_down(part, is_json, &err, &out);
            worst = EXIT_DOWN;
        }
    }
    buf_add(&out, is_json ? STR("}\n") : STR(""));
    fwrite(out.ptr, 1, out.len, stdout);
    fflush(stdout);
    return worst;
}

static int run(struct parts *parts, const struct status_flags *f)
{
    if (f->check)
        return check(parts);
    while (f->watch) {
        if (isatty(STDOUT_FILENO))
            fputs("\033[H\033[2J", stdout); /* to the top of an empty screen */
        show(parts, f->output == 1);
        sleep(WATCH_S);
    }
    return show(parts, f->output == 1);
}

int command_status(int argc, char **argv)
{
    struct err err;
    int status;
    struct warnings w = {0};
    struct status_flags f;
    struct options given;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    defer(parts_free) struct parts parts = {0};
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status) ||
        !front_config(&front, &config, f.config, false, &status))
        return status;
    if (!parts_find(&parts, &given.operands, &f.collector, &config, &w, &err))
        return front_fail(&front, "%s", err.text);
    signal(SIGPIPE, SIG_IGN); /* a part may leave while it is asked */
    return run(&parts, &f);
}
