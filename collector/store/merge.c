#include "collector/store/merge.h"

#include "base/mem.h"

#include <stdlib.h>

struct sums {
    uint64_t records, line_bytes, line_hash;
};

/* A piece that waits for its time, or whose rest does. */
struct waiting {
    int64_t next_ns;      /* of its next row */
    uint32_t piece, next; /* rows, by order time, that are in a chunk already */
    bool was_open;
};

/* A piece of which rows are left. */
struct open_piece {
    uint32_t index;
    struct buf bytes;
    struct arena arena;
    struct chunk chunk; /* of a block too, without .places */
    struct columns columns;
    struct columns_source source;
    bool has_columns;
    uint8_t class;
    uint8_t *classes;  /* of each row; NULL: .class */
    uint32_t *rows;    /* by order time; those before .next are in a chunk */
    size_t next, end;  /* end: of the slice that is being made */
    uint32_t *streams; /* of the slice, by the piece's own number */
};

struct pick {
    uint32_t piece, row;
};

/* A chunk of the slice that is being made; its bytes are in .out. */
struct made_chunk {
    uint8_t class;
    struct block_header header;
};

struct stream_ref {
    struct hash128 id;
    uint32_t piece, stream;
};

struct run {
    const struct merge *m;
    struct waiting *waiting; /* the last one is the first in time */
    size_t n_waiting;
    struct open_piece **open;
    size_t n_open, open_capacity;
    struct chunk_builder builder;
    struct pick *picks, *sorted;
    size_t picks_capacity;
    struct stream_ref *refs;
    size_t n_refs, refs_capacity;
    uint64_t *sample;
    size_t sample_capacity;
    struct packer packer;
    struct buf out;
    struct made_chunk chunks[CLASSES_MAX];
    size_t n_chunks;
    uint32_t slice; /* number of the next one */
    struct sums in, made;
};

/* ---- pieces ---- */

static void close_piece(struct open_piece **piece)
{
    if (!*piece)
        return;
    buf_free(&(*piece)->bytes);
    arena_free(&(*piece)->arena);
    mem_free(piece);
}

/* What it takes, counted as bytes of lines: lines may be empty. */
static uint64_t size_of(const struct open_piece *p)
{
    enum { OF_ROW = 128 };
    const struct block_header *h = &p->chunk.block.header;
    return max_of(h->line_bytes, (uint64_t)h->records * OF_ROW);
}

static const struct record *row_of(const struct open_piece *p, size_t i)
{
    return &p->chunk.block.records[p->rows[i]];
}

/* By eight bits at a time, as most rows come in few runs that ascend already. */
static void sort_by_time(struct open_piece *p)
{
    const struct block *b = &p->chunk.block;
    size_t n = b->header.records;
    uint32_t *from = p->rows, *to = arena_alloc_raw(&p->arena, n * sizeof *to);
    uint64_t least = (uint64_t)b->header.least_order_ns;
    uint64_t span = (uint64_t)b->header.greatest_order_ns - least;
    for (unsigned shift = 0; shift < 64 && span >> shift; shift += 8) {
        size_t starts[257] = {0};
        for (size_t i = 0; i < n; i++)
            starts[(((uint64_t)b->records[from[i]].order_ns - least) >> shift & 255) + 1]++;
        for (size_t i = 0; i < 256; i++)
            starts[i + 1] += starts[i];
        for (size_t i = 0; i < n; i++)
            to[starts[((uint64_t)b->records[from[i]].order_ns - least) >> shift & 255]++] = from[i];
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    p->rows = from;
}

static void order_rows(struct open_piece *p)
{
    size_t n = p->chunk.block.header.records;
    bool ascends = true;
    p->rows = arena_alloc_raw(&p->arena, n * sizeof *p->rows);
    for (size_t i = 0; i < n; i++) {
        p->rows[i] = (uint32_t)i;
        ascends = ascends && (i == 0 || row_of(p, i - 1)->order_ns <= row_of(p, i)->order_ns);
    }
    if (!ascends)
        sort_by_time(p);
}

static void classify_rows(struct run *r, struct open_piece *p)
{
    const struct classes *c = r->m->classes;
    const struct block *b = &p->chunk.block;
    p->class = r->m->pieces[p->index].class;
    if (r->m->pieces[p->index].is_chunk || c->n == 1)
        return;
    uint64_t *of_streams = arena_array(&p->arena, uint64_t, b->n_streams);
    for (size_t i = 0; i < b->n_streams; i++)
        of_streams[i] = classes_of_stream(c, &b->streams[i].labels);
    p->classes = arena_array(&p->arena, uint8_t, b->header.records);
    for (size_t i = 0; i < b->header.records; i++)
        p->classes[i] = classes_of_row(c, of_streams[b->records[i].stream], &b->records[i]);
}

static bool decode_piece(struct run *r, struct open_piece *p, bool is_chunk, struct err *err)
{
    struct block *b = &p->chunk.block;
    struct str bytes = buf_str(&p->bytes);
    if (!(is_chunk ? chunk_open(&p->chunk, bytes, &r->packer, &p->arena, err) &&
                         chunk_read_rows(&p->chunk, &p->arena, err)
                   : block_open(b, bytes, &r->packer, &p->arena, err) &&
                         block_read_columns(b, &p->arena, err)))
        return false;
    p->has_columns = b->header.encoding == BLOCK_COLUMNS;
    if (p->has_columns)
        return columns_open(&p->columns, block_stored_lines(b), b->header.records,
                            b->header.line_bytes, &r->packer, &p->arena, err) &&
               columns_source_open(&p->source, &p->columns, &p->arena, err);
    return is_chunk ? chunk_read_lines(&p->chunk, &p->arena, err)
                    : block_read_lines(b, &p->arena, err);
}

static bool open_piece(struct run *r, struct err *err)
{
    const struct waiting *w = &r->waiting[r->n_waiting - 1];
    bool is_chunk = r->m->pieces[w->piece].is_chunk;
    defer(close_piece) struct open_piece *p = mem_new(struct open_piece);
    p->index = w->piece;
    p->bytes.max = is_chunk ? CHUNK_MAX : BLOCK_MAX;
    if (!r->m->load(r->m->context, w->piece, &p->bytes, err) || !decode_piece(r, p, is_chunk, err))
        return false;
    const struct block_header *h = &p->chunk.block.header;
    order_rows(p);
    classify_rows(r, p);
    p->next = w->next;
    p->streams = arena_array(&p->arena, uint32_t, p->chunk.block.n_streams);
    if (!w->was_open) {
        r->in.records += h->records;
        r->in.line_bytes += h->line_bytes;
        r->in.line_hash += h->line_hash;
    }
    mem_grow(r->open, r->n_open, r->open_capacity);
    r->open[r->n_open++] = move(p);
    r->n_waiting--;
    return true;
}

static void let_wait(struct run *r, const struct open_piece *p)
{
    int64_t next_ns = row_of(p, p->next)->order_ns;
    size_t at = r->n_waiting++;
    for (; at > 0 && r->waiting[at - 1].next_ns < next_ns; at--)
        r->waiting[at] = r->waiting[at - 1];
    r->waiting[at] = (struct waiting){next_ns, p->index, (uint32_t)p->next, true};
}

static int by_next_row(const void *a, const void *b)
{
    const struct open_piece *p = *(struct open_piece *const *)a;
    const struct open_piece *q = *(struct open_piece *const *)b;
    int64_t x = row_of(p, p->next)->order_ns, y = row_of(q, q->next)->order_ns;
    return x != y ? (x < y ? -1 : 1) : (p->index > q->index) - (p->index < q->index);
}

/* Those that are used up, and those that will not be needed soon. */
static void close_pieces(struct run *r)
{
    size_t left = 0, kept = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < r->n_open; i++) {
        struct open_piece *p = r->open[i];
        if (p->next == p->chunk.block.header.records)
            close_piece(&p);
        else
            r->open[left++] = p;
    }
    if (left)
        qsort(r->open, left, sizeof(struct open_piece *), by_next_row);
    for (size_t i = 0; i < left; i++) {
        struct open_piece *p = r->open[i];
        bytes += size_of(p);
        if (i == 0 || bytes <= MERGE_OPEN_MAX / 2) {
            r->open[kept++] = p;
            continue;
        }
        let_wait(r, p);
        close_piece(&p);
    }
    r->n_open = kept;
}

/* ---- slices ---- */

struct amount {
    size_t rows;
    uint64_t bytes; /* of lines, about: rows of a piece are taken for equally long */
};

static uint64_t bytes_of(const struct open_piece *p, size_t rows)
{
    const struct block_header *h = &p->chunk.block.header;
    return h->line_bytes * rows / h->records;
}

/* Sets .end of each piece to the first row that is not older than end_ns. */
static struct amount end_slice(struct run *r, int64_t end_ns)
{
    struct amount a = {0};
    for (size_t i = 0; i < r->n_open; i++) {
        struct open_piece *p = r->open[i];
        size_t low = p->next, high = p->chunk.block.header.records;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (row_of(p, middle)->order_ns < end_ns)
                low = middle + 1;
            else
                high = middle;
        }
        p->end = low;
        a.rows += p->end - p->next;
        a.bytes += bytes_of(p, p->end - p->next);
    }
    return a;
}

static uint64_t open_bytes(const struct run *r)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < r->n_open; i++)
        bytes += size_of(r->open[i]);
    return bytes;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* About the time before which the half of the slice lies. */
static int64_t median_time(struct run *r)
{
    enum { EVERY = 32 };
    const uint64_t sign = UINT64_C(1) << 63; /* so that negative times come first */
    size_t n = 0;
    for (size_t i = 0; i < r->n_open; i++) {
        const struct open_piece *p = r->open[i];
        for (size_t k = p->next; k < p->end; k += EVERY) {
            mem_grow(r->sample, n, r->sample_capacity);
            r->sample[n++] = (uint64_t)row_of(p, k)->order_ns ^ sign;
        }
    }
    qsort(r->sample, n, sizeof *r->sample, by_number);
    return (int64_t)(r->sample[n / 2] ^ sign);
}

/* Makes the slice smaller: by time, or if all of it is of one time by rows. */
static struct amount halve_slice(struct run *r, struct amount before)
{
    int64_t median = median_time(r);
    struct amount a = end_slice(r, median);
    if (a.rows > 0 && a.rows < before.rows)
        return a;
    a = (struct amount){0};
    end_slice(r, median + 1);
    for (size_t i = 0, left = before.rows / 2; i < r->n_open; i++) {
        struct open_piece *p = r->open[i];
        p->end = p->next + min_of(p->end - p->next, left);
        left -= p->end - p->next;
        a.rows += p->end - p->next;
        a.bytes += bytes_of(p, p->end - p->next);
    }
    return a;
}

static int by_id(const void *a, const void *b)
{
    return hash128_compare(((const struct stream_ref *)a)->id, ((const struct stream_ref *)b)->id);
}

/* Numbers the streams that have rows in the slice by their ids. */
static size_t number_streams(struct run *r)
{
    size_t n = 0;
    r->n_refs = 0;
    for (uint32_t i = 0; i < r->n_open; i++) {
        struct open_piece *p = r->open[i];
        memset(p->streams, 0, p->chunk.block.n_streams * sizeof *p->streams);
        for (size_t k = p->next; k < p->end; k++)
            p->streams[row_of(p, k)->stream] = 1;
        for (uint32_t s = 0; s < p->chunk.block.n_streams; s++) {
            if (!p->streams[s])
                continue;
            mem_grow(r->refs, r->n_refs, r->refs_capacity);
            r->refs[r->n_refs++] = (struct stream_ref){p->chunk.block.streams[s].id, i, s};
        }
    }
    qsort(r->refs, r->n_refs, sizeof *r->refs, by_id);
    for (size_t i = 0; i < r->n_refs; i++) {
        const struct stream_ref *ref = &r->refs[i];
        struct open_piece *p = r->open[ref->piece];
        n += i == 0 || !hash128_equal(r->refs[i - 1].id, ref->id);
        p->streams[ref->stream] = (uint32_t)n - 1;
    }
    return n;
}

static struct chunk_place place_of(const struct open_piece *p, uint32_t row, struct hash128 *origin)
{
    const struct chunk *c = &p->chunk;
    if (!c->places) {
        *origin = c->block.header.origin;
        return (struct chunk_place){.sequence = c->block.header.sequence, .position = row};
    }
    *origin = c->origins[c->places[row].origin];
    return c->places[row];
}

static int by_place(const void *a, const void *b, void *run)
{
    const struct run *r = run;
    const struct pick *x = a, *y = b;
    const struct open_piece *p = r->open[x->piece], *q = r->open[y->piece];
    const struct record *left = &p->chunk.block.records[x->row];
    const struct record *right = &q->chunk.block.records[y->row];
    struct hash128 left_origin, right_origin;
    if (left->order_ns != right->order_ns)
        return left->order_ns < right->order_ns ? -1 : 1;
    struct chunk_place at = place_of(p, x->row, &left_origin);
    struct chunk_place other = place_of(q, y->row, &right_origin);
    int order = hash128_compare(left_origin, right_origin);
    if (order)
        return order;
    if (at.sequence != other.sequence)
        return at.sequence < other.sequence ? -1 : 1;
    return (at.position > other.position) - (at.position < other.position);
}

/* The rows of the slice, by stream and then in the total order. Pieces come in their order mostly, so that
 * few streams have to be sorted. */
static void sort_rows(struct run *r, size_t n_streams, size_t n)
{
    size_t *starts = mem_array(size_t, n_streams + 1);
    if (n > r->picks_capacity) {
        r->picks_capacity = n;
        r->picks = mem_resize_raw(r->picks, n * sizeof *r->picks);
        r->sorted = mem_resize_raw(r->sorted, n * sizeof *r->sorted);
    }
    size_t at = 0;
    for (uint32_t i = 0; i < r->n_open; i++) {
        const struct open_piece *p = r->open[i];
        for (size_t k = p->next; k < p->end; k++) {
            r->picks[at++] = (struct pick){i, p->rows[k]};
            starts[p->streams[row_of(p, k)->stream] + 1]++;
        }
    }
    for (size_t s = 0; s < n_streams; s++)
        starts[s + 1] += starts[s];
    for (size_t i = 0; i < n; i++) {
        const struct open_piece *p = r->open[r->picks[i].piece];
        uint32_t stream = p->streams[p->chunk.block.records[r->picks[i].row].stream];
        r->sorted[starts[stream]++] = r->picks[i];
    }
    for (size_t s = 0, first = 0; s < n_streams; first = starts[s++]) {
        bool ascends = true;
        for (size_t i = first + 1; i < starts[s] && ascends; i++)
            ascends = by_place(&r->sorted[i - 1], &r->sorted[i], r) < 0;
        if (!ascends)
            qsort_r(r->sorted + first, starts[s] - first, sizeof *r->sorted, by_place, r);
    }
    mem_free(&starts);
}

/* Those of a class; how many there are. */
static size_t add_rows(struct run *r, size_t n, uint8_t class)
{
    uint32_t last = UINT32_MAX, stream = 0;
    size_t added = 0;
    for (size_t i = 0; i < n; i++) {
        struct open_piece *p = r->open[r->sorted[i].piece];
        uint32_t row = r->sorted[i].row;
        struct hash128 origin;
        if ((p->classes ? p->classes[row] : p->class) != class)
            continue;
        uint32_t own = p->chunk.block.records[row].stream;
        if (added++ == 0 || p->streams[own] != last) {
            last = p->streams[own];
            stream = chunk_builder_stream(&r->builder, &p->chunk.block.streams[own]);
        }
        struct chunk_row made = {.record = p->chunk.block.records[row],
                                 .place = place_of(p, row, &origin),
                                 .source = p->has_columns ? &p->source : NULL,
                                 .source_row = row};
        made.record.stream = stream;
        made.place.origin = chunk_builder_origin(&r->builder, origin);
        chunk_builder_add(&r->builder, &made);
    }
    return added;
}

static bool is_whole(int64_t ns)
{
    return ns % NS_PER_US == 0;
}

/* Microseconds, if no row of the slice has more. */
static uint8_t unit_of_slice(const struct run *r)
{
    for (size_t i = 0; i < r->n_open; i++) {
        const struct block_header *h = &r->open[i]->chunk.block.header;
        if (r->open[i]->end > r->open[i]->next &&
            (h->unit == 0 || !is_whole(h->least_order_ns) || !is_whole(h->least_event_ns)))
            return 0;
    }
    return 1;
}

/* Of the sorted rows, if one is of that class. */
static bool make_chunk(struct run *r, size_t n, uint8_t class, struct err *err)
{
    struct made_chunk *made = &r->chunks[r->n_chunks];
    chunk_builder_reset(&r->builder);
    r->builder.slice = r->slice;
    for (size_t i = 0; i < r->n_open; i++)
        if (r->open[i]->has_columns)
            columns_source_reset(&r->open[i]->source);
    if (add_rows(r, n, class) == 0)
        return true;
    made->class = class;
    r->n_chunks++;
    r->out.max = r->out.len + CHUNK_MAX;
    return chunk_builder_finish(&r->builder, unit_of_slice(r), r->m->level, &r->out, &made->header,
                                err);
}

static bool hand_out_chunks(struct run *r, struct err *err)
{
    struct str left = buf_str(&r->out);
    for (size_t i = 0; i < r->n_chunks; i++) {
        const struct block_header *h = &r->chunks[i].header;
        if (!r->m->take(r->m->context, r->chunks[i].class, str_slice(left, 0, h->length), err))
            return false;
        left = str_slice(left, h->length, SIZE_MAX);
        r->made.records += h->records;
        r->made.line_bytes += h->line_bytes;
        r->made.line_hash += h->line_hash;
    }
    r->slice++;
    for (size_t i = 0; i < r->n_open; i++)
        r->open[i]->next = r->open[i]->end;
    close_pieces(r);
    return true;
}

/* Of the rows between .next and .end. ERR_LIMIT: none were made, as they were too large. */
static bool make_chunks(struct run *r, size_t n, struct err *err)
{
    buf_reset(&r->out);
    r->n_chunks = 0;
    sort_rows(r, number_streams(r), n);
    for (size_t class = 0; class < r->m->classes->n; class ++)
        if (!make_chunk(r, n, (uint8_t) class, err))
            return false;
    return true;
}

/* Opens pieces until there is enough that is older than the next one, and puts that into a chunk. */
static bool make_slice(struct run *r, struct err *err)
{
    struct amount a = {0};
    while (r->n_waiting) {
        a = end_slice(r, r->waiting[r->n_waiting - 1].next_ns);
        if (a.bytes >= MERGE_CHUNK_BYTES || a.rows >= CHUNK_ROWS_MAX / 2 ||
            (r->n_open && open_bytes(r) >= MERGE_OPEN_MAX))
            break;
        if (!open_piece(r, err))
            return false;
    }
    bool is_small = a.bytes < MERGE_CHUNK_BYTES / 4 && a.rows < CHUNK_ROWS_MAX / 8;
    if (r->n_waiting == 0 || is_small) /* no more fits, or more overlaps than may be open */
        a = end_slice(r, INT64_MAX);
    if (a.rows == 0)
        return err_set(err, ERR_CORRUPT, "a row has a time that no row can have");
    while (a.rows > CHUNK_ROWS_MAX || a.bytes > MERGE_CHUNK_BYTES)
        a = halve_slice(r, a);
    while (!make_chunks(r, a.rows, err)) {
        if (err->code != ERR_LIMIT || a.rows < 2)
            return false;
        a = halve_slice(r, a);
    }
    return hand_out_chunks(r, err);
}

static int by_last_row_first(const void *a, const void *b)
{
    const struct waiting *x = a, *y = b;
    return x->next_ns != y->next_ns ? (x->next_ns < y->next_ns ? 1 : -1)
                                    : (x->piece < y->piece) - (x->piece > y->piece);
}

static void end_run(struct run *r)
{
    for (size_t i = 0; i < r->n_open; i++)
        close_piece(&r->open[i]);
    mem_free(&r->open), mem_free(&r->waiting), mem_free(&r->picks), mem_free(&r->sorted);
    mem_free(&r->refs), mem_free(&r->sample);
    chunk_builder_free(&r->builder);
    packer_free(&r->packer);
    buf_free(&r->out);
}

bool merge_run(const struct merge *m, struct err *err)
{
    defer(end_run) struct run r = {
        .m = m, .waiting = mem_array(struct waiting, m->n), .n_waiting = m->n};
    for (size_t i = 0; i < m->n; i++)
        r.waiting[i] = (struct waiting){m->pieces[i].least_order_ns, (uint32_t)i, 0, false};
    qsort(r.waiting, m->n, sizeof *r.waiting, by_last_row_first);
    while (r.n_waiting || r.n_open) {
        if (m->is_canceled && m->is_canceled(m->cancel_context))
            return err_set(err, ERR_CANCELED, "the merge was canceled");
        if (!make_slice(&r, err))
            return false;
    }
    if (r.in.records != r.made.records || r.in.line_bytes != r.made.line_bytes ||
        r.in.line_hash != r.made.line_hash)
        return err_set(err, ERR_CORRUPT, "what came out of the merge is not what went in");
    return true;
}
