#include "shipper/stream_rules.h"

#include "base/log.h"
#include "base/mem.h"

struct opened {
    struct multiline *rule; /* NULL: the text is no rule */
    size_t len;
    char text[];
};

struct stream_rules {
    struct stream_rules_options options;
    struct map opened; /* text -> struct opened */
};

/* ---- the configuration ---- */

static bool bad_key(const struct yaml *given, const char *section, const char *key,
                    const struct err *inner, struct err *err)
{
    return place_err(yaml_get(given, str_from(key))->at, err, "%s: %s: %s", section, key,
                     inner->text);
}

static bool check_lines(const struct config_lines *lines, const struct yaml *given,
                        const char *section, struct err *err)
{
    struct err inner;
    defer(zone_close) struct zone *zone = NULL;
    defer(multiline_close) struct multiline *rule = NULL;
    if (lines->timezone.len && !zone_open(&zone, lines->timezone, &inner))
        return bad_key(given, section, "timezone", &inner, err);
    if (lines->multiline.len && !multiline_open(&rule, lines->multiline, &inner))
        return bad_key(given, section, "multiline", &inner, err);
    return true;
}

bool stream_rules_check(const struct config_shipper *c, struct err *err)
{
    for (size_t i = 0; i < c->files_n; i++) {
        if (!check_lines(&c->files[i].lines, c->files[i].given, "shipper.sources.files", err))
            return false;
    }
    for (size_t i = 0; i < c->streams_n; i++) {
        if (!check_lines(&c->streams[i].lines, c->streams[i].given, "shipper.streams", err))
            return false;
    }
    return true;
}

struct stream_rules *stream_rules_new(const struct stream_rules_options *options)
{
    struct stream_rules *r = mem_new(struct stream_rules);
    r->options = *options;
    return r;
}

void stream_rules_free(struct stream_rules **address)
{
    struct stream_rules *r = *address;
    if (!r)
        return;
    map_each (&r->opened, entry) {
        struct opened *o = entry->value;
        multiline_close(&o->rule);
        mem_free(&o);
    }
    map_free(&r->opened);
    mem_free(address);
}

/* ---- a stream ---- */

/* What labels can ask for is bounded; the configuration names its rules once. */
static const struct opened *open_text(struct stream_rules *r, struct str text, struct str source)
{
    struct err err;
    struct opened *o = map_get(&r->opened, text);
    if (o || (source.len && r->opened.n >= LABEL_RULES_MAX))
        return o;
    o = mem_alloc(sizeof *o + text.len);
    o->len = text.len;
    memcpy(o->text, text.ptr, text.len);
    if (!multiline_open(&o->rule, text, &err))
        log_warn("%.*s: multiline '%.*s' is ignored: %s",
                 STR_ARG(source.len ? source : STR("configuration")), STR_ARG(text), err.text);
    map_put(&r->opened, str_of(o->text, o->len), o);
    return o;
}

static bool has_pair(const struct labels *labels, struct str_pair wanted)
{
    for (size_t i = 0; i < labels->n; i++) {
        if (str_equal(labels->items[i].name, wanted.name))
            return str_equal(labels->items[i].value, wanted.value);
    }
    return false;
}

static bool is_own(const struct labels *own, struct str name)
{
    for (size_t i = 0; i < own->n; i++) {
        if (str_equal(own->items[i].name, name))
            return own->items[i].value.len > 0;
    }
    return false;
}

static bool is_match(const struct stream_rules *r, const struct config_stream *entry,
                     const struct labels *own)
{
    for (size_t i = 0; i < entry->match_n; i++) {
        const struct labels *from =
            is_own(own, entry->match[i].name) || !r->options.labels ? own : r->options.labels;
        if (!has_pair(from, entry->match[i]))
            return false;
    }
    return true;
}

static void take_first(struct str *to, struct str value)
{
    if (!to->len)
        *to = value;
}

static void take_lines(struct config_lines *to, const struct config_lines *from)
{
    take_first(&to->multiline, from->multiline);
    take_first(&to->timezone, from->timezone);
}

static void put_own_labels(const struct stream_rules *r, const struct tail_stream *stream,
                           enum lane lane, struct labels *own)
{
    struct label data_items[DISCOVER_DATA];
    struct labels data = {data_items, 0};
    if (r->options.discover && discover_labels(r->options.discover, stream, lane, own, &data))
        return;
    own->items[own->n++] = (struct label){STR("service"), stream->service};
    own->items[own->n++] = (struct label){STR("file"), stream->file};
}

static void remove_label(struct labels *labels, struct str name)
{
    size_t kept = 0;
    for (size_t i = 0; i < labels->n; i++) {
        if (!str_equal(labels->items[i].name, name))
            labels->items[kept++] = labels->items[i];
    }
    labels->n = kept;
}

/* All but the container's label. */
static struct config_lines lines_of(const struct stream_rules *r, const struct tail_stream *stream,
                                    enum lane lane, bool knows_lane)
{
    const struct config_shipper *c = r->options.config;
    struct label items[DISCOVER_LABELS];
    struct labels own = {items, 0};
    struct config_lines lines = {0};
    const struct config_lines usual = {.multiline = c->multiline, .timezone = STR("local")};
    size_t file = stream->glob - r->options.first_file; /* wraps for globs in front */
    put_own_labels(r, stream, lane, &own);
    if (!knows_lane)
        remove_label(&own, STR("stream"));
    for (size_t i = 0; i < c->streams_n; i++) {
        if (is_match(r, &c->streams[i], &own))
            take_lines(&lines, &c->streams[i].lines);
    }
    if (stream->place == PLACE_FILES && file < c->files_n)
        take_lines(&lines, &c->files[file].lines);
    take_lines(&lines, &usual);
    return lines;
}

static const struct zone *zone_of(struct stream_rules *r, struct str name)
{
    struct err err;
    const struct zone *zone = NULL; /* UTC */
    if (!zones_get(r->options.zones, name, &zone, &err))
        log_warn("timezone %.*s: %s; UTC is taken", STR_ARG(name), err.text);
    return zone;
}

static struct str label_of(const struct stream_rules *r, const struct tail_stream *stream)
{
    return r->options.discover ? discover_multiline(r->options.discover, stream) : (struct str){0};
}

static const struct opened *multiline_of(struct stream_rules *r, const struct tail_stream *stream,
                                         struct str configured)
{
    struct str label = label_of(r, stream);
    const struct opened *o = label.len ? open_text(r, label, stream->file) : NULL;
    return o && o->rule ? o : open_text(r, configured, (struct str){0});
}

struct stream_rule stream_rules_of(struct stream_rules *r, const struct tail_stream *stream,
                                   enum lane lane)
{
    struct config_lines lines = lines_of(r, stream, lane, true);
    struct config_lines shared = lines_of(r, stream, lane, false);
    const struct opened *o = multiline_of(r, stream, shared.multiline);
    return (struct stream_rule){
        .multiline = o->rule,
        .zone = zone_of(r, lines.timezone),
        .multiline_text = str_of(o->text, o->len),
        .timezone = lines.timezone,
    };
}

const struct multiline *stream_rules_multiline(void *context, const struct tail_stream *stream)
{
    struct stream_rules *r = context;
    return stream_rules_of(r, stream, LANE_OUT).multiline;
}

void stream_rules_put(struct stream_rules *r, const struct tail_stream *stream, struct buf *out)
{
    struct stream_rule rule = stream_rules_of(r, stream, LANE_OUT);
    const struct {
        const char *name;
        struct str value, usual;
    } rows[] = {
        {"multiline", rule.multiline_text, STR("auto")},
        {"timezone", rule.timezone, STR("local")},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        if (!str_equal(rows[i].value, rows[i].usual))
            buf_print(out, ", %s %.*s", rows[i].name, STR_ARG(rows[i].value));
    }
}
