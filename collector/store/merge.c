#include "collector/store/merge.h"

#include "base/hash.h"
#include "base/mem.h"

struct sums {
    uint64_t records, line_bytes, line_hash;
};

/* The piece whose rows are taken. */
struct open_piece {
    struct buf bytes;
    struct arena arena;
    struct chunk chunk; /* of a block too, without .places */
    struct columns columns;
    struct columns_source sources[CLASSES_MAX]; /* for the rows of each class */
    bool has_columns;
    uint8_t *classes; /* of each row; NULL: that of the piece */
    const struct merge_piece *of;
};

struct group {
    struct chunk_rows rows[CLASSES_MAX];
    uint32_t piece_slice; /* of the pieces: the last one that it has rows of */
    size_t n;             /* of all classes together */
    uint64_t cost;
    uint64_t taken; /* cost of all rows that it had */
    bool is_used;   /* by a service */
};

/* Of a stream, or of all streams of a service that are as late. */
struct member {
    struct hash128 id;
    uint32_t group;
};

struct run {
    const struct merge *m;
    struct group groups[MERGE_GROUPS_MAX];
    size_t n_groups;
    struct arena arena;           /* members */
    struct map streams, services; /* id -> struct member */
    int64_t newest_ns;            /* order time of the rows so far; INT64_MIN: there were none */
    uint64_t cost;                /* of all groups */
    struct open_piece piece;
    uint32_t *rows; /* of the piece, group by group */
    size_t capacity;
    struct chunk_builder builder;
    struct packer packer;
    struct buf out;
    uint32_t slice; /* number of the next one */
    struct sums in, made;
};

/* ---- pieces ---- */

static void close_piece(struct open_piece *p)
{
    buf_free(&p->bytes);
    arena_free(&p->arena);
}

static bool open_columns(struct run *r, struct err *err)
{
    struct open_piece *p = &r->piece;
    const struct block *b = &p->chunk.block;
    if (!columns_open(&p->columns, block_stored_lines(b), b->header.records, b->header.line_bytes,
                      &r->packer, &p->arena, err) ||
        !columns_source_open(&p->sources[0], &p->columns, &p->arena, err))
        return false;
    for (size_t i = 1; i < r->m->classes->n; i++)
        p->sources[i] = columns_source_fork(&p->sources[0], &p->arena);
    return true;
}

static bool decode_piece(struct run *r, struct err *err)
{
    struct open_piece *p = &r->piece;
    struct block *b = &p->chunk.block;
    struct str bytes = buf_str(&p->bytes);
    bool is_chunk = p->of->is_chunk;
    p->chunk = (struct chunk){0};
    if (!(is_chunk ? chunk_open(&p->chunk, bytes, &r->packer, &p->arena, err) &&
                         chunk_read_rows(&p->chunk, &p->arena, err)
                   : block_open(b, bytes, &r->packer, &p->arena, err) &&
                         block_read_columns(b, &p->arena, err)))
        return false;
    p->has_columns = b->header.encoding == BLOCK_COLUMNS;
    if (p->has_columns)
        return open_columns(r, err);
    return is_chunk ? chunk_read_lines(&p->chunk, &p->arena, err)
                    : block_read_lines(b, &p->arena, err);
}

static void classify_rows(struct run *r)
{
    struct open_piece *p = &r->piece;
    const struct block *b = &p->chunk.block;
    const struct classes *c = r->m->classes;
    p->classes = NULL;
    if (p->of->is_chunk || c->n == 1)
        return;
    uint64_t *of_streams = arena_array(&p->arena, uint64_t, b->n_streams);
    for (size_t i = 0; i < b->n_streams; i++)
        of_streams[i] = classes_of_stream(c, &b->streams[i].labels);
    p->classes = arena_array(&p->arena, uint8_t, b->header.records);
    for (size_t i = 0; i < b->header.records; i++)
        p->classes[i] = classes_of_row(c, of_streams[b->records[i].stream], &b->records[i]);
}

static bool open_piece(struct run *r, size_t piece, struct err *err)
{
    r->piece.of = &r->m->pieces[piece];
    arena_reset(&r->piece.arena);
    buf_reset(&r->piece.bytes);
    r->piece.bytes.max = r->piece.of->is_chunk ? CHUNK_MAX : BLOCK_MAX;
    if (!r->m->load(r->m->context, piece, &r->piece.bytes, err) || !decode_piece(r, err))
        return false;
    classify_rows(r);
    const struct block_header *h = &r->piece.chunk.block.header;
    r->in.records += h->records;
    r->in.line_bytes += h->line_bytes;
    r->in.line_hash += h->line_hash;
    return true;
}

/* ---- groups ---- */

/* One that is free, or else the one that had least. */
static uint32_t choose_group(struct run *r)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < r->n_groups && r->groups[best].is_used; i++)
        if (!r->groups[i].is_used || r->groups[i].taken < r->groups[best].taken)
            best = i;
    r->groups[best].is_used = true;
    return best;
}

static struct member *add_member(struct run *r, struct map *map, struct hash128 id, uint32_t group)
{
    struct member *m = arena_new(&r->arena, struct member);
    *m = (struct member){id, group};
    map_put(map, MAP_KEY(m->id), m);
    return m;
}

/* The more hours behind, the less it matters whether it is one more. */
static uint64_t lateness(const struct run *r, int64_t order_ns)
{
    const uint64_t hour = UINT64_C(3600) * NS_PER_S;
    if (order_ns >= r->newest_ns)
        return 0;
    uint64_t hours = ((uint64_t)r->newest_ns - (uint64_t)order_ns) / hour;
    return hours ? 64 - (uint64_t)__builtin_clzll(hours) : 0;
}

/* Of a stream that is seen for the first time at that order time. */
static uint32_t group_of_new(struct run *r, const struct block_stream *stream, int64_t order_ns)
{
    struct hash128 key = hash128(label_value(&stream->labels, STR("service")));
    key.low += lateness(r, order_ns);
    struct member *service = map_get(&r->services, MAP_KEY(key));
    if (!service)
        service = add_member(r, &r->services, key, choose_group(r));
    return add_member(r, &r->streams, stream->id, service->group)->group;
}

static bool make_chunk(struct run *r, struct chunk_rows *rows, uint8_t class, struct err *err)
{
    struct block_header h;
    buf_reset(&r->out);
    r->out.max = CHUNK_MAX;
    r->builder.slice = r->slice;
    if (!chunk_build(&r->builder, rows, r->m->level, &r->out, &h, err) ||
        !r->m->take(r->m->context, class, buf_str(&r->out), err))
        return false;
    r->made.records += h.records;
    r->made.line_bytes += h.line_bytes;
    r->made.line_hash += h.line_hash;
    chunk_rows_free(rows);
    return true;
}

/* Of each class that the group has rows of. */
static bool make_chunks(struct run *r, struct group *g, struct err *err)
{
    for (size_t i = 0; i < r->m->classes->n; i++)
        if (g->rows[i].n && !make_chunk(r, &g->rows[i], (uint8_t)i, err))
            return false;
    r->slice++;
    r->cost -= g->cost;
    g->cost = g->n = 0;
    return true;
}

static bool make_largest(struct run *r, struct err *err)
{
    struct group *largest = &r->groups[0];
    for (size_t i = 1; i < r->n_groups; i++)
        if (r->groups[i].cost > largest->cost)
            largest = &r->groups[i];
    return make_chunks(r, largest, err);
}

/* ---- rows ---- */

static bool add_row(struct run *r, struct group *g, uint32_t row, struct err *err)
{
    struct open_piece *p = &r->piece;
    uint8_t class = p->classes ? p->classes[row] : p->of->class;
    struct chunk_rows *rows = &g->rows[class];
    const struct chunk *c = &p->chunk;
    struct record record = c->block.records[row];
    struct chunk_from from = {.origin = c->block.header.origin,
                              .place = {.sequence = c->block.header.sequence, .position = row},
                              .source = p->has_columns ? &p->sources[class] : NULL,
                              .source_row = row};
    if (c->places) {
        from.place = c->places[row];
        from.origin = c->origins[from.place.origin];
    }
    if (rows->n == 0)
        chunk_rows_begin(rows);
    uint64_t before = rows->cost;
    record.stream = chunk_rows_stream(rows, &c->block.streams[record.stream]);
    if (!chunk_rows_add(rows, &record, &from, err))
        return false;
    g->n++;
    g->cost += rows->cost - before;
    g->taken += rows->cost - before;
    r->cost += rows->cost - before;
    return true;
}

static bool bound_cost(struct run *r, struct err *err)
{
    while (r->cost > MERGE_GROUPS_COST)
        if (!make_largest(r, err))
            return false;
    return true;
}

/* For a slice as a whole, before its first row comes (invariant 4). */
static bool make_room(struct run *r, struct group *g, struct err *err)
{
    const struct merge_piece *of = r->piece.of;
    bool is_first = of->slice && g->piece_slice != of->slice;
    g->piece_slice = of->slice;
    return !is_first || g->n == 0 || g->cost + of->slice_cost <= CHUNK_ROWS_COST ||
           make_chunks(r, g, err);
}

/* Rows of the piece to the group; those that have no room go into a chunk after it. */
static bool add_rows(struct run *r, struct group *g, const uint32_t *rows, size_t n,
                     struct err *err)
{
    if (!make_room(r, g, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (g->cost >= CHUNK_ROWS_COST && !r->piece.of->slice && !make_chunks(r, g, err))
            return false;
        for (size_t k = 0; (i == 0 || g->n == 0) && r->piece.has_columns && k < r->m->classes->n;
             k++)
            columns_source_reset(&r->piece.sources[k]);
        if (!add_row(r, g, rows[i], err))
            return false;
    }
    return r->piece.of->slice || bound_cost(r, err);
}

/* The group of each stream of the piece that has rows. */
static uint32_t *find_groups(struct run *r)
{
    const struct block *b = &r->piece.chunk.block;
    uint32_t *groups = arena_array(&r->piece.arena, uint32_t, b->n_streams);
    bool *is_known = arena_array(&r->piece.arena, bool, b->n_streams);
    for (uint32_t i = 0; i < b->header.records; i++) {
        const struct record *record = &b->records[i];
        const struct block_stream *stream = &b->streams[record->stream];
        if (!is_known[record->stream]) {
            const struct member *m = map_get(&r->streams, MAP_KEY(stream->id));
            groups[record->stream] = m ? m->group : group_of_new(r, stream, record->order_ns);
            is_known[record->stream] = true;
        }
    }
    r->newest_ns = max_of(r->newest_ns, b->header.greatest_order_ns);
    return groups;
}

/* Group by group, and in their order in each. */
static bool add_piece(struct run *r, struct err *err)
{
    const struct block *b = &r->piece.chunk.block;
    const uint32_t *groups = find_groups(r);
    size_t starts[MERGE_GROUPS_MAX + 1] = {0};
    if (b->header.records > r->capacity) {
        r->capacity = b->header.records;
        r->rows = mem_resize_raw(r->rows, r->capacity * sizeof *r->rows);
    }
    for (uint32_t i = 0; i < b->header.records; i++)
        starts[groups[b->records[i].stream] + 1]++;
    for (size_t g = 0; g < r->n_groups; g++)
        starts[g + 1] += starts[g];
    for (uint32_t i = 0; i < b->header.records; i++)
        r->rows[starts[groups[b->records[i].stream]]++] = i;
    for (size_t g = 0, from = 0; g < r->n_groups; from = starts[g++])
        if (starts[g] > from && !add_rows(r, &r->groups[g], r->rows + from, starts[g] - from, err))
            return false;
    return true;
}

/* ---- all of it ---- */

/* Few if there is little, since each may leave a small chunk at the end. */
static size_t count_groups(const struct merge *m)
{
    enum { OF_GROUP = 2 << 20 };
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->n; i++)
        bytes += m->pieces[i].line_bytes;
    return min_of(1 + (size_t)(bytes / OF_GROUP), (size_t)MERGE_GROUPS_MAX);
}

static void end_run(struct run *r)
{
    close_piece(&r->piece);
    for (size_t i = 0; i < r->n_groups; i++)
        for (size_t k = 0; k < CLASSES_MAX; k++)
            chunk_rows_free(&r->groups[i].rows[k]);
    map_free(&r->streams), map_free(&r->services);
    arena_free(&r->arena);
    mem_free(&r->rows);
    chunk_builder_free(&r->builder);
    packer_free(&r->packer);
    buf_free(&r->out);
}

bool merge_run(const struct merge *m, struct err *err)
{
    defer(end_run) struct run r = {.m = m, .n_groups = count_groups(m), .newest_ns = INT64_MIN};
    for (size_t i = 0; i < m->n; i++) {
        if (m->is_canceled && m->is_canceled(m->cancel_context))
            return err_set(err, ERR_CANCELED, "the merge was canceled");
        bool goes_on =
            i + 1 < m->n && m->pieces[i].slice && m->pieces[i + 1].slice == m->pieces[i].slice;
        if (!open_piece(&r, i, err) || !add_piece(&r, err) || (!goes_on && !bound_cost(&r, err)))
            return false;
    }
    close_piece(&r.piece);
    for (size_t i = 0; i < r.n_groups; i++)
        if (r.groups[i].n && !make_chunks(&r, &r.groups[i], err))
            return false;
    if (r.in.records != r.made.records || r.in.line_bytes != r.made.line_bytes ||
        r.in.line_hash != r.made.line_hash)
        return err_set(err, ERR_CORRUPT, "what came out of the merge is not what went in");
    return true;
}
