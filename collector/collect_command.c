#include "collector/collect_command.h"

#include "base/config_live.h"
#include "base/front.h"
#include "base/io/program.h"
#include "base/log.h"
#include "base/mem.h"
#include "collector/collect.h"
#include "collector/forwards.h"
#include "collector/store/retention_rules.h"

struct flags {
    struct str config, data, socket, listen;
    bool help;
};

#define FIELD(name) .field = offsetof(struct flags, name)

static const struct option rows[] = {
    FRONT_CONFIG,
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
    FRONT_HELP,
};

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {"collect", &table,
                                   STR_INIT("usage: sluice collect [OPTIONS]\n\n"
                                            "Stores what shippers send and answers searches.\n\n")};

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
    if (live_config_reload_logged(&c->live, report, err))
        return true;
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
    struct options given;
    struct collect_command c = {0};
    defer(arena_free) struct arena arena = {0};
    if (!front_read(&front, &c.flags, &given, &arena, argc, argv, &status))
        return status;
    if (given.operands.n)
        return front_fail(&front, "it takes no operand ('%s')", given.operands.items[0].ptr);
    c.live = (struct live_config){.path = c.flags.config.len ? c.flags.config.ptr : NULL,
                                  .adjust = adjust,
                                  .apply = apply,
                                  .data = &c,
                                  .sections = sections};
    if (!live_config_open(&c.live, &w, &err))
        return front_fail(&front, "%s", err.text);
    log_setup(c.live.first->log_level, c.live.first->log_format, "collector");
    warnings_log(&w);
    status = run(&c);
    live_config_close(&c.live);
    return status;
}
