#include "shipper/ship_options.h"

#include "base/front.h"
#include "base/host.h"
#include "base/log.h"
#include "base/mem.h"
#include "forward/outputs.h"
#include "redaction/redacting.h"
#include "shipper/batcher.h"
#include "shipper/glob.h"
#include "shipper/stream_rules.h"

#include <unistd.h>

struct flags {
    struct str config, state, collector, service;
    struct str_list labels;
    bool tee, help;
};

#define FIELD(name) .field = offsetof(struct flags, name)

static const struct option rows[] = {
    FRONT_CONFIG,
    {.flag = "state",
     .type = OPTION_PATH,
     FIELD(state),
     .value_name = "DIR",
     .help = "folder of positions and spool (shipper.state)"},
    {.flag = "collector",
     .type = OPTION_STRING,
     FIELD(collector),
     .value_name = "URL",
     .help = "unix:///path, http://host:port or https://host:port (outputs.collector.url)"},
    {.flag = "service",
     .type = OPTION_STRING,
     FIELD(service),
     .value_name = "NAME",
     .help = "service label of standard input or of the given files"},
    {.flag = "label",
     .type = OPTION_STRINGS,
     FIELD(labels),
     .value_name = "NAME=VALUE",
     .help = "put on every stream; may be repeated"},
    {.flag = "tee",
     .type = OPTION_BOOLEAN,
     FIELD(tee),
     .help = "with -: copy standard input to standard output"},
    FRONT_HELP,
};

static const struct option_hint hints[] = {
    {"-f", "files are operands: sluice ship '/var/log/app/*.log'"},
    {"-t", "the token comes from a file: outputs.collector.token_file or SLUICE_TOKEN_FILE"},
    {NULL, NULL},
};

static const struct option_table table = {rows, countof(rows), hints};

static const struct front front = {
    "ship", &table,
    STR_INIT(
        "usage: sluice ship [OPTIONS]               containers, and files of the configuration\n"
        "       sluice ship [OPTIONS] GLOB...       these files, and those of the configuration\n"
        "       sluice ship [OPTIONS] -             standard input, until it ends\n\n"
        "Reads lines and hands them to a collector, each exactly once.\n\n")};

static bool add_label(struct ship_options *o, struct str name, struct str value, struct err *err)
{
    if (o->labels.n == LABELS_MAX - BATCH_LABELS_OWN)
        return err_set(err, ERR_LIMIT, "more than %d labels", LABELS_MAX - BATCH_LABELS_OWN);
    o->labels.items[o->labels.n++] = (struct label){name, value};
    return true;
}

static bool take_labels(struct ship_options *o, const struct config *c, const struct flags *f,
                        struct err *err)
{
    o->labels.items = arena_array(&o->arena, struct label, LABELS_MAX);
    for (size_t i = 0; i < f->labels.n; i++) {
        struct str rest = f->labels.items[i], name;
        take_until(&rest, '=', &name);
        if (name.len == f->labels.items[i].len)
            return err_set(err, ERR_INPUT, "--label: '%.*s' is not NAME=VALUE", STR_ARG(name));
        if (!add_label(o, name, rest, err))
            return false;
    }
    for (size_t i = 0; i < c->labels.n; i++) {
        if (label_value(&o->labels, c->labels.items[i].name).len == 0 &&
            !add_label(o, c->labels.items[i].name, c->labels.items[i].value, err))
            return false;
    }
    return labels_sort(&o->labels, err);
}

/* Relative to the present folder, without "./". */
static struct str absolute(struct ship_options *o, struct str path)
{
    char here[4096];
    if (str_starts(path, STR("/")) || !getcwd(here, sizeof here))
        return path;
    while (take_prefix(&path, STR("./")))
        continue;
    return arena_print(&o->arena, "%s/%.*s", here, STR_ARG(path));
}

static bool add_glob(struct ship_options *o, struct str pattern, struct str service,
                     struct err *err)
{
    struct str path = absolute(o, pattern);
    o->globs[o->n_globs++] = (struct tail_glob){.pattern = path, .service = service};
    return glob_check(path, err) ? true : err_wrap(err, "%.*s", STR_ARG(pattern));
}

bool ship_sources_check(const struct config *config, struct err *err)
{
    const struct yaml *given = config->shipper.files_given;
    const struct yaml *item = given ? given->first : NULL;
    for (size_t i = 0; item; item = item->next, i++) {
        struct err inner;
        struct str path = config->shipper.files[i].path;
        if (!glob_check(path, &inner))
            return place_err(item->at, err, "shipper.sources.files: %.*s: %s", STR_ARG(path),
                             inner.text);
    }
    return stream_rules_check(&config->shipper, err) &&
           redacting_check(&config->shipper.redact, err);
}

bool ship_takes_containers(const struct ship_options *o, const struct config_shipper *c)
{
    return !o->has_operands && (c->docker || c->kubernetes || c->podman);
}

static bool take_sources(struct ship_options *o, const struct config *c,
                         const struct options *given, struct err *err)
{
    o->has_operands = given->operands.n > 0;
    o->globs = arena_array(&o->arena, struct tail_glob, given->operands.n + 1);
    for (size_t i = 0; i < given->operands.n; i++) {
        struct str operand = given->operands.items[i];
        o->reads_stdin |= str_equal(operand, STR("-"));
        if (!str_equal(operand, STR("-")) && !add_glob(o, operand, o->service, err))
            return false;
    }
    if (o->reads_stdin && o->service.len == 0)
        o->service = STR("stdin");
    if (o->reads_stdin && o->n_globs)
        return err_set(err, ERR_INPUT, "- and files together: run one sluice ship for each");
    if (o->reads_stdin)
        return stream_rules_check(&c->shipper, err) && redacting_check(&c->shipper.redact, err);
    if (!ship_sources_check(c, err))
        return false;
    bool is_idle = !o->n_globs && !c->shipper.files_n && !ship_takes_containers(o, &c->shipper);
    if (is_idle && !o->may_be_idle)
        return err_set(err, ERR_INPUT,
                       "nothing to ship: name files (sluice ship '/var/log/app/*.log'), give - for "
                       "standard input, or set shipper.sources in the configuration");
    return true;
}

bool ship_outputs_check(const struct ship_options *o, const struct config *config, struct err *err)
{
    if (!o->url && config->outputs.n == 0)
        return err_set(err, ERR_INPUT,
                       "outputs: nothing is sent anywhere: outputs.collector is off, and no other "
                       "output is named");
    return outputs_check(&config->outputs, "outputs", err);
}

static bool take_output(struct ship_options *o, const struct config *c, const struct flags *f,
                        struct warnings *w, struct err *err)
{
    o->url = f->collector.len ? f->collector.ptr : c->output.on ? c->output.url.ptr : NULL;
    if (!ship_outputs_check(o, c, err))
        return false;
    if (!config_token(c, &o->token_text, w, err))
        return false;
    o->token = o->token_text.len ? buf_text(&o->token_text) : NULL;
    return true;
}

static bool resolve(struct ship_options *o, struct config *c, const struct flags *f,
                    const struct options *given, struct warnings *w, struct err *err)
{
    o->service = f->service;
    o->tee = f->tee;
    if (!take_labels(o, c, f, err))
        return false;
    struct str host = label_value(&o->labels, STR("host"));
    o->host = host.len ? host : host_name(&o->arena);
    if (!take_sources(o, c, given, err) || !take_output(o, c, f, w, err))
        return false;
    /* Standard input has a state of its own: another shipper of this machine may run. */
    struct str state = f->state.len ? f->state : c->shipper.state;
    o->state =
        o->reads_stdin && !f->state.len
            ? arena_print(&o->arena, "%.*s/stdin-%.*s", STR_ARG(state), STR_ARG(o->service)).ptr
            : arena_text(&o->arena, state);
    o->keys = arena_text(&o->arena, state);
    o->exclude = arena_array(&o->arena, struct str, 1);
    o->exclude[o->n_exclude++] = str_from(o->state);
    return true;
}

bool ship_options_of(struct ship_options *o, struct config *c, struct warnings *w, struct err *err)
{
    const struct flags none = {0};
    const struct options nothing = {0};
    o->may_be_idle = true;
    return resolve(o, c, &none, &nothing, w, err);
}

bool ship_options_read(struct ship_options *o, struct live_config *live, int argc, char **argv,
                       int *status)
{
    struct err err;
    struct flags f;
    struct options given;
    struct warnings w = {0};
    if (!front_read(&front, &f, &given, &o->arena, argc, argv, status))
        return false;
    live->path = f.config.len ? f.config.ptr : NULL;
    bool good = live_config_open(live, &w, &err) && resolve(o, live->first, &f, &given, &w, &err);
    if (good)
        log_setup(live->first->log_level, live->first->log_format, "shipper");
    warnings_log(&w);
    if (!good)
        *status = front_fail(&front, "%s", err.text);
    return good;
}

void ship_options_free(struct ship_options *o)
{
    buf_wipe(&o->token_text);
    arena_free(&o->arena);
}
