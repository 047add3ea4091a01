#include "query/engine/blocks.h"

#include "base/mem.h"

enum { KEPT_MAX = 16 };

_Static_assert((int)PATTERN_SCAN_MAX <= (int)SIFT_NEEDLES_MAX, "each needle has a bit");

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

/* A place to keep one. Besides the pinned block, only as many are kept as the budget allows. */
static struct opened *take_slot(struct blocks *b, const struct opened *pinned)
{
    size_t bytes = 0;
    for (size_t i = 0; i < KEPT_MAX; i++)
        bytes += opened_size(&b->kept[i]);
    if (bytes < b->budget)
        return oldest_slot(b, true, pinned);
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

bool blocks_are_sifted_out(struct blocks *b, size_t index)
{
    const struct snapshot *s = b->snapshot;
    struct known_block *k = &b->known[index];
    struct err err;
    if (b->n_needles == 0 || !s->sift || b->selector.keep_all)
        return false;
    if (!k->is_sifted && !s->sift(s->context, index, b->needles, b->n_needles, &k->may, &err))
        k->sift_damage = arena_text(&b->arena, str_from(err.text));
    k->is_sifted = true;
    return k->may == 0;
}

/* What was found out by sifting counts when the block is asked for. */
static void tell_sift(struct blocks *b, struct known_block *k)
{
    if (!k->is_sifted || k->is_sift_told)
        return;
    k->is_sift_told = true;
    b->summary->blocks_sifted += k->may == 0;
    if (k->sift_damage)
        summary_problem(b->summary, "%s; everything was searched without it", k->sift_damage);
}

/* For a block that is opened next. */
static const struct selector *selector_for(struct blocks *b, const struct known_block *k)
{
    b->selector.may = k->is_sifted ? k->may : SIFT_ALL;
    return &b->selector;
}

static struct opened *find_kept(struct blocks *b, size_t index)
{
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (b->kept[i].used && b->kept[i].index == index)
            return &b->kept[i];
    return NULL;
}

/* What else came of opening it. False: the search has ended. */
static bool take_notes(struct blocks *b, struct known_block *k, const struct opener *o,
                       struct err *err)
{
    struct selector *s = &b->selector;
    s->gave_up += o->selector.gave_up - o->gave_up_before;
    s->filter_gave_up += o->selector.filter_gave_up - o->filter_gave_up_before;
    for (size_t i = 0; i < o->notes.n_problems && !k->is_named; i++)
        summary_problem(b->summary, "%.*s", STR_ARG(o->notes.problems[i]));
    k->is_named = k->is_named || o->notes.n_problems;
    if (o->is_over) {
        *err = o->err;
        return false;
    }
    if (o->good)
        return s->gave_up <= GAVE_UP_MAX && s->filter_gave_up <= GAVE_UP_MAX ? true
                                                                             : refuse_costly(err);
    k->has_failed = true;
    summary_problem(b->summary, "%s", o->err.text);
    return true;
}

/* It is kept for as long as there is room, and what was kept there goes to where it was opened. */
static struct opened *keep(struct blocks *b, struct opener *o, const struct opened *pinned)
{
    struct opened *slot = take_slot(b, pinned);
    struct opened before = *slot;
    *slot = o->opened;
    o->opened = before;
    slot->used = ++b->tick;
    return slot;
}

static bool is_canceled(const struct blocks *b)
{
    return b->selector.is_canceled && b->selector.is_canceled(b->selector.context);
}

bool blocks_get(struct blocks *b, size_t index, const struct opened *pinned, struct opened **out,
                struct err *err)
{
    *out = NULL;
    struct known_block *k = &b->known[index];
    if (k->has_failed)
        return true;
    if (is_canceled(b))
        return err_set(err, ERR_CANCELED, "the search was canceled");
    *out = find_kept(b, index);
    if (*out) {
        (*out)->used = ++b->tick;
        return true;
    }
    bool is_out = blocks_are_sifted_out(b, index);
    tell_sift(b, k);
    if (is_out)
        return true;
    count_block(b, k);
    struct opener *o = ahead_take(&b->ahead, index, k->summary.chunks, selector_for(b, k));
    if (!take_notes(b, k, o, err))
        return false;
    if (!o->good)
        return true;
    note_streams(b, k, &o->opened);
    *out = b->selector.keep_all ? keep(b, o, pinned) : &o->opened;
    b->batch = move(o->batch);
    return true;
}

struct batch *blocks_take_batch(struct blocks *b)
{
    return move(b->batch);
}

void blocks_ahead(struct blocks *b, const uint32_t *list, size_t n, size_t at)
{
    ahead_release(&b->ahead);
    b->offered = at ? max_of(b->offered, at) : 0;
    for (; b->offered < n && b->ahead.helpers && !is_canceled(b); b->offered++) {
        size_t index = list[b->offered];
        const struct known_block *k = &b->known[index];
        if (k->has_failed || find_kept(b, index) || ahead_has(&b->ahead, index) ||
            blocks_are_sifted_out(b, index))
            continue;
        if (!ahead_offer(&b->ahead, index, k->summary.chunks, selector_for(b, k)))
            return;
    }
}

/* What helpers are at is canceled. */
static void drop_ahead(struct blocks *b)
{
    __atomic_store_n(&b->is_dropping, true, __ATOMIC_RELEASE);
    ahead_drop(&b->ahead);
    b->offered = 0;
    __atomic_store_n(&b->is_dropping, false, __ATOMIC_RELEASE);
    batch_free(&b->batch);
}

void blocks_forget(struct blocks *b)
{
    drop_ahead(b);
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

void blocks_init(struct blocks *b, struct helpers *helpers, size_t limit)
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
    ahead_init(&b->ahead, s, b->query, helpers, limit);
}

void blocks_free(struct blocks *b)
{
    blocks_forget(b);
    mem_free(&b->kept);
    mem_free(&b->known);
    mem_free(&b->list);
    mem_free(&b->chain);
    ahead_free(&b->ahead);
    arena_free(&b->arena);
    pattern_close(&b->selector.pattern);
    filter_close(&b->selector.filter);
}
