#include "base/mem.h"
#include "collector/store/store_private.h"

#include <stdio.h>
#include <stdlib.h>

static int by_age(const void *a, const void *b)
{
    return store_segment_compare(((const struct view_segment *)a)->segment,
                                 ((const struct view_segment *)b)->segment);
}

void view_prepare(struct view *v, const struct store *s)
{
    v->parts = arena_array(&v->arena, struct view_part, s->n_journals);
    v->segments = arena_array(&v->arena, struct view_segment, s->n_segments);
}

struct view_segment *view_add_segment(struct view *v, struct store_segment *segment)
{
    struct view_segment *added = &v->segments[v->n_segments++];
    segment->references++;
    added->segment = segment;
    return added;
}

void view_sort_segments(struct view *v)
{
    if (v->n_segments)
        qsort(v->segments, v->n_segments, sizeof *v->segments, by_age);
}

void view_open(struct view **out, struct store *s)
{
    struct view *v = mem_new(struct view);
    view_prepare(v, s);
    for (size_t i = 0; i < s->n_journals; i++) {
        struct store_journal *j = s->journals[i];
        if (j->is_merged)
            continue;
        j->references++;
        v->parts[v->n_parts++] =
            (struct view_part){.journal = j, .page = j->first, .end = j->n_visible};
    }
    for (size_t i = 0; i < s->n_segments; i++)
        view_add_segment(v, s->segments[i]);
    view_sort_segments(v);
    v->n_streams = s->streams.n_visible;
    v->streams = arena_array(&v->arena, const struct store_stream *, v->n_streams);
    if (v->n_streams)
        memcpy(v->streams, s->streams.visible, v->n_streams * sizeof *v->streams);
    v->n_problems = s->n_problems;
    v->problems = arena_array(&v->arena, struct str, s->n_problems);
    for (size_t i = 0; i < s->n_problems; i++)
        v->problems[i] = arena_copy(&v->arena, s->problems[i]);
    *out = v;
}

/* No segment has come or gone meanwhile, with which journals would have gone that are in neither. */
static bool has_same_segments(const struct store *s)
{
    struct err ignored;
    defer(store_free) struct store *now = store_new(&s->options);
    if (!store_list_segments(now, &ignored) || now->n_segments != s->n_segments)
        return false;
    for (size_t i = 0; i < s->n_segments; i++)
        if (now->segments[i]->number != s->segments[i]->number) /* both in the order of names */
            return false;
    return true;
}

bool view_open_folder(struct view **out, const char *folder, struct err *err)
{
    enum { TRIES = 10 };
    struct store_options options = {.folder = folder};
    for (int i = 0; i < TRIES; i++) {
        defer(store_free) struct store *s = store_new(&options);
        if (!store_scan(s, err))
            continue; /* a file may have gone meanwhile */
        if (!has_same_segments(s)) {
            err_set(err, ERR_AGAIN, "it changes faster than it can be looked at");
            continue;
        }
        view_open(out, s);
        (*out)->own = move(s);
        return true;
    }
    return err_wrap(err, "store %s", folder);
}

void view_close(struct view **view)
{
    struct view *v = *view;
    if (!v)
        return;
    for (size_t i = 0; i < v->n_parts; i++)
        store_journal_unref(&v->parts[i].journal);
    for (size_t i = 0; i < v->n_segments; i++)
        store_segment_unref(&v->segments[i].segment);
    store_free(&v->own);
    arena_free(&v->arena);
    mem_free(view);
}

static bool touches(const struct block_ref *ref, int64_t since_ns, int64_t until_ns)
{
    return ref->greatest_event_ns >= since_ns && ref->least_event_ns < until_ns;
}

/* How many segments from the first on are the classes of one number. */
static size_t count_classes(const struct view *v, size_t first)
{
    size_t n = 1;
    while (first + n < v->n_segments &&
           v->segments[first + n].segment->number == v->segments[first].segment->number)
        n++;
    return n;
}

/* The chunks of one number, those of a slice together. */
static size_t add_slices(struct view *v, const struct view_segment *in, size_t classes,
                         int64_t since_ns, int64_t until_ns, struct block_ref *to)
{
    size_t *at = arena_array(&v->arena, size_t, classes), n = 0;
    for (;;) {
        uint32_t slice = UINT32_MAX;
        struct block_ref *last = NULL;
        bool is_end = true;
        for (size_t i = 0; i < classes; i++) {
            const struct store_segment *s = in[i].segment;
            is_end = is_end && at[i] == s->n_chunks;
            if (at[i] < s->n_chunks)
                slice = min_of(slice, s->chunks[at[i]].slice);
        }
        if (is_end)
            return n;
        for (size_t i = 0; i < classes; i++) {
            const struct store_segment *s = in[i].segment;
            if (at[i] == s->n_chunks || s->chunks[at[i]].slice != slice)
                continue;
            const struct block_ref *chunk = &s->chunks[at[i]++];
            bool is_in_span = !in[i].spans || (chunk->least_order_ns <= in[i].greatest_order_ns &&
                                               chunk->greatest_order_ns >= in[i].least_order_ns);
            if (!is_in_span || !touches(chunk, since_ns, until_ns))
                continue;
            struct block_ref *ref = last ? arena_new(&v->arena, struct block_ref) : &to[n++];
            *ref = *chunk;
            ref->number = v->n_chunks++;
            if (last)
                last->next = ref;
            last = ref;
        }
    }
}

bool is_view_of_span(const struct view *v)
{
    return v->streams == NULL;
}

bool view_takes(const struct view *v, const struct block_ref *ref, struct hash128 origin,
                uint64_t sequence)
{
    const struct view_segment *in = NULL;
    for (size_t i = 0; i < v->n_segments && !in; i++)
        in = v->segments[i].segment == ref->segment ? &v->segments[i] : NULL;
    if (!in || !in->spans)
        return true;
    for (size_t i = 0; i < in->n_spans; i++)
        if (hash128_equal(in->spans[i].origin, origin))
            return sequence >= in->spans[i].first && sequence <= in->spans[i].last;
    return false;
}

static size_t add_blocks(const struct view_part *part, int64_t since_ns, int64_t until_ns,
                         struct block_ref *to)
{
    size_t n = 0;
    const struct ref_page *page = part->page;
    for (size_t k = part->first; k < part->end; k++) {
        const struct block_ref *ref = view_part_ref(&page, part->first, k);
        if (touches(ref, since_ns, until_ns))
            to[n++] = *ref;
    }
    return n;
}

static bool is_before(const struct store_segment *s, uint64_t journal)
{
    return !has_journals(s) || s->head.journals[0] < journal;
}

const struct block_ref *view_blocks(struct view *v, int64_t since_ns, int64_t until_ns, size_t *n)
{
    size_t most = 0, found = 0, segment = 0;
    for (size_t i = 0; i < v->n_parts; i++)
        most += v->parts[i].end - v->parts[i].first;
    for (size_t i = 0; i < v->n_segments; i++)
        most += v->segments[i].segment->n_chunks;
    struct block_ref *blocks = arena_array(&v->arena, struct block_ref, most);
    v->n_chunks = 0;
    for (size_t i = 0; i <= v->n_parts; i++) {
        uint64_t journal = i < v->n_parts ? v->parts[i].journal->number : UINT64_MAX;
        while (segment < v->n_segments && is_before(v->segments[segment].segment, journal)) {
            size_t classes = count_classes(v, segment);
            found +=
                add_slices(v, &v->segments[segment], classes, since_ns, until_ns, blocks + found);
            segment += classes;
        }
        if (i < v->n_parts)
            found += add_blocks(&v->parts[i], since_ns, until_ns, blocks + found);
    }
    *n = found;
    return blocks;
}

uint32_t view_chunks(const struct view *v)
{
    return v->n_chunks;
}

const struct store_stream *const *view_streams(const struct view *v, size_t *n)
{
    *n = v->n_streams;
    return v->streams;
}

const struct str *view_problems(const struct view *v, size_t *n)
{
    *n = v->n_problems;
    return v->problems;
}

void *view_allocate(struct view *v, size_t size)
{
    return arena_alloc(&v->arena, size);
}

void view_name(const struct block_ref *ref, char *name, size_t size)
{
    const struct store_segment *s = ref->segment;
    if (!s)
        snprintf(name, size, "journal %06llu", (unsigned long long)ref->journal->number);
    else
        snprintf(name, size, "%s %06llu%s%s", s->is_archive ? "archive" : "segment",
                 (unsigned long long)s->number, is_default_class(s) ? "" : " of ",
                 is_default_class(s) ? "" : s->class);
}

bool view_load(const struct view *v, const struct block_ref *ref, struct buf *out, struct err *err)
{
    (void)v; /* keeps the files open */
    struct frame frame;
    if (ref->segment)
        return store_segment_load(ref, out, err);
    if (!journal_load(&ref->journal->file, ref->offset, &frame, out, err))
        return err_wrap(err, "journal %06llu", (unsigned long long)ref->journal->number);
    return true;
}
