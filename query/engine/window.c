#include "query/engine/window.h"

#include "base/mem.h"

struct order_key result_key(const struct result *result)
{
    return (struct order_key){.order_ns = result->order_ns,
                              .stream = result->stream->id,
                              .origin = result->origin,
                              .sequence = result->sequence,
                              .position = result->position,
                              .line_number = result->line_number};
}

static bool is_key_before(const struct window *w, const struct order_key *a,
                          const struct order_key *b)
{
    int order = order_key_compare(a, b);
    return w->newest ? order > 0 : order < 0;
}

/* ---- the heap ---- */

static struct order_key next_key(const struct window_item *item)
{
    return batch_key(item->batch, &item->batch->groups[item->next]);
}

static bool is_before(const struct window *w, const struct window_item *a,
                      const struct window_item *b)
{
    if (a->order_ns != b->order_ns)
        return w->newest ? a->order_ns > b->order_ns : a->order_ns < b->order_ns;
    struct order_key left = next_key(a), right = next_key(b);
    return is_key_before(w, &left, &right);
}

static void sift_up(struct window *w, size_t i)
{
    struct window_item item = w->heap[i];
    for (; i && is_before(w, &item, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = item;
}

static void sift_down(struct window *w, size_t i)
{
    struct window_item item = w->heap[i];
    for (size_t child; (child = 2 * i + 1) < w->n; i = child) {
        if (child + 1 < w->n && is_before(w, &w->heap[child + 1], &w->heap[child]))
            child++;
        if (!is_before(w, &w->heap[child], &item))
            break;
        w->heap[i] = w->heap[child];
    }
    w->heap[i] = item;
}

static void push(struct window *w, struct window_item item)
{
    mem_grow(w->heap, w->n, w->capacity);
    item.order_ns = item.batch->groups[item.next].order_ns;
    w->heap[w->n++] = item;
    sift_up(w, w->n - 1);
}

static void drop_piece(struct window *w, struct batch **piece)
{
    struct batch *after = (*piece)->after;
    w->bytes -= (*piece)->size;
    mem_free(piece);
    *piece = after;
}

/* Pieces of which nothing is left are dropped; false: no other is there. */
static bool skip_taken(struct window *w, struct window_item *item)
{
    while (item->batch && item->next == item->batch->n_groups) {
        drop_piece(w, &item->batch);
        item->next = 0;
    }
    return item->batch != NULL;
}

/* ---- the budget ---- */

/* The first group of the piece at or behind the key. */
static uint32_t find(const struct window *w, const struct batch *piece, const struct order_key *key)
{
    uint32_t from = 0, end = piece->n_groups;
    while (from < end) {
        uint32_t middle = from + (end - from) / 2;
        struct order_key at = batch_key(piece, &piece->groups[middle]);
        if (is_key_before(w, &at, key))
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

static void cut(struct window *w, struct batch *piece, uint32_t end)
{
    piece->n_groups = end;
    while (piece->after)
        drop_piece(w, &piece->after);
}

/* The next group of a copy of the heap, which is taken while nothing is dropped. */
static void look_ahead(struct window *ahead)
{
    struct window_item *first = &ahead->heap[0];
    first->next++;
    while (first->batch && first->next == first->batch->n_groups) {
        first->batch = first->batch->after;
        first->next = 0;
    }
    if (first->batch)
        first->order_ns = first->batch->groups[first->next].order_ns;
    else
        *first = ahead->heap[--ahead->n];
    if (ahead->n)
        sift_down(ahead, 0);
}

/* Invariant 1. */
static void set_floor(struct window *w)
{
    struct window ahead = {.n = w->n, .newest = w->newest};
    size_t kept = 0, n = w->n;
    ahead.heap = mem_array(struct window_item, n);
    memcpy(ahead.heap, w->heap, n * sizeof *ahead.heap);
    while (ahead.n && (kept == 0 || kept <= w->budget / 2)) {
        const struct window_item *first = &ahead.heap[0];
        kept += group_size(first->batch, &first->batch->groups[first->next]);
        look_ahead(&ahead);
    }
    if (ahead.n) {
        w->floor = next_key(&ahead.heap[0]);
        w->has_floor = true;
    }
    for (size_t i = 0; i < ahead.n; i++)
        cut(w, ahead.heap[i].batch, ahead.heap[i].next);
    mem_free(&ahead.heap);
    w->n = 0;
    for (size_t i = 0; i < n; i++) {
        struct window_item item = w->heap[i];
        if (skip_taken(w, &item))
            push(w, item);
    }
}

/* ---- in and out ---- */

void window_add(struct window *w, struct batch *batch, const struct order_key *from)
{
    struct window_item item = {.batch = batch};
    for (const struct batch *piece = batch; piece; piece = piece->after)
        w->bytes += piece->size;
    while (from && item.batch && (item.next = find(w, item.batch, from)) == item.batch->n_groups)
        drop_piece(w, &item.batch);
    for (struct batch *piece = item.batch; w->has_floor && piece; piece = piece->after) {
        uint32_t end = find(w, piece, &w->floor);
        if (end < piece->n_groups)
            cut(w, piece, end);
    }
    if (!skip_taken(w, &item))
        return;
    push(w, item);
    if (w->bytes > w->budget)
        set_floor(w);
}

bool window_first(const struct window *w, const struct batch **batch, const struct group **group)
{
    if (w->n == 0)
        return false;
    *batch = w->heap[0].batch;
    *group = &(*batch)->groups[w->heap[0].next];
    return true;
}

void window_pass(struct window *w)
{
    assert(w->n);
    struct window_item *first = &w->heap[0];
    first->next++;
    if (skip_taken(w, first))
        first->order_ns = first->batch->groups[first->next].order_ns;
    else
        *first = w->heap[--w->n];
    if (w->n)
        sift_down(w, 0);
}

void window_reset(struct window *w)
{
    for (size_t i = 0; i < w->n; i++)
        batch_free(&w->heap[i].batch);
    w->n = w->bytes = 0;
    w->has_floor = false;
}

void window_free(struct window *w)
{
    window_reset(w);
    mem_free(&w->heap);
    w->capacity = 0;
}
