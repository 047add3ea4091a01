/*
 * A row as a document. What is the same for the rows of a stream is made once and kept for the next row.
 *
 *     label             path                          from
 *     service           service.name                  ECS, as are all down to image
 *     ...               known_labels[]
 *     pod, namespace    kubernetes.pod.name ...       Filebeat, Elastic Agent and what Kibana shows for them; orchestrator.*
 *                                                     of ECS is written by cloud posture tools only
 *     unit, stream      systemd.unit, stream          Filebeat
 *     any other         labels.NAME                   dots become '_'; a name that is there gets a '_' behind it
 */
#include "base/ascii.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/line/level.h"
#include "formats/push/elastic_parts.h"

enum { SEQUENCE_BITS = 47, ROW_BITS = 16, TRACE_ID = 32, LABEL_TRIES = 4 };

/* Objects of one path stand together. */
static const struct known_label {
    struct str label, path;
} known_labels[] = {
#define ROW(label, path)                \
    {                                   \
        STR_INIT(label), STR_INIT(path) \
    }
    ROW("file", "log.file.path"), /* first: .log has the level, too */
    ROW("service", "service.name"),
    ROW("env", "service.environment"),
    ROW("host", "host.name"),
    ROW("container_id", "container.id"),
    ROW("container", "container.name"),
    ROW("image", "container.image.name"),
    ROW("namespace", "kubernetes.namespace"),
    ROW("node", "kubernetes.node.name"),
    ROW("pod", "kubernetes.pod.name"),
    ROW("pod_uid", "kubernetes.pod.uid"),
    ROW("unit", "systemd.unit"),
    ROW("stream", "stream"),
    ROW("trace_id", "trace.id"), /* attached */
    ROW("span_id", "span.id"),
#undef ROW
};

enum { KNOWN = countof(known_labels), KNOWN_FILE = 0, KNOWN_TRACE = 13 };

/* Beside those of known labels. */
static const struct str own_paths[] = {
    STR_INIT("@timestamp"),      STR_INIT("message"),        STR_INIT("log.level"),
    STR_INIT("http.request.id"), STR_INIT("event.sequence"), STR_INIT("tags"),
    STR_INIT("labels"),          STR_INIT("data_stream"),
};

/* Names of labels that are ours: what is said there of a row, not of its stream. */
static const struct str label_part = STR_INIT("part"), label_bytes = STR_INIT("line_base64"),
                        label_id_kind = STR_INIT("request_id_kind");

static bool is_front(struct str front, struct str path)
{
    return str_starts(path, front) && (path.len == front.len || path.ptr[front.len] == '.');
}

bool is_elastic_own(struct str path)
{
    if (path.ptr[0] == '_') /* a name of the system: _id, _source */
        return true;
    for (size_t i = 0; i < countof(own_paths); i++)
        if (is_front(own_paths[i], path) || is_front(path, own_paths[i]))
            return true;
    for (size_t i = 0; i < KNOWN; i++)
        if (is_front(known_labels[i].path, path) || is_front(path, known_labels[i].path))
            return true;
    return false;
}

void elastic_writer_free(struct elastic_writer *w)
{
    buf_free(&w->file);
    buf_free(&w->top);
    buf_free(&w->labels);
    buf_free(&w->name);
}

void elastic_writer_begin(struct elastic_writer *w, const struct push_block *block)
{
    w->block = block;
    w->stream = UINT32_MAX;
}

/* ---- labels ---- */

static void put_name(struct buf *b, struct str name)
{
    put_json(b, name);
    buf_add_byte(b, ':');
}

/* A name that a member of labels has: without dots, and not one that is there. Empty: it cannot have one. */
static struct str name_below_labels(struct elastic_writer *w, struct str name)
{
    buf_reset(&w->name);
    buf_add(&w->name, name);
    for (size_t i = 0; i < w->name.len; i++)
        if (w->name.ptr[i] == '.')
            w->name.ptr[i] = '_';
    if (!is_elastic_name(buf_str(&w->name)))
        return (struct str){0};
    for (int i = 0; i < LABEL_TRIES; i++, buf_add_byte(&w->name, '_'))
        if (elastic_names_add(&w->names, 0, buf_str(&w->name)))
            return buf_str(&w->name);
    return (struct str){0};
}

static size_t known_label(struct str name)
{
    size_t i = 0;
    while (i < KNOWN && !str_equal(known_labels[i].label, name))
        i++;
    return i;
}

static void take_label(struct elastic_writer *w, struct str values[KNOWN], struct str name,
                       struct str value)
{
    size_t known = known_label(name);
    if (known < KNOWN && values[known].len == 0) {
        values[known] = value;
        return;
    }
    name = name_below_labels(w, name);
    if (name.len == 0)
        return;
    buf_add_byte(&w->labels, ',');
    put_name(&w->labels, name);
    put_json(&w->labels, value);
}

static void take_labels(struct elastic_writer *w, struct str values[KNOWN],
                        const struct labels *labels)
{
    for (size_t i = 0; i < labels->n; i++)
        take_label(w, values, labels->items[i].name, labels->items[i].value);
}

static void take_attached(struct elastic_writer *w, struct str values[KNOWN], struct str fields)
{
    struct reader r = reader_of(fields);
    for (size_t n = read_count(&r, 2); n > 0; n--) {
        struct str name = read_str(&r), value = read_str(&r);
        if (r.bad)
            return;
        take_label(w, values, name, value);
    }
}

/* ---- what has a path ---- */

static struct str path_above(struct str path)
{
    while (path.len > 0 && path.ptr[path.len - 1] != '.')
        path.len--;
    return str_of(path.ptr, path.len > 0 ? path.len - 1 : 0);
}

/* A member at path, behind that at *open, and a comma: in the objects that are open, as far as they are its. */
static void put_at_path(struct buf *b, struct str *open, struct str path, struct str value)
{
    while (open->len > 0 && !is_front(*open, path)) {
        buf_add_byte(b, '}');
        *open = path_above(*open);
    }
    struct str rest = str_slice(path, open->len > 0 ? open->len + 1 : 0, path.len), part;
    *open = path_above(path);
    buf_add_byte(b, ',');
    while (take_until(&rest, '.', &part)) {
        put_name(b, part);
        if (rest.len > 0)
            buf_add_byte(b, '{');
    }
    put_json(b, value);
}

static void put_known(struct elastic_writer *w, const struct str values[KNOWN])
{
    struct str open = {0};
    for (size_t i = KNOWN_FILE + 1; i < KNOWN; i++)
        if (values[i].len > 0)
            put_at_path(&w->top, &open, known_labels[i].path, values[i]);
    for (; open.len > 0; open = path_above(open))
        buf_add_byte(&w->top, '}');
    w->has_trace = values[KNOWN_TRACE].len > 0;
    if (values[KNOWN_FILE].len == 0)
        return;
    buf_add(&w->file, STR("\"file\":{\"path\":"));
    put_json(&w->file, values[KNOWN_FILE]);
    buf_add_byte(&w->file, '}');
}

/* What a row has of its stream, and attached to it. */
static void make_known(struct elastic_writer *w, const struct record *record)
{
    const struct block_stream *stream = &w->block->block->streams[record->stream];
    struct str values[KNOWN] = {{0}};
    buf_reset(&w->file);
    buf_reset(&w->top);
    buf_reset(&w->labels);
    elastic_names_reset(&w->names);
    elastic_names_add(&w->names, 0, label_part);
    elastic_names_add(&w->names, 0, label_bytes);
    elastic_names_add(&w->names, 0, label_id_kind);
    take_attached(w, values, record->fields);
    take_labels(w, values, &stream->labels);
    take_labels(w, values, &stream->data);
    put_known(w, values);
    w->stream = record->fields.len == 0 ? record->stream : UINT32_MAX;
}

/* ---- rows ---- */

static void put_log(const struct elastic_writer *w, const struct record *record, struct buf *b)
{
    bool has_level = record->level != LEVEL_UNKNOWN, has_file = w->file.len > 0;
    if (!has_level && !has_file)
        return;
    buf_add(b, STR(",\"log\":{"));
    if (has_level) {
        buf_add(b, STR("\"level\":\""));
        buf_add(b, str_from(level_name(record->level)));
        buf_add_byte(b, '"');
    }
    if (has_level && has_file)
        buf_add_byte(b, ',');
    buf_add(b, buf_str(&w->file));
    buf_add_byte(b, '}');
}

static bool is_trace_id(struct str id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!is_hex(id.ptr[i]))
            return false;
    return id.len == TRACE_ID;
}

static void put_request_id(const struct elastic_writer *w, struct str id, struct buf *b)
{
    if (id.len == 0)
        return;
    buf_add(b, STR(",\"http\":{\"request\":{\"id\":"));
    put_json(b, id);
    buf_add(b, STR("}}"));
    if (w->has_trace || !is_trace_id(id))
        return;
    buf_add(b, STR(",\"trace\":{\"id\":"));
    put_json(b, id);
    buf_add_byte(b, '}');
}

/* In the order of the rows of one origin; 63 bits, which a long has. */
static void put_sequence(const struct elastic_writer *w, uint32_t row, struct buf *b)
{
    uint64_t sequence = w->block->block->header.sequence & ((UINT64_C(1) << SEQUENCE_BITS) - 1);
    buf_add(b, STR(",\"event\":{\"sequence\":"));
    buf_add_number(b, sequence << ROW_BITS | row);
    buf_add_byte(b, '}');
}

static const char *part_of(uint16_t flags)
{
    if (flags & RECORD_PART_FIRST)
        return "first";
    if (flags & RECORD_PART_MIDDLE)
        return "middle";
    return flags & RECORD_PART_LAST ? "last" : NULL;
}

static const char *id_kind_of(uint8_t kind)
{
    return kind == ID_INHERITED ? "inherited" : kind == ID_GENERATED ? "generated" : NULL;
}

static void put_own_label(struct buf *b, struct str name, const char *value)
{
    if (!value)
        return;
    buf_add_byte(b, ',');
    put_name(b, name);
    put_json(b, str_from(value));
}

/* bytes: the line that is not UTF-8, or empty. */
static void put_labels_of_row(const struct elastic_writer *w, const struct record *record,
                              struct str bytes, struct buf *b)
{
    buf_add(b, STR(",\"labels\":"));
    const size_t open = b->len;
    put_own_label(b, label_part, part_of(record->flags));
    put_own_label(b, label_id_kind, id_kind_of(record->id_kind));
    if (bytes.len > 0) {
        buf_add_byte(b, ',');
        put_name(b, label_bytes);
        buf_add_byte(b, '"');
        put_base64(b, bytes);
        buf_add_byte(b, '"');
    }
    buf_add(b, buf_str(&w->labels));
    if (b->len == open) {
        b->len -= strlen(",\"labels\":");
        return;
    }
    b->ptr[open] = '{'; /* instead of the first comma */
    buf_add_byte(b, '}');
}

void elastic_put_id(const struct elastic_writer *w, uint32_t row, struct buf *body)
{
    char room[32];
    struct buf whole = {.ptr = room, .capacity = sizeof room, .max = sizeof room};
    put_hash128(&whole, w->block->identity);
    put_u32(&whole, row);
    struct hash128 id = hash128(buf_str(&whole));
    buf_reset(&whole);
    put_hash128(&whole, id);
    put_base64url(body, buf_str(&whole));
}

void elastic_put_row(struct elastic_writer *w, uint32_t row, struct buf *body)
{
    const struct record *record = &w->block->block->records[row];
    if (record->stream != w->stream || record->fields.len > 0)
        make_known(w, record);
    buf_add(body, STR("{\"@timestamp\":\""));
    put_rfc3339(body, record->event_ns, 9);
    buf_add(body, STR("\",\"message\":"));
    bool is_valid = put_json(body, record->line);
    put_log(w, record, body);
    buf_add(body, buf_str(&w->top));
    put_request_id(w, record->id, body);
    put_sequence(w, row, body);
    if (record->flags & RECORD_GAP)
        buf_add(body, STR(",\"tags\":[\"gap\"]"));
    put_labels_of_row(w, record, is_valid ? STR("") : record->line, body);
}
