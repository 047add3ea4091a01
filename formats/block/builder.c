#include "formats/block/builder.h"

#include "base/mem.h"

enum { PACK_LEVEL = 3, COMPARED_EVERY = 16 };

void block_builder_free(struct block_builder *b)
{
    arena_free(&b->arena);
    packer_free(&b->packer);
    buf_free(&b->lines);
    mem_free(&b->records);
    mem_free(&b->streams);
    mem_free(&b->sources);
    columns_encoder_free(&b->columns);
    mem_free(&b->lengths);
    buf_free(&b->stored_lines);
    *b = (struct block_builder){.is_plain = b->is_plain};
}

void block_builder_reset(struct block_builder *b)
{
    arena_reset(&b->arena);
    buf_reset(&b->lines);
    b->n_records = b->n_streams = b->n_sources = 0;
}

uint32_t block_builder_stream(struct block_builder *b, const struct labels *labels,
                              const struct labels *data, int64_t previous_order_ns)
{
    assert(b->n_streams < BLOCK_RECORDS_MAX);
    mem_grow(b->streams, b->n_streams, b->streams_capacity);
    b->streams[b->n_streams] = (struct block_stream){
        .labels = labels_copy(&b->arena, labels),
        .data = labels_copy(&b->arena, data),
        .previous_order_ns = previous_order_ns,
    };
    return (uint32_t)b->n_streams++;
}

void block_builder_source(struct block_builder *b, const struct block_source *source)
{
    mem_grow(b->sources, b->n_sources, b->sources_capacity);
    b->sources[b->n_sources++] = *source;
}

bool block_builder_add(struct block_builder *b, const struct record *record)
{
    assert(record->line.len <= RECORD_LINE_MAX && record->stream < b->n_streams);
    assert(record->id.len <= RECORD_ID_MAX && (record->id.len > 0) == (record->id_kind != ID_NONE));
    if (b->n_records == BLOCK_RECORDS_MAX || b->arena.used >= BLOCK_BESIDES_MAX ||
        b->lines.len + record->line.len > BLOCK_LINE_BYTES_MAX)
        return false;
    mem_grow(b->records, b->n_records, b->records_capacity);
    struct record *kept = &b->records[b->n_records++];
    *kept = *record;
    kept->line.ptr = NULL;
    kept->id = arena_copy(&b->arena, record->id);
    kept->fields = arena_copy(&b->arena, record->fields);
    buf_add(&b->lines, record->line);
    return true;
}

static void put_directory(const struct block_builder *b, int64_t least_order_ns, struct buf *out)
{
    put_varint(out, b->n_streams);
    for (size_t i = 0; i < b->n_streams; i++) {
        const struct block_stream *s = &b->streams[i];
        put_labels(out, &s->labels);
        put_labels(out, &s->data);
        put_u8(out, s->previous_order_ns != TIME_NONE);
        if (s->previous_order_ns != TIME_NONE)
            put_zigzag(out, (int64_t)((uint64_t)s->previous_order_ns - (uint64_t)least_order_ns));
    }
    put_varint(out, b->n_sources);
    for (size_t i = 0; i < b->n_sources; i++) {
        const struct block_source *s = &b->sources[i];
        put_hash128(out, s->id);
        put_varint(out, s->from);
        put_varint(out, s->to - s->from);
        put_u64(out, s->hash);
    }
}

/* A runs(x) column: value is an expression of `r`, a const struct record *. */
#define PUT_RUNS(b, out, value)                            \
    for (size_t i = 0, end; i < (b)->n_records; i = end) { \
        const struct record *r = &(b)->records[i];         \
        const uint64_t first = (uint64_t)(value);          \
        for (end = i + 1; end < (b)->n_records; end++) {   \
            r = &(b)->records[end];                        \
            if ((uint64_t)(value) != first)                \
                break;                                     \
        }                                                  \
        put_varint((out), end - i);                        \
        put_varint((out), first);                          \
    }

/* Division that rounds down, so that the unit never moves a time forward. */
static int64_t in_units(int64_t ns, int64_t unit)
{
    return ns / unit - (ns % unit < 0);
}

static void put_times(const struct block_builder *b, int64_t least_order_ns, int64_t unit,
                      struct buf *out)
{
    uint64_t before = (uint64_t)in_units(least_order_ns, unit);
    for (size_t i = 0; i < b->n_records; i++) {
        uint64_t order = (uint64_t)in_units(b->records[i].order_ns, unit);
        put_zigzag(out, (int64_t)(order - before));
        before = order;
    }
    for (size_t i = 0; i < b->n_records; i++) {
        uint64_t order = (uint64_t)in_units(b->records[i].order_ns, unit);
        put_zigzag(out, (int64_t)((uint64_t)in_units(b->records[i].event_ns, unit) - order));
    }
}

static void put_columns(const struct block_builder *b, const struct block_header *h,
                        struct buf *out)
{
    PUT_RUNS(b, out, r->stream);
    put_times(b, h->least_order_ns, block_unit_ns(h->unit), out);
    PUT_RUNS(b, out, r->level);
    PUT_RUNS(b, out, r->id_kind);
    for (size_t i = 0; i < b->n_records; i++) {
        if (b->records[i].id_kind != ID_NONE)
            put_str(out, b->records[i].id);
    }
    PUT_RUNS(b, out, r->flags);
    PUT_RUNS(b, out, r->fields.len != 0);
    for (size_t i = 0; i < b->n_records; i++) {
        if (b->records[i].fields.len)
            put_str(out, b->records[i].fields);
    }
    for (size_t i = 0; h->encoding == BLOCK_PLAIN && i < b->n_records; i++)
        put_varint(out, b->records[i].line.len);
}

/* What the header says of the records, with times as the columns will give them back. */
static void summarise(const struct block_builder *b, int64_t unit, struct block_header *h)
{
    h->least_order_ns = h->least_event_ns = INT64_MAX;
    h->greatest_order_ns = h->greatest_event_ns = INT64_MIN;
    const char *line = b->lines.ptr ? b->lines.ptr : ""; /* all lines may be empty */
    for (size_t i = 0; i < b->n_records; i++) {
        const struct record *record = &b->records[i];
        int64_t order = in_units(record->order_ns, unit) * unit;
        int64_t event = in_units(record->event_ns, unit) * unit;
        h->least_order_ns = min_of(h->least_order_ns, order);
        h->greatest_order_ns = max_of(h->greatest_order_ns, order);
        h->least_event_ns = min_of(h->least_event_ns, event);
        h->greatest_event_ns = max_of(h->greatest_event_ns, event);
        h->line_hash += hash64(str_of(line, record->line.len));
        line += record->line.len;
    }
}

/* Appends section packed; tells its stored size. */
static bool pack(struct packer *packer, struct str section, struct buf *out, uint32_t *stored,
                 struct err *err)
{
    size_t before = out->len;
    if (!zstd_pack(packer, section, PACK_LEVEL, out, err))
        return false;
    *stored = (uint32_t)(out->len - before);
    return true;
}

static void put_header(const struct block_header *h, struct buf *out)
{
    put_u32(out, BLOCK_MAGIC);
    put_u8(out, BLOCK_VERSION);
    put_u8(out, h->encoding);
    put_u8(out, h->unit);
    put_u8(out, 0);
    put_u32(out, h->length);
    put_u32(out, h->records);
    put_hash128(out, h->origin);
    put_u64(out, h->sequence);
    put_u64(out, h->line_bytes);
    put_u64(out, h->line_hash);
    put_u64(out, (uint64_t)h->least_order_ns);
    put_u64(out, (uint64_t)h->greatest_order_ns);
    put_u64(out, (uint64_t)h->least_event_ns);
    put_u64(out, (uint64_t)h->greatest_event_ns);
    put_u32(out, h->directory_stored);
    put_u32(out, h->directory_bytes);
    put_u32(out, h->columns_stored);
    put_u32(out, h->columns_bytes);
    put_u32(out, h->lines_stored);
    put_u32(out, 0); /* both checks, once the rest is there */
    put_u64(out, 0);
}

static bool encode_columns(struct block_builder *b)
{
    b->lengths = mem_resize_raw(b->lengths, b->n_records * sizeof *b->lengths);
    for (size_t i = 0; i < b->n_records; i++)
        b->lengths[i] = (uint32_t)b->records[i].line.len;
    return columns_encode(&b->columns, &b->packer, PACK_LEVEL, buf_str(&b->lines), b->lengths,
                          b->n_records, &b->stored_lines);
}

/* Chooses the encoding and fills .stored_lines. */
static bool store_lines(struct block_builder *b, uint8_t *encoding, struct err *err)
{
    struct buf *out = &b->stored_lines;
    buf_reset(out);
    *encoding = BLOCK_PLAIN;
    if (b->is_plain || b->lines.len < BLOCK_CLOSE_BYTES)
        return zstd_pack(&b->packer, buf_str(&b->lines), PACK_LEVEL, out, err);
    bool compares = b->n_large++ % COMPARED_EVERY == 0;
    if (compares || !b->prefers_plain)
        *encoding = encode_columns(b) ? BLOCK_COLUMNS : BLOCK_PLAIN;
    if (*encoding == BLOCK_COLUMNS && !compares)
        return true;
    size_t columns = out->len;
    if (!zstd_pack(&b->packer, buf_str(&b->lines), PACK_LEVEL, out, err))
        return false;
    size_t plain = out->len - columns;
    b->prefers_plain = *encoding == BLOCK_PLAIN || columns > plain / 10 * 9;
    if (!b->prefers_plain) {
        out->len = columns;
        return true;
    }
    *encoding = BLOCK_PLAIN;
    buf_remove_front(out, columns);
    return true;
}

bool block_builder_finish(struct block_builder *b, struct hash128 origin, uint64_t sequence,
                          uint8_t unit, struct buf *out, struct err *err)
{
    assert(b->n_records > 0 && sequence > 0);
    struct block_header h = {
        .records = (uint32_t)b->n_records,
        .origin = origin,
        .sequence = sequence,
        .line_bytes = b->lines.len,
        .unit = unit,
    };
    summarise(b, block_unit_ns(unit), &h);
    defer(buf_free) struct buf directory = {.max = BLOCK_DIRECTORY_MAX};
    defer(buf_free) struct buf columns = {.max = BLOCK_COLUMNS_MAX};
    if (!store_lines(b, &h.encoding, err))
        return false;
    put_directory(b, h.least_order_ns, &directory);
    put_columns(b, &h, &columns);
    if (directory.over || columns.over)
        return err_set(err, ERR_LIMIT, "a block's directory or columns are too large");
    h.directory_bytes = (uint32_t)directory.len;
    h.columns_bytes = (uint32_t)columns.len;
    size_t start = out->len;
    if (!buf_reserve(out, BLOCK_HEADER))
        return err_set(err, ERR_LIMIT, "no room for a block");
    out->len += BLOCK_HEADER;
    if (!pack(&b->packer, buf_str(&directory), out, &h.directory_stored, err) ||
        !pack(&b->packer, buf_str(&columns), out, &h.columns_stored, err))
        return false;
    buf_add(out, buf_str(&b->stored_lines));
    h.lines_stored = (uint32_t)b->stored_lines.len;
    if (out->over)
        return err_set(err, ERR_LIMIT, "no room for a block");
    h.length = (uint32_t)(out->len - start);
    if (h.length > BLOCK_MAX)
        return err_set(err, ERR_LIMIT, "a block of %u bytes is too large", h.length);
    defer(buf_free) struct buf header = {.max = BLOCK_HEADER};
    put_header(&h, &header);
    memcpy(out->ptr + start, header.ptr, BLOCK_HEADER);
    block_restamp(out->ptr + start, h.length, origin, sequence); /* sets both checks */
    return true;
}
