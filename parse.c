/*
 * Reads lines and shows what is recognised in each: what to reach for when a level, a time, a field or a
 * request id is not found. It stands at the root because it reads lines as the shipper does and prints as those who
 * ask do.
 *
 *     1    pino  info  2026-11-20T09:22:01.123Z
 *          req.id        string  ab
 *          responseTime  number  45
 *          request id ab (exact)
 *     2-9  log4j  error  2026-11-20T09:22:01.5Z
 *          ...
 */
#include "parse.h"

#include "base/file.h"
#include "base/front.h"
#include "base/mem.h"
#include "base/report.h"
#include "base/say.h"
#include "base/text.h"
#include "base/zones.h"
#include "formats/line/canonical_id.h"
#include "formats/line/line_parse.h"
#include "query/output.h"
#include "shipper/record_ids.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_WRONG = 2, READ_BYTES = 1 << 16, OUT_BYTES = 1 << 18, VALUE_SHOWN = 200 };
enum { SUMMARY_FORMATS = 128 };

enum envelope_word { WORD_AUTO, WORD_NONE, WORD_DOCKER, WORD_CRI };
enum form { FORM_TEXT, FORM_JSON };

struct flags {
    struct str format, multiline, timezone;
    struct str_list id_keys;
    int envelope, output;
    bool summary, formats, help;
};

static const char *const envelope_words[] = {"auto", "none", "docker", "cri", NULL};
static const char *const output_words[] = {"text", "json", NULL};

#define FIELD(name) .field = offsetof(struct flags, name)

/* clang-format off */
static const struct option rows[] = {
    {.flag = "format", .type = OPTION_STRING, FIELD(format), .value_name = "NAME",
     .help = "ask this format first (see --formats)"},
    {.flag = "multiline", .type = OPTION_STRING, FIELD(multiline), .initial = "auto", .value_name = "RULE",
     .help = "auto, none, java, python, go, node, ruby, php, dotnet, rust, or a pattern for first lines"},
    {.flag = "timezone", .type = OPTION_STRING, FIELD(timezone), .initial = "local", .value_name = "ZONE",
     .help = "of times without one: local, UTC, +02:00, Europe/Berlin"},
    {.flag = "id-key", .type = OPTION_STRINGS, FIELD(id_keys), .value_name = "NAME",
     .help = "as shipper.request_id.keys: a request id stands under it; may be given again"},
    {.flag = "envelope", .type = OPTION_WORD, FIELD(envelope), .words = envelope_words, .initial = "auto",
     .value_name = "KIND", .help = "what a container runtime put around each line: auto, none, docker, cri"},
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "text",
     .value_name = "FORM", .help = "text or json (an object a record)"},
    {.flag = "summary", .type = OPTION_BOOLEAN, FIELD(summary),
     .help = "only how many records have which format, a level, a time and a request id"},
    {.flag = "formats", .type = OPTION_BOOLEAN, FIELD(formats), .help = "the names of all formats"},
    FRONT_HELP,
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "parse", &table,
    STR_INIT("usage: sluice parse [OPTIONS] [FILE]\n\n"
             "Shows what is recognised in the lines of a file or of standard input: which lines\n"
             "are one record, its format, level, time, fields and request id.\n\n")};

/* ---- what is shown ---- */

struct tally {
    struct str format;
    size_t records, lines, with_level, with_time, with_id;
};

/* Ids are attached as the shipper does it. */
struct ids {
    struct id_rules *rules;
    struct stream_ids *streams[LANES];
    int64_t last_ns; /* of a record without a time */
};

static void ids_open(struct ids *ids, const struct str_list *keys)
{
    const struct config_request_id config = {.keys = *keys, .inherits = true};
    ids->rules = id_rules_open(&config);
}

static void ids_close(struct ids *ids)
{
    for (enum lane lane = 0; lane < LANES; lane++)
        stream_ids_close(&ids->streams[lane]);
    id_rules_close(&ids->rules);
}

/* A record with its id and nothing else. */
static struct record ids_of(struct ids *ids, const struct parsed *r)
{
    struct record record = {.line = r->text};
    if (r->facts.time_ns != TIME_NONE)
        ids->last_ns = r->facts.time_ns;
    record.event_ns = ids->last_ns;
    record_ids_attach(ids->rules, &ids->streams[r->lane], 0, false, &record);
    return record;
}

struct shown {
    bool is_summary, is_terminal;
    enum form form;
    struct tally total, tallies[SUMMARY_FORMATS];
    size_t tallies_n;
    struct buf out, path, text;
    struct ids ids;
};

static void put_shown(struct shown *s, struct str text)
{
    if (s->is_terminal)
        put_safe(&s->out, text);
    else
        buf_add(&s->out, text);
}

static void put_value(struct shown *s, const struct field *field)
{
    struct str value = field_text(field, &s->text), shown = str_cut_utf8(value, VALUE_SHOWN);
    size_t line_end = str_find_byte(shown, '\n');
    put_shown(s, str_slice(shown, 0, line_end));
    if (line_end < shown.len || shown.len < value.len)
        buf_print(&s->out, " ... (%zu bytes)", value.len);
}

static int path_width(struct shown *s, const struct fields *fields)
{
    enum { WIDEST = 40 };
    size_t width = 0;
    for (size_t i = 0; i < fields->n; i++) {
        buf_reset(&s->path);
        fields_put_path(fields, i, &s->path);
        if (field_is_leaf(fields, i) && s->path.len <= WIDEST)
            width = max_of(width, s->path.len);
    }
    return (int)width;
}

static void put_field(struct shown *s, const struct fields *fields, size_t i, int width)
{
    buf_reset(&s->path);
    fields_put_path(fields, i, &s->path);
    buf_add(&s->out, STR("     "));
    put_shown(s, buf_str(&s->path));
    buf_print(&s->out, "%*s  %-6s  ", max_of(width - (int)s->path.len, 0), "",
              field_kind_name(fields->items[i].kind));
    put_value(s, &fields->items[i]);
    buf_add_byte(&s->out, '\n');
}

/* Of a number: which process it is of is known where it is shipped. */
static void put_id(struct shown *s, const struct record *record)
{
    struct canonical_id id = canonical_id_of(record->id);
    if (record->id_kind == ID_NONE)
        return;
    buf_reset(&s->text);
    put_canonical_id(&s->text, &id);
    buf_add(&s->out, STR("     request id "));
    put_shown(s, id_number(&id));
    buf_print(&s->out, " (%s", id_kind_name(record->id_kind));
    if (!str_equal(buf_str(&s->text), id.text))
        buf_print(&s->out, ", the same as %.*s", STR_ARG(buf_str(&s->text)));
    buf_add(&s->out,
            id.kind == CANONICAL_SCOPED ? STR(", a number of its process)\n") : STR(")\n"));
}

static void put_text_record(struct shown *s, const struct parsed *r, const struct record *record)
{
    char lines[48];
    snprintf(lines, sizeof lines, r->lines > 1 ? "%zu-%zu" : "%zu", r->line,
             r->line + r->lines - 1);
    buf_print(&s->out, "%-4s %.*s  %s%s  ", lines,
              STR_ARG(r->format.len ? r->format : STR("no format")), level_name(r->facts.level),
              r->facts.level_derived ? " (from the status)" : "");
    if (r->facts.time_ns == TIME_NONE)
        buf_add(&s->out, STR("no time"));
    else
        put_rfc3339(&s->out, r->facts.time_ns, 9);
    if (r->has_envelope)
        buf_print(&s->out, "  %s", r->lane == LANE_ERR ? "stderr" : "stdout");
    if (r->is_cut)
        buf_add(&s->out, STR("  (cut at 1 MiB)"));
    buf_add_byte(&s->out, '\n');
    int width = path_width(s, &r->fields);
    for (size_t i = 0; i < r->fields.n; i++) {
        if (field_is_leaf(&r->fields, i))
            put_field(s, &r->fields, i, width);
    }
    if (r->fields.is_cut)
        buf_add(&s->out, STR("     ...\n"));
    if (r->fields.n == 0) {
        const struct field whole = {.value = r->text};
        buf_add(&s->out, STR("     "));
        put_value(s, &whole);
        buf_add_byte(&s->out, '\n');
    }
    put_id(s, record);
}

static void put_json_id(struct shown *s, const struct record *record)
{
    struct canonical_id id = canonical_id_of(record->id);
    if (record->id_kind == ID_NONE)
        return;
    buf_add(&s->out, STR(",\"requestId\":"));
    put_json(&s->out, id_number(&id));
    buf_print(&s->out, ",\"id_kind\":\"%s\",\"canonical_id\":", id_kind_name(record->id_kind));
    buf_reset(&s->text);
    put_canonical_id(&s->text, &id);
    put_json(&s->out, id.kind == CANONICAL_SCOPED ? id_number(&id) : buf_str(&s->text));
}

static void put_json_record(struct shown *s, const struct parsed *r, const struct record *record)
{
    struct buf *out = &s->out;
    buf_print(out, "{\"line\":%zu,\"lines\":%zu,\"format\":", r->line, r->lines);
    put_json(out, r->format);
    buf_print(out, ",\"level\":\"%s\",\"level_derived\":%s,\"time\":", level_name(r->facts.level),
              r->facts.level_derived ? "true" : "false");
    if (r->facts.time_ns == TIME_NONE) {
        buf_add(out, STR("null"));
    } else {
        buf_add_byte(out, '"');
        put_rfc3339(out, r->facts.time_ns, 9);
        buf_add_byte(out, '"');
    }
    if (r->has_envelope)
        buf_print(out, ",\"stream\":\"%s\"", r->lane == LANE_ERR ? "stderr" : "stdout");
    put_json_id(s, record);
    buf_print(out, ",\"cut\":%s,\"fields\":[", r->is_cut || r->fields.is_cut ? "true" : "false");
    const char *comma = "";
    for (size_t i = 0; i < r->fields.n; i++) {
        if (!field_is_leaf(&r->fields, i))
            continue;
        buf_reset(&s->path);
        fields_put_path(&r->fields, i, &s->path);
        buf_print(out, "%s{\"path\":", comma);
        put_json(out, buf_str(&s->path));
        buf_print(out, ",\"type\":\"%s\",\"value\":", field_kind_name(r->fields.items[i].kind));
        put_json(out, field_text(&r->fields.items[i], &s->text));
        buf_add_byte(out, '}');
        comma = ",";
    }
    buf_add(out, STR("],\"record\":"));
    put_json(out, r->text);
    buf_add(out, STR("}\n"));
}

/* ---- the summary ---- */

static void count(struct tally *tally, const struct parsed *r, bool has_id)
{
    tally->records++;
    tally->lines += r->lines;
    tally->with_level += r->facts.level != LEVEL_UNKNOWN;
    tally->with_time += r->facts.time_ns != TIME_NONE;
    tally->with_id += has_id;
}

static struct tally *tally_of(struct shown *s, struct str format)
{
    for (size_t i = 0; i < s->tallies_n; i++) {
        if (str_equal(s->tallies[i].format, format))
            return &s->tallies[i];
    }
    if (s->tallies_n == SUMMARY_FORMATS)
        return NULL;
    s->tallies[s->tallies_n].format = format;
    return &s->tallies[s->tallies_n++];
}

static double percent(size_t part, size_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void put_tally(struct shown *s, struct str name, const struct tally *tally)
{
    buf_print(&s->out, "%-18.*s %10zu %10zu %6.1f %% %6.1f %% %6.1f %% %6.1f %%\n", STR_ARG(name),
              tally->records, tally->lines, percent(tally->records, s->total.records),
              percent(tally->with_level, tally->records), percent(tally->with_time, tally->records),
              percent(tally->with_id, tally->records));
}

static void put_summary_text(struct shown *s)
{
    buf_print(&s->out, "%-18s %10s %10s %8s %8s %8s %8s\n", "FORMAT", "RECORDS", "LINES", "SHARE",
              "LEVEL", "TIME", "ID");
    for (size_t i = 0; i < s->tallies_n; i++) {
        struct str name = s->tallies[i].format;
        put_tally(s, name.len ? name : STR("none"), &s->tallies[i]);
    }
    put_tally(s, STR("all"), &s->total);
}

static void put_tally_json(struct shown *s, const struct tally *tally)
{
    buf_print(&s->out,
              "\"records\":%zu,\"lines\":%zu,\"with_level\":%zu,\"with_time\":%zu,\"with_id\":%zu",
              tally->records, tally->lines, tally->with_level, tally->with_time, tally->with_id);
}

static void put_summary_json(struct shown *s)
{
    const char *comma = "";
    buf_add_byte(&s->out, '{');
    put_tally_json(s, &s->total);
    buf_add(&s->out, STR(",\"formats\":["));
    for (size_t i = 0; i < s->tallies_n; i++, comma = ",") {
        buf_print(&s->out, "%s{\"format\":", comma);
        put_json(&s->out, s->tallies[i].format);
        buf_add_byte(&s->out, ',');
        put_tally_json(s, &s->tallies[i]);
        buf_add_byte(&s->out, '}');
    }
    buf_add(&s->out, STR("]}\n"));
}

static void show_record(void *context, const struct parsed *r)
{
    struct shown *s = context;
    struct record record = ids_of(&s->ids, r);
    if (s->is_summary) {
        struct tally *tally = tally_of(s, r->format);
        bool has_id = record.id_kind != ID_NONE;
        count(&s->total, r, has_id);
        if (tally)
            count(tally, r, has_id);
        return;
    }
    if (s->form == FORM_JSON)
        put_json_record(s, r, &record);
    else
        put_text_record(s, r, &record);
    if (s->out.len >= OUT_BYTES)
        output_write("parse", &s->out);
}

/* ---- what is read ---- */

struct lines {
    struct line_parse *parse;
    struct buf line; /* the open one */
    bool is_cut;     /* the rest of it is passed over */
};

static void end_line(struct lines *l)
{
    line_parse_line(l->parse, buf_str(&l->line), l->is_cut);
    buf_reset(&l->line);
    l->is_cut = false;
}

static void take_bytes(struct lines *l, struct str bytes)
{
    while (bytes.len > 0) {
        size_t end = str_find_byte(bytes, '\n');
        struct str piece = str_slice(bytes, 0, end);
        size_t room = PARSE_LINE_MAX - l->line.len;
        l->is_cut |= piece.len > room;
        buf_add(&l->line, str_slice(piece, 0, room));
        if (end == SIZE_MAX)
            return;
        end_line(l);
        bytes = str_slice(bytes, end + 1, bytes.len);
    }
}

static bool is_packed(struct str bytes)
{
    return str_starts(bytes, STR("\x1f\x8b")) || str_starts(bytes, STR("\x28\xb5\x2f\xfd"));
}

static bool read_lines(const struct file *file, const char *name, struct lines *l, struct err *err)
{
    defer(buf_free) struct buf bytes = {0};
    char *room = buf_reserve(&bytes, READ_BYTES);
    size_t got;
    for (bool is_first = true;; is_first = false) {
        if (!file_read_next(file, room, READ_BYTES, &got, err))
            return err_wrap(err, "%s", name);
        if (is_first && is_packed(str_of(room, got)))
            return err_set(err, ERR_INPUT,
                           "%s is compressed: zcat or zstdcat it, and give that to sluice parse",
                           name);
        if (got == 0)
            break;
        take_bytes(l, str_of(room, got));
    }
    if (l->line.len > 0)
        end_line(l);
    return true;
}

/* When the file was last written to; now, for what is no file. */
static int64_t file_time(const struct file *file)
{
    struct stat st;
    struct err err;
    if (!file_stat(file, &st, &err) || !S_ISREG(st.st_mode))
        return time_now();
    return st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
}

static bool parse_file(const struct flags *f, struct parse_options *options, const char *path,
                       struct err *err)
{
    static const enum envelope_kind kinds[] = {ENVELOPE_NONE, ENVELOPE_NONE, ENVELOPE_DOCKER_JSON,
                                               ENVELOPE_CRI};
    bool is_input = !path || strcmp(path, "-") == 0;
    struct file file = {.fd_plus_1 = STDIN_FILENO + 1};
    if (!is_input && !file_open(&file, path, FILE_READ, err))
        return false;
    options->envelope = kinds[f->envelope];
    options->is_sniffed = f->envelope == WORD_AUTO;
    options->file_time_ns = file_time(&file);
    struct lines lines = {.parse = line_parse_open(options)};
    bool is_read = read_lines(&file, is_input ? "standard input" : path, &lines, err);
    line_parse_close(&lines.parse);
    buf_free(&lines.line);
    if (!is_input)
        file_close(&file);
    return is_read;
}

static int unknown_format(const struct line_formats *formats, struct str name)
{
    size_t n;
    const char *const *names = line_formats_names(formats, &n),
                      *near = nearest_name(name, names, n);
    if (near)
        return front_fail(&front, "--format: there is no '%.*s'; did you mean '%s'?", STR_ARG(name),
                          near);
    return front_fail(&front, "--format: there is no '%.*s'; see sluice parse --formats",
                      STR_ARG(name));
}

static int print_formats(const struct line_formats *formats)
{
    size_t n;
    const char *const *names = line_formats_names(formats, &n);
    for (size_t i = 0; i < n; i++)
        puts(names[i]);
    return 0;
}

int command_parse(int argc, char **argv)
{
    struct err err;
    struct flags f;
    struct options given;
    int status;
    defer(arena_free) struct arena arena = {0};
    defer(line_formats_close) struct line_formats *formats = line_formats_open();
    defer(multiline_close) struct multiline *rule = NULL;
    defer(zone_close) struct zone *zone = NULL;
    struct shown shown = {0};
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status))
        return status;
    if (f.formats)
        return print_formats(formats);
    if (given.operands.n > 1)
        return front_fail(&front, "one file at a time");
    if (str_equal(f.format, STR("auto")))
        f.format = (struct str){0};
    if (f.format.len > 0 && !line_formats_has(formats, f.format))
        return unknown_format(formats, f.format);
    if (!multiline_open(&rule, f.multiline, &err))
        return front_fail(&front, "--multiline: %s", err.text);
    if (!zone_open(&zone, f.timezone, &err))
        return front_fail(&front, "--timezone: %s", err.text);
    output_begin();
    shown.is_summary = f.summary;
    shown.form = (enum form)f.output;
    shown.is_terminal = isatty(STDOUT_FILENO);
    shown.out.max = SIZE_MAX / 2;
    ids_open(&shown.ids, &f.id_keys);
    struct parse_options options = {.formats = formats,
                                    .rule = rule,
                                    .zone = zone,
                                    .format = f.format,
                                    .record = show_record,
                                    .context = &shown};
    bool is_read =
        parse_file(&f, &options, given.operands.n ? given.operands.items[0].ptr : NULL, &err);
    if (shown.is_summary && shown.form == FORM_TEXT)
        put_summary_text(&shown);
    else if (shown.is_summary)
        put_summary_json(&shown);
    output_write("parse", &shown.out);
    buf_free(&shown.out);
    buf_free(&shown.path);
    buf_free(&shown.text);
    ids_close(&shown.ids);
    return is_read ? 0 : front_fail(&front, "%s", err.text);
}
