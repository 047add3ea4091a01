#include "collector/store/usage.h"

#include "base/map.h"
#include "base/mem.h"
#include "collector/store/segments.h"
#include "query/engine/print.h"

#include <stdlib.h>

struct entry {
    struct service_usage usage; /* its name is in the arena of the table */
    uint64_t sampled_rows, sampled_bytes;
    /* Of the chunk or block at hand. */
    uint64_t rows, bytes;
    struct entry *next; /* of those that are in it */
};

struct table {
    struct view *view;
    const struct usage_span *span;
    struct usage *usage;
    struct map services; /* name -> struct entry, in the arena of the usage */
    struct entry *present;
    struct packer packer;
    struct arena arena; /* of the chunk or block at hand */
};

static struct entry *entry_of(struct table *t, const struct labels *labels)
{
    struct str name = print_service(labels);
    struct entry *e = map_get(&t->services, name);
    if (!e) {
        e = arena_new(&t->usage->arena, struct entry);
        e->usage.service = arena_copy(&t->usage->arena, name);
        map_put(&t->services, e->usage.service, e);
    }
    if (e->rows == 0) {
        e->next = t->present;
        t->present = e;
    }
    return e;
}

/* ---- what stands in one chunk or block ---- */

static void count_rows(struct table *t, const struct block *b)
{
    for (uint32_t i = 0; i < b->header.records; i++) {
        struct entry *e = entry_of(t, &b->streams[b->records[i].stream].labels);
        e->rows++;
        e->bytes += b->records[i].line.len;
    }
}

/* Whose each line is, and how long it is. */
static bool read_whole(struct table *t, const struct block_ref *ref, struct err *err)
{
    struct chunk c = {0};
    defer(buf_free) struct buf bytes = {.max = CHUNK_MAX};
    if (!view_load(t->view, ref, &bytes, err))
        return false;
    struct str all = buf_str(&bytes);
    bool done = ref->segment ? chunk_open(&c, all, &t->packer, &t->arena, err) &&
                                   chunk_read_rows(&c, &t->arena, err) &&
                                   chunk_read_lines(&c, &t->arena, err)
                             : block_open(&c.block, all, &t->packer, &t->arena, err) &&
                                   block_read_columns(&c.block, &t->arena, err) &&
                                   block_read_lines(&c.block, &t->arena, err);
    if (done)
        count_rows(t, &c.block);
    return done;
}

/* Only whose rows they are. */
static bool read_rows(struct table *t, const struct block_ref *ref, struct err *err)
{
    struct chunk c = {0};
    defer(buf_free) struct buf bytes = {.max = BLOCK_MAX};
    if (ref->segment) {
        if (!store_segment_directory(ref, &c, &t->packer, &t->arena, err))
            return false;
        for (size_t i = 0; i < c.block.n_streams; i++)
            entry_of(t, &c.block.streams[i].labels)->rows += c.streams[i].rows;
        return true;
    }
    if (!view_load(t->view, ref, &bytes, err) ||
        !block_open(&c.block, buf_str(&bytes), &t->packer, &t->arena, err) ||
        !block_read_columns(&c.block, &t->arena, err))
        return false;
    for (uint32_t i = 0; i < c.block.header.records; i++)
        entry_of(t, &c.block.streams[c.block.records[i].stream].labels)->rows++;
    return true;
}

/* ---- dividing it ---- */

/* How many of the bytes of the lines are of a service, as far as that is known. */
static double weight_of(const struct entry *e, const struct block_ref *ref, bool is_sample)
{
    if (is_sample && ref->line_bytes)
        return (double)e->bytes;
    if (e->sampled_bytes)
        return (double)e->rows * (double)e->sampled_bytes / (double)e->sampled_rows;
    return (double)e->rows * max_of((double)ref->line_bytes, 1.0) / ref->records;
}

static void divide(struct table *t, const struct block_ref *ref, bool is_sample)
{
    double sum = 0;
    bool is_recent =
        ref->arrival_ns >= t->span->recent_ns && ref->arrival_ns < t->span->recent_to_ns;
    for (struct entry *e = t->present; e; e = e->next)
        sum += weight_of(e, ref, is_sample);
    for (struct entry *e = t->present; e; e = e->next) {
        double share = sum > 0 ? weight_of(e, ref, is_sample) / sum : 0;
        e->usage.records += e->rows;
        e->usage.line_bytes += share * (double)ref->line_bytes;
        e->usage.stored_bytes += share * ref->length;
        e->usage.recent_bytes += is_recent ? share * ref->length : 0;
    }
    for (struct entry *e = t->present; e; e = e->next) {
        e->sampled_rows += is_sample ? e->rows : 0;
        e->sampled_bytes += is_sample ? e->bytes : 0;
        e->rows = e->bytes = 0;
    }
    t->present = NULL;
}

static void take(struct table *t, const struct block_ref *ref, bool is_sample)
{
    struct err err;
    if (is_sample ? read_whole(t, ref, &err) : read_rows(t, ref, &err))
        divide(t, ref, is_sample);
    else if (t->usage->damaged++ == 0)
        t->usage->first = err;
    arena_reset(&t->arena);
}

/* Samples first, so that the averages are known for all others. */
static void take_all(struct table *t, const struct block_ref *refs, size_t n)
{
    size_t every = n / USAGE_SAMPLES + 1;
    for (size_t i = 0; i < n; i += every)
        take(t, &refs[i], true);
    for (size_t i = 0; i < n; i++)
        if (i % every != 0)
            take(t, &refs[i], false);
}

static int by_size(const void *a, const void *b)
{
    const struct service_usage *x = a, *y = b;
    return x->stored_bytes != y->stored_bytes ? (x->stored_bytes < y->stored_bytes ? 1 : -1)
                                              : str_compare(x->service, y->service);
}

static void free_table(struct table *t)
{
    map_free(&t->services);
    packer_free(&t->packer);
    arena_free(&t->arena);
}

void view_usage(struct view *v, const struct usage_span *span, struct usage *usage)
{
    size_t n = 0, n_all;
    *usage = (struct usage){0};
    defer(free_table) struct table t = {.view = v, .span = span, .usage = usage};
    const struct block_ref *all = view_blocks(v, INT64_MIN, INT64_MAX, &n_all);
    struct block_ref *refs =
        arena_array(&usage->arena, struct block_ref, n_all + view_chunks(v) + 1);
    for (size_t i = 0; i < n_all; i++)
        for (const struct block_ref *ref = &all[i]; ref; ref = ref->next)
            if (span->since_ns == TIME_NONE || ref->arrival_ns >= span->since_ns)
                refs[n++] = *ref;
    take_all(&t, refs, n);
    usage->services = arena_array(&usage->arena, struct service_usage, t.services.n + 1);
    map_each (&t.services, entry)
        usage->services[usage->n++] = ((struct entry *)entry->value)->usage;
    qsort(usage->services, usage->n, sizeof *usage->services, by_size);
}

void usage_free(struct usage *usage)
{
    arena_free(&usage->arena);
    *usage = (struct usage){0};
}
