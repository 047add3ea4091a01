/*
 * Collector and shipper on one loop. They speak over the collector's unix socket, as two processes do,
 * so that nothing is different but the number of processes.
 *
 *     collector opens ─▶ shipper opens ─▶ RUNNING
 *     SIGTERM ─▶ the shipper reads to the end and sends, the last block is acknowledged ─▶ it closes ─▶
 *     the collector answers what is under way, closes ─▶ exit 0        a second SIGTERM: at once
 *
 * A place that is not configured otherwise is beside the collector's socket: an image has one folder
 * for sockets.
 */
#include "up.h"

#include "base/config_live.h"
#include "base/file.h"
#include "base/front.h"
#include "base/io/program.h"
#include "base/log.h"
#include "base/mem.h"
#include "collector/collect.h"
#include "collector/forwards.h"
#include "collector/store/retention_rules.h"
#include "shipper/ship.h"

#include <unistd.h>

struct flags {
    struct str config, data, state, socket, listen;
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
    {.flag = "state",
     .type = OPTION_PATH,
     FIELD(state),
     .value_name = "DIR",
     .help = "folder of positions and spool (shipper.state)"},
    {.flag = "socket",
     .type = OPTION_PATH,
     FIELD(socket),
     .value_name = "PATH",
     .help = "unix socket of the collector (collector.socket); the shipper's is beside it"},
    {.flag = "listen",
     .type = OPTION_STRING,
     FIELD(listen),
     .value_name = "HOST:PORT",
     .help = "TCP address, or off (collector.listen); tokens are needed there"},
    FRONT_HELP,
};

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "up", &table,
    STR_INIT("usage: sluice up [OPTIONS]\n\n"
             "Collects the logs of this machine and keeps them: collector and shipper in one\n"
             "process. What is read stands in the configuration, which need not exist.\n\n")};

struct up {
    struct flags flags;
    struct program *program;
    struct live_config live;
    struct ship_options options;
    struct collector *collector;
    struct ship *ship;
    bool was_told; /* to stop */
    int status;
};

/* ---- the configuration of both ---- */

static bool is_given(const struct config *c, const char *path)
{
    return options_place(&c->options, path).file != NULL;
}

static bool use_collector(struct config *c, struct str socket, struct err *err)
{
    char here[4096] = "";
    if (!c->output.on || is_given(c, "outputs.collector.url"))
        return true;
    if (!socket.len)
        return err_set(err, ERR_INPUT,
                       "collector.socket is off: say in outputs.collector.url where the lines go");
    if (socket.ptr[0] != '/' && !getcwd(here, sizeof here - 1))
        return err_sys(err, "the present folder");
    const char *url =
        arena_print(&c->arena, "unix://%s%s%.*s", here, here[0] ? "/" : "", STR_ARG(socket)).ptr;
    return config_set(c, "outputs.collector.url", str_from(url), "collector.socket", err);
}

static bool use_socket_beside(struct config *c, struct str socket, struct err *err)
{
    if (!socket.len || is_given(c, "shipper.socket"))
        return true;
    size_t folder = socket.len;
    while (folder && socket.ptr[folder - 1] != '/')
        folder--;
    struct str path =
        arena_print(&c->arena, "%.*sshipper.sock", STR_ARG(str_slice(socket, 0, folder)));
    return config_set(c, "shipper.socket", path, "collector.socket", err);
}

static bool adjust(struct config *c, void *data, struct err *err)
{
    const struct up *u = data;
    const struct flags *f = &u->flags;
    return config_set(c, "collector.data", f->data, "--data", err) &&
           config_set(c, "shipper.state", f->state, "--state", err) &&
           config_set(c, "collector.socket", f->socket, "--socket", err) &&
           config_set(c, "collector.listen", f->listen, "--listen", err) &&
           use_collector(c, c->collector.socket, err) &&
           use_socket_beside(c, c->collector.socket, err) && ship_sources_check(c, err) &&
           (!u->ship || ship_outputs_check(&u->options, c, err)) && forwards_check(c, err) &&
           retention_check(c, err);
}

static void apply(const struct config *next, void *data)
{
    const struct up *u = data;
    log_change(next->log_level, next->log_format);
    collector_reload(u->collector, next);
    if (u->ship)
        ship_reload(u->ship, next);
}

static bool reload(struct buf *report, struct err *err, void *data)
{
    struct up *u = data;
    if (live_config_reload_logged(&u->live, report, err))
        return true;
    collector_reload(u->collector, NULL);
    if (u->ship)
        ship_reload(u->ship, NULL);
    return false;
}

static void on_hang_up(void *data)
{
    const struct up *u = data;
    struct err err;
    defer(buf_free) struct buf report = {0};
    if (u->collector)
        reload(&report, &err, data);
}

/* ---- life ---- */

static void stop(void *data)
{
    struct up *u = data;
    u->was_told = true;
    if (u->ship)
        ship_stop(u->ship);
    else if (u->collector)
        collector_stop(u->collector);
}

static void ship_stopped(void *data)
{
    struct up *u = data;
    struct err err;
    if (!ship_ended_well(u->ship, &err))
        log_error("the shipper has ended: %s", err.text);
    u->status = u->was_told ? 0 : 1;
    ship_close(&u->ship);
    collector_stop(u->collector);
}

static void collector_stopped(void *data)
{
    struct up *u = data;
    collector_close(&u->collector);
    program_end(u->program);
}

/* A container that is made anew, as with every update, would begin with an empty store. */
static void warn_of_layer(const char *key, const char *folder)
{
    if (is_in_container_layer(folder))
        log_warn("%s: %s is no volume: it will be gone with the container", key, folder);
}

static bool open_parts(struct up *u, struct err *err)
{
    const struct collector_events collector = {
        .stopped = collector_stopped, .reload = reload, .data = u};
    const struct ship_events ship = {.stopped = ship_stopped, .reload = reload, .data = u};
    uv_loop_t *loop = program_loop(u->program);
    const struct config *config = u->live.first;
    if (!collector_open(&u->collector, loop, config, &collector, err) ||
        !ship_open(&u->ship, loop, &u->options, config, &ship, err))
        return false;
    warn_of_layer("collector.data", config->collector.data.ptr);
    warn_of_layer("shipper.state", config->shipper.state.ptr);
    return true;
}

static void run(struct up *u)
{
    struct err err;
    const struct program_events events = {.stop = stop, .reload = on_hang_up, .data = u};
    program_open(&u->program, &events);
    u->status = 0;
    if (open_parts(u, &err)) {
        const struct config_shipper *c = &u->live.first->shipper;
        if (c->files_n == 0 && !ship_takes_containers(&u->options, c))
            log_warn(
                "there is nothing to read: shipper.sources names no files, and containers are off");
        program_run(u->program);
    } else {
        log_error("%s", err.text);
        u->status = 2;
        if (u->collector)
            collector_stop(u->collector);
    }
    program_close(&u->program);
}

/* ---- the command line ---- */

static bool configure(struct up *u, struct warnings *w, struct err *err)
{
    static const char *const sections[] = {"collector.", "shipper.", "outputs.",
                                           "labels",     "log.",     NULL};
    u->live = (struct live_config){.path = u->flags.config.len ? u->flags.config.ptr : NULL,
                                   .adjust = adjust,
                                   .apply = apply,
                                   .data = u,
                                   .sections = sections};
    if (!live_config_open(&u->live, w, err) || !ship_options_of(&u->options, u->live.first, w, err))
        return false;
    log_setup(u->live.first->log_level, u->live.first->log_format, "sluice");
    return true;
}

static void free_up(struct up *u)
{
    ship_options_free(&u->options);
    live_config_close(&u->live);
}

int command_up(int argc, char **argv)
{
    struct err err;
    struct options given;
    struct warnings w = {0};
    int status;
    defer(arena_free) struct arena arena = {0};
    defer(free_up) struct up u = {0};
    if (!front_read(&front, &u.flags, &given, &arena, argc, argv, &status))
        return status;
    if (given.operands.n)
        return front_fail(&front,
                          "it takes no operand ('%s'); files are named in shipper.sources.files",
                          given.operands.items[0].ptr);
    if (!configure(&u, &w, &err))
        return front_fail(&front, "%s", err.text);
    warnings_log(&w);
    run(&u);
    return u.status;
}
