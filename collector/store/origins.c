#include "collector/store/origins.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>

struct sent {
    uint64_t sequence;
    struct hash128 hash;
};

/* What both tables have in front. */
struct known {
    struct hash128 id;
    int64_t seen_ns; /* when it was last in a block */
};

struct origin {
    struct known known;
    uint32_t n; /* of sent, oldest first from start */
    uint32_t start;
    struct sent sent[ORIGIN_WINDOW]; /* a ring */
};

struct source {
    struct known known;
    uint64_t to, hash;
};

/* What stood in a table before the batch touched it. */
struct origin_undo {
    struct origin *origin;
    bool was_new;
    struct origin before;
};

struct source_undo {
    struct source *source;
    bool was_new;
    struct source before;
};

struct origins {
    struct map by_id;     /* struct origin */
    struct map by_source; /* struct source */
    struct origin_undo *origin_undo;
    size_t n_origin_undo, origin_undo_capacity;
    struct source_undo *source_undo;
    size_t n_source_undo, source_undo_capacity;
};

struct origins *origins_new(void)
{
    return mem_new(struct origins);
}

static void free_values(struct map *m)
{
    map_each (m, entry)
        mem_free(&entry->value);
    map_free(m);
}

void origins_close(struct origins **o)
{
    if (!*o)
        return;
    free_values(&(*o)->by_id);
    free_values(&(*o)->by_source);
    mem_free(&(*o)->origin_undo);
    mem_free(&(*o)->source_undo);
    mem_free(o);
}

static const struct sent *last_sent(const struct origin *origin)
{
    return &origin->sent[(origin->start + origin->n - 1) % ORIGIN_WINDOW];
}

enum origin_verdict origins_check(const struct origins *o, struct hash128 id, uint64_t sequence,
                                  struct hash128 hash)
{
    const struct origin *origin = map_get(&o->by_id, MAP_KEY(id));
    if (!origin)
        return ORIGIN_NEW;
    uint64_t last = last_sent(origin)->sequence;
    if (sequence > last)
        return sequence == last + 1 ? ORIGIN_NEXT : ORIGIN_JUMP;
    for (uint32_t i = 0; i < origin->n; i++) {
        const struct sent *sent = &origin->sent[(origin->start + i) % ORIGIN_WINDOW];
        if (sent->sequence == sequence)
            return hash128_equal(sent->hash, hash) ? ORIGIN_KNOWN : ORIGIN_CONFLICT;
    }
    return ORIGIN_CONFLICT;
}

uint64_t origins_last(const struct origins *o, struct hash128 id, struct hash128 *hash)
{
    const struct origin *origin = map_get(&o->by_id, MAP_KEY(id));
    if (!origin)
        return 0;
    if (hash)
        *hash = last_sent(origin)->hash;
    return last_sent(origin)->sequence;
}

bool origins_source(const struct origins *o, struct hash128 id, struct block_source *source)
{
    const struct source *known = map_get(&o->by_source, MAP_KEY(id));
    if (!known)
        return false;
    *source = (struct block_source){.id = id, .to = known->to, .hash = known->hash};
    return true;
}

/* ---- changing ---- */

static void push_sent(struct origin *origin, struct sent sent)
{
    if (origin->n == ORIGIN_WINDOW) {
        origin->start = (origin->start + 1) % ORIGIN_WINDOW;
        origin->n--;
    }
    origin->sent[(origin->start + origin->n++) % ORIGIN_WINDOW] = sent;
}

static struct origin *get_origin(struct origins *o, struct hash128 id, bool *made)
{
    struct origin *origin = map_get(&o->by_id, MAP_KEY(id));
    *made = !origin;
    if (!origin) {
        origin = mem_new(struct origin);
        origin->known.id = id;
        map_put(&o->by_id, MAP_KEY(origin->known.id), origin);
    }
    return origin;
}

static struct source *get_source(struct origins *o, struct hash128 id, bool *made)
{
    struct source *source = map_get(&o->by_source, MAP_KEY(id));
    *made = !source;
    if (!source) {
        source = mem_new(struct source);
        source->known.id = id;
        map_put(&o->by_source, MAP_KEY(source->known.id), source);
    }
    return source;
}

void origins_add(struct origins *o, const struct block *block, struct hash128 hash, int64_t now_ns)
{
    bool made;
    struct origin *origin = get_origin(o, block->header.origin, &made);
    mem_grow(o->origin_undo, o->n_origin_undo, o->origin_undo_capacity);
    o->origin_undo[o->n_origin_undo++] = (struct origin_undo){origin, made, *origin};
    push_sent(origin, (struct sent){block->header.sequence, hash});
    origin->known.seen_ns = now_ns;
    for (size_t i = 0; i < block->n_sources; i++) {
        const struct block_source *from = &block->sources[i];
        struct source *source = get_source(o, from->id, &made);
        mem_grow(o->source_undo, o->n_source_undo, o->source_undo_capacity);
        o->source_undo[o->n_source_undo++] = (struct source_undo){source, made, *source};
        source->to = from->to;
        source->hash = from->hash;
        source->known.seen_ns = now_ns;
    }
}

static void drop(struct map *table, struct known *known)
{
    map_remove(table, MAP_KEY(known->id));
    mem_free(&known);
}

static void drop_older(struct map *table, int64_t oldest_ns)
{
    defer(mem_free) struct known **old = mem_array(struct known *, table->n);
    size_t n = 0;
    map_each (table, entry) {
        struct known *known = entry->value;
        if (known->seen_ns < oldest_ns)
            old[n++] = known;
    }
    for (size_t i = 0; i < n; i++)
        drop(table, old[i]);
}

static int by_time(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void bound(struct map *table, size_t most)
{
    if (table->n <= most)
        return;
    defer(mem_free) int64_t *times = mem_array(int64_t, table->n);
    size_t n = 0;
    map_each (table, entry)
        times[n++] = ((struct known *)entry->value)->seen_ns;
    qsort(times, n, sizeof *times, by_time);
    drop_older(table, times[n - most + most / 8] + 1);
}

static void forget_undo(struct origins *o)
{
    mem_free(&o->origin_undo);
    mem_free(&o->source_undo);
    o->n_origin_undo = o->origin_undo_capacity = 0;
    o->n_source_undo = o->source_undo_capacity = 0;
}

void origins_keep(struct origins *o)
{
    forget_undo(o);
    bound(&o->by_id, ORIGINS_MAX);
    bound(&o->by_source, SOURCES_MAX);
}

void origins_forget(struct origins *o)
{
    while (o->n_origin_undo) {
        struct origin_undo *undo = &o->origin_undo[--o->n_origin_undo];
        if (undo->was_new)
            drop(&o->by_id, &undo->origin->known);
        else
            *undo->origin = undo->before;
    }
    while (o->n_source_undo) {
        struct source_undo *undo = &o->source_undo[--o->n_source_undo];
        if (undo->was_new)
            drop(&o->by_source, &undo->source->known);
        else
            *undo->source = undo->before;
    }
    forget_undo(o);
}

/* ---- the first frame of a journal ---- */

/*
 *     tables := origins:varint origin* sources:varint source*
 *     origin := id:16 seen:8 n:varint (sequence:varint hash:16)*      oldest first
 *     source := id:16 seen:8 to:varint hash:8
 */
void origins_put(struct origins *o, int64_t oldest_ns, struct buf *b)
{
    assert(o->n_origin_undo == 0 && o->n_source_undo == 0);
    drop_older(&o->by_id, oldest_ns);
    drop_older(&o->by_source, oldest_ns);
    put_varint(b, o->by_id.n);
    map_each (&o->by_id, entry) {
        const struct origin *origin = entry->value;
        put_hash128(b, origin->known.id);
        put_u64(b, (uint64_t)origin->known.seen_ns);
        put_varint(b, origin->n);
        for (uint32_t i = 0; i < origin->n; i++) {
            const struct sent *sent = &origin->sent[(origin->start + i) % ORIGIN_WINDOW];
            put_varint(b, sent->sequence);
            put_hash128(b, sent->hash);
        }
    }
    put_varint(b, o->by_source.n);
    map_each (&o->by_source, entry) {
        const struct source *source = entry->value;
        put_hash128(b, source->known.id);
        put_u64(b, (uint64_t)source->known.seen_ns);
        put_varint(b, source->to);
        put_u64(b, source->hash);
    }
}

static void read_origin(struct origins *o, struct reader *r)
{
    bool made;
    struct hash128 id = read_hash128(r);
    int64_t seen_ns = (int64_t)read_u64(r);
    size_t n = read_count(r, 17);
    if (r->bad || n == 0 || n > ORIGIN_WINDOW) {
        r->bad = true;
        return;
    }
    struct origin *origin = get_origin(o, id, &made);
    origin->known.seen_ns = seen_ns;
    r->bad |= !made;
    for (size_t i = 0; i < n; i++) {
        uint64_t sequence = read_varint(r);
        push_sent(origin, (struct sent){sequence, read_hash128(r)});
    }
}

static void read_source(struct origins *o, struct reader *r)
{
    bool made;
    struct hash128 id = read_hash128(r);
    int64_t seen_ns = (int64_t)read_u64(r);
    uint64_t to = read_varint(r), hash = read_u64(r);
    if (r->bad)
        return;
    struct source *source = get_source(o, id, &made);
    source->known.seen_ns = seen_ns;
    source->to = to;
    source->hash = hash;
    r->bad |= !made;
}

bool origins_read(struct origins *o, struct reader *r, struct err *err)
{
    size_t n = read_count(r, 42);
    for (size_t i = 0; i < n && !r->bad; i++)
        read_origin(o, r);
    n = read_count(r, 33);
    for (size_t i = 0; i < n && !r->bad; i++)
        read_source(o, r);
    return r->bad ? err_set(err, ERR_CORRUPT, "the table of origins is malformed") : true;
}

size_t origins_count(const struct origins *o)
{
    return o->by_id.n;
}
