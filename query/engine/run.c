#include "query/engine/run.h"

#include "base/map.h"
#include "base/mem.h"
#include "query/engine/window.h"

#include <stdlib.h>

enum {
    MEMORY_DEFAULT = 64 << 20,
    KEPT_MAX = 16, /* decoded blocks, with context */
};

/* What is known of a block of the snapshot. */
struct known {
    struct snapshot_block summary;
    uint64_t streams; /* a bit per stream id modulo 64; 0: not opened yet */
    uint32_t place;   /* in run.chain */
    bool is_counted;
    bool has_failed;
};

/* A stream of the run, in its map. */
struct run_stream {
    struct result_stream result; /* .number is NOT_NUMBERED until it is printed */
    bool has_matched;
};
static const uint32_t NOT_NUMBERED = UINT32_MAX;

/* One way through the blocks. */
struct plan {
    bool newest;
    uint32_t before, after;
    bool has_max;
    uint64_t max;
    bool is_final;    /* its results are the answer */
    int64_t least_ns; /* blocks that end before it are left out; TIME_NONE: none are */
    bool (*take)(void *context, const struct result *result);
    void *context;
};

struct run {
    const struct query *query;
    const struct snapshot *snapshot;
    const struct run_options *options;
    struct summary *summary;
    struct err *err;
    struct selector selector;
    struct packer packer;
    struct known *known;
    uint32_t *open_order; /* blocks that touch the time range, as they are opened */
    uint32_t *chain;      /* the same by origin and sequence */
    size_t n_open;
    struct arena arena; /* streams */
    struct map streams; /* id -> struct run_stream */
    uint32_t numbered;
    struct opened *kept; /* KEPT_MAX of them; .used is 0 in those that are empty */
    size_t kept_budget;
    uint64_t tick;
    struct window window;
    uint64_t matched; /* of this plan */
    /* The row that was printed last. */
    const struct run_stream *last_stream;
    struct order_key last_key;
    bool last_at_edge;
};

/* ---- streams ---- */

static struct run_stream *stream_of(struct run *r, const struct block_stream *from)
{
    struct run_stream *s = map_get(&r->streams, MAP_KEY(from->id));
    if (s)
        return s;
    s = arena_new(&r->arena, struct run_stream);
    s->result.id = from->id;
    s->result.number = NOT_NUMBERED;
    s->result.labels.n = from->labels.n;
    s->result.labels.items = arena_array(&r->arena, struct label, from->labels.n);
    for (size_t i = 0; i < from->labels.n; i++) {
        s->result.labels.items[i].name = arena_copy(&r->arena, from->labels.items[i].name);
        s->result.labels.items[i].value = arena_copy(&r->arena, from->labels.items[i].value);
    }
    map_put(&r->streams, MAP_KEY(s->result.id), s);
    return s;
}

static bool has_matched(void *context, struct hash128 id)
{
    const struct run *r = context;
    const struct run_stream *s = map_get(&r->streams, MAP_KEY(id));
    return s && s->has_matched;
}

/* ---- opening blocks ---- */

static bool is_canceled(void *context)
{
    const struct run *r = context;
    return r->options->is_canceled && r->options->is_canceled(r->options->context);
}

/* The slot that was used longest ago, empty ones first. */
static struct opened *oldest_slot(struct run *r, bool empty_too, const struct opened *pinned)
{
    struct opened *oldest = NULL;
    for (size_t i = 0; i < KEPT_MAX; i++) {
        struct opened *o = &r->kept[i];
        if (o != pinned && (empty_too || o->used) && (!oldest || o->used < oldest->used))
            oldest = o;
    }
    return oldest;
}

/* A slot to decode into. Besides the pinned block, only as many are kept as the budget allows. */
static struct opened *take_slot(struct run *r, const struct opened *pinned)
{
    size_t bytes = 0;
    for (size_t i = 0; i < KEPT_MAX; i++)
        bytes += opened_size(&r->kept[i]);
    if (!r->selector.keep_all || bytes < r->kept_budget) {
        struct opened *slot = r->selector.keep_all ? oldest_slot(r, true, pinned) : r->kept;
        slot->used = 0;
        return slot;
    }
    struct opened *slot = NULL;
    for (struct opened *o; bytes >= r->kept_budget && (o = oldest_slot(r, false, pinned));
         slot = o) {
        bytes -= opened_size(o);
        opened_free(o);
    }
    return slot ? slot : oldest_slot(r, true, pinned);
}

static void count_block(struct run *r, struct known *k)
{
    if (k->is_counted)
        return;
    k->is_counted = true;
    r->summary->blocks_read++;
}

static void note_streams(struct run *r, struct known *k, const struct opened *o)
{
    if (k->streams == 0) {
        r->summary->records += o->block.header.records;
        r->summary->bytes += o->block.header.line_bytes;
    }
    for (size_t i = 0; i < o->block.n_streams; i++)
        k->streams |= UINT64_C(1) << (o->block.streams[i].id.low & 63);
}

/* False with ERR_CORRUPT or what the load said: the block is to be skipped. */
static bool decode_block(struct run *r, struct opened *o, size_t index, struct err *err)
{
    buf_reset(&o->bytes);
    o->bytes.max = BLOCK_MAX;
    if (!r->snapshot->load(r->snapshot->context, index, &o->bytes, err))
        return false;
    if (!opened_decode(o, &r->packer, &r->selector, err))
        return false;
    o->index = index;
    return true;
}

/* *out is NULL for a block that cannot be read (invariant 3). False: the search has ended. */
static bool open_block(struct run *r, size_t index, const struct opened *pinned,
                       struct opened **out)
{
    *out = NULL;
    struct known *k = &r->known[index];
    if (k->has_failed)
        return true;
    if (is_canceled(r))
        return err_set(r->err, ERR_CANCELED, "the search was canceled");
    for (size_t i = 0; i < KEPT_MAX; i++) {
        if (r->kept[i].used && r->kept[i].index == index)
            *out = &r->kept[i];
    }
    if (!*out) {
        struct err why;
        struct opened *o = take_slot(r, pinned);
        count_block(r, k);
        if (!decode_block(r, o, index, &why)) {
            if (why.code == ERR_LIMIT || why.code == ERR_CANCELED) {
                *r->err = why;
                return false;
            }
            k->has_failed = true;
            summary_problem(r->summary, "%s", why.text);
            return true;
        }
        note_streams(r, k, o);
        *out = o;
    }
    (*out)->used = ++r->tick;
    return true;
}

static void forget_opened(struct run *r)
{
    for (size_t i = 0; r->kept && i < KEPT_MAX; i++)
        opened_free(&r->kept[i]);
}

/* ---- neighbours ---- */

/* A stream's units in one opened block. */
struct units {
    struct opened *opened; /* NULL: there is none */
    const uint32_t *list;  /* indexes into opened->units, in the order of the block */
    size_t n;
};

static struct units units_of(struct opened *o, size_t stream)
{
    uint32_t start = o->starts[stream];
    return (struct units){o, o->order + start, o->starts[stream + 1] - start};
}

/* The nearest block after (step 1) or before (-1) this one in its origin with units of the stream. */
static bool find_neighbour(struct run *r, size_t index, struct hash128 stream, int step,
                           const struct opened *pinned, struct units *out)
{
    *out = (struct units){0};
    uint64_t bit = UINT64_C(1) << (stream.low & 63);
    struct hash128 origin = r->known[index].summary.origin;
    for (size_t at = r->known[index].place + (size_t)step; at < r->n_open; at += (size_t)step) {
        struct known *k = &r->known[r->chain[at]];
        if (!hash128_equal(k->summary.origin, origin))
            return true;
        if (k->streams && !(k->streams & bit))
            continue;
        struct opened *o;
        if (!open_block(r, r->chain[at], pinned, &o))
            return false;
        size_t found = o ? opened_find_stream(o, stream) : SIZE_MAX;
        if (found == SIZE_MAX)
            continue;
        *out = units_of(o, found);
        if (out->n)
            return true;
        *out = (struct units){0};
    }
    return true;
}

/* How many units beyond the edge of its block the stream's next match in that direction is: 1 = the
 * first; limit + 1 = none up to the limit. */
static bool measure_match(struct run *r, const struct opened *o, struct hash128 stream, int step,
                          uint32_t limit, uint32_t *distance)
{
    uint32_t passed = 0;
    size_t index = o->index;
    *distance = limit + 1;
    while (passed < limit) {
        struct units units;
        if (!find_neighbour(r, index, stream, step, o, &units))
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

/* ---- selecting ---- */

/* Marks each unit that is a match or in the context of one. */
static bool select_with_context(struct run *r, const struct plan *plan, const struct units *u,
                                struct hash128 stream, bool *selected)
{
    const struct unit *units = u->opened->units;
    uint32_t since, until;
    if (!measure_match(r, u->opened, stream, -1, plan->after, &since) ||
        !measure_match(r, u->opened, stream, 1, plan->before, &until))
        return false;
    for (size_t i = 0; i < u->n; i++) {
        since = units[u->list[i]].matches ? 0 : since;
        selected[i] = since <= plan->after;
        since += since <= plan->after;
    }
    for (size_t i = u->n; i-- > 0;) {
        until = units[u->list[i]].matches ? 0 : until;
        selected[i] = selected[i] || until <= plan->before;
        until += until <= plan->before;
    }
    return true;
}

static bool is_wanted(const struct run *r, const struct order_key *key,
                      const struct order_key *start)
{
    return window_wants(&r->window, key) && !(start && window_is_before(&r->window, key, start));
}

/* The group of u's units first..last, if its key is in this pass. */
static bool add_group(struct run *r, const struct units *u, size_t first, size_t last,
                      struct run_stream *stream, const struct order_key *start)
{
    bool newest = r->window.newest;
    const uint32_t *list = u->list + (newest ? last : first);
    struct order_key key = opened_key(u->opened, &u->opened->units[*list]);
    if (!is_wanted(r, &key, start))
        return true;
    struct group *group = group_make(u->opened, list, newest ? -1 : 1, last - first + 1);
    group->stream = &stream->result;
    bool low_edge = first == 0, high_edge = last + 1 == u->n;
    group->starts_at_edge = newest ? high_edge : low_edge;
    group->ends_at_edge = newest ? low_edge : high_edge;
    if (group->starts_at_edge) {
        struct units before;
        if (!find_neighbour(r, u->opened->index, stream->result.id, newest ? 1 : -1, u->opened,
                            &before)) {
            mem_free(&group);
            return false;
        }
        group->has_link = before.opened;
        group->link = before.opened ? before.opened->block.header.sequence : 0;
    }
    window_add(&r->window, group);
    return true;
}

static bool add_groups_of_stream(struct run *r, const struct plan *plan, struct opened *o, size_t s,
                                 const struct order_key *start)
{
    struct units u = units_of(o, s);
    if (u.n == 0)
        return true;
    bool *selected = mem_array(bool, u.n);
    bool ok = select_with_context(r, plan, &u, o->block.streams[s].id, selected);
    for (size_t i = 0, end; i < u.n && ok; i = end) {
        for (end = i; end < u.n && selected[end] == selected[i];)
            end++;
        if (selected[i])
            ok = add_group(r, &u, i, end - 1, stream_of(r, &o->block.streams[s]), start);
    }
    mem_free(&selected);
    return ok;
}

/* Without context each match is a group. */
static void add_matches(struct run *r, struct opened *o, const struct order_key *start)
{
    for (uint32_t i = 0; i < o->n_units; i++) {
        struct order_key key = opened_key(o, &o->units[i]);
        if (!is_wanted(r, &key, start))
            continue;
        struct group *group = group_make(o, &i, 1, 1);
        uint32_t stream = o->block.records[o->units[i].row].stream;
        group->stream = &stream_of(r, &o->block.streams[stream])->result;
        window_add(&r->window, group);
    }
}

static bool add_block(struct run *r, const struct plan *plan, size_t index,
                      const struct order_key *start)
{
    struct opened *o;
    if (!open_block(r, index, NULL, &o))
        return false;
    if (!o)
        return true;
    if (!r->selector.keep_all) {
        add_matches(r, o, start);
        return true;
    }
    for (size_t s = 0; s < o->block.n_streams; s++) {
        if (!add_groups_of_stream(r, plan, o, s, start))
            return false;
    }
    return true;
}

/* ---- printing ---- */

static bool print_row(struct run *r, const struct plan *plan, const struct group *g,
                      const struct group_row *row, bool goes_on)
{
    struct run_stream *s = container_of(g->stream, struct run_stream, result);
    if (plan->is_final && s->result.number == NOT_NUMBERED)
        s->result.number = r->numbered++;
    struct result result = {.stream = &s->result,
                            .origin = g->key.origin,
                            .sequence = g->key.sequence,
                            .position = row->position,
                            .line_number = row->line_number,
                            .order_ns = row->order_ns,
                            .event_ns = row->event_ns,
                            .flags = row->flags,
                            .level = row->level,
                            .id_kind = row->id_kind,
                            .is_match = row->is_match,
                            .goes_on = goes_on,
                            .id = row->id,
                            .fields = row->fields,
                            .line = row->line};
    r->matched += row->is_match;
    r->last_stream = s;
    r->last_key = g->key;
    return plan->take(plan->context, &result) ||
           err_set(r->err, ERR_CANCELED, "the search was canceled");
}

static bool is_full(const struct run *r, const struct plan *plan)
{
    return plan->has_max && r->matched >= plan->max;
}

/* After the last match that max allows: its context in the blocks that follow (invariant 5). */
static bool print_rest(struct run *r, const struct plan *plan, const struct group *g, uint32_t left)
{
    int step = plan->newest ? -1 : 1;
    size_t index = g->block;
    while (left) {
        struct units u;
        if (!find_neighbour(r, index, g->stream->id, step, NULL, &u))
            return false;
        size_t n = 0;
        while (n < u.n && n < left &&
               !u.opened->units[u.list[plan->newest ? u.n - 1 - n : n]].matches)
            n++;
        if (n == 0)
            return true;
        struct group *more = group_make(u.opened, u.list + (plan->newest ? u.n - 1 : 0), step, n);
        more->stream = g->stream;
        bool ok = true;
        for (size_t i = 0; i < n && ok; i++)
            ok = print_row(r, plan, more, &more->rows[i], true);
        mem_free(&more);
        left -= (uint32_t)n;
        if (!ok || n < u.n)
            return ok;
        index = u.opened->index;
    }
    return true;
}

static bool print_group(struct run *r, const struct plan *plan, const struct group *g)
{
    bool goes_on = g->has_link && r->last_stream && &r->last_stream->result == g->stream &&
                   r->last_at_edge && hash128_equal(r->last_key.origin, g->key.origin) &&
                   r->last_key.sequence == g->link;
    uint32_t after = plan->newest ? plan->before : plan->after, left = after;
    for (uint32_t i = 0; i < g->n_rows; i++) {
        const struct group_row *row = &g->rows[i];
        if (is_full(r, plan) && (row->is_match || left == 0))
            return true;
        if (!print_row(r, plan, g, row, i ? true : goes_on))
            return false;
        left = row->is_match ? after : left - (left > 0);
    }
    r->last_at_edge = g->ends_at_edge;
    return is_full(r, plan) && g->ends_at_edge && after ? print_rest(r, plan, g, left) : true;
}

/* Everything that comes before `bound` (TIME_NONE: everything). */
static bool print_until(struct run *r, const struct plan *plan, int64_t bound)
{
    while (window_first(&r->window) && !is_full(r, plan)) {
        int64_t order = window_first(&r->window)->key.order_ns;
        if (bound != TIME_NONE && (plan->newest ? order <= bound : order >= bound))
            return true;
        struct group *group = window_take(&r->window);
        bool ok = print_group(r, plan, group);
        mem_free(&group);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- passes ---- */

static int64_t near_end(const struct run *r, const struct plan *plan, size_t at)
{
    const struct snapshot_block *b = &r->known[r->open_order[at]].summary;
    return plan->newest ? b->greatest_order_ns : b->least_order_ns;
}

/* Whether the block can hold nothing from `start` on. */
static bool is_passed(const struct run *r, const struct plan *plan, size_t at,
                      const struct order_key *start)
{
    const struct snapshot_block *b = &r->known[r->open_order[at]].summary;
    if (plan->least_ns != TIME_NONE && b->greatest_order_ns < plan->least_ns)
        return true;
    if (!start)
        return false;
    return plan->newest ? b->least_order_ns > start->order_ns
                        : b->greatest_order_ns < start->order_ns;
}

/* From `start` on (NULL: all) up to the floor of the window, or the end. */
static bool run_pass(struct run *r, const struct plan *plan, const struct order_key *start)
{
    for (size_t at = 0; at < r->n_open && !is_full(r, plan); at++) {
        if (is_passed(r, plan, at, start))
            continue;
        int64_t bound = near_end(r, plan, at);
        int64_t floor = r->window.floor.order_ns;
        if (r->window.has_floor && (plan->newest ? bound < floor : bound > floor))
            break;
        if (!print_until(r, plan, bound))
            return false;
        if (!is_full(r, plan) && !add_block(r, plan, r->open_order[at], start))
            return false;
    }
    return print_until(r, plan, TIME_NONE);
}

static int by_least(const void *a, const void *b, void *known)
{
    const struct known *k = known;
    int64_t x = k[*(const uint32_t *)a].summary.least_order_ns;
    int64_t y = k[*(const uint32_t *)b].summary.least_order_ns;
    return (x > y) - (x < y);
}

static int by_greatest(const void *a, const void *b, void *known)
{
    const struct known *k = known;
    int64_t x = k[*(const uint32_t *)a].summary.greatest_order_ns;
    int64_t y = k[*(const uint32_t *)b].summary.greatest_order_ns;
    return (x < y) - (x > y);
}

static int by_chain(const void *a, const void *b, void *known)
{
    const struct known *k = known;
    const struct snapshot_block *x = &k[*(const uint32_t *)a].summary;
    const struct snapshot_block *y = &k[*(const uint32_t *)b].summary;
    int order = hash128_compare(x->origin, y->origin);
    return order ? order : (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* All passes of one plan. */
static bool run_plan(struct run *r, const struct plan *plan)
{
    forget_opened(r);
    window_reset(&r->window);
    r->window.newest = plan->newest;
    r->matched = 0;
    r->last_stream = NULL;
    r->selector.keep_all = plan->before || plan->after;
    qsort_r(r->open_order, r->n_open, sizeof *r->open_order, plan->newest ? by_greatest : by_least,
            r->known);
    struct order_key start;
    const struct order_key *from = NULL;
    do {
        if (from) {
            start = r->window.floor;
            window_reset(&r->window);
        }
        if (!run_pass(r, plan, from))
            return false;
        from = &start;
    } while (r->window.has_floor && !is_full(r, plan));
    return true;
}

/* ---- last=N ---- */

struct lowest {
    struct order_key key; /* of the match printed last: the oldest, as all is mirrored */
    int64_t least_ns;     /* of all rows */
};

static bool take_lowest(void *context, const struct result *result)
{
    struct lowest *l = context;
    if (result->is_match)
        l->key = (struct order_key){.order_ns = result->order_ns,
                                    .stream = result->stream->id,
                                    .origin = result->origin,
                                    .sequence = result->sequence,
                                    .position = result->position,
                                    .line_number = result->line_number};
    l->least_ns = min_of(l->least_ns, result->order_ns);
    return true;
}

/* Finds the oldest of the newest N matches without context, then where their context begins. */
static bool find_last(struct run *r, struct plan *plan)
{
    struct lowest lowest = {.least_ns = INT64_MAX};
    struct plan back = {.newest = true,
                        .has_max = true,
                        .max = r->query->last,
                        .least_ns = TIME_NONE,
                        .take = take_lowest,
                        .context = &lowest};
    if (!run_plan(r, &back))
        return false;
    if (r->matched == 0)
        plan->has_max = true; /* of none */
    r->selector.has_oldest = r->matched > 0;
    r->selector.oldest = lowest.key;
    back.before = plan->before;
    back.after = plan->after;
    if (plan->before && r->matched && !run_plan(r, &back))
        return false;
    plan->least_ns = lowest.least_ns;
    return true;
}

/* ---- kinds of answers ---- */

static bool answer_records(struct run *r)
{
    const struct query *q = r->query;
    struct plan plan = {.newest = q->newest,
                        .before = q->before,
                        .after = q->after,
                        .has_max = q->has_max,
                        .max = q->max,
                        .least_ns = TIME_NONE,
                        .is_final = true,
                        .take = r->options->take,
                        .context = r->options->context};
    if ((q->last && !find_last(r, &plan)) || !run_plan(r, &plan))
        return false;
    r->summary->matched = r->matched;
    return true;
}

static bool answer_count(struct run *r)
{
    const struct query *q = r->query;
    uint64_t most = q->has_max ? q->max : q->last ? q->last : UINT64_MAX;
    for (size_t i = 0; i < r->n_open && r->matched < most; i++) {
        struct opened *o;
        if (!open_block(r, r->open_order[i], NULL, &o))
            return false;
        r->matched += o ? o->n_units : 0;
    }
    r->summary->matched = min_of(r->matched, most);
    return true;
}

static int by_labels(const void *a, const void *b)
{
    const struct labels *x = &(*(struct result_stream *const *)a)->labels;
    const struct labels *y = &(*(struct result_stream *const *)b)->labels;
    for (size_t i = 0; i < x->n && i < y->n; i++) {
        int order = str_compare(x->items[i].name, y->items[i].name);
        if (order == 0)
            order = str_compare(x->items[i].value, y->items[i].value);
        if (order)
            return order;
    }
    return (x->n > y->n) - (x->n < y->n);
}

static bool list_streams(struct run *r, struct result_stream **list, size_t n)
{
    if (n)
        qsort(list, n, sizeof(struct result_stream *), by_labels);
    for (size_t i = 0; i < n; i++) {
        list[i]->number = (uint32_t)i;
        struct result result = {.stream = list[i], .is_listed = true};
        if (!r->options->take(r->options->context, &result))
            return err_set(r->err, ERR_CANCELED, "the search was canceled");
    }
    return true;
}

static size_t gather_matched(struct run *r, struct result_stream **list)
{
    size_t n = 0;
    map_each (&r->streams, entry) {
        struct run_stream *s = entry->value;
        list[n++] = &s->result;
    }
    return n;
}

static size_t gather_others(struct run *r, struct result_stream **list)
{
    size_t n = 0;
    for (size_t i = 0; i < r->snapshot->n_streams; i++) {
        const struct labels *labels = r->snapshot->streams[i];
        struct hash128 id = stream_id(labels);
        if (has_matched(r, id) || !filter_takes_stream(r->selector.filter, labels))
            continue;
        struct result_stream *s = arena_new(&r->arena, struct result_stream);
        *s = (struct result_stream){.id = id, .labels = *labels};
        list[n++] = s;
    }
    return n;
}

static bool answer_streams(struct run *r)
{
    r->selector.is_done = has_matched;
    for (size_t i = 0; i < r->n_open; i++) {
        struct opened *o;
        if (!open_block(r, r->open_order[i], NULL, &o))
            return false;
        for (size_t u = 0; o && u < o->n_units; u++) {
            uint32_t stream = o->block.records[o->units[u].row].stream;
            stream_of(r, &o->block.streams[stream])->has_matched = true;
        }
    }
    r->summary->matched = r->summary->streams = r->streams.n;
    size_t room = max_of(r->streams.n, r->snapshot->n_streams);
    struct result_stream **list = mem_array(struct result_stream *, room);
    size_t n = r->query->want == WANT_OTHERS ? gather_others(r, list) : gather_matched(r, list);
    bool ok = list_streams(r, list, n);
    mem_free(&list);
    return ok;
}

/* ---- setting up ---- */

static bool touches_range(const struct query *q, const struct snapshot_block *b)
{
    return (q->since_ns == TIME_NONE || b->greatest_event_ns >= q->since_ns) &&
           (q->until_ns == TIME_NONE || b->least_event_ns < q->until_ns);
}

static void look_around(struct run *r)
{
    const struct snapshot *s = r->snapshot;
    assert(s->n_blocks < UINT32_MAX);
    r->known = mem_array(struct known, s->n_blocks);
    r->open_order = mem_array(uint32_t, s->n_blocks);
    r->chain = mem_array(uint32_t, s->n_blocks);
    for (size_t i = 0; i < s->n_blocks; i++) {
        r->known[i].summary = s->block(s->context, i);
        if (touches_range(r->query, &r->known[i].summary))
            r->open_order[r->n_open++] = (uint32_t)i;
    }
    memcpy(r->chain, r->open_order, r->n_open * sizeof *r->chain);
    qsort_r(r->chain, r->n_open, sizeof *r->chain, by_chain, r->known);
    for (uint32_t i = 0; i < r->n_open; i++)
        r->known[r->chain[i]].place = i;
}

static bool compile(struct run *r)
{
    const struct query *q = r->query;
    struct selector *s = &r->selector;
    s->since_ns = q->since_ns;
    s->until_ns = q->until_ns;
    s->lines = q->options.lines;
    s->needs_text = q->want == WANT_RECORDS;
    s->is_canceled = is_canceled;
    s->context = r;
    if (q->n_patterns &&
        !pattern_compile(&s->pattern, q->patterns, q->n_patterns, q->options, r->err))
        return false;
    return filter_compile(&s->filter, q->filters, q->n_filters, r->snapshot->streams,
                          r->snapshot->n_streams, r->err);
}

static bool answer(struct run *r)
{
    switch (r->query->want) {
    case WANT_RECORDS:
        return answer_records(r);
    case WANT_COUNT:
        return answer_count(r);
    default:
        return answer_streams(r);
    }
}

static void free_run(struct run *r)
{
    forget_opened(r);
    mem_free(&r->kept);
    window_free(&r->window);
    packer_free(&r->packer);
    pattern_close(&r->selector.pattern);
    filter_close(&r->selector.filter);
    map_free(&r->streams);
    arena_free(&r->arena);
    mem_free(&r->known);
    mem_free(&r->open_order);
    mem_free(&r->chain);
}

bool query_run(const struct query *query, const struct snapshot *snapshot,
               const struct run_options *options, struct summary *summary, struct err *err)
{
    defer(free_run) struct run r = {
        .query = query, .snapshot = snapshot, .options = options, .summary = summary, .err = err};
    summary->complete = true;
    if (!query_check(query, err) || !compile(&r))
        return false;
    size_t memory = options->memory ? options->memory : MEMORY_DEFAULT;
    r.window.budget = memory - memory / 4;
    r.kept_budget = memory / 4;
    r.kept = mem_array(struct opened, KEPT_MAX);
    look_around(&r);
    bool ok = answer(&r);
    summary->blocks_skipped = snapshot->n_blocks - summary->blocks_read;
    if (r.selector.gave_up)
        summary_problem(summary, "the pattern was too costly for some lines; they were left out");
    return ok;
}
