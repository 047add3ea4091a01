#include "base/mem.h"
#include "formats/block/chunk.h"
#include "formats/block/chunk_parts.h"

void chunk_builder_free(struct chunk_builder *b)
{
    arena_free(&b->arena);
    packer_free(&b->packer);
    columns_encoder_free(&b->columns);
    column_scratch_free(&b->scratch);
    stream_writer_free(&b->writer);
    mem_free(&b->streams), mem_free(&b->origins), mem_free(&b->rows);
    mem_free(&b->numbers), mem_free(&b->views);
    buf_free(&b->bytes), buf_free(&b->stored);
}

void chunk_builder_reset(struct chunk_builder *b)
{
    arena_reset(&b->arena);
    b->n_streams = b->n_origins = b->n_rows = 0;
}

static struct labels keep_labels(struct chunk_builder *b, const struct labels *labels)
{
    struct labels kept = {arena_array(&b->arena, struct label, labels->n), labels->n};
    for (size_t i = 0; i < labels->n; i++)
        kept.items[i] = (struct label){arena_copy(&b->arena, labels->items[i].name),
                                       arena_copy(&b->arena, labels->items[i].value)};
    return kept;
}

uint32_t chunk_builder_stream(struct chunk_builder *b, const struct block_stream *stream)
{
    mem_grow(b->streams, b->n_streams, b->streams_capacity);
    b->streams[b->n_streams] = (struct block_stream){.id = stream->id,
                                                     .labels = keep_labels(b, &stream->labels),
                                                     .data = keep_labels(b, &stream->data)};
    return (uint32_t)b->n_streams++;
}

uint32_t chunk_builder_origin(struct chunk_builder *b, struct hash128 origin)
{
    for (size_t i = b->n_origins; i-- > 0;) /* mostly that of the row before */
        if (hash128_equal(b->origins[i], origin))
            return (uint32_t)i;
    mem_grow(b->origins, b->n_origins, b->origins_capacity);
    b->origins[b->n_origins] = origin;
    return (uint32_t)b->n_origins++;
}

void chunk_builder_add(struct chunk_builder *b, const struct chunk_row *row)
{
    mem_grow(b->rows, b->n_rows, b->rows_capacity);
    b->rows[b->n_rows++] = *row;
}

/* ---- lines ---- */

static bool print_lines(struct chunk_builder *b, struct buf *lines)
{
    for (size_t i = 0; i < b->n_rows; i++) {
        struct chunk_row *row = &b->rows[i];
        size_t most = min_of((size_t)RECORD_LINE_MAX, lines->max - lines->len);
        if (!row->source) {
            buf_add(lines, row->record.line);
            continue;
        }
        char *at = buf_reserve(lines, most);
        char *end = at ? columns_source_print(row->source, row->source_row, at, at + most) : NULL;
        if (!end)
            return false;
        row->record.line.len = (size_t)(end - at);
        lines->len += row->record.line.len;
    }
    return !lines->over;
}

static bool join_lines(struct chunk_builder *b)
{
    columns_join_begin(&b->columns, CHUNK_LINE_BYTES_MAX);
    for (size_t i = 0; i < b->n_rows; i++) {
        struct chunk_row *row = &b->rows[i];
        uint32_t length = (uint32_t)row->record.line.len;
        if (!(row->source ? columns_join_row(&b->columns, row->source, row->source_row, &length)
                          : columns_join_line(&b->columns, row->record.line)))
            return false;
        row->record.line.len = length;
    }
    return true;
}

/* Fills .stored. Columns are refused only if lines break a bound of theirs. */
static bool store_lines(struct chunk_builder *b, int level, struct block_header *h, struct err *err)
{
    buf_reset(&b->stored);
    if (!join_lines(b))
        return err_set(err, ERR_LIMIT, "too many lines for a chunk");
    h->line_bytes = columns_join_end(&b->columns);
    h->encoding = BLOCK_COLUMNS;
    if (columns_put_shapes(&b->columns, &b->packer, level, b->n_rows, true, &b->stored))
        return true;
    defer(buf_free) struct buf lines = {.max = CHUNK_LINE_BYTES_MAX};
    buf_reset(&b->stored);
    h->encoding = BLOCK_PLAIN;
    if (!print_lines(b, &lines))
        return err_set(err, ERR_LIMIT, "too many lines for a chunk");
    return zstd_pack(&b->packer, buf_str(&lines), level, &b->stored, err);
}

/* ---- rows ---- */

#define PUT_NUMBERS(b, group, value)                                                \
    do {                                                                            \
        for (size_t i_ = 0; i_ < (b)->n_rows; i_++) {                               \
            const struct chunk_row *row = &(b)->rows[i_];                           \
            (b)->numbers[i_] = (uint64_t)(value);                                   \
        }                                                                           \
        numbers_put((b)->numbers, (b)->n_rows, (group), &(b)->bytes, &(b)->writer); \
    } while (0)

static void put_texts(struct chunk_builder *b, struct str (*text_of)(const struct record *))
{
    defer(buf_free) struct buf texts = {.max = CHUNK_BESIDES_MAX};
    size_t n = 0;
    for (size_t i = 0; i < b->n_rows; i++) {
        struct str text = text_of(&b->rows[i].record);
        if (text.len == 0)
            continue;
        b->views[n++] = (struct extent){(uint32_t)texts.len, (uint32_t)text.len};
        buf_add(&texts, text);
    }
    b->writer.is_failed |= texts.over;
    put_varint(&b->writer.map, n);
    const struct column_values values = {texts.ptr, b->views, n};
    if (n && !texts.over)
        column_put(&b->scratch, &values, 0, &b->writer);
}

static struct str id_of(const struct record *record)
{
    return record->id;
}

static struct str fields_of(const struct record *record)
{
    return record->fields;
}

static bool pack_rows(struct chunk_builder *b, uint8_t unit, uint8_t encoding, int level,
                      struct buf *out, struct err *err)
{
    struct stream_writer *w = &b->writer;
    int64_t ns = block_unit_ns(unit);
    b->numbers = mem_resize_raw(b->numbers, b->n_rows * sizeof *b->numbers);
    b->views = mem_resize_raw(b->views, b->n_rows * sizeof *b->views);
    w->packer = &b->packer;
    w->level = w->better_level = level;
    stream_writer_reset(w);
    b->scratch.n_before = 0;
    PUT_NUMBERS(b, STREAM_NUMBERS, time_units(row->record.order_ns, ns));
    PUT_NUMBERS(b, STREAM_NUMBERS,
                time_units(row->record.event_ns, ns) - time_units(row->record.order_ns, ns));
    PUT_NUMBERS(b, STREAM_SMALL_INDEX, row->record.level);
    PUT_NUMBERS(b, STREAM_SMALL_INDEX, row->record.flags);
    PUT_NUMBERS(b, STREAM_SMALL_INDEX, row->record.id_kind);
    PUT_NUMBERS(b, STREAM_SMALL_INDEX, row->place.origin);
    PUT_NUMBERS(b, STREAM_NUMBERS, row->place.sequence);
    PUT_NUMBERS(b, STREAM_NUMBERS, row->place.position);
    if (encoding == BLOCK_PLAIN)
        PUT_NUMBERS(b, STREAM_LENGTHS, row->record.line.len);
    put_texts(b, id_of);
    size_t before = w->map.len;
    put_texts(b, fields_of);
    if (w->map.len > before + 1)
        PUT_NUMBERS(b, STREAM_SMALL_INDEX, row->record.fields.len != 0);
    return stream_writer_finish(w, out, err);
}

/* ---- all of it ---- */

static void summarise(const struct chunk_builder *b, int64_t unit, struct block_header *h)
{
    h->records = (uint32_t)b->n_rows;
    h->least_order_ns = h->least_event_ns = INT64_MAX;
    h->greatest_order_ns = h->greatest_event_ns = INT64_MIN;
    for (size_t i = 0; i < b->n_rows; i++) {
        int64_t order = time_units(b->rows[i].record.order_ns, unit) * unit;
        int64_t event = time_units(b->rows[i].record.event_ns, unit) * unit;
        h->least_order_ns = min_of(h->least_order_ns, order);
        h->greatest_order_ns = max_of(h->greatest_order_ns, order);
        h->least_event_ns = min_of(h->least_event_ns, event);
        h->greatest_event_ns = max_of(h->greatest_event_ns, event);
    }
}

static void put_streams(const struct chunk_builder *b, const struct block_header *h, int64_t unit,
                        struct buf *out)
{
    put_varint(out, b->n_streams);
    for (size_t s = 0, at = 0; s < b->n_streams; s++) {
        int64_t least = INT64_MAX, greatest = INT64_MIN;
        size_t first = at;
        uint64_t levels = 0;
        for (; at < b->n_rows && b->rows[at].record.stream == s; at++) {
            int64_t order = time_units(b->rows[at].record.order_ns, unit);
            least = min_of(least, order);
            greatest = max_of(greatest, order);
            levels |= UINT64_C(1) << b->rows[at].record.level;
        }
        put_labels(out, &b->streams[s].labels);
        put_labels(out, &b->streams[s].data);
        put_varint(out, at - first);
        put_varint(out, levels);
        put_zigzag(out, least - h->least_order_ns / unit);
        put_varint(out, (uint64_t)(greatest - least));
    }
    put_varint(out, b->n_origins);
    for (size_t i = 0; i < b->n_origins; i++)
        put_hash128(out, b->origins[i]);
}

/* Of all that is known of a row but its line. */
static uint64_t hash_of_row(const struct record *record, const struct chunk_place *place,
                            int64_t unit)
{
    const uint64_t words[] = {(uint64_t)time_units(record->order_ns, unit),
                              (uint64_t)time_units(record->event_ns, unit),
                              (uint64_t)record->level << 32 | (uint64_t)record->id_kind << 16 |
                                  record->flags,
                              (uint64_t)record->stream << 32 | place->origin,
                              place->sequence,
                              (uint64_t)place->position << 32 | record->line.len,
                              hash64(record->id),
                              hash64(record->fields)};
    return hash64(str_of(words, sizeof words));
}

/* Rows come out as they went in, one by one. */
static bool read_back_rows(struct chunk_builder *b, struct str bytes, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct chunk chunk;
    if (!chunk_open(&chunk, bytes, &b->packer, &arena, err) ||
        !chunk_read_rows(&chunk, &arena, err))
        return false;
    int64_t unit = block_unit_ns(chunk.block.header.unit);
    for (size_t i = 0; i < b->n_rows; i++) {
        struct record *record = &chunk.block.records[i];
        record->line.len = b->rows[i].record.line.len; /* read_back_lines has looked at it */
        if (hash_of_row(record, &chunk.places[i], unit) !=
            hash_of_row(&b->rows[i].record, &b->rows[i].place, unit))
            return err_set(err, ERR_CORRUPT, "a row came out of a chunk that did not go in");
    }
    return true;
}

/* The hash of the lines as they come out again. */
static bool read_back_lines(struct chunk_builder *b, const struct block_header *h, uint64_t *hash,
                            struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct chunk chunk = {.block = {.header = *h, .packer = &b->packer}};
    if (!chunk_unpack_lines(&chunk, buf_str(&b->stored), &arena, err))
        return false;
    const char *at = chunk.block.lines.ptr;
    *hash = 0;
    for (size_t i = 0; i < b->n_rows; i++) {
        size_t len = b->rows[i].record.line.len;
        if (chunk.lengths && chunk.lengths[i] != len)
            return err_set(err, ERR_CORRUPT, "lines came out of a chunk that did not go in");
        *hash += hash64(str_of(at, len));
        at += len;
    }
    return true;
}

bool chunk_builder_finish(struct chunk_builder *b, uint8_t unit, int level, struct buf *out,
                          struct block_header *header, struct err *err)
{
    assert(b->n_rows > 0 && b->n_rows <= CHUNK_ROWS_MAX);
    int64_t ns = block_unit_ns(unit);
    struct block_header h = {.unit = unit, .slice = b->slice};
    defer(buf_free) struct buf directory = {.max = CHUNK_DIRECTORY_MAX};
    size_t start = out->len;
    summarise(b, ns, &h);
    if (!store_lines(b, level, &h, err) || !read_back_lines(b, &h, &h.line_hash, err))
        return false;
    put_streams(b, &h, ns, &directory);
    if (directory.over || !buf_reserve(out, CHUNK_HEADER))
        return err_set(err, ERR_LIMIT, "no room for a chunk");
    h.directory_bytes = (uint32_t)directory.len;
    out->len += CHUNK_HEADER;
    if (!zstd_pack(&b->packer, buf_str(&directory), level, out, err))
        return false;
    h.directory_stored = (uint32_t)(out->len - start - CHUNK_HEADER);
    size_t rows = out->len;
    if (!pack_rows(b, unit, h.encoding, level, out, err))
        return false;
    h.columns_stored = (uint32_t)(out->len - rows);
    h.lines_stored = (uint32_t)b->stored.len;
    buf_add(out, buf_str(&b->stored));
    h.length = (uint32_t)(out->len - start);
    if (out->over || out->len - start > CHUNK_MAX)
        return err_set(err, ERR_LIMIT, "no room for a chunk");
    chunk_seal(&h, out->ptr + start);
    *header = h;
    return read_back_rows(b, str_of(out->ptr + start, h.length), err);
}
