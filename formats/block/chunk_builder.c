#include "formats/block/chunk_builder.h"

#include "base/hash.h"
#include "base/mem.h"
#include "formats/block/chunk_parts.h"

#include <stdlib.h>

/* ---- rows that wait ---- */

void chunk_rows_free(struct chunk_rows *rows)
{
    arena_free(&rows->arena);
    map_free(&rows->by_id);
    mem_free(&rows->streams), mem_free(&rows->origins), mem_free(&rows->items);
    buf_free(&rows->besides);
    columns_join_free(&rows->lines);
    *rows = (struct chunk_rows){0};
}

void chunk_rows_begin(struct chunk_rows *rows)
{
    chunk_rows_free(rows);
    rows->besides.max = CHUNK_ROWS_COST;
    buf_reserve(&rows->besides, 1); /* a place for texts of no bytes */
    columns_join_begin(&rows->lines, CHUNK_ROWS_COST + RECORD_LINE_MAX);
}

static struct labels keep_labels(struct chunk_rows *rows, const struct labels *labels)
{
    struct labels kept = {arena_array(&rows->arena, struct label, labels->n), labels->n};
    for (size_t i = 0; i < labels->n; i++) {
        kept.items[i] = (struct label){arena_copy(&rows->arena, labels->items[i].name),
                                       arena_copy(&rows->arena, labels->items[i].value)};
        rows->cost += labels->items[i].name.len + labels->items[i].value.len + sizeof(struct label);
    }
    return kept;
}

struct known_stream {
    struct hash128 id;
    uint32_t number;
};

uint32_t chunk_rows_stream(struct chunk_rows *rows, const struct block_stream *stream)
{
    uint32_t last = rows->last_stream;
    if (last < rows->n_streams && hash128_equal(rows->streams[last].id, stream->id))
        return last;
    struct known_stream *known = map_get(&rows->by_id, MAP_KEY(stream->id));
    if (known)
        return rows->last_stream = known->number;
    known = arena_new(&rows->arena, struct known_stream);
    *known = (struct known_stream){stream->id, (uint32_t)rows->n_streams};
    map_put(&rows->by_id, MAP_KEY(known->id), known);
    mem_grow(rows->streams, rows->n_streams, rows->streams_capacity);
    rows->streams[rows->n_streams++] =
        (struct block_stream){.id = stream->id,
                              .labels = keep_labels(rows, &stream->labels),
                              .data = keep_labels(rows, &stream->data)};
    return rows->last_stream = known->number;
}

/* Mostly that of the row before. */
static uint32_t number_origin(struct chunk_rows *rows, struct hash128 origin)
{
    uint32_t at = rows->last_origin;
    if (at < rows->n_origins && hash128_equal(rows->origins[at], origin))
        return at;
    for (at = 0; at < rows->n_origins && !hash128_equal(rows->origins[at], origin);)
        at++;
    if (at == rows->n_origins) {
        mem_grow(rows->origins, rows->n_origins, rows->origins_capacity);
        rows->origins[rows->n_origins++] = origin;
    }
    return rows->last_origin = at;
}

bool chunk_rows_add(struct chunk_rows *rows, const struct record *record,
                    const struct chunk_from *from, struct err *err)
{
    enum { BESIDES_COUNT = 2 }; /* since they have less room in a chunk than lines */
    uint32_t length = (uint32_t)record->line.len;
    if (!(from->source ? columns_join_row(&rows->lines, from->source, from->source_row, &length)
                       : columns_join_line(&rows->lines, record->line)))
        return err_set(err, ERR_LIMIT, "a line is too long for a chunk");
    uint64_t besides = record->id.len + record->fields.len;
    mem_grow(rows->items, rows->n, rows->capacity);
    rows->items[rows->n++] = (struct chunk_row){.order_ns = record->order_ns,
                                                .event_ns = record->event_ns,
                                                .sequence = from->place.sequence,
                                                .position = from->place.position,
                                                .origin = number_origin(rows, from->origin),
                                                .stream = record->stream,
                                                .length = length,
                                                .besides = (uint32_t)rows->besides.len,
                                                .fields_len = (uint16_t)record->fields.len,
                                                .id_len = (uint8_t)record->id.len,
                                                .id_kind = record->id_kind,
                                                .level = record->level,
                                                .flags = (uint8_t)record->flags};
    buf_add(&rows->besides, record->id);
    buf_add(&rows->besides, record->fields);
    rows->has_ns |= record->order_ns % NS_PER_US || record->event_ns % NS_PER_US;
    rows->cost += max_of(length + BESIDES_COUNT * besides, (uint64_t)CHUNK_ROW_COST);
    return true;
}

static struct str id_of(const struct chunk_rows *rows, const struct chunk_row *row)
{
    return str_of(rows->besides.ptr + row->besides, row->id_len);
}

static struct str fields_of(const struct chunk_rows *rows, const struct chunk_row *row)
{
    return str_of(rows->besides.ptr + row->besides + row->id_len, row->fields_len);
}

/* ---- their order ---- */

void chunk_builder_free(struct chunk_builder *b)
{
    packer_free(&b->packer);
    columns_encoder_free(&b->columns);
    column_scratch_free(&b->scratch);
    stream_writer_free(&b->writer);
    mem_free(&b->order), mem_free(&b->ranks), mem_free(&b->streams);
    mem_free(&b->numbers), mem_free(&b->views);
    buf_free(&b->stored), buf_free(&b->planes);
}

static void reserve(struct chunk_builder *b, size_t n)
{
    if (n <= b->capacity)
        return;
    b->capacity = n;
    b->order = mem_resize_raw(b->order, n * sizeof *b->order);
    b->ranks = mem_resize_raw(b->ranks, n * sizeof *b->ranks);
    b->streams = mem_resize_raw(b->streams, n * sizeof *b->streams);
    b->numbers = mem_resize_raw(b->numbers, n * sizeof *b->numbers);
    b->views = mem_resize_raw(b->views, n * sizeof *b->views);
}

static int by_id(const void *a, const void *b, void *rows)
{
    const struct chunk_rows *r = rows;
    return hash128_compare(r->streams[*(const uint32_t *)a].id,
                           r->streams[*(const uint32_t *)b].id);
}

/* Fills .streams with the numbers of streams by id, and .ranks with where each stands there. */
static void rank_streams(struct chunk_builder *b, struct chunk_rows *rows)
{
    for (uint32_t i = 0; i < rows->n_streams; i++)
        b->streams[i] = i;
    qsort_r(b->streams, rows->n_streams, sizeof *b->streams, by_id, rows);
    for (uint32_t i = 0; i < rows->n_streams; i++)
        b->ranks[b->streams[i]] = i;
}

static struct row_order order_of(const struct chunk_rows *r, uint32_t row)
{
    const struct chunk_row *x = &r->items[row];
    return (struct row_order){x->order_ns, r->origins[x->origin], x->sequence, x->position};
}

static int by_place(const void *a, const void *b, void *rows)
{
    const struct row_order x = order_of(rows, *(const uint32_t *)a),
                           y = order_of(rows, *(const uint32_t *)b);
    return row_order_compare(&x, &y);
}

/* Fills .order. Rows of a stream come in their order mostly, so that few have to be sorted. */
static void order_rows(struct chunk_builder *b, struct chunk_rows *rows)
{
    size_t *starts = mem_array(size_t, rows->n_streams + 1);
    rank_streams(b, rows);
    for (size_t i = 0; i < rows->n; i++)
        starts[b->ranks[rows->items[i].stream] + 1]++;
    for (size_t s = 0; s < rows->n_streams; s++)
        starts[s + 1] += starts[s];
    for (uint32_t i = 0; i < rows->n; i++)
        b->order[starts[b->ranks[rows->items[i].stream]]++] = i;
    for (size_t s = 0, first = 0; s < rows->n_streams; first = starts[s++]) {
        bool ascends = true;
        for (size_t i = first + 1; i < starts[s] && ascends; i++)
            ascends = by_place(&b->order[i - 1], &b->order[i], rows) < 0;
        if (!ascends)
            qsort_r(b->order + first, starts[s] - first, sizeof *b->order, by_place, rows);
    }
    mem_free(&starts);
    bool is_sorted = true;
    for (size_t i = 0; i < rows->n && is_sorted; i++)
        is_sorted = b->order[i] == i;
    if (!is_sorted)
        columns_join_order(&rows->lines, b->order, rows->n);
}

/* ---- lines ---- */

/* Fills .stored. Columns are refused only if lines break a bound of theirs. */
static bool store_lines(struct chunk_builder *b, struct chunk_rows *rows, int level,
                        struct block_header *h, struct err *err)
{
    buf_reset(&b->stored);
    h->line_bytes = rows->lines.bytes;
    h->encoding = BLOCK_COLUMNS;
    if (columns_join_put(&rows->lines, &b->columns, &b->packer, level, rows->n, &b->stored))
        return true;
    defer(buf_free) struct buf lines = {.max = CHUNK_LINE_BYTES_MAX};
    buf_reset(&b->stored);
    h->encoding = BLOCK_PLAIN;
    columns_join_print(&rows->lines, &lines);
    return zstd_pack(&b->packer, buf_str(&lines), level, &b->stored, err);
}

/* ---- rows ---- */

#define PUT_NUMBERS(b, rows, group, value)                                         \
    do {                                                                           \
        for (size_t i_ = 0; i_ < (rows)->n; i_++) {                                \
            const struct chunk_row *row = &(rows)->items[(b)->order[i_]];          \
            (b)->numbers[i_] = (uint64_t)(value);                                  \
        }                                                                          \
        numbers_put((b)->numbers, (rows)->n, (group), &(b)->planes, &(b)->writer); \
    } while (0)

static void put_texts(struct chunk_builder *b, const struct chunk_rows *rows,
                      struct str (*text_of)(const struct chunk_rows *, const struct chunk_row *))
{
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++) {
        struct str text = text_of(rows, &rows->items[b->order[i]]);
        if (text.len)
            b->views[n++] =
                (struct extent){(uint32_t)(text.ptr - rows->besides.ptr), (uint32_t)text.len};
    }
    put_varint(&b->writer.map, n);
    const struct column_values values = {rows->besides.ptr, b->views, n};
    if (n)
        column_put(&b->scratch, &values, 0, &b->writer);
}

static bool pack_rows(struct chunk_builder *b, const struct chunk_rows *rows,
                      const struct block_header *h, int level, struct buf *out, struct err *err)
{
    struct stream_writer *w = &b->writer;
    int64_t ns = block_unit_ns(h->unit);
    w->packer = &b->packer;
    w->level = w->better_level = level;
    stream_writer_reset(w);
    b->scratch.n_before = 0;
    PUT_NUMBERS(b, rows, STREAM_NUMBERS, time_units(row->order_ns, ns));
    PUT_NUMBERS(b, rows, STREAM_NUMBERS,
                time_units(row->event_ns, ns) - time_units(row->order_ns, ns));
    PUT_NUMBERS(b, rows, STREAM_SMALL_INDEX, row->level);
    PUT_NUMBERS(b, rows, STREAM_SMALL_INDEX, row->flags);
    PUT_NUMBERS(b, rows, STREAM_SMALL_INDEX, row->id_kind);
    PUT_NUMBERS(b, rows, STREAM_SMALL_INDEX, row->origin);
    PUT_NUMBERS(b, rows, STREAM_NUMBERS, row->sequence);
    PUT_NUMBERS(b, rows, STREAM_NUMBERS, row->position);
    if (h->encoding == BLOCK_PLAIN)
        PUT_NUMBERS(b, rows, STREAM_LENGTHS, row->length);
    put_texts(b, rows, id_of);
    size_t before = w->map.len;
    put_texts(b, rows, fields_of);
    if (w->map.len > before + 1)
        PUT_NUMBERS(b, rows, STREAM_SMALL_INDEX, row->fields_len != 0);
    return stream_writer_finish(w, out, err);
}

/* ---- all of it ---- */

static void summarise(const struct chunk_rows *rows, struct block_header *h)
{
    *h = (struct block_header){.unit = !rows->has_ns,
                               .records = (uint32_t)rows->n,
                               .least_order_ns = INT64_MAX,
                               .least_event_ns = INT64_MAX,
                               .greatest_order_ns = INT64_MIN,
                               .greatest_event_ns = INT64_MIN};
    for (size_t i = 0; i < rows->n; i++) {
        const struct chunk_row *row = &rows->items[i];
        h->least_order_ns = min_of(h->least_order_ns, row->order_ns);
        h->greatest_order_ns = max_of(h->greatest_order_ns, row->order_ns);
        h->least_event_ns = min_of(h->least_event_ns, row->event_ns);
        h->greatest_event_ns = max_of(h->greatest_event_ns, row->event_ns);
    }
}

static void put_streams(const struct chunk_builder *b, const struct chunk_rows *rows,
                        const struct block_header *h, struct buf *out)
{
    int64_t unit = block_unit_ns(h->unit);
    put_varint(out, rows->n_streams);
    for (size_t s = 0, at = 0; s < rows->n_streams; s++) {
        const struct block_stream *stream = &rows->streams[b->streams[s]];
        const struct chunk_row *first = &rows->items[b->order[at]], *row = first;
        size_t from = at;
        uint64_t levels = 0;
        for (; at < rows->n && rows->items[b->order[at]].stream == b->streams[s]; at++) {
            row = &rows->items[b->order[at]];
            levels |= UINT64_C(1) << row->level;
        }
        put_labels(out, &stream->labels);
        put_labels(out, &stream->data);
        put_varint(out, at - from);
        put_varint(out, levels);
        put_zigzag(out, time_units(first->order_ns, unit) - time_units(h->least_order_ns, unit));
        put_varint(out,
                   (uint64_t)(time_units(row->order_ns, unit) - time_units(first->order_ns, unit)));
    }
    put_varint(out, rows->n_origins);
    for (size_t i = 0; i < rows->n_origins; i++)
        put_hash128(out, rows->origins[i]);
}

static bool is_row_of(const struct chunk_builder *b, const struct chunk_rows *rows,
                      const struct chunk *chunk, size_t i)
{
    const struct chunk_row *row = &rows->items[b->order[i]];
    const struct record *record = &chunk->block.records[i];
    const struct chunk_place *place = &chunk->places[i];
    return record->order_ns == row->order_ns && record->event_ns == row->event_ns &&
           record->level == row->level && record->flags == row->flags &&
           record->id_kind == row->id_kind && record->stream == b->ranks[row->stream] &&
           place->origin == row->origin && place->sequence == row->sequence &&
           place->position == row->position && str_equal(record->id, id_of(rows, row)) &&
           str_equal(record->fields, fields_of(rows, row));
}

/* Rows come out as they went in, one by one. */
static bool read_back_rows(struct chunk_builder *b, const struct chunk_rows *rows, struct str bytes,
                           struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct chunk chunk;
    if (!chunk_open(&chunk, bytes, &b->packer, &arena, err) ||
        !chunk_read_rows(&chunk, &arena, err))
        return false;
    for (size_t i = 0; i < rows->n; i++)
        if (!is_row_of(b, rows, &chunk, i))
            return err_set(err, ERR_CORRUPT, "a row came out of a chunk that did not go in");
    return true;
}

static bool refuse_lines(struct err *err)
{
    return err_set(err, ERR_CORRUPT, "lines came out of a chunk that did not go in");
}

/* One after the other, since all of them would be as much again as what waits. */
static bool read_back_columns(struct chunk_builder *b, const struct chunk_rows *rows,
                              const struct block_header *h, uint64_t *hash, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct columns columns;
    struct columns_cursor cursor;
    uint32_t longest = 0;
    for (size_t i = 0; i < rows->n; i++)
        longest = max_of(longest, rows->items[i].length);
    if (!columns_open(&columns, buf_str(&b->stored), rows->n, h->line_bytes, &b->packer, &arena,
                      err))
        return false;
    char *line = arena_alloc_raw(&arena, longest + COPY_SLACK);
    columns_begin(&cursor, &columns);
    for (size_t i = 0; i < rows->n; i++) {
        uint32_t length = rows->items[b->order[i]].length;
        char *end = columns_next(&cursor, line, line + longest + COPY_SLACK);
        if (!end || (size_t)(end - line) != length)
            return refuse_lines(err);
        *hash += hash64(str_of(line, length));
    }
    return true;
}

static bool read_back_plain(struct chunk_builder *b, const struct chunk_rows *rows,
                            const struct block_header *h, uint64_t *hash, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct chunk chunk = {.block = {.header = *h, .packer = &b->packer}};
    if (!chunk_unpack_lines(&chunk, buf_str(&b->stored), &arena, err))
        return false;
    const char *at = chunk.block.lines.ptr;
    for (size_t i = 0; i < rows->n; i++) {
        uint32_t length = rows->items[b->order[i]].length;
        *hash += hash64(str_of(at, length));
        at += length;
    }
    return at == chunk.block.lines.ptr + h->line_bytes ? true : refuse_lines(err);
}

/* The hash of the lines as they come out again. */
static bool read_back_lines(struct chunk_builder *b, const struct chunk_rows *rows,
                            struct block_header *h, struct err *err)
{
    h->line_hash = 0;
    return (h->encoding == BLOCK_PLAIN ? read_back_plain : read_back_columns)(b, rows, h,
                                                                              &h->line_hash, err);
}

bool chunk_build(struct chunk_builder *b, struct chunk_rows *rows, int level, struct buf *out,
                 struct block_header *header, struct err *err)
{
    assert(rows->n > 0 && rows->n <= CHUNK_ROWS_MAX);
    struct block_header h;
    defer(buf_free) struct buf directory = {.max = CHUNK_DIRECTORY_MAX};
    size_t start = out->len;
    reserve(b, rows->n);
    order_rows(b, rows);
    summarise(rows, &h);
    h.slice = b->slice;
    if (!store_lines(b, rows, level, &h, err))
        return false;
    columns_join_free(&rows->lines);
    if (!read_back_lines(b, rows, &h, err))
        return false;
    put_streams(b, rows, &h, &directory);
    if (directory.over || !buf_reserve(out, CHUNK_HEADER))
        return err_set(err, ERR_LIMIT, "no room for a chunk");
    h.directory_bytes = (uint32_t)directory.len;
    out->len += CHUNK_HEADER;
    if (!zstd_pack(&b->packer, buf_str(&directory), level, out, err))
        return false;
    h.directory_stored = (uint32_t)(out->len - start - CHUNK_HEADER);
    size_t packed = out->len;
    if (!pack_rows(b, rows, &h, level, out, err))
        return false;
    h.columns_stored = (uint32_t)(out->len - packed);
    h.lines_stored = (uint32_t)b->stored.len;
    buf_add(out, buf_str(&b->stored));
    h.length = (uint32_t)(out->len - start);
    if (out->over || out->len - start > CHUNK_MAX)
        return err_set(err, ERR_LIMIT, "no room for a chunk");
    chunk_seal(&h, out->ptr + start);
    *header = h;
    return read_back_rows(b, rows, str_of(out->ptr + start, h.length), err);
}
