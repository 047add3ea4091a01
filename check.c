/*
 * Reads a configuration as the program would and says what is wrong with it, what every key is and where it was
 * set, or what the outputs that it names are. It stands at the root because it asks the parts about what is
 * theirs.
 */
#include "check.h"

#include "base/front.h"
#include "base/mem.h"
#include "base/say.h"
#include "check_connect.h"
#include "collector/forwards.h"
#include "collector/store/retention_rules.h"
#include "shipper/ship_options.h"

#include <stdio.h>

struct flags {
    bool show, connect, help;
};

#define FIELD(name) .field = offsetof(struct flags, name)

static const struct option rows[] = {
    {.flag = "show",
     .type = OPTION_BOOLEAN,
     FIELD(show),
     .help = "every key, its value, and where it was set"},
    {.flag = "connect",
     .type = OPTION_BOOLEAN,
     FIELD(connect),
     .help = "ask each output what it is and takes (10 seconds at most)"},
    FRONT_HELP,
};

static const struct option_hint hints[] = {
    {"-c", "the file is an operand: sluice check FILE"},
    {"--config", "the file is an operand: sluice check FILE"},
    {NULL, NULL},
};

static const struct option_table table = {rows, countof(rows), hints};

static const struct front front = {
    "check", &table,
    STR_INIT("usage: sluice check [OPTIONS] [FILE]      default " CONFIG_FILE "\n\n"
             "Checks a configuration with its drop-ins and the environment. Says what is\n"
             "wrong with file, line and column (exit status 2), or that it is right.\n"
             "With --connect it asks each output as well; exit status 2 if one fails.\n\n")};

int command_check(int argc, char **argv)
{
    struct err err;
    struct warnings w = {0};
    struct flags f;
    struct options given;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    defer(buf_free) struct buf out = {0}, lines = {0};
    int status = 0;
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status))
        return status;
    if (given.operands.n > 1)
        return front_fail(&front, "one file at a time; drop-ins beside it in conf.d are read too");
    const char *file = given.operands.n ? given.operands.items[0].ptr : NULL;
    bool good = config_load(&config, file, &w, &err) && ship_sources_check(&config, &err) &&
                outputs_check(&config.outputs, "outputs", &err) && forwards_check(&config, &err) &&
                retention_check(&config, &err);
    if (good && f.connect)
        status = check_connect(&config, &w, &lines) ? 0 : 2;
    for (size_t i = 0; i < w.n; i++)
        fprintf(stderr, "warning: %s\n", w.text[i]);
    if (!good) { /* begins with the place, as a compiler says it */
        say("%s", err.text);
        return 2;
    }
    if (f.show)
        config_show(&config, &out);
    if (f.connect)
        buf_add(&out, buf_str(&lines));
    else if (!f.show)
        buf_print(&out, "%s: ok\n", file ? file : CONFIG_FILE);
    fwrite(out.ptr, 1, out.len, stdout);
    return status;
}
