#include "query/engine/window.h"

#include "base/mem.h"

#include <stdlib.h>

struct order_key result_key(const struct result *result)
{
    return (struct order_key){.order_ns = result->order_ns,
                              .stream = result->stream->id,
                              .origin = result->origin,
                              .sequence = result->sequence,
                              .position = result->position,
                              .line_number = result->line_number};
}

bool window_is_before(const struct window *w, const struct order_key *a, const struct order_key *b)
{
    int order = order_key_compare(a, b);
    return w->newest ? order > 0 : order < 0;
}

bool window_wants(const struct window *w, const struct order_key *key)
{
    return !w->has_floor || window_is_before(w, key, &w->floor);
}

/* ---- groups ---- */

static struct str copy_to(char **at, struct str s)
{
    if (s.len)
        memcpy(*at, s.ptr, s.len);
    struct str copy = str_of(*at, s.len);
    *at += s.len;
    return copy;
}

static struct str text_of(const struct opened *o, const struct unit *unit)
{
    if (!o->block.lines.ptr)
        return STR("");
    return str_of(o->block.lines.ptr + unit->offset, unit->len);
}

/* A physical line of a record is no part of a longer one, unless it is all there is. */
static uint16_t flags_of(const struct record *record, const struct unit *unit)
{
    enum { PARTS = RECORD_PART_FIRST | RECORD_PART_MIDDLE | RECORD_PART_LAST };
    return (uint16_t)(unit->len == record->line.len ? record->flags : record->flags & ~PARTS);
}

struct group *group_make(const struct opened *o, const uint32_t *list, int step, size_t n)
{
    size_t size = sizeof(struct group) + n * sizeof(struct group_row);
    size_t head = size;
    for (size_t i = 0; i < n; i++) {
        const struct unit *unit = &o->units[*(list + (ptrdiff_t)i * step)];
        const struct record *record = &o->block.records[unit->row];
        size += record->id.len + record->fields.len + text_of(o, unit).len;
    }
    struct group *group = mem_alloc_raw(size);
    char *at = (char *)group + head;
    *group = (struct group){.block = o->index, .size = size, .n_rows = (uint32_t)n};
    for (size_t i = 0; i < n; i++) {
        const struct unit *unit = &o->units[*(list + (ptrdiff_t)i * step)];
        const struct record *record = &o->block.records[unit->row];
        group->rows[i] = (struct group_row){.key = opened_key(o, unit),
                                            .event_ns = record->event_ns,
                                            .id = copy_to(&at, record->id),
                                            .fields = copy_to(&at, record->fields),
                                            .line = copy_to(&at, text_of(o, unit)),
                                            .flags = flags_of(record, unit),
                                            .level = record->level,
                                            .id_kind = record->id_kind,
                                            .is_match = unit->matches};
    }
    group->key = group->rows[0].key;
    return group;
}

/* ---- the heap ---- */

static bool is_earlier(const struct window *w, size_t a, size_t b)
{
    return window_is_before(w, &w->heap[a]->key, &w->heap[b]->key);
}

static void swap(struct window *w, size_t a, size_t b)
{
    struct group *kept = w->heap[a];
    w->heap[a] = w->heap[b];
    w->heap[b] = kept;
}

static void sift_up(struct window *w, size_t i)
{
    while (i && is_earlier(w, i, (i - 1) / 2)) {
        swap(w, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void sift_down(struct window *w, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < w->n; i = child) {
        if (child + 1 < w->n && is_earlier(w, child + 1, child))
            child++;
        if (!is_earlier(w, child, i))
            return;
        swap(w, i, child);
    }
}

static int oldest_first(const void *a, const void *b)
{
    const struct group *const *x = a, *const *y = b;
    return order_key_compare(&(*x)->key, &(*y)->key);
}

static int newest_first(const void *a, const void *b)
{
    return oldest_first(b, a);
}

/* Invariant 1. A sorted array is a heap. */
static void throw_away(struct window *w)
{
    qsort(w->heap, w->n, sizeof *w->heap, w->newest ? newest_first : oldest_first);
    while (w->n > 1 && w->bytes > w->budget / 2) {
        struct group *last = w->heap[--w->n];
        w->bytes -= last->size;
        w->floor = last->key;
        w->has_floor = true;
        mem_free(&last);
    }
}

void window_add(struct window *w, struct group *group)
{
    mem_grow(w->heap, w->n, w->capacity);
    w->heap[w->n++] = group;
    w->bytes += group->size + sizeof group;
    group->size += sizeof group;
    sift_up(w, w->n - 1);
    if (w->bytes > w->budget && w->n > 1)
        throw_away(w);
}

const struct group *window_first(const struct window *w)
{
    return w->n ? w->heap[0] : NULL;
}

struct group *window_take(struct window *w)
{
    assert(w->n);
    struct group *first = w->heap[0];
    w->heap[0] = w->heap[--w->n];
    sift_down(w, 0);
    w->bytes -= first->size;
    return first;
}

void window_reset(struct window *w)
{
    for (size_t i = 0; i < w->n; i++)
        mem_free(&w->heap[i]);
    w->n = w->bytes = 0;
    w->has_floor = false;
}

void window_free(struct window *w)
{
    window_reset(w);
    mem_free(&w->heap);
    w->capacity = 0;
}
