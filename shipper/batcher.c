#include "shipper/batcher.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/zone.h"
#include "formats/line/facts.h"

#include <stdio.h>

enum {
    CLOSE_RECORDS = 60000,
    CLOSE_BESIDES = BLOCK_BESIDES_MAX / 4 * 3, /* of labels, ids and fields */
};

/* As in the state. */
enum goes_on { GOES_ON_LINE = 1, GOES_ON_KEY = 2 };

struct batch_stream {
    struct hash128 id;
    struct labels labels, data;
    struct line_context context;
    struct zone_clock clock;      /* of times without zone */
    struct line_facts first_part; /* of the long line that is being given in parts */
    int64_t order_ns;             /* of its last record; TIME_NONE */
    int64_t event_ns;             /* of its last line with a time; TIME_NONE */
    uint64_t block;               /* number of the block that `index` belongs to */
    int64_t used_ns;              /* arrival of its last line */
    uint32_t index;               /* in the block under construction */
    bool has_moved;               /* since the last change was put */
    bool in_line;                 /* its last record is a part with more behind it */
    struct redact_stream redact;
    struct stream_ids *ids; /* NULL: none so far */
    uint64_t place;         /* of its process: record_ids.h */
};

struct batcher {
    struct batcher_options options;
    struct arena arena;
    struct map streams;  /* id -> struct batch_stream */
    struct map restored; /* id -> struct restored: not seen since the start */
    struct block_builder builders[2];
    struct block_builder *filling;
    uint64_t block; /* number of the block under construction */
    uint64_t forgotten;
    struct redaction redaction;
    int64_t redacted_bytes;
};

struct restored {
    struct hash128 id;
    int64_t order_ns;
    unsigned goes_on; /* enum goes_on */
    struct redact_stream redact;
};

struct batcher *batcher_new(const struct batcher_options *options)
{
    struct batcher *b = mem_new(struct batcher);
    b->options = *options;
    b->options.host = arena_copy(&b->arena, options->host);
    b->filling = &b->builders[0];
    b->block = 1;
    return b;
}

static void free_stream(struct batch_stream *s)
{
    mem_free(&s->labels.items);
    mem_free(&s->data.items);
    stream_ids_close(&s->ids);
    mem_free(&s);
}

void batcher_close(struct batcher **address)
{
    struct batcher *b = *address;
    if (!b)
        return;
    block_builder_free(&b->builders[0]);
    block_builder_free(&b->builders[1]);
    map_each (&b->streams, entry)
        free_stream(entry->value);
    map_free(&b->streams);
    map_free(&b->restored);
    redaction_free(&b->redaction);
    arena_free(&b->arena);
    mem_free(address);
}

void batcher_set_redactor(struct batcher *b, const struct redactor *redactor)
{
    b->options.redactor = redactor;
}

void batcher_set_ids(struct batcher *b, const struct id_rules *rules)
{
    b->options.ids = rules;
}

const struct redaction *batcher_redaction(const struct batcher *b)
{
    return &b->redaction;
}

int64_t batcher_redacted_bytes(const struct batcher *b)
{
    return b->redacted_bytes;
}

/* ---- streams ---- */

static void add_label(struct labels *labels, struct str name, struct str value)
{
    if (value.len == 0)
        return;
    for (size_t i = 0; i < labels->n; i++) {
        if (str_equal(labels->items[i].name, name))
            return; /* what the source says stands before what the configuration adds */
    }
    labels->items[labels->n++] = (struct label){name, value};
}

static struct str copy_to(char **at, struct str text)
{
    struct str copy = str_of(*at, text.len);
    if (text.len)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return copy;
}

/* In one piece, which .items is the front of. */
static struct labels copy_labels(const struct labels *from)
{
    size_t bytes = from->n * sizeof(struct label);
    for (size_t i = 0; i < from->n; i++)
        bytes += from->items[i].name.len + from->items[i].value.len;
    struct labels copy = {from->n ? mem_alloc(bytes) : NULL, from->n};
    char *at = (char *)(copy.items + from->n);
    for (size_t i = 0; i < from->n; i++) {
        struct str name = copy_to(&at, from->items[i].name);
        copy.items[i] = (struct label){name, copy_to(&at, from->items[i].value)};
    }
    return copy;
}

/* stdout and stderr are of one process. */
static uint64_t place_of(const struct batch_stream *s)
{
    defer(buf_free) struct buf told = {0};
    for (size_t i = 0; i < s->labels.n; i++) {
        if (!str_equal(s->labels.items[i].name, STR("stream"))) {
            put_str(&told, s->labels.items[i].name);
            put_str(&told, s->labels.items[i].value);
        }
    }
    put_labels(&told, &s->data);
    return hash64(buf_str(&told));
}

static struct batch_stream *new_stream(struct batcher *b, const struct labels *labels,
                                       struct hash128 id)
{
    struct batch_stream *s = mem_new(struct batch_stream);
    s->id = id;
    s->labels = copy_labels(labels);
    s->context.local_to_utc = zone_clock_to_utc;
    s->context.zone = &s->clock;
    s->clock.zone = b->options.zone;
    s->order_ns = s->event_ns = s->first_part.time_ns = TIME_NONE;
    const struct restored *before = map_remove(&b->restored, MAP_KEY(id));
    if (before) {
        s->order_ns = before->order_ns;
        s->in_line = before->goes_on & GOES_ON_LINE;
        s->redact = before->redact;
    }
    s->place = place_of(s);
    map_put(&b->streams, MAP_KEY(s->id), s);
    return s;
}

/* Other data than before: the stream is named once more in the block under construction. */
static void set_data(struct batch_stream *s, const struct labels *data)
{
    defer(buf_free) struct buf was = {0}, is = {0};
    put_labels(&was, &s->data);
    put_labels(&is, data);
    if (str_equal(buf_str(&was), buf_str(&is)))
        return;
    mem_free(&s->data.items);
    s->data = copy_labels(data);
    s->place = place_of(s);
    s->block = 0;
}

bool batcher_stream(struct batcher *b, const struct labels *own, const struct labels *data,
                    struct batch_stream **stream, struct err *err)
{
    struct label items[LABELS_MAX + BATCH_LABELS_OWN + 1];
    struct labels labels = {items, 0};
    if (b->options.labels.n > LABELS_MAX || own->n > BATCH_LABELS_OWN)
        return err_set(err, ERR_LIMIT, "more than %d labels are configured", LABELS_MAX);
    add_label(&labels, STR("host"), b->options.host);
    for (size_t i = 0; i < own->n; i++)
        add_label(&labels, own->items[i].name, own->items[i].value);
    for (size_t i = 0; i < b->options.labels.n; i++)
        add_label(&labels, b->options.labels.items[i].name, b->options.labels.items[i].value);
    if (!labels_sort(&labels, err))
        return false;
    struct hash128 id = stream_id(&labels);
    struct batch_stream *known = map_get(&b->streams, MAP_KEY(id));
    *stream = known ? known : new_stream(b, &labels, id);
    set_data(*stream, data);
    return true;
}

void batcher_forget_quiet(struct batcher *b, int64_t before_ns)
{
    defer(arena_free) struct arena arena = {0};
    struct batch_stream **quiet = arena_array(&arena, struct batch_stream *, b->streams.n + 1);
    size_t n = 0;
    map_each (&b->streams, entry) {
        struct batch_stream *s = entry->value;
        if (s->used_ns < before_ns && !s->in_line && !s->has_moved)
            quiet[n++] = s;
    }
    for (size_t i = 0; i < n; i++) {
        map_remove(&b->streams, MAP_KEY(quiet[i]->id));
        free_stream(quiet[i]);
    }
    b->forgotten += n > 0;
}

void batcher_ask_again(struct batcher *b)
{
    b->forgotten++;
}

uint64_t batcher_forgotten(const struct batcher *b)
{
    return b->forgotten;
}

void batch_stream_set_zone(struct batch_stream *s, const struct zone *zone)
{
    if (s->clock.zone != zone)
        s->clock = (struct zone_clock){.zone = zone};
}

/* ---- lines ---- */

/* enum record_flag for enum tail_flag. */
static uint16_t record_flags_of(unsigned tail_flags)
{
    return (uint16_t)((tail_flags & TAIL_FIRST ? RECORD_PART_FIRST : 0) |
                      (tail_flags & TAIL_MIDDLE ? RECORD_PART_MIDDLE : 0) |
                      (tail_flags & TAIL_LAST ? RECORD_PART_LAST : 0) |
                      (tail_flags & TAIL_NO_NEWLINE ? RECORD_NO_NEWLINE : 0));
}

/* Its index in the block under construction. */
static uint32_t index_of(struct batcher *b, struct batch_stream *s)
{
    if (s->block != b->block) {
        s->index = block_builder_stream(b->filling, &s->labels, &s->data, s->order_ns);
        s->block = b->block;
    }
    return s->index;
}

static bool add_record(struct batcher *b, struct batch_stream *s, struct record *record)
{
    record->stream = index_of(b, s);
    record->order_ns = order_time(s->order_ns, record->event_ns);
    if (!block_builder_add(b->filling, record))
        return false;
    s->order_ns = record->order_ns;
    s->has_moved = true;
    return true;
}

static bool is_continuation(unsigned flags)
{
    return (flags & (TAIL_MIDDLE | TAIL_LAST | TAIL_CONTINUES)) != 0;
}

/* Which part of its line a line of a container is. Behind one that went without its newline the
 * container may have been started again, so the next one has its own time and level. */
static unsigned part_flags(const struct batch_stream *s, unsigned flags)
{
    bool more = (flags & TAIL_MORE) != 0;
    unsigned part = s->in_line ? (more ? TAIL_MIDDLE : TAIL_LAST) : (more ? TAIL_FIRST : 0);
    return (flags & TAIL_NO_NEWLINE) | part;
}

static struct line_facts facts_of(struct batch_stream *s, const struct batch_line *line,
                                  unsigned flags, int64_t now_ns)
{
    struct line_facts facts;
    if (is_continuation(flags))
        return s->first_part;
    s->context.arrival_ns = now_ns;
    s->context.file_time_ns = line->file_time_ns;
    s->context.is_timed = line->time_ns != TIME_NONE;
    line_facts_of(line->bytes, &s->context, &facts);
    if (s->context.is_timed)
        facts.time_ns = line->time_ns;
    else if (facts.time_ns == TIME_NONE)
        facts.time_ns = s->event_ns;
    return facts;
}

/* Of a line that says nothing. A part stays with the part before it, also over a restart, when its
 * first part is not known any more. */
static int64_t time_of(const struct batch_stream *s, unsigned flags, int64_t now_ns)
{
    return is_continuation(flags) && s->order_ns != TIME_NONE ? s->order_ns : now_ns;
}

bool batcher_line(struct batcher *b, struct batch_stream *s, const struct batch_line *line,
                  int64_t now_ns)
{
    unsigned flags = line->flags & TAIL_OF_LANE ? part_flags(s, line->flags) : line->flags;
    struct line_facts facts = facts_of(s, line, flags, now_ns);
    struct record record = {
        .event_ns = facts.time_ns == TIME_NONE ? time_of(s, flags, now_ns) : facts.time_ns,
        .level = facts.level,
        .flags =
            (uint16_t)(record_flags_of(flags) | (facts.level_derived ? RECORD_LEVEL_DERIVED : 0)),
        .line = line->bytes,
    };
    struct redact_stream redact = s->redact;
    redact.has_more = (flags & (TAIL_FIRST | TAIL_MIDDLE)) != 0;
    if (b->options.redactor)
        record.line = redact_line(b->options.redactor, &b->redaction, &redact, line->bytes);
    if (b->options.ids)
        record_ids_attach(b->options.ids, &s->ids, s->place, is_continuation(flags), &record);
    if (!add_record(b, s, &record))
        return false;
    if (b->options.redactor)
        redact_count(&b->redaction);
    b->redacted_bytes += (int64_t)record.line.len - (int64_t)line->bytes.len;
    s->redact = redact;
    s->used_ns = now_ns;
    s->event_ns = facts.time_ns;
    s->first_part = facts;
    s->in_line = (flags & (TAIL_FIRST | TAIL_MIDDLE)) != 0;
    return true;
}

bool batcher_gap(struct batcher *b, struct batch_stream *s, struct str reason, uint64_t bytes,
                 int64_t now_ns)
{
    char text[300], number[24];
    int len = snprintf(text, sizeof text, "%llu bytes are missing here: %.*s",
                       (unsigned long long)bytes, STR_ARG(str_slice(reason, 0, 200)));
    snprintf(number, sizeof number, "%llu", (unsigned long long)bytes);
    struct label items[] = {{STR("bytes"), str_from(number)},
                            {STR("reason"), str_slice(reason, 0, LABEL_VALUE_MAX)}};
    const struct labels fields = {items, countof(items)};
    defer(buf_free) struct buf encoded = {.max = RECORD_FIELDS_MAX};
    put_labels(&encoded, &fields);
    struct record record = {
        .event_ns = s->order_ns == TIME_NONE ? now_ns : s->order_ns,
        .flags = RECORD_GAP,
        .fields = buf_str(&encoded),
        .line = str_of(text, (size_t)len),
    };
    return add_record(b, s, &record);
}

size_t batcher_bytes(const struct batcher *b)
{
    return b->filling->lines.len;
}
size_t batcher_records(const struct batcher *b)
{
    return b->filling->n_records;
}
bool is_batcher_full(const struct batcher *b)
{
    return b->filling->n_records >= CLOSE_RECORDS || b->filling->arena.used >= CLOSE_BESIDES;
}

/* ---- hand-over and state ---- */

static void put_order(struct buf *b, const struct batch_stream *s)
{
    put_hash128(b, s->id);
    put_u64(b, (uint64_t)s->order_ns);
    put_u8(b, (uint8_t)((s->in_line ? GOES_ON_LINE : 0) | (s->redact.in_key ? GOES_ON_KEY : 0)));
    if (s->redact.in_key)
        put_redact_stream(b, &s->redact);
}

struct block_builder *batcher_take(struct batcher *b, struct buf *change)
{
    size_t n = 0;
    map_each (&b->streams, entry)
        n += ((struct batch_stream *)entry->value)->has_moved;
    put_varint(change, n);
    map_each (&b->streams, entry) {
        struct batch_stream *s = entry->value;
        if (s->has_moved)
            put_order(change, s);
        s->has_moved = false;
    }
    struct block_builder *full = b->filling;
    b->filling = full == &b->builders[0] ? &b->builders[1] : &b->builders[0];
    b->block++;
    return full;
}

void batcher_put_whole(const struct batcher *b, struct buf *state)
{
    size_t n = 0;
    map_each (&b->streams, entry)
        n += ((struct batch_stream *)entry->value)->order_ns != TIME_NONE;
    put_varint(state, n);
    map_each (&b->streams, entry) {
        const struct batch_stream *s = entry->value;
        if (s->order_ns != TIME_NONE)
            put_order(state, s);
    }
}

bool batcher_restore(struct batcher *b, struct str state, struct err *err)
{
    struct reader r = reader_of(state);
    size_t n = read_count(&r, 25);
    for (size_t i = 0; i < n && !r.bad; i++) {
        struct hash128 id = read_hash128(&r);
        int64_t order_ns = (int64_t)read_u64(&r);
        unsigned goes_on = read_u8(&r);
        struct redact_stream redact = {.in_key = false};
        r.bad |= goes_on > (GOES_ON_LINE | GOES_ON_KEY) ||
                 (goes_on & GOES_ON_KEY && !read_redact_stream(&r, &redact));
        struct restored *before = map_get(&b->restored, MAP_KEY(id));
        if (!before) {
            before = arena_new(&b->arena, struct restored);
            before->id = id;
            map_put(&b->restored, MAP_KEY(before->id), before);
        }
        before->order_ns = order_ns;
        before->goes_on = goes_on;
        before->redact = redact;
    }
    if (r.bad || reader_left(&r))
        return err_set(err, ERR_CORRUPT, "the order times are malformed");
    return true;
}
