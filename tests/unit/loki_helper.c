#include "tests/unit/loki_helper.h"

#include "base/compress.h"
#include "base/mem.h"
#include "formats/line/json.h"
#include "formats/line/json_text.h"
#include "tests/test.h"

#include "formats/push/loki_push.pb-c.h"

void loki_seen_free(struct loki_seen_list *list)
{
    arena_free(&list->arena);
    mem_free(&list->items);
    *list = (struct loki_seen_list){0};
}

static void add_seen(struct loki_seen_list *list, struct loki_seen seen)
{
    mem_grow(list->items, list->n, list->capacity);
    list->items[list->n++] = seen;
}

/* ---- labels ---- */

static int compare_labels(const void *a, const void *b)
{
    return str_compare(((const struct label *)a)->name, ((const struct label *)b)->name);
}

static struct str labels_text(struct labels labels, bool sorted, struct arena *arena)
{
    defer(buf_free) struct buf b = {0};
    if (sorted && labels.n)
        qsort(labels.items, labels.n, sizeof *labels.items, compare_labels);
    for (size_t i = 0; i < labels.n; i++) {
        CHECK(is_utf8(labels.items[i].name) && is_utf8(labels.items[i].value));
        buf_print(&b, "%s%.*s=%.*s", i ? " " : "", STR_ARG(labels.items[i].name),
                  STR_ARG(labels.items[i].value));
    }
    return arena_copy(arena, buf_str(&b));
}

/* A quoted string of Go, from behind its first quote to behind its last. */
static struct str take_quoted(struct str *s, struct arena *arena)
{
    char *text = arena_alloc(arena, s->len + 1);
    size_t n = 0, i = 0;
    for (; i < s->len && s->ptr[i] != '"'; i++) {
        CHECK((unsigned char)s->ptr[i] >= ' ');
        char c = s->ptr[i];
        if (c == '\\') {
            c = s->ptr[++i];
            if (c == 'n')
                c = '\n';
            else if (c == 'x') {
                c = (char)strtol((char[]){s->ptr[i + 1], s->ptr[i + 2], 0}, NULL, 16);
                i += 2;
            } else
                CHECK(c == '"' || c == '\\');
        }
        text[n++] = c;
    }
    REQUIRE(i < s->len);
    *s = str_slice(*s, i + 1, SIZE_MAX);
    return str_of(text, n);
}

/* {a="b", c="d"} */
static struct str read_label_string(struct str s, struct arena *arena)
{
    struct label items[LABELS_MAX];
    struct labels labels = {items, 0};
    REQUIRE(take_prefix(&s, STR("{")));
    do {
        struct label *label = &items[labels.n++];
        REQUIRE(take_until(&s, '=', &label->name));
        REQUIRE(take_prefix(&s, STR("\"")));
        label->value = take_quoted(&s, arena);
    } while (take_prefix(&s, STR(", ")));
    CHECK_STR(s, STR("}"));
    return labels_text(labels, false, arena);
}

/* ---- protobuf ---- */

static struct str str_of_bytes(ProtobufCBinaryData bytes)
{
    return str_of(bytes.data, bytes.len);
}

static struct str pairs_text(const Loki__Entry *entry, struct arena *arena)
{
    struct labels labels = {arena_array(arena, struct label, entry->n_structured_metadata + 1), 0};
    for (size_t i = 0; i < entry->n_structured_metadata; i++) {
        const Loki__LabelPair *pair = entry->structured_metadata[i];
        labels.items[labels.n++] =
            (struct label){str_of_bytes(pair->name), str_of_bytes(pair->value)};
    }
    return labels_text(labels, true, arena);
}

static void read_stream(const Loki__Stream *stream, struct loki_seen_list *list)
{
    struct str labels = read_label_string(str_of_bytes(stream->labels), &list->arena);
    for (size_t i = 0; i < stream->n_entries; i++) {
        const Loki__Entry *e = stream->entries[i];
        REQUIRE(e->timestamp && e->timestamp->nanos >= 0 && e->timestamp->nanos < NS_PER_S);
        add_seen(list, (struct loki_seen){.labels = labels,
                                          .line = arena_copy(&list->arena, str_of_bytes(e->line)),
                                          .metadata = pairs_text(e, &list->arena),
                                          .time_ns = e->timestamp->seconds * NS_PER_S +
                                                     e->timestamp->nanos});
    }
}

static void read_protobuf(struct str request, struct loki_seen_list *list)
{
    Loki__PushRequest *push =
        loki__push_request__unpack(NULL, request.len, (const uint8_t *)request.ptr);
    REQUIRE(push && push->base.n_unknown_fields == 0);
    for (size_t i = 0; i < push->n_streams; i++)
        read_stream(push->streams[i], list);
    loki__push_request__free_unpacked(push, NULL);
}

/* ---- JSON ---- */

static struct str unescaped(struct str raw, struct arena *arena)
{
    struct str quoted = arena_print(arena, "%.*s\"", STR_ARG(raw));
    const char *at = quoted.ptr;
    char *text = arena_alloc(arena, quoted.len + JSON_TEXT_SLACK);
    char *end = json_unescape(&at, quoted.ptr + quoted.len, text);
    REQUIRE(end);
    return str_of(text, (size_t)(end - text));
}

static void add_member(struct labels *labels, const struct json_member *m, struct arena *arena)
{
    REQUIRE(m->kind == JSON_STRING && labels->n < LOKI_METADATA_ITEMS);
    labels->items[labels->n++] =
        (struct label){unescaped(m->key, arena), unescaped(m->value, arena)};
}

/* The next container of an array whose bracket has been taken. */
static bool take_container(const char **at, const char *end, struct str *item)
{
    *at += *at < end && **at == ',';
    if (*at >= end || **at == ']')
        return false;
    const char *close = json_container_end(*at, end);
    REQUIRE(close);
    *item = str_of(*at, (size_t)(close - *at));
    *at = close;
    return true;
}

static struct str take_string(const char **at, const char *end, struct arena *arena)
{
    REQUIRE(**at == '"');
    const char *close = json_string_end(*at + 1, end);
    struct str raw = str_of(*at + 1, (size_t)(close - *at - 1));
    *at = close + 1;
    return unescaped(raw, arena);
}

/* ["ns","line",{...}] */
static struct loki_seen read_value(struct str value, struct str labels, struct arena *arena)
{
    struct label items[LOKI_METADATA_ITEMS];
    struct labels metadata = {items, 0};
    struct loki_seen seen = {.labels = labels};
    const char *at = value.ptr + 1, *end = value.ptr + value.len;
    REQUIRE(str_to_i64(take_string(&at, end, arena), &seen.time_ns));
    at++;
    seen.line = take_string(&at, end, arena);
    if (*at == ',') {
        struct json_scan scan;
        struct json_member m;
        REQUIRE(json_open(&scan, str_of(at + 1, (size_t)(end - at - 1))));
        while (json_next(&scan, &m))
            add_member(&metadata, &m, arena);
        CHECK(scan.done && !scan.bad && *scan.at == ']');
    }
    seen.metadata = labels_text(metadata, true, arena);
    return seen;
}

static void read_json_stream(struct str stream, struct loki_seen_list *list)
{
    struct label items[LOKI_METADATA_ITEMS];
    struct labels labels = {items, 0};
    struct json_scan scan;
    struct json_member m, values = {.kind = JSON_NULL};
    REQUIRE(json_open(&scan, stream));
    while (json_next(&scan, &m)) {
        if (str_equal(m.outer, STR("stream")))
            add_member(&labels, &m, &list->arena);
        else
            values = m;
    }
    REQUIRE(!scan.bad && values.kind == JSON_ARRAY && str_equal(values.key, STR("values")));
    struct str text = labels_text(labels, false, &list->arena), value;
    const char *at = values.value.ptr + 1, *end = values.value.ptr + values.value.len;
    while (take_container(&at, end, &value))
        add_seen(list, read_value(value, text, &list->arena));
}

static void read_json(struct str request, struct loki_seen_list *list)
{
    struct json_scan scan;
    struct json_member m;
    struct str stream;
    REQUIRE(json_open(&scan, request) && json_next(&scan, &m));
    REQUIRE(str_equal(m.key, STR("streams")) && m.kind == JSON_ARRAY);
    const char *at = m.value.ptr + 1, *end = m.value.ptr + m.value.len;
    while (take_container(&at, end, &stream))
        read_json_stream(stream, list);
    CHECK(!json_next(&scan, &m) && scan.done);
}

/* ---- bodies ---- */

void unpack_loki_body(struct str body, bool is_json, struct buf *request)
{
    struct err err;
    request->max = 64 << 20;
    if (!is_json) {
        REQUIRE_OK(snappy_unpack(body, request, &err));
        return;
    }
    defer(unpacker_close) struct unpacker *u = NULL;
    REQUIRE_OK(unpacker_open(&u, UNPACK_GZIP, &err));
    size_t got = 1;
    while (got) {
        char *at = buf_reserve(request, 1 << 16);
        REQUIRE_OK(unpacker_step(u, &body, at, 1 << 16, &got, &err));
        request->len += got;
    }
    CHECK(unpacker_is_whole(u));
}

void read_loki_body(struct str body, bool is_json, struct loki_seen_list *list)
{
    defer(buf_free) struct buf request = {0};
    unpack_loki_body(body, is_json, &request);
    (is_json ? read_json : read_protobuf)(buf_str(&request), list);
}

static int compare_seen(const void *one, const void *other)
{
    const struct loki_seen *a = one, *b = other;
    int order = str_compare(a->labels, b->labels);
    if (order == 0)
        order = (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
    if (order == 0)
        order = str_compare(a->line, b->line);
    return order ? order : str_compare(a->metadata, b->metadata);
}

void sort_loki_seen(struct loki_seen_list *list)
{
    if (list->n)
        qsort(list->items, list->n, sizeof *list->items, compare_seen);
}

/* ---- blocks ---- */

void loki_block_free(struct loki_block *b)
{
    arena_free(&b->arena);
    *b = (struct loki_block){0};
}

void loki_block_init(struct loki_block *b, uint64_t sequence)
{
    loki_block_free(b);
    b->block.header.sequence = sequence;
    b->block.records = b->records;
    b->block.streams = b->streams;
    b->push.block = &b->block;
}

static struct labels read_pairs(struct str text, struct arena *arena)
{
    struct err err;
    struct labels labels = {arena_array(arena, struct label, LABELS_MAX), 0};
    struct str pair;
    while (take_until(&text, ' ', &pair)) {
        struct label *label = &labels.items[labels.n++];
        REQUIRE(take_until(&pair, '=', &label->name));
        label->value = pair;
    }
    REQUIRE_OK(labels_sort(&labels, &err));
    return labels;
}

uint32_t add_loki_stream(struct loki_block *b, const char *text, int64_t previous_ns)
{
    struct str rest = str_from(text), labels = STR("");
    take_until(&rest, '|', &labels);
    b->streams[b->block.n_streams] = (struct block_stream){.labels = read_pairs(labels, &b->arena),
                                                           .data = read_pairs(rest, &b->arena),
                                                           .previous_order_ns = previous_ns};
    return (uint32_t)b->block.n_streams++;
}

struct record *add_loki_record(struct loki_block *b, uint32_t stream, int64_t time_ns,
                               const char *line)
{
    struct record *r = &b->records[b->block.header.records++];
    *r = (struct record){
        .order_ns = time_ns, .event_ns = time_ns, .stream = stream, .line = str_from(line)};
    return r;
}
