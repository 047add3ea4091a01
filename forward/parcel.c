#include "forward/parcel.h"

#include "base/mem.h"

void parcel_free(struct parcel *p)
{
    buf_free(&p->bytes);
    packer_free(&p->packer);
    arena_free(&p->arena);
}

void parcel_reset(struct parcel *p)
{
    buf_reset(&p->bytes);
    arena_recycle(&p->arena);
    p->n_rows = p->at = p->n_sent = p->rows_max = 0;
    p->is_open = false;
}

/* The header alone, and every row. */
static bool open_whole(struct parcel *p, struct err *err)
{
    p->block = (struct block){.bytes = buf_str(&p->bytes)};
    return block_peek(p->block.bytes, &p->block.header, err);
}

bool parcel_read_lines(struct parcel *p, struct err *err)
{
    struct block *b = &p->block;
    return block_open(b, buf_str(&p->bytes), &p->packer, &p->arena, err) &&
           block_read_columns(b, &p->arena, err) && block_read_lines(b, &p->arena, err);
}

static bool takes(struct filter *filter, const struct block *b, const uint8_t *streams, size_t i)
{
    const struct record *r = &b->records[i];
    return streams[r->stream] && filter_takes_record(filter, r) &&
           (!filter_looks_at_lines(filter) ||
            filter_takes_line(filter, &b->streams[r->stream].labels, r));
}

static void choose(struct parcel *p, struct filter *filter)
{
    const struct block *b = &p->block;
    uint8_t *streams = arena_array(&p->arena, uint8_t, b->n_streams);
    for (size_t i = 0; i < b->n_streams; i++)
        streams[i] = filter_takes_stream(filter, &b->streams[i].labels);
    for (size_t i = 0; i < b->header.records; i++) {
        if (takes(filter, b, streams, i))
            p->rows[p->n_rows++] = (uint32_t)i;
    }
}

bool parcel_open(struct parcel *p, struct filter *filter, bool whole, struct err *err)
{
    if (!(whole && !filter ? open_whole(p, err) : parcel_read_lines(p, err)))
        return false;
    size_t n = p->block.header.records;
    p->push = (struct push_block){&p->block, push_identity(p->block.bytes)};
    p->rows = arena_array(&p->arena, uint32_t, n);
    p->fates = arena_array(&p->arena, uint8_t, n);
    if (filter) {
        choose(p, filter);
    } else {
        for (; p->n_rows < n; p->n_rows++)
            p->rows[p->n_rows] = (uint32_t)p->n_rows;
    }
    p->is_open = true;
    return true;
}

bool is_parcel_done(const struct parcel *p)
{
    return p->at == p->n_rows;
}

bool parcel_put(struct parcel *p, struct push_format *format, size_t body_max, struct buf *body)
{
    size_t n = p->n_rows - p->at;
    if (n == 0)
        return false;
    if (p->rows_max)
        n = min_of(n, p->rows_max);
    p->n_sent = format->kind->put(format, p->rows + p->at, n, body_max, body);
    assert(p->n_sent > 0 && p->n_sent <= n);
    return true;
}

struct parcel_counts parcel_count(const struct parcel *p)
{
    struct parcel_counts c = {0};
    for (size_t i = 0; i < p->n_sent; i++) {
        c.again += p->fates[i] == PUSH_AGAIN;
        c.rejected += p->fates[i] == PUSH_REJECTED;
        if (p->fates[i] == PUSH_TAKEN)
            c.bytes += p->block.records ? p->block.records[p->rows[p->at + i]].line.len : 0;
    }
    c.taken = p->n_sent - c.again - c.rejected;
    if (!p->block.records && c.taken)
        c.bytes = p->block.header.line_bytes;
    return c;
}

void parcel_settle(struct parcel *p)
{
    size_t to = p->at + p->n_sent;
    for (size_t i = p->n_sent; i > 0; i--) {
        if (p->fates[i - 1] == PUSH_AGAIN)
            p->rows[--to] = p->rows[p->at + i - 1];
    }
    p->at = to;
    p->n_sent = 0;
    p->rows_max *= 2;
}

void parcel_halve(struct parcel *p)
{
    p->rows_max = max_of(p->n_sent / 2, (size_t)1);
    p->n_sent = 0;
}
