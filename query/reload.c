/*
 * `sluice reload`: has collector and shipper of this machine read their configuration again, as SIGHUP
 * does, and says what came of it. Exit status 0, or 2 if one of them refuses or does not answer.
 */
#include "query/commands.h"

#include "base/front.h"
#include "base/mem.h"
#include "base/say.h"
#include "query/parts.h"

#include <signal.h>
#include <stdio.h>

struct reload_flags {
    struct str config;
    struct str_list collector;
    bool help;
};

#define FIELD(name) .field = offsetof(struct reload_flags, name)

static const struct option rows[] = {
    {.flag = "config",
     .letter = 'c',
     .type = OPTION_PATH,
     FIELD(config),
     .value_name = "FILE",
     .help = "where the sockets are looked up (default " CONFIG_FILE ")"},
    {.flag = "collector",
     .type = OPTION_STRINGS,
     FIELD(collector),
     .value_name = "URL",
     .help = "which collector to ask"},
    FRONT_HELP,
};

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "reload", &table,
    STR_INIT("usage: sluice reload [OPTIONS] [collector] [shipper]\n\n"
             "Has the parts on this machine read their configuration again. A wrong file\n"
             "changes nothing. Asked over their sockets, as root or as their own user.\n\n")};

static int run(struct parts *parts)
{
    int status = 0;
    for (size_t i = 0; i < parts->n; i++) {
        struct err err;
        struct part *part = &parts->items[i];
        defer(buf_free) struct buf answer = {0};
        if (client_call(&part->client, "POST", "/api/v1/reload", &answer, &err)) {
            printf("%s: %.*s\n", part->name, STR_ARG(str_trim(buf_str(&answer))));
        } else {
            say("%s: %s", part->name, err.text);
            status = 2;
        }
    }
    return status;
}

int command_reload(int argc, char **argv)
{
    struct err err;
    int status;
    struct warnings w = {0};
    struct reload_flags f;
    struct options given;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    defer(parts_free) struct parts parts = {0};
    signal(SIGPIPE, SIG_IGN);
    /* A file that is wrong is so for the parts as well: they would change nothing. */
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status) ||
        !front_config(&front, &config, f.config, false, &status))
        return status;
    if (!parts_find(&parts, &given.operands, &f.collector, &config, &w, &err))
        return front_fail(&front, "%s", err.text);
    return run(&parts);
}
