#include "query/engine/blocks.h"

#include "base/mem.h"

enum { KEPT_MAX = 16 };

/* ---- opening ---- */

/* The slot that was used longest ago, empty ones first. */
static struct opened *oldest_slot(struct blocks *b, bool empty_too, const struct opened *pinned)
{
    struct opened *oldest = NULL;
    for (size_t i = 0; i < KEPT_MAX; i++) {
        struct opened *o = &b->kept[i];
        if (o != pinned && (empty_too || o->used) && (!oldest || o->used < oldest->used))
            oldest = o;
    }
    return oldest;
}

/* A slot to decode into. Besides the pinned block, only as many are kept as the budget allows. */
static struct opened *take_slot(struct blocks *b, const struct opened *pinned)
{
    size_t bytes = 0;
    for (size_t i = 0; i < KEPT_MAX; i++)
        bytes += opened_size(&b->kept[i]);
    if (!b->selector.keep_all || bytes < b->budget) {
        struct opened *slot = b->selector.keep_all ? oldest_slot(b, true, pinned) : b->kept;
        slot->used = 0;
        return slot;
    }
    struct opened *slot = NULL;
    for (struct opened *o; bytes >= b->budget && (o = oldest_slot(b, false, pinned)); slot = o) {
        bytes -= opened_size(o);
        opened_free(o);
    }
    return slot ? slot : oldest_slot(b, true, pinned);
}

static void count_block(struct blocks *b, struct known_block *k)
{
    if (k->is_counted)
        return;
    k->is_counted = true;
    b->summary->blocks_read++;
}

static void note_streams(struct blocks *b, struct known_block *k, const struct opened *o)
{
    if (k->streams == 0) {
        b->summary->records += o->block.header.records;
        b->summary->bytes += o->block.header.line_bytes;
    }
    for (size_t i = 0; i < o->block.n_streams; i++)
        k->streams |= UINT64_C(1) << (o->block.streams[i].id.low & 63);
}

static void name_part(const struct blocks *b, size_t index, size_t part, struct err *err)
{
    char name[SNAPSHOT_NAME];
    if (!b->snapshot->name || err->code != ERR_CORRUPT)
        return;
    b->snapshot->name(b->snapshot->context, index, part, name);
    err_wrap(err, "%s", name);
}

static bool load_part(struct blocks *b, struct opened *o, size_t index, size_t part, bool is_alone,
                      struct err *err)
{
    struct block_header h;
    size_t before = o->bytes.len;
    if (!b->snapshot->load(b->snapshot->context, index, part, &o->bytes, err))
        return false;
    if (is_alone || chunk_check(str_slice(buf_str(&o->bytes), before, SIZE_MAX), &h, err))
        return true;
    o->bytes.len = before;
    name_part(b, index, part, err);
    return false;
}

/* Chunks of a slice that cannot be read are left out; false: nothing is left. */
static bool load_parts(struct blocks *b, struct opened *o, size_t index, size_t *chunks,
                       struct err *err)
{
    struct known_block *k = &b->known[index];
    size_t parts = max_of(*chunks, (size_t)1), loaded = 0;
    bool is_named = k->is_named;
    buf_reset(&o->bytes);
    o->bytes.max = parts * CHUNK_MAX;
    for (size_t i = 0; i < parts; i++) {
        if (load_part(b, o, index, i, parts == 1, err)) {
            loaded++;
            continue;
        }
        if (i + 1 == parts && loaded == 0)
            return false;
        if (!is_named)
            summary_problem(b->summary, "%s", err->text);
        k->is_named = true;
    }
    *chunks = *chunks ? loaded : 0;
    return true;
}

/* False with ERR_CORRUPT or what the load said: the block is to be skipped. */
static bool decode_block(struct blocks *b, struct opened *o, size_t index, struct err *err)
{
    size_t chunks = b->known[index].summary.chunks;
    if (!load_parts(b, o, index, &chunks, err))
        return false;
    o->index = index;
    if (opened_decode(o, chunks, &b->packer, &b->selector, err))
        return true;
    name_part(b, index, 0, err);
    return false;
}

bool blocks_are_sifted_out(struct blocks *b, size_t index)
{
    const struct snapshot *s = b->snapshot;
    enum sift *verdict = &b->known[index].sift;
    struct err err;
    if (b->n_needles == 0 || !s->sift || b->selector.keep_all)
        return false;
    if (*verdict == SIFT_UNKNOWN) {
        if (!s->sift(s->context, index, b->needles, b->n_needles, verdict, &err))
            summary_problem(b->summary, "%s; everything was searched without it", err.text);
        b->summary->blocks_sifted += *verdict == SIFT_NO;
    }
    return *verdict == SIFT_NO;
}

/* Too often: the search ends. */
static bool has_given_up(const struct blocks *b)
{
    return b->selector.gave_up > GAVE_UP_MAX || filter_gave_up(b->selector.filter) > GAVE_UP_MAX;
}

bool blocks_get(struct blocks *b, size_t index, const struct opened *pinned, struct opened **out,
                struct err *err)
{
    *out = NULL;
    struct known_block *k = &b->known[index];
    if (k->has_failed)
        return true;
    if (b->selector.is_canceled && b->selector.is_canceled(b->selector.context))
        return err_set(err, ERR_CANCELED, "the search was canceled");
    for (size_t i = 0; i < KEPT_MAX; i++) {
        if (b->kept[i].used && b->kept[i].index == index)
            *out = &b->kept[i];
    }
    if (!*out && blocks_are_sifted_out(b, index))
        return true;
    if (!*out) {
        struct err why;
        struct opened *o = take_slot(b, pinned);
        count_block(b, k);
        if (!decode_block(b, o, index, &why)) {
            if (why.code == ERR_CANCELED || has_given_up(b)) {
                *err = why;
                return false;
            }
            k->has_failed = true;
            summary_problem(b->summary, "%s", why.text);
            return true;
        }
        note_streams(b, k, o);
        *out = o;
    }
    (*out)->used = ++b->tick;
    return true;
}

void blocks_forget(struct blocks *b)
{
    for (size_t i = 0; b->kept && i < KEPT_MAX; i++)
        opened_free(&b->kept[i]);
}

/* ---- neighbours ---- */

struct units units_of_stream(struct opened *o, size_t stream)
{
    uint32_t start = o->starts[stream];
    return (struct units){o, o->order + start, o->starts[stream + 1] - start};
}

static bool are_of_one_origin(const struct snapshot_block *a, const struct snapshot_block *b)
{
    return a->chunks || b->chunks || hash128_equal(a->origin, b->origin);
}

bool blocks_neighbour(struct blocks *b, size_t index, struct hash128 stream, int step,
                      const struct opened *pinned, struct units *out, struct err *err)
{
    *out = (struct units){0};
    uint64_t bit = UINT64_C(1) << (stream.low & 63);
    const struct snapshot_block *from = &b->known[index].summary;
    for (size_t at = b->known[index].place + (size_t)step; at < b->n; at += (size_t)step) {
        struct known_block *k = &b->known[b->chain[at]];
        if (!are_of_one_origin(from, &k->summary) || (k->streams && !(k->streams & bit)))
            continue;
        struct opened *o;
        if (!blocks_get(b, b->chain[at], pinned, &o, err))
            return false;
        size_t found = o ? opened_find_stream(o, stream) : SIZE_MAX;
        if (found == SIZE_MAX)
            continue;
        *out = units_of_stream(o, found);
        if (out->n)
            return true;
        *out = (struct units){0};
    }
    return true;
}

bool blocks_distance(struct blocks *b, const struct opened *o, struct hash128 stream, int step,
                     uint32_t limit, uint32_t *distance, struct err *err)
{
    uint32_t passed = 0;
    size_t index = o->index;
    *distance = limit + 1;
    while (passed < limit) {
        struct units units;
        if (!blocks_neighbour(b, index, stream, step, o, &units, err))
            return false;
        if (!units.opened)
            return true;
        for (size_t i = 0; i < units.n && passed < limit; i++) {
            uint32_t at = units.list[step > 0 ? i : units.n - 1 - i];
            passed++;
            if (units.opened->units[at].matches) {
                *distance = passed;
                return true;
            }
        }
        index = units.opened->index;
    }
    return true;
}

int64_t units_least_order(const struct units *u, size_t first, size_t n, int64_t least)
{
    for (size_t i = first; i < first + n; i++) {
        const struct unit *unit = &u->opened->units[u->list[i]];
        least = min_of(least, u->opened->block.records[unit->row].order_ns);
    }
    return least;
}

bool blocks_least_order(struct blocks *b, const struct opened *o, struct hash128 stream, int step,
                        size_t limit, int64_t *least, struct err *err)
{
    size_t index = o->index;
    while (limit) {
        struct units u;
        if (!blocks_neighbour(b, index, stream, step, o, &u, err))
            return false;
        if (!u.opened)
            return true;
        size_t n = min_of(u.n, limit);
        *least = units_least_order(&u, step > 0 ? 0 : u.n - n, n, *least);
        limit -= n;
        index = u.opened->index;
    }
    return true;
}

/* ---- setting up ---- */

static bool touches_range(const struct selector *s, const struct snapshot_block *b)
{
    return (s->since_ns == TIME_NONE || b->greatest_event_ns >= s->since_ns) &&
           (s->until_ns == TIME_NONE || b->least_event_ns < s->until_ns);
}

void blocks_init(struct blocks *b)
{
    const struct snapshot *s = b->snapshot;
    b->selector.takes = s->takes;
    b->selector.takes_context = s->context;
    assert(s->n_blocks < UINT32_MAX);
    b->kept = mem_array(struct opened, KEPT_MAX);
    b->known = mem_array(struct known_block, s->n_blocks);
    b->list = mem_array(uint32_t, s->n_blocks);
    b->chain = mem_array(uint32_t, s->n_blocks);
    b->n_needles = b->selector.pattern ? pattern_needles(b->selector.pattern, b->needles) : 0;
    b->selector.needles = b->needles;
    b->selector.n_needles = b->n_needles;
    for (size_t i = 0; i < s->n_blocks; i++) {
        b->known[i].summary = s->block(s->context, i);
        if (touches_range(&b->selector, &b->known[i].summary))
            b->list[b->n++] = (uint32_t)i;
    }
    memcpy(b->chain, b->list, b->n * sizeof *b->chain);
    for (uint32_t i = 0; i < b->n; i++)
        b->known[b->chain[i]].place = i;
}

void blocks_free(struct blocks *b)
{
    blocks_forget(b);
    mem_free(&b->kept);
    mem_free(&b->known);
    mem_free(&b->list);
    mem_free(&b->chain);
    packer_free(&b->packer);
    pattern_close(&b->selector.pattern);
    filter_close(&b->selector.filter);
}
