#include "collector/collect_command.h"

#include "base/config_live.h"
#include "base/io/program.h"
#include "base/log.h"
#include "base/mem.h"
#include "collector/collect.h"
#include "collector/forwards.h"
#include "collector/store/retention_rules.h"

#include <stdio.h>

struct flags {
    struct str config, data, socket, listen;
    bool help;
};

#define FIELD(name) .field = offsetof(struct flags, name)

static const struct option rows[] = {
    {.flag = "config",
     .letter = 'c',
     .type = OPTION_PATH,
     FIELD(config),
     .value_name = "FILE",
     .help = "configuration file (default " CONFIG_FILE ")"},
    {.flag = "data",
     .type = OPTION_PATH,
     FIELD(data),
     .value_name = "DIR",
     .help = "folder of the store (collector.data)"},
    {.flag = "socket",
     .type = OPTION_PATH,
     FIELD(socket),
     .value_name = "PATH",
     .help = "unix socket for people and shippers of this machine (collector.socket)"},
    {.flag = "listen",
     .type = OPTION_STRING,
     FIELD(listen),
     .value_name = "HOST:PORT",
     .help = "TCP address, or off (collector.listen); tokens are needed there"},
    {.flag = "help", .letter = 'h', .type = OPTION_BOOLEAN, FIELD(help), .help = "this text"},
};

static const struct option_table table = {rows, countof(rows), NULL};

static void print_help(void)
{
    defer(buf_free) struct buf b = {0};
    buf_add(&b, STR("usage: sluice collect [OPTIONS]\n\n"
                    "Stores what shippers send and answers searches.\n\n"));
    options_help(&table, &b);
    fwrite(b.ptr, 1, b.len, stdout);
}

/* False: help was printed or something is wrong (said on stderr); *status is the exit status. */
static bool read_flags(struct flags *f, struct arena *arena, int argc, char **argv, int *status)
{
    struct err err;
    struct options given;
    options_defaults(&given, &table, f, arena);
    *status = 2;
    if (!options_read_argv(&given, argc, argv, &err)) {
        fprintf(stderr, "sluice collect: %s\n", err.text);
        return false;
    }
    if (given.operands.n) {
        fprintf(stderr, "sluice collect: it takes no operand ('%s')\n",
                given.operands.items[0].ptr);
        return false;
    }
    if (f->help) {
        print_help();
        *status = 0;
    }
    return !f->help;
}

struct collect_command {
    struct flags flags;
    struct program *program;
    struct live_config live;
    struct collector *collector;
};

/* Flags win over the configuration. */
static bool adjust(struct config *config, void *data, struct err *err)
{
    const struct flags *f = &((struct collect_command *)data)->flags;
    return config_set(config, "collector.data", f->data, "--data", err) &&
           config_set(config, "collector.socket", f->socket, "--socket", err) &&
           config_set(config, "collector.listen", f->listen, "--listen", err) &&
           forwards_check(config, err) && retention_check(config, err);
}

static void stop(void *data)
{
    struct collect_command *c = data;
    if (c->collector)
        collector_stop(c->collector);
}

static void stopped(void *data)
{
    struct collect_command *c = data;
    collector_close(&c->collector);
    program_end(c->program);
}

static void apply(const struct config *next, void *data)
{
    const struct collect_command *c = data;
    log_change(next->log_level, next->log_format);
    collector_reload(c->collector, next);
}

static bool reload(struct buf *report, struct err *err, void *data)
{
    struct collect_command *c = data;
    struct warnings w = {0};
    bool good = live_config_reload(&c->live, &w, report, err);
    warnings_log(&w);
    if (good) {
        log_info("configuration read again: %.*s", STR_ARG(buf_str(report)));
        return true;
    }
    log_error("the new configuration is wrong, the old one stays: %s", err->text);
    collector_reload(c->collector, NULL);
    return false;
}

static void on_hang_up(void *data)
{
    const struct collect_command *c = data;
    struct err err;
    defer(buf_free) struct buf report = {0};
    if (c->collector)
        reload(&report, &err, data);
}

static int run(struct collect_command *c)
{
    struct err err;
    const struct program_events program = {.stop = stop, .reload = on_hang_up, .data = c};
    const struct collector_events events = {.stopped = stopped, .reload = reload, .data = c};
    program_open(&c->program, &program);
    bool good =
        collector_open(&c->collector, program_loop(c->program), c->live.first, &events, &err);
    if (good)
        program_run(c->program);
    else
        log_error("%s", err.text);
    program_close(&c->program);
    return good ? 0 : 2;
}

int command_collect(int argc, char **argv)
{
    static const char *const sections[] = {"collector.", "log.", NULL};
    struct err err;
    struct warnings w = {0};
    int status;
    struct collect_command c = {0};
    defer(arena_free) struct arena arena = {0};
    if (!read_flags(&c.flags, &arena, argc, argv, &status))
        return status;
    c.live = (struct live_config){.path = c.flags.config.len ? c.flags.config.ptr : NULL,
                                  .adjust = adjust,
                                  .apply = apply,
                                  .data = &c,
                                  .sections = sections};
    if (!live_config_open(&c.live, &w, &err)) {
        fprintf(stderr, "sluice collect: %s\n", err.text);
        return 2;
    }
    log_setup(c.live.first->log_level, c.live.first->log_format, "collector");
    warnings_log(&w);
    status = run(&c);
    live_config_close(&c.live);
    return status;
}
