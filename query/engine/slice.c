#include "query/engine/slice.h"

#include "base/mem.h"

#include <stdlib.h>

/* ---- opening ---- */

static int by_id(const void *a, const void *b)
{
    return hash128_compare(((const struct block_stream *)a)->id,
                           ((const struct block_stream *)b)->id);
}

static void join_streams(struct slice *s, struct arena *arena)
{
    struct block *whole = &s->whole.block;
    size_t most = 0, n = 0;
    for (size_t i = 0; i < s->n; i++)
        most += s->parts[i].block.n_streams;
    struct block_stream *streams = arena_array(arena, struct block_stream, most);
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->parts[i].block.n_streams; k++)
            streams[n++] = s->parts[i].block.streams[k];
    qsort(streams, n, sizeof *streams, by_id);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || !hash128_equal(streams[i].id, streams[whole->n_streams - 1].id))
            streams[whole->n_streams++] = streams[i];
    whole->streams = streams;
    s->streams = arena_array(arena, uint32_t *, s->n);
    for (size_t i = 0; i < s->n; i++) {
        const struct block *b = &s->parts[i].block;
        s->streams[i] = arena_array(arena, uint32_t, b->n_streams);
        for (size_t k = 0, at = 0; k < b->n_streams; k++) { /* both ascend */
            while (!hash128_equal(streams[at].id, b->streams[k].id))
                at++;
            s->streams[i][k] = (uint32_t)at;
        }
    }
}

static void add_header(struct block_header *h, const struct block_header *part)
{
    bool is_first = h->records == 0;
    h->records += part->records;
    h->line_bytes += part->line_bytes;
    h->least_event_ns =
        is_first ? part->least_event_ns : min_of(h->least_event_ns, part->least_event_ns);
    h->greatest_event_ns =
        is_first ? part->greatest_event_ns : max_of(h->greatest_event_ns, part->greatest_event_ns);
}

bool slice_open(struct slice *s, struct str bytes, size_t n, struct packer *packer,
                struct arena *arena, struct err *err)
{
    assert(n > 0);
    if (n > SLICE_PARTS_MAX)
        return err_set(err, ERR_CORRUPT, "more than %d files of one number", SLICE_PARTS_MAX);
    *s = (struct slice){.parts = arena_array(arena, struct chunk, n), .n = n};
    for (size_t i = 0; i < n; i++) {
        struct block_header h;
        if (!chunk_peek(bytes, &h, err) ||
            !chunk_open(&s->parts[i], str_slice(bytes, 0, h.length), packer, arena, err))
            return false;
        bytes = str_slice(bytes, h.length, SIZE_MAX);
        add_header(&s->whole.block.header, &h);
    }
    if (n == 1)
        s->whole = s->parts[0];
    else
        join_streams(s, arena);
    return true;
}

/* ---- rows ---- */

/* The next row of a part. */
struct cursor {
    const struct chunk *part;
    const uint32_t *streams;
    uint32_t row, first_origin;
};

static bool is_at_end(const struct cursor *c)
{
    return c->row == c->part->block.header.records;
}

static int compare(const struct cursor *a, const struct cursor *b)
{
    uint32_t left = a->streams[a->part->block.records[a->row].stream];
    uint32_t right = b->streams[b->part->block.records[b->row].stream];
    if (left != right)
        return left < right ? -1 : 1;
    const struct row_order x = chunk_row_order(a->part, a->row),
                           y = chunk_row_order(b->part, b->row);
    return row_order_compare(&x, &y);
}

static struct cursor *first_of(struct cursor *cursors, size_t n)
{
    struct cursor *first = NULL;
    for (size_t i = 0; i < n; i++)
        if (!is_at_end(&cursors[i]) && (!first || compare(&cursors[i], first) < 0))
            first = &cursors[i];
    return first;
}

static void join_origins(struct slice *s, struct cursor *cursors, struct arena *arena)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        cursors[i] = (struct cursor){.part = &s->parts[i], .streams = s->streams[i]};
        cursors[i].first_origin = (uint32_t)n;
        n += s->parts[i].n_origins;
    }
    s->whole.origins = arena_array(arena, struct hash128, n);
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->parts[i].n_origins; k++)
            s->whole.origins[s->whole.n_origins++] = s->parts[i].origins[k];
}

static void join_rows(struct slice *s, bool with_lines, struct arena *arena)
{
    struct cursor cursors[SLICE_PARTS_MAX];
    struct block *b = &s->whole.block;
    size_t n = b->header.records;
    join_origins(s, cursors, arena);
    b->records = arena_alloc_raw(arena, n * sizeof *b->records);
    s->whole.places = arena_alloc_raw(arena, n * sizeof *s->whole.places);
    char *to = with_lines ? arena_alloc_raw(arena, b->header.line_bytes + 1) : NULL;
    b->lines = str_of(to, with_lines ? b->header.line_bytes : 0);
    for (size_t i = 0; i < n; i++) {
        struct cursor *c = first_of(cursors, s->n);
        struct record *record = &b->records[i];
        *record = c->part->block.records[c->row];
        record->stream = c->streams[record->stream];
        s->whole.places[i] = c->part->places[c->row];
        s->whole.places[i].origin += c->first_origin;
        c->row++;
        if (!with_lines)
            continue;
        memcpy(to, record->line.ptr, record->line.len);
        record->line.ptr = to;
        to += record->line.len;
    }
}

bool slice_read(struct slice *s, unsigned parts, bool with_lines, struct arena *arena,
                struct err *err)
{
    parts = s->n > 1 ? CHUNK_ROW_ALL : parts;
    for (size_t i = 0; i < s->n; i++)
        if (!chunk_read_row_parts(&s->parts[i], parts, arena, err) ||
            (with_lines && !chunk_read_lines(&s->parts[i], arena, err)))
            return false;
    if (s->n == 1)
        s->whole = s->parts[0];
    else
        join_rows(s, with_lines, arena);
    return true;
}
