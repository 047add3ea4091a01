#include "formats/block/filler.h"

#include "base/mem.h"

enum { FULL_RECORDS = 60000 };

void filled_streams_free(struct filled_streams *s)
{
    map_free(&s->by_id);
    arena_free(&s->arena);
}

struct filled_stream *filled_stream_of(struct filled_streams *s, const struct labels *labels)
{
    struct hash128 id = stream_id(labels);
    struct filled_stream *found = map_get(&s->by_id, MAP_KEY(id));
    if (found)
        return found;
    found = arena_new(&s->arena, struct filled_stream);
    *found = (struct filled_stream){
        .id = id, .labels = labels_copy(&s->arena, labels), .order_ns = TIME_NONE};
    map_put(&s->by_id, MAP_KEY(found->id), found);
    return found;
}

void block_filler_free(struct block_filler *f)
{
    block_builder_free(&f->builder);
    map_free(&f->streams);
}

void block_filler_reset(struct block_filler *f)
{
    block_builder_reset(&f->builder);
    map_free(&f->streams);
    f->has_ns = false;
}

bool block_filler_is_full(const struct block_filler *f, size_t line_bytes)
{
    const struct block_builder *b = &f->builder;
    return b->lines.len >= line_bytes || b->n_records >= FULL_RECORDS ||
           b->arena.used >= BLOCK_BESIDES_MAX / 4 * 3;
}

/* Its number in the block. */
static uint32_t index_of(struct block_filler *f, const struct filled_stream *s)
{
    const struct labels none = {0};
    size_t known = (size_t)map_get(&f->streams, MAP_KEY(s->id));
    if (known)
        return (uint32_t)(known - 1);
    uint32_t index = block_builder_stream(&f->builder, &s->labels, &none, s->order_ns);
    map_put(&f->streams, MAP_KEY(s->id), (void *)((size_t)index + 1));
    return index;
}

bool block_filler_add(struct block_filler *f, struct filled_stream *s, struct record *record)
{
    record->stream = index_of(f, s);
    if (!block_builder_add(&f->builder, record))
        return false;
    s->order_ns = record->order_ns;
    f->has_ns |= record->event_ns % NS_PER_US != 0 || record->order_ns % NS_PER_US != 0;
    return true;
}

bool block_filler_finish(struct block_filler *f, struct hash128 origin, uint64_t sequence,
                         struct buf *out, struct err *err)
{
    return block_builder_finish(&f->builder, origin, sequence, f->has_ns ? 0 : 1, out, err);
}
