#include "base/mem.h"
#include "collector/store/store_private.h"

void view_open(struct view **out, struct store *s)
{
    struct view *v = mem_new(struct view);
    v->n_parts = s->n_journals;
    v->parts = arena_array(&v->arena, struct view_part, s->n_journals);
    for (size_t i = 0; i < s->n_journals; i++) {
        struct store_journal *j = s->journals[i];
        j->references++;
        v->parts[i] = (struct view_part){.journal = j, .page = j->first, .end = j->n_visible};
    }
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

bool view_open_folder(struct view **out, const char *folder, struct err *err)
{
    struct store_options options = {.folder = folder};
    defer(store_free) struct store *s = store_new(&options);
    if (!store_scan(s, err))
        return err_wrap(err, "store %s", folder);
    view_open(out, s);
    (*out)->own = move(s);
    return true;
}

void view_close(struct view **view)
{
    struct view *v = *view;
    if (!v)
        return;
    for (size_t i = 0; i < v->n_parts; i++)
        store_journal_unref(&v->parts[i].journal);
    store_free(&v->own);
    arena_free(&v->arena);
    mem_free(view);
}

const struct block_ref *view_blocks(struct view *v, int64_t since_ns, int64_t until_ns, size_t *n)
{
    size_t most = 0, found = 0;
    for (size_t i = 0; i < v->n_parts; i++)
        most += v->parts[i].end - v->parts[i].first;
    struct block_ref *blocks = arena_array(&v->arena, struct block_ref, most);
    for (size_t i = 0; i < v->n_parts; i++) {
        const struct view_part *part = &v->parts[i];
        const struct ref_page *page = part->page;
        for (size_t k = part->first; k < part->end; k++) {
            const struct block_ref *ref = view_part_ref(&page, part->first, k);
            if (ref->greatest_event_ns >= since_ns && ref->least_event_ns < until_ns)
                blocks[found++] = *ref;
        }
    }
    *n = found;
    return blocks;
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

bool view_load(const struct view *v, const struct block_ref *ref, struct buf *out, struct err *err)
{
    (void)v; /* keeps the journal open */
    struct frame frame;
    if (!journal_load(&ref->journal->file, ref->offset, &frame, out, err))
        return err_wrap(err, "journal %06llu", (unsigned long long)ref->journal->number);
    return true;
}
