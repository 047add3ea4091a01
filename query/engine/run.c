#include "query/engine/run.h"

#include "base/map.h"
#include "base/mem.h"
#include "query/engine/blocks.h"
#include "query/engine/window.h"

#include <stdlib.h>

enum { MEMORY_DEFAULT = 64 << 20 };

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
    const struct run_options *options;
    struct summary *summary;
    struct err *err;
    struct blocks blocks;
    struct arena arena; /* streams */
    struct map streams; /* id -> struct run_stream */
    uint32_t numbered;
    struct window window;
    struct tallies tallies; /* want=tallies */
    uint64_t matched;       /* of this plan */
    /* The row that was printed last. */
    const struct run_stream *last_stream;
    size_t last_block;
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

static bool is_canceled(void *context)
{
    const struct run *r = context;
    return __atomic_load_n(&r->blocks.is_dropping, __ATOMIC_ACQUIRE) ||
           (r->options->is_canceled && r->options->is_canceled(r->options->context));
}

/* ---- selecting ---- */

/* Marks each unit that is a match or in the context of one. */
static bool select_with_context(struct run *r, const struct plan *plan, const struct units *u,
                                struct hash128 stream, bool *selected)
{
    const struct unit *units = u->opened->units;
    uint32_t since, until;
    if (!blocks_distance(&r->blocks, u->opened, stream, -1, plan->after, &since, r->err) ||
        !blocks_distance(&r->blocks, u->opened, stream, 1, plan->before, &until, r->err))
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

/* The group of u's units first..last, which are of stream `stream` of their block. */
static bool add_group(struct run *r, const struct units *u, size_t first, size_t last,
                      size_t stream, struct selection *s)
{
    bool newest = r->window.newest;
    bool low_edge = first == 0, high_edge = last + 1 == u->n;
    struct group *group = selection_group(s, (uint32_t)stream);
    group->starts_at_edge = newest ? high_edge : low_edge;
    group->ends_at_edge = newest ? low_edge : high_edge;
    for (size_t i = first; i <= last; i++)
        selection_unit(s, u->list[newest ? last - (i - first) : i]);
    if (!group->starts_at_edge)
        return true;
    struct units before;
    if (!blocks_neighbour(&r->blocks, u->opened->index, u->opened->block.streams[stream].id,
                          newest ? 1 : -1, u->opened, &before, r->err))
        return false;
    group->has_link = before.opened;
    group->link = before.opened ? (uint32_t)before.opened->index : 0;
    return true;
}

static bool add_groups_of_stream(struct run *r, const struct plan *plan, struct opened *o,
                                 size_t stream, struct selection *s)
{
    struct units u = units_of_stream(o, stream);
    if (u.n == 0)
        return true;
    bool *selected = mem_array(bool, u.n);
    bool ok = select_with_context(r, plan, &u, o->block.streams[stream].id, selected);
    for (size_t i = 0, end; i < u.n && ok; i = end) {
        for (end = i; end < u.n && selected[end] == selected[i];)
            end++;
        if (selected[i])
            ok = add_group(r, &u, i, end - 1, stream, s);
    }
    mem_free(&selected);
    return ok;
}

/* Says of the groups whose they are. */
static void name_streams(struct run *r, const struct opened *o, struct batch *batch)
{
    struct result_stream **named = mem_array(struct result_stream *, o->block.n_streams);
    for (; batch; batch = batch->after)
        for (uint32_t i = 0; i < batch->n_groups; i++) {
            uint32_t in_block = batch->groups[i].in_block;
            if (!named[in_block])
                named[in_block] = &stream_of(r, &o->block.streams[in_block])->result;
            batch->groups[i].stream = named[in_block];
        }
    mem_free(&named);
}

/* *batch is NULL if nothing of the block is selected. */
static bool select_groups(struct run *r, const struct plan *plan, struct opened *o,
                          struct batch **batch)
{
    defer(selection_free) struct selection s = {0};
    for (size_t stream = 0; stream < o->block.n_streams; stream++)
        if (!add_groups_of_stream(r, plan, o, stream, &s))
            return false;
    *batch = batch_make(o, &s, plan->newest);
    return true;
}

static bool add_block(struct run *r, const struct plan *plan, size_t index,
                      const struct order_key *start)
{
    struct opened *o;
    struct batch *batch;
    if (!blocks_get(&r->blocks, index, NULL, &o, r->err))
        return false;
    if (!o)
        return true;
    if (!r->blocks.selector.keep_all)
        batch = blocks_take_batch(&r->blocks);
    else if (!select_groups(r, plan, o, &batch))
        return false;
    name_streams(r, o, batch);
    window_add(&r->window, batch, start);
    return true;
}

/* ---- printing ---- */

static bool is_full(const struct run *r, const struct plan *plan)
{
    return plan->has_max && r->matched >= plan->max;
}

static bool print_row(struct run *r, const struct plan *plan, const struct batch *b,
                      const struct group *g, uint32_t row, bool goes_on)
{
    struct result result = batch_result(b, g, row);
    struct run_stream *s = container_of(g->stream, struct run_stream, result);
    result.is_match = result.is_match && !is_full(r, plan);
    result.goes_on = goes_on;
    if (plan->is_final && s->result.number == NOT_NUMBERED)
        s->result.number = r->numbered++;
    r->matched += result.is_match;
    r->last_stream = s;
    r->last_block = b->block;
    return plan->take(plan->context, &result) ||
           err_set(r->err, ERR_CANCELED, "the search was canceled");
}

static bool print_units(struct run *r, const struct plan *plan, const struct units *u, size_t n)
{
    defer(selection_free) struct selection s = {0};
    const struct opened *o = u->opened;
    selection_group(&s, o->block.records[o->units[u->list[0]].row].stream);
    for (size_t i = 0; i < n; i++)
        selection_unit(&s, u->list[plan->newest ? u->n - 1 - i : i]);
    defer(batch_free) struct batch *batch = batch_make(o, &s, plan->newest);
    name_streams(r, o, batch);
    for (uint32_t i = 0; i < n; i++)
        if (!print_row(r, plan, batch, batch->groups, i, true))
            return false;
    return true;
}

/* After the last match that max allows: its context in the blocks that follow (invariant 5). */
static bool print_rest(struct run *r, const struct plan *plan, const struct batch *b,
                       const struct group *g, uint32_t left)
{
    size_t index = b->block;
    while (left) {
        struct units u;
        if (!blocks_neighbour(&r->blocks, index, g->stream->id, plan->newest ? -1 : 1, NULL, &u,
                              r->err))
            return false;
        size_t n = min_of(u.n, (size_t)left);
        if (n == 0)
            return true;
        if (!print_units(r, plan, &u, n))
            return false;
        left -= (uint32_t)n;
        index = u.opened->index;
    }
    return true;
}

static bool print_group(struct run *r, const struct plan *plan, const struct batch *b,
                        const struct group *g)
{
    bool goes_on = g->has_link && r->last_stream && &r->last_stream->result == g->stream &&
                   r->last_at_edge && r->last_block == g->link;
    uint32_t after = plan->newest ? plan->before : plan->after, left = after;
    for (uint32_t i = 0; i < g->n; i++) {
        bool is_full_before = is_full(r, plan);
        if (is_full_before && left == 0)
            return true;
        if (!print_row(r, plan, b, g, i, i ? true : goes_on))
            return false;
        left = b->rows[g->first + i].is_match && !is_full_before ? after : left - (left > 0);
    }
    r->last_at_edge = g->ends_at_edge;
    return is_full(r, plan) && g->ends_at_edge && after ? print_rest(r, plan, b, g, left) : true;
}

/* Everything that comes before `bound` (TIME_NONE: everything). */
static bool print_until(struct run *r, const struct plan *plan, int64_t bound)
{
    const struct batch *batch;
    const struct group *group;
    while (!is_full(r, plan) && window_first(&r->window, &batch, &group)) {
        int64_t order = group->order_ns;
        if (bound != TIME_NONE && (plan->newest ? order <= bound : order >= bound))
            return true;
        if (!print_group(r, plan, batch, group))
            return false;
        window_pass(&r->window);
    }
    return true;
}

/* ---- passes ---- */

static int64_t near_end(const struct run *r, const struct plan *plan, size_t index)
{
    const struct snapshot_block *b = &r->blocks.known[index].summary;
    return plan->newest ? b->greatest_order_ns : b->least_order_ns;
}

/* Whether the block can hold nothing from `start` on. */
static bool is_passed(const struct run *r, const struct plan *plan, size_t at,
                      const struct order_key *start)
{
    const struct snapshot_block *b = &r->blocks.known[r->blocks.list[at]].summary;
    if (plan->least_ns != TIME_NONE && b->greatest_order_ns < plan->least_ns)
        return true;
    if (!start)
        return false;
    return plan->newest ? b->least_order_ns > start->order_ns
                        : b->greatest_order_ns < start->order_ns;
}

/* Those that can hold something from `start` on, in the order in which they are opened. */
static size_t list_pass(const struct run *r, const struct plan *plan, const struct order_key *start,
                        uint32_t *list)
{
    size_t n = 0;
    for (size_t at = 0; at < r->blocks.n; at++)
        if (!is_passed(r, plan, at, start))
            list[n++] = r->blocks.list[at];
    return n;
}

static bool walk(struct run *r, const struct plan *plan, const struct order_key *start,
                 const uint32_t *list, size_t n)
{
    for (size_t at = 0; at < n && !is_full(r, plan); at++) {
        int64_t bound = near_end(r, plan, list[at]);
        int64_t floor = r->window.floor.order_ns;
        if (r->window.has_floor && (plan->newest ? bound < floor : bound > floor))
            break;
        /* The first ones may be all that is needed. */
        if (!plan->has_max)
            blocks_ahead(&r->blocks, list, n, at);
        if (!print_until(r, plan, bound))
            return false;
        if (is_full(r, plan))
            break;
        if (plan->has_max && at > 0)
            blocks_ahead(&r->blocks, list, n, at);
        if (!add_block(r, plan, list[at], start))
            return false;
    }
    return print_until(r, plan, TIME_NONE);
}

/* From `start` on (NULL: all) up to the floor of the window, or the end. */
static bool run_pass(struct run *r, const struct plan *plan, const struct order_key *start)
{
    uint32_t *list = mem_array(uint32_t, r->blocks.n);
    bool done = walk(r, plan, start, list, list_pass(r, plan, start, list));
    mem_free(&list);
    return done;
}

static int by_least(const void *a, const void *b, void *known)
{
    const struct known_block *k = known;
    int64_t x = k[*(const uint32_t *)a].summary.least_order_ns;
    int64_t y = k[*(const uint32_t *)b].summary.least_order_ns;
    return (x > y) - (x < y);
}

static int by_greatest(const void *a, const void *b, void *known)
{
    const struct known_block *k = known;
    int64_t x = k[*(const uint32_t *)a].summary.greatest_order_ns;
    int64_t y = k[*(const uint32_t *)b].summary.greatest_order_ns;
    return (x < y) - (x > y);
}

/* All passes of one plan. */
static bool run_plan(struct run *r, const struct plan *plan)
{
    blocks_forget(&r->blocks);
    window_reset(&r->window);
    r->window.newest = plan->newest;
    r->matched = 0;
    r->last_stream = NULL;
    r->blocks.selector.keep_all = plan->before || plan->after;
    r->blocks.selector.gathers = true;
    r->blocks.selector.newest = plan->newest;
    qsort_r(r->blocks.list, r->blocks.n, sizeof *r->blocks.list,
            plan->newest ? by_greatest : by_least, r->blocks.known);
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

/* All is mirrored: the match that comes last is the oldest. */
static bool take_oldest(void *context, const struct result *result)
{
    *(struct order_key *)context = result_key(result);
    return true;
}

static bool look_around_matches(struct run *r, const struct plan *plan, struct opened *o,
                                int64_t *least)
{
    for (size_t s = 0; s < o->block.n_streams; s++) {
        struct units u = units_of_stream(o, s);
        bool any = false;
        for (size_t i = 0; i < u.n && !any; i++)
            any = o->units[u.list[i]].matches;
        if (!any)
            continue;
        *least = units_least_order(&u, 0, u.n, *least);
        if (!blocks_least_order(&r->blocks, o, o->block.streams[s].id, -1, plan->before, least,
                                r->err) ||
            !blocks_least_order(&r->blocks, o, o->block.streams[s].id, 1, plan->after, least,
                                r->err))
            return false;
    }
    return true;
}

/* Where the oldest line of context of the last matches can be. */
static bool find_context(struct run *r, struct plan *plan)
{
    blocks_forget(&r->blocks);
    r->blocks.selector.keep_all = true;
    for (size_t at = 0; at < r->blocks.n; at++) {
        struct opened *o;
        size_t index = r->blocks.list[at];
        if (r->blocks.known[index].summary.greatest_order_ns < r->blocks.selector.oldest.order_ns)
            continue;
        if (!blocks_get(&r->blocks, index, NULL, &o, r->err) ||
            (o && !look_around_matches(r, plan, o, &plan->least_ns)))
            return false;
    }
    return true;
}

/* Finds the oldest of the newest N matches without context, then where their context begins. */
static bool find_last(struct run *r, struct plan *plan)
{
    struct plan back = {.newest = true,
                        .has_max = true,
                        .max = r->query->last,
                        .least_ns = TIME_NONE,
                        .take = take_oldest,
                        .context = &r->blocks.selector.oldest};
    if (!run_plan(r, &back))
        return false;
    if (r->matched == 0) {
        plan->has_max = true; /* of none */
        return true;
    }
    r->blocks.selector.has_oldest = true;
    plan->least_ns = r->blocks.selector.oldest.order_ns;
    return plan->before || plan->after ? find_context(r, plan) : true;
}

/* ---- kinds of answers ---- */

static void go_on_behind(struct run *r, struct plan *plan)
{
    struct order_key *oldest = &r->blocks.selector.oldest;
    r->blocks.selector.has_oldest = true;
    *oldest = *r->options->behind;
    if (++oldest->line_number == 0)
        oldest->position++;
    plan->least_ns = oldest->order_ns;
}

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
    if (r->options->behind)
        go_on_behind(r, &plan);
    bool finds_last = q->last && !r->options->behind;
    bool done = (!finds_last || find_last(r, &plan)) && run_plan(r, &plan);
    r->summary->matched = r->matched; /* of what was searched, also if that is not all */
    return done;
}

static bool answer_count(struct run *r)
{
    const struct query *q = r->query;
    uint64_t most = q->has_max ? q->max : q->last ? q->last : UINT64_MAX;
    bool done = true;
    for (size_t i = 0; done && i < r->blocks.n && r->matched < most; i++) {
        struct opened *o = NULL;
        blocks_ahead(&r->blocks, r->blocks.list, r->blocks.n, i);
        done = blocks_get(&r->blocks, r->blocks.list[i], NULL, &o, r->err);
        r->matched += done && o ? o->n_units : 0;
    }
    r->summary->matched = min_of(r->matched, most);
    return done;
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

/* Those of the snapshot's list that the filter takes and that have not matched. */
static size_t gather_others(struct run *r, struct result_stream **list)
{
    size_t n = 0;
    for (size_t i = 0; i < r->blocks.snapshot->n_streams; i++) {
        const struct labels *labels = r->blocks.snapshot->streams[i];
        struct hash128 id = stream_id(labels);
        if (has_matched(r, id) || !filter_takes_stream(r->blocks.selector.filter, labels))
            continue;
        struct result_stream *s = arena_new(&r->arena, struct result_stream);
        *s = (struct result_stream){.id = id, .labels = *labels};
        list[n++] = s;
    }
    return n;
}

bool is_about_streams(const struct query *q, const struct filter *f)
{
    return q->want == WANT_STREAMS && q->patterns.n == 0 && q->since_ns == TIME_NONE &&
           q->until_ns == TIME_NONE && !filter_looks_at_records(f) && !filter_looks_at_lines(f);
}

static bool look_for_streams(struct run *r)
{
    r->blocks.selector.is_done = has_matched;
    for (size_t i = 0; i < r->blocks.n; i++) {
        struct opened *o;
        if (!blocks_get(&r->blocks, r->blocks.list[i], NULL, &o, r->err))
            return false;
        for (size_t u = 0; o && u < o->n_units; u++) {
            uint32_t stream = o->block.records[o->units[u].row].stream;
            stream_of(r, &o->block.streams[stream])->has_matched = true;
        }
    }
    return true;
}

static bool answer_streams(struct run *r)
{
    bool of_list = is_about_streams(r->query, r->blocks.selector.filter);
    if (!of_list && !look_for_streams(r))
        return false;
    size_t room = max_of(r->streams.n, r->blocks.snapshot->n_streams);
    struct result_stream **list = mem_array(struct result_stream *, room);
    bool others = of_list || r->query->want == WANT_OTHERS;
    size_t n = others ? gather_others(r, list) : gather_matched(r, list);
    r->summary->matched = r->summary->streams = of_list ? n : r->streams.n;
    bool ok = list_streams(r, list, n);
    mem_free(&list);
    return ok;
}

static bool give_tallies(struct run *r, struct tallies *t)
{
    const struct tally **sorted = tallies_sorted(t);
    for (size_t i = 0; i < t->by_key.n; i++) {
        struct result result = {.tally = sorted[i], .n_names = t->options.n_names};
        if (!r->options->take(r->options->context, &result))
            return err_set(r->err, ERR_CANCELED, "the search was canceled");
    }
    return true;
}

static bool tally_block(struct run *r, const struct opened *o)
{
    enum { ASK_EVERY = 32 };
    struct tallies *t = &r->tallies;
    tallies_begin_block(t);
    for (size_t u = 0; u < o->n_units && !t->is_full; u++) {
        const struct record *record = &o->block.records[o->units[u].row];
        if (u % ASK_EVERY == 0 && is_canceled(r))
            return err_set(r->err, ERR_CANCELED, "the search was canceled");
        tallies_add(t, &o->block.streams[record->stream].labels, record);
        r->summary->matched++;
    }
    if (tallies_gave_up(t) > GAVE_UP_MAX)
        return err_set(r->err, ERR_LIMIT, "the pattern of the part is too costly");
    return !t->is_full || err_set(r->err, ERR_LIMIT,
                                  "too many different counts for the memory of a search: count "
                                  "by fewer names, or in longer spans");
}

static bool answer_tallies(struct run *r)
{
    struct tallies *t = &r->tallies;
    for (size_t i = 0; i < r->blocks.n; i++) {
        struct opened *o;
        blocks_ahead(&r->blocks, r->blocks.list, r->blocks.n, i);
        if (!blocks_get(&r->blocks, r->blocks.list[i], NULL, &o, r->err))
            return false;
        if (o && !tally_block(r, o))
            return false;
    }
    return give_tallies(r, t);
}

/* ---- setting up ---- */

struct tally_options tally_options_of(const struct query *q)
{
    return (struct tally_options){.names = q->by.items,
                                  .n_names = q->by.n,
                                  .every_ns = (int64_t)q->every_ns,
                                  .shift_ns = q->shift_ns,
                                  .changes = q->changes.items,
                                  .n_changes = q->changes.n,
                                  .measure = q->measure,
                                  .part = q->part.items,
                                  .n_part = q->part.n,
                                  .sample = q->sample};
}

static bool open_tallies(struct run *r, const struct filter_scope *scope)
{
    const struct tally_options options = tally_options_of(r->query);
    if (!tallies_open(&r->tallies, &options, scope, r->err))
        return false;
    r->tallies.memory = r->window.budget;
    r->blocks.selector.needs_text = tallies_read_lines(&r->tallies);
    r->blocks.selector.row_parts = tallies_row_parts(&r->tallies);
    return true;
}

static bool compile(struct run *r)
{
    const struct query *q = r->query;
    struct selector *s = &r->blocks.selector;
    s->since_ns = q->since_ns;
    s->until_ns = q->until_ns;
    s->lines = q->options.lines;
    s->needs_text = q->want == WANT_RECORDS;
    s->counts_only = q->want == WANT_COUNT;
    s->row_parts = q->want == WANT_RECORDS ? CHUNK_ROW_ALL : 0;
    s->is_canceled = is_canceled;
    s->context = r;
    if (!selector_compile(s, q, r->blocks.snapshot, r->err))
        return false;
    const struct filter_scope scope = {.streams = r->blocks.snapshot->streams,
                                       .n_streams = r->blocks.snapshot->n_streams};
    return q->want != WANT_TALLIES || open_tallies(r, &scope);
}

static bool answer(struct run *r)
{
    switch (r->query->want) {
    case WANT_RECORDS:
        return answer_records(r);
    case WANT_COUNT:
        return answer_count(r);
    case WANT_TALLIES:
        return answer_tallies(r);
    default:
        return answer_streams(r);
    }
}

static void free_run(struct run *r)
{
    blocks_free(&r->blocks);
    window_free(&r->window);
    tallies_free(&r->tallies);
    map_free(&r->streams);
    arena_free(&r->arena);
}

bool query_run(const struct query *query, const struct snapshot *snapshot,
               const struct run_options *options, struct summary *summary, struct err *err)
{
    size_t memory = options->memory ? options->memory : MEMORY_DEFAULT;
    defer(free_run) struct run r = {
        .query = query,
        .options = options,
        .summary = summary,
        .err = err,
        .blocks = {.snapshot = snapshot, .query = query, .summary = summary, .budget = memory / 4},
        .window = {.budget = memory - memory / 4},
    };
    summary->complete = true;
    if (!query_check(query, err) || !compile(&r))
        return false;
    blocks_init(&r.blocks, options->helpers, memory / 2);
    bool ok = answer(&r);
    blocks_forget(&r.blocks); /* helpers too */
    summary->blocks_skipped = snapshot->n_blocks - summary->blocks_read;
    if (r.blocks.selector.gave_up || r.blocks.selector.filter_gave_up ||
        filter_gave_up(r.blocks.selector.filter) || tallies_gave_up(&r.tallies))
        summary_problem(summary, "the pattern was too costly for some lines; they were left out");
    return ok;
}
