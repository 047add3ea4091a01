#include "collector/collect_command.h"

#include "base/io/program.h"
#include "base/log.h"
#include "base/mem.h"
#include "collector/collect.h"

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

/* Flags win over the configuration. */
static bool apply_flags(struct config *c, const struct flags *f, struct err *err)
{
    return config_set(c, "collector.data", f->data, "--data", err) &&
           config_set(c, "collector.socket", f->socket, "--socket", err) &&
           config_set(c, "collector.listen", f->listen, "--listen", err);
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
    struct program *program;
    struct collector *collector;
};

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

static int run(const struct config *config)
{
    struct err err;
    struct collect_command c = {0};
    const struct program_events program = {.stop = stop, .data = &c};
    const struct collector_events events = {.stopped = stopped, .data = &c};
    program_open(&c.program, &program);
    bool good = collector_open(&c.collector, program_loop(c.program), config, &events, &err);
    if (good)
        program_run(c.program);
    else
        log_error("%s", err.text);
    program_close(&c.program);
    return good ? 0 : 2;
}

int command_collect(int argc, char **argv)
{
    struct err err;
    struct warnings w = {0};
    struct flags f;
    int status;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    if (!read_flags(&f, &arena, argc, argv, &status))
        return status;
    if (!config_load(&config, f.config.len ? f.config.ptr : NULL, &w, &err) ||
        !apply_flags(&config, &f, &err)) {
        fprintf(stderr, "sluice collect: %s\n", err.text);
        return 2;
    }
    log_setup(config.log_level, config.log_format, "collector");
    for (size_t i = 0; i < w.n; i++)
        log_warn("%s", w.text[i]);
    return run(&config);
}
