/*
 * `sluice store import`: old log files become records of a store, with the times that stand in them.
 *
 *     look at all files ─▶ leave out what the store has ─▶ records ─▶ segments in DATA/import ─▶ adopt:
 *                                                                        by the collector, if one has the store
 *                                                                        else here
 *
 *  Exit status: 0, or 2 if nothing was imported.
 *
 *  1. All of it comes in, or nothing, whatever crashes (collector/store/adopting.h).
 *  2. Files whose content is in the store with these labels are left out, so an import can be repeated.
 *  3. What retention would remove at once is refused, or left out if that was asked for.
 */
#include "query/commands.h"

#include "base/file.h"
#include "base/form.h"
#include "base/front.h"
#include "base/mem.h"
#include "base/say.h"
#include "base/text.h"
#include "base/zones.h"
#include "collector/store/adopting.h"
#include "collector/store/importing.h"
#include "collector/store/parts.h"
#include "query/client.h"
#include "query/file_streams.h"
#include "query/services.h"
#include "redaction/redacting.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct import_flags {
    struct str config, store, service, multiline, timezone;
    struct str_list collector;
    int output;
    bool skip_old, help;
};

enum form { FORM_TEXT, FORM_JSON };

static const char *const output_words[] = {"text", "json", NULL};

#define FIELD(name) .field = offsetof(struct import_flags, name)

/* clang-format off */
static const struct option rows[] = {
    {.flag = "service", .type = OPTION_STRING, FIELD(service), .value_name = "NAME",
     .help = "of the records (default: the name of the file's folder)"},
    {.flag = "timezone", .type = OPTION_STRING, FIELD(timezone), .initial = "local", .value_name = "ZONE",
     .help = "of times without one: local, UTC, +02:00, Europe/Berlin"},
    {.flag = "multiline", .type = OPTION_STRING, FIELD(multiline), .initial = "auto", .value_name = "RULE",
     .help = "auto, none, java, python, go, node, ruby, php, dotnet, rust, or a pattern for first lines"},
    {.flag = "skip-old", .type = OPTION_BOOLEAN, FIELD(skip_old),
     .help = "leave out what is older than collector.retention.keep"},
    {.flag = "store", .type = OPTION_PATH, FIELD(store), .value_name = "FOLDER",
     .help = "the store (default collector.data of the configuration)"},
    {.flag = "collector", .type = OPTION_STRINGS, FIELD(collector), .value_name = "URL",
     .help = "the one that runs on this store, if it cannot be found by itself"},
    FRONT_CONFIG,
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "text",
     .value_name = "FORM", .help = "text or json"},
    FRONT_HELP,
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "store import", &table,
    STR_INIT("usage: sluice store import [OPTIONS] FILE... [NAME=VALUE]...\n"
             "\n"
             "Old log files become records of the store, each at its own time: plain, .gz or\n"
             ".zst; lines of applications, of Docker (json-file), of Kubernetes and Podman (CRI),\n"
             "or JSON of sluice store export, whose records come back as they were. NAME=VALUE\n"
             "are labels; host, service and file are there by themselves. A collector may run.\n"
             "All of it comes in, or nothing; a file that is there already is left out.\n"
             "\n"
             "Exit status: 0, also if all was there already; 2 an error, nothing was imported.\n"
             "\n")};

struct source {
    struct import_file file; /* first: they are sorted by it */
    struct labels labels;    /* sorted; those that an export does not have itself */
    struct hash128 origin;
};

struct import {
    const struct import_flags *flags;
    const struct config *config;
    struct arena arena;
    struct import_rules rules;
    struct multiline *rule;
    struct zone *zone;
    struct redacting *redacting; /* NULL: off */
    struct redaction redaction;
    struct source *sources;
    size_t n_sources;
    struct label *given; /* NAME=VALUE */
    size_t n_given;
    struct importing *importing;
    int64_t now_ns, oldest_ns;   /* what is older is left out */
    const struct source *source; /* that is read */
    struct file_streams streams; /* of it */
    struct redact_stream redact[LANES + 1];
    uint64_t records, line_bytes, bytes, known, left_out;
    int64_t from_ns, to_ns;
};

/* ---- what was asked for ---- */

static bool is_label(struct str operand)
{
    size_t end = str_find_byte(operand, '=');
    if (end == SIZE_MAX || end == 0 || isdigit((unsigned char)operand.ptr[0]))
        return false;
    for (size_t i = 0; i < end; i++)
        if (!isalnum((unsigned char)operand.ptr[i]) && !memchr("_-", operand.ptr[i], 2))
            return false;
    return true;
}

static bool take_operands(struct import *m, const struct str_list *operands, struct err *err)
{
    m->sources = arena_array(&m->arena, struct source, operands->n + 1);
    m->given = arena_array(&m->arena, struct label, operands->n + 1);
    for (size_t i = 0; i < operands->n; i++) {
        struct str rest = operands->items[i], name;
        if (!is_label(rest)) {
            m->sources[m->n_sources++].file.path = arena_text(&m->arena, rest);
            continue;
        }
        take_until(&rest, '=', &name);
        m->given[m->n_given++] = (struct label){name, rest};
    }
    return m->n_sources ? true
                        : err_set(err, ERR_INPUT, "say which files: sluice store import FILE...");
}

/* A store of another user would get files that he cannot read. */
static bool check_user(const char *folder, struct err *err)
{
    struct stat st;
    struct err missing;
    if (!path_stat(folder, &st, &missing) || st.st_uid == geteuid())
        return true;
    return err_set(err, ERR_DENIED,
                   "%s belongs to another user (uid %u): run this as that user, such as sudo -u "
                   "sluice sluice store import",
                   folder, (unsigned)st.st_uid);
}

/* As the shipper of this configuration has it; with its keys, if they may be read. */
static bool open_redaction(struct import *m, struct err *err)
{
    const struct config_shipper *c = &m->config->shipper;
    if (!redacting_check(&c->redact, err) ||
        !redacting_open(&m->redacting, &c->redact, c->state, KEYS_OPTIONAL, err))
        return false;
    if (redacting_note(m->redacting))
        say("note: %s", redacting_note(m->redacting));
    return true;
}

static bool prepare(struct import *m, const struct str_list *operands, struct err *err)
{
    const struct import_flags *f = m->flags;
    if (!take_operands(m, operands, err) || !check_user(f->store.ptr, err) ||
        !multiline_open(&m->rule, f->multiline, err))
        return false;
    if (!zone_open(&m->zone, f->timezone, err))
        return err_wrap(err, "--timezone");
    m->rules = (struct import_rules){.rule = m->rule, .zone = m->zone};
    return open_redaction(m, err);
}

/* ---- files ---- */

/* What the file holds and what it is called: its place may change. */
static struct hash128 origin_of(const struct source *s)
{
    struct hash128_stream *hash = hash128_begin();
    hash128_add(hash, MAP_KEY(s->file.content));
    for (size_t i = 0; i < s->labels.n; i++) {
        defer(buf_free) struct buf label = {0};
        if (str_equal(s->labels.items[i].name, STR("file")))
            continue;
        put_str(&label, s->labels.items[i].name);
        put_str(&label, s->labels.items[i].value);
        hash128_add(hash, buf_str(&label));
    }
    return hash128_end(&hash);
}

static bool look_at_all(struct import *m, struct err *err)
{
    const struct file_names names = {
        .given = {m->given, m->n_given}, .service = m->flags->service, .more = &m->config->labels};
    for (size_t i = 0; i < m->n_sources; i++) {
        struct source *s = &m->sources[i];
        if (!import_file_look(&s->file, s->file.path, &m->rules, err) ||
            !file_labels_of(&s->labels, &s->file, &names, &m->arena, err))
            return false;
        s->origin = origin_of(s);
    }
    qsort(m->sources, m->n_sources, sizeof *m->sources, import_file_by_time);
    return true;
}

/* ---- records ---- */

static bool take(void *context, const struct import_record *r, struct err *err)
{
    struct import *m = context;
    struct record record = r->record;
    if (record.event_ns < m->oldest_ns) {
        m->left_out++;
        return true;
    }
    if (!m->source->file.is_export && m->config->shipper.times == TIMES_US)
        record.event_ns -= record.event_ns % NS_PER_US; /* as the shipper keeps them */
    struct filled_stream *stream = file_stream_of(&m->streams, r, err);
    if (m->redacting && !m->source->file.is_export) { /* what a store has is taken as it is */
        struct redact_stream *state = &m->redact[r->has_lane ? (size_t)r->lane : LANES];
        record.line =
            redact_line(redacting_redactor(m->redacting), &m->redaction, state, record.line);
        redact_count(&m->redaction);
    }
    if (!stream || !importing_add(m->importing, stream, &record, err))
        return false;
    m->records++;
    m->line_bytes += record.line.len;
    m->from_ns = min_of(m->from_ns, record.event_ns);
    m->to_ns = max_of(m->to_ns, record.event_ns);
    return true;
}

static bool read_source(struct import *m, struct source *s, struct err *err)
{
    if (importing_knows(m->importing, s->origin)) {
        m->known++;
        say("note: %s is in the store already, and left out", s->file.path);
        return true;
    }
    m->source = s;
    m->streams = (struct file_streams){.all = importing_streams(m->importing),
                                       .labels = &s->labels,
                                       .is_export = s->file.is_export};
    memset(m->redact, 0, sizeof m->redact);
    importing_begin(m->importing, s->origin);
    return import_file_read(&s->file, &m->rules, take, m, err) && importing_end(m->importing, err);
}

/* ---- what retention will do ---- */

static bool check_age(struct import *m, struct err *err)
{
    size_t n;
    uint64_t old = 0;
    int64_t keep_ns = m->config->collector.keep_ns;
    const struct import_day *days = importing_days(m->importing, &n);
    for (size_t i = 0; i < n; i++)
        old += keep_ns && days[i].newest_ns < m->now_ns - keep_ns ? days[i].records : 0;
    if (old == 0)
        return true;
    defer(buf_free) struct buf keep = {0};
    put_duration(&keep, keep_ns);
    return err_set(
        err, ERR_INPUT,
        "%llu of %llu records are older than collector.retention.keep (%s), and would be "
        "removed at once: raise that first, or leave them out with --skip-old",
        (unsigned long long)old, (unsigned long long)m->records, buf_text(&keep));
}

/* The oldest goes first, and that may be what is imported. */
static void note_size(const struct import *m)
{
    size_t n;
    struct err ignored;
    uint64_t sum = m->bytes, most = m->config->collector.max_size;
    defer(view_close) struct view *v = NULL;
    if (most == 0 || !view_open_folder(&v, m->flags->store.ptr, &ignored))
        return;
    const struct store_part *parts = view_parts(v, &n);
    for (size_t i = 0; i < n; i++)
        sum += parts[i].bytes;
    if (sum > most)
        say("note: the store is now larger than collector.retention.max_size: what is oldest goes, "
            "which may be what was imported (sluice store plan)");
}

/* ---- into the store ---- */

static bool ask_collector(const struct import *m, struct err *err)
{
    struct warnings w = {0};
    char id[HASH128_TEXT], path[128];
    defer(client_free) struct client client = {0};
    defer(buf_free) struct buf answer = {.max = 64 << 10};
    hash128_text(importing_id(m->importing), id);
    snprintf(path, sizeof path, "/api/v1/store/import?id=%s", id);
    if (client_init(&client, &m->flags->collector, m->config, &w, err) &&
        client_call(&client, "POST", path, &answer, err))
        return true;
    return err_wrap(err,
                    "a collector has %s open, and did not take the import in (repeat it when "
                    "that is mended; what is there already is left out)",
                    m->flags->store.ptr);
}

static bool adopt(const struct import *m, struct err *err)
{
    struct store *store = NULL;
    struct adopted adopted;
    const struct store_options options = {.folder = m->flags->store.ptr};
    if (!store_open(&store, &options, m->now_ns, err))
        return err->code == ERR_CONFLICT && ask_collector(m, err);
    bool done = store_adopt(store, importing_id(m->importing), &adopted, err);
    store_close(&store, m->now_ns);
    return done;
}

static bool run(struct import *m, struct err *err)
{
    const struct import_flags *f = m->flags;
    int64_t keep_ns = m->config->collector.keep_ns;
    m->oldest_ns = f->skip_old && keep_ns ? m->now_ns - keep_ns : INT64_MIN;
    m->from_ns = INT64_MAX;
    m->to_ns = INT64_MIN;
    if (!look_at_all(m, err) || !importing_open(&m->importing, f->store.ptr, m->now_ns, err))
        return false;
    for (size_t i = 0; i < m->n_sources; i++)
        if (!read_source(m, &m->sources[i], err))
            return false;
    if (m->records == 0)
        return true;
    if (!check_age(m, err) || !importing_finish(m->importing, &m->bytes, err) || !adopt(m, err))
        return false;
    note_size(m);
    return true;
}

static void free_import(struct import *m)
{
    importing_close(&m->importing);
    redacting_close(&m->redacting);
    redaction_free(&m->redaction);
    multiline_close(&m->rule);
    zone_close(&m->zone);
    arena_free(&m->arena);
}

static void print_done(const struct import *m)
{
    char lines[HUMAN_SIZE], stored[HUMAN_SIZE];
    defer(buf_free) struct buf span = {0};
    if (m->records) {
        put_rfc3339(&span, m->from_ns, 0);
        buf_add(&span, m->flags->output == FORM_JSON ? STR("\",\"to\":\"") : STR(" to "));
        put_rfc3339(&span, m->to_ns, 0);
    }
    if (m->flags->output == FORM_JSON) {
        printf(
            "{\"files\":%zu,\"known\":%llu,\"records\":%llu,\"line_bytes\":%llu,\"stored_bytes\":"
            "%llu,\"left_out\":%llu,\"redacted\":%llu",
            m->n_sources, (unsigned long long)m->known, (unsigned long long)m->records,
            (unsigned long long)m->line_bytes, (unsigned long long)m->bytes,
            (unsigned long long)m->left_out, (unsigned long long)redaction_total(&m->redaction));
        printf(m->records ? ",\"from\":\"%s\"}\n" : "%s}\n", buf_text(&span));
        return;
    }
    printf("imported %llu records, %s of lines, %s on disk%s%s\n", (unsigned long long)m->records,
           human_size(m->line_bytes, lines), human_size(m->bytes, stored), m->records ? "; " : "",
           buf_text(&span));
    if (redaction_total(&m->redaction))
        printf("redacted %llu values\n", (unsigned long long)redaction_total(&m->redaction));
    if (m->left_out)
        printf("left out %llu records that are older than collector.retention.keep; they cannot "
               "come in "
               "later as long as others of their file are there\n",
               (unsigned long long)m->left_out);
}

int command_store_import(int argc, char **argv)
{
    struct import_flags f;
    struct options given;
    struct err err;
    int status;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status) ||
        !front_config(&front, &config, f.config, false, &status))
        return status;
    if (f.store.len == 0)
        f.store = config.collector.data;
    defer(free_import) struct import m = {.flags = &f, .config = &config, .now_ns = time_now()};
    if (!prepare(&m, &given.operands, &err) || !run(&m, &err))
        return front_fail(&front, "%s", err.text);
    print_done(&m);
    return 0;
}
