/* Making sieves. Columns of different chunks become one where a shape of both has them in the same place. */
#include "base/map.h"
#include "base/mem.h"
#include "formats/block/sieve_parts.h"
#include "formats/block/sieve_source.h"

enum { NO_COLUMN = UINT32_MAX, PACK_LEVEL = 9, SHAPE_COST = 8 };

struct built_shape {
    struct str text;
    uint32_t *columns; /* of each slot */
    uint16_t *before;  /* static bytes in front of it */
    uint32_t n_slots, rest;
    uint32_t last_chunk; /* that has it, counted from 1 */
};

struct built_column {
    struct stamp stamp;
    uint32_t joined; /* to which one; itself: to none */
    uint32_t number; /* as it is stored */
};

struct built_chunk {
    uint32_t *shapes;
    size_t n_shapes, grams, ids; /* the last two in blocks */
    unsigned window;
    uint8_t flags;
};

struct sieve_builder {
    struct arena arena; /* of the part: shapes and keys */
    struct arena chunk; /* what is being added */
    struct packer packer;
    struct map by_key; /* of shapes: their place, from 1 on */
    struct built_shape *shapes;
    struct built_column *columns;
    struct built_chunk *chunks;
    size_t n_shapes, shapes_capacity, n_columns, columns_capacity, n_chunks, chunks_capacity;
    size_t skeleton;  /* bytes, about */
    uint64_t allowed; /* bytes, of all that was added */
    struct bloom_builder grams, ids;
    struct buf gram_blooms, id_blooms;
    struct buf key;
    unsigned window; /* of the last chunk */
};

struct sieve_builder *sieve_builder_open(void)
{
    return mem_new(struct sieve_builder);
}

void sieve_builder_close(struct sieve_builder **builder)
{
    struct sieve_builder *b = *builder;
    if (!b)
        return;
    arena_free(&b->arena), arena_free(&b->chunk);
    packer_free(&b->packer);
    map_free(&b->by_key);
    mem_free(&b->shapes), mem_free(&b->columns), mem_free(&b->chunks);
    bloom_builder_free(&b->grams), bloom_builder_free(&b->ids);
    buf_free(&b->gram_blooms), buf_free(&b->id_blooms), buf_free(&b->key);
    mem_free(builder);
}

static void begin_part(struct sieve_builder *b)
{
    arena_reset(&b->arena);
    map_free(&b->by_key);
    b->n_shapes = b->n_columns = b->n_chunks = b->skeleton = 0;
    b->allowed = 0;
    buf_reset(&b->gram_blooms);
    buf_reset(&b->id_blooms);
}

bool is_sieve_full(const struct sieve_builder *b)
{
    return b->skeleton >= SIEVE_TEXT_MAX || b->n_chunks >= SIEVE_CHUNKS_MAX ||
           b->n_shapes >= SIEVE_SHAPES_MAX ||
           b->gram_blooms.len + b->id_blooms.len >= SIEVE_BLOOMS_MAX;
}

size_t sieve_chunks(const struct sieve_builder *b)
{
    return b->n_chunks;
}

/* ---- shapes and columns ---- */

static uint32_t add_column(struct sieve_builder *b)
{
    uint32_t n = (uint32_t)b->n_columns;
    mem_grow(b->columns, b->n_columns, b->columns_capacity);
    b->columns[b->n_columns++] = (struct built_column){.stamp = {.least = UINT32_MAX}, .joined = n};
    b->skeleton += SHAPE_COST;
    return n;
}

static uint32_t column_root(const struct sieve_builder *b, uint32_t column)
{
    while (b->columns[column].joined != column)
        column = b->columns[column].joined;
    return column;
}

/* The lesser number stays, so that column 0 does. */
static void join_columns(struct sieve_builder *b, uint32_t x, uint32_t y)
{
    uint32_t root = column_root(b, x), other = column_root(b, y);
    if (root == other)
        return;
    uint32_t into = min_of(root, other), from = max_of(root, other);
    stamp_join(&b->columns[into].stamp, &b->columns[from].stamp);
    b->columns[from].joined = into;
}

/* What is the same in all chunks: all but the numbers of columns. */
static struct str key_of(struct sieve_builder *b, const struct columns *c,
                         const struct columns_shape *shape)
{
    buf_reset(&b->key);
    put_varint(&b->key, shape->n_slots);
    for (size_t k = 0; k < shape->n_slots; k++)
        put_varint(&b->key, c->slots[shape->slots + k].text);
    put_varint(&b->key, shape->rest);
    buf_add(&b->key, str_of(shape->text, columns_shape_bytes(c->slots, shape)));
    return buf_str(&b->key);
}

static struct built_shape *find_shape(struct sieve_builder *b, struct str key)
{
    uintptr_t place = (uintptr_t)map_get(&b->by_key, key);
    return place ? &b->shapes[place - 1] : NULL;
}

static void join_shape(struct sieve_builder *b, const struct columns *c,
                       const struct columns_shape *shape, const struct built_shape *built,
                       uint32_t *columns)
{
    for (size_t k = 0; k < shape->n_slots; k++) {
        uint32_t *column = &columns[c->slots[shape->slots + k].column];
        if (*column == NO_COLUMN)
            *column = built->columns[k];
        else
            join_columns(b, *column, built->columns[k]);
    }
}

static struct built_shape *add_shape(struct sieve_builder *b, const struct columns *c,
                                     const struct columns_shape *shape, struct str key,
                                     uint32_t *columns)
{
    struct str kept = arena_copy(&b->arena, key);
    struct built_shape built = {.columns = arena_array(&b->arena, uint32_t, shape->n_slots),
                                .before = arena_array(&b->arena, uint16_t, shape->n_slots),
                                .n_slots = shape->n_slots,
                                .rest = shape->rest};
    size_t bytes = shape->rest;
    for (size_t k = 0; k < shape->n_slots; k++) {
        const struct columns_slot *slot = &c->slots[shape->slots + k];
        if (columns[slot->column] == NO_COLUMN)
            columns[slot->column] = add_column(b);
        built.columns[k] = columns[slot->column];
        built.before[k] = (uint16_t)slot->text;
        bytes += slot->text;
    }
    built.text = str_slice(kept, kept.len - bytes, bytes);
    b->skeleton += bytes + SHAPE_COST + 3 * (size_t)shape->n_slots;
    mem_grow(b->shapes, b->n_shapes, b->shapes_capacity);
    b->shapes[b->n_shapes++] = built;
    map_put(&b->by_key, kept, (void *)(uintptr_t)b->n_shapes);
    return &b->shapes[b->n_shapes - 1];
}

/* Shapes that were there before come first, since they say which columns those of the chunk are. */
static void add_shapes(struct sieve_builder *b, const struct columns *c, uint32_t *columns,
                       struct built_chunk *chunk)
{
    uint32_t number = (uint32_t)b->n_chunks + 1;
    for (int is_new = 0; is_new < 2; is_new++) {
        for (size_t i = 0; i < c->n_shapes; i++) {
            const struct columns_shape *shape = &c->shapes[i];
            if (c->counts[i + COLUMNS_FIRST_SHAPE] == 0)
                continue;
            struct str key = key_of(b, c, shape);
            struct built_shape *built = find_shape(b, key);
            if (built)
                join_shape(b, c, shape, built, columns);
            else if (is_new)
                built = add_shape(b, c, shape, key, columns);
            if (built)
                built->last_chunk = number;
        }
    }
    size_t n = 0;
    for (size_t i = 0; i < b->n_shapes; i++)
        n += b->shapes[i].last_chunk == number;
    chunk->shapes = arena_array(&b->arena, uint32_t, n);
    for (uint32_t i = 0; i < b->n_shapes; i++)
        if (b->shapes[i].last_chunk == number)
            chunk->shapes[chunk->n_shapes++] = i;
    b->skeleton += chunk->n_shapes;
}

/* ---- values ---- */

static void add_grams(void *builder, struct str text)
{
    struct sieve_builder *b = builder;
    uint64_t hashes[GRAMS_PIECE_MAX];
    size_t window = grams_window_bytes(b->window), step = GRAMS_PIECE_MAX - window + 1;
    for (size_t at = 0; at + window <= text.len; at += step) {
        size_t n = grams_choose(str_slice(text, at, GRAMS_PIECE_MAX), b->window, hashes);
        for (size_t i = 0; i < n; i++)
            if (hashes[i] != GRAMS_NONE && (i == 0 || hashes[i] != hashes[i - 1]))
                bloom_add(&b->grams, mix_hash(hashes[i]));
    }
}

static void add_digits(struct sieve_builder *b, struct str run)
{
    uint64_t hashes[GRAMS_PIECE_MAX];
    for (size_t at = 0; at + LONG_ID <= run.len; at += GRAMS_PIECE_MAX - LONG_ID + 1) {
        size_t n = grams_choose_digits(str_slice(run, at, GRAMS_PIECE_MAX), hashes);
        for (size_t i = 0; i < n; i++)
            if (i == 0 || hashes[i] != hashes[i - 1])
                bloom_add(&b->ids, mix_hash(hashes[i]));
    }
}

static void add_ids(void *builder, struct str text)
{
    struct sieve_builder *b = builder;
    struct str run, rest = text;
    uint64_t hash;
    for (size_t at = 0; take_run(text, &at, &run);) {
        add_digits(b, run);
        if (is_short_id(run, &hash))
            bloom_add(&b->ids, hash);
    }
    for (size_t at; (at = str_find_byte(rest, '-')) != SIZE_MAX;) {
        if (is_uuid_middle(str_slice(rest, at, SIZE_MAX), &hash))
            bloom_add(&b->ids, hash);
        rest = str_slice(rest, at + 1, SIZE_MAX);
    }
}

struct sources {
    struct sieve_source *items;
    size_t n;
};

/* ---- blooms ---- */

/* Fills the filter of ids, and puts it if it has no more than so many blocks. */
static void put_ids(struct sieve_builder *b, const struct sources *all, size_t most,
                    struct built_chunk *chunk)
{
    bloom_builder_reset(&b->ids);
    for (size_t i = 0; i < all->n; i++)
        if (has_source_ids(&all->items[i]))
            source_each(&all->items[i], add_ids, b);
    chunk->ids = bloom_blocks(&b->ids, most);
    bloom_put(&b->ids, chunk->ids, &b->id_blooms);
}

static size_t fill_grams(struct sieve_builder *b, const struct sources *all, bool odd, size_t most)
{
    size_t window = grams_window_bytes(b->window);
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].stamp.is_odd == odd && has_source_grams(&all->items[i], window))
            source_each(&all->items[i], add_grams, b);
    return bloom_blocks(&b->grams, most);
}

/* With windows twice as large until it fits; of columns of ids too, if these fit without that. */
static void put_grams(struct sieve_builder *b, const struct sources *all, size_t most,
                      struct built_chunk *chunk)
{
    size_t blocks = 0;
    for (b->window = GRAMS_WINDOW_MIN; b->window <= GRAMS_WINDOW_MAX && !blocks; b->window *= 2) {
        chunk->window = b->window;
        bloom_builder_reset(&b->grams);
        blocks = fill_grams(b, all, false, most);
    }
    b->window = chunk->window;
    size_t before = b->gram_blooms.len;
    chunk->grams = blocks;
    bloom_put(&b->grams, blocks, &b->gram_blooms);
    size_t with_odd = blocks ? fill_grams(b, all, true, most) : 0;
    if (with_odd == 0)
        return;
    b->gram_blooms.len = before;
    chunk->flags |= SIEVE_HAS_ODD;
    chunk->grams = with_odd;
    bloom_put(&b->grams, with_odd, &b->gram_blooms);
}

/* What may be spent on blooms of this chunk: what is left of the share of all so far, but not much more than its
 * own, since new shapes are to come. Where shapes leave less than a third of its own, as in the first chunks of a part, it is that
 * third, beyond the share. Skeletons pack to an eighth. */
static size_t room_for_blooms(struct sieve_builder *b, size_t chunk_bytes, unsigned share)
{
    enum { PACKED = 8, OF_CHUNK = 9, OF_OWN = 3, PERCENT = 100 };
    uint64_t own = (uint64_t)chunk_bytes * share / PERCENT, least = own / OF_OWN;
    uint64_t spent = b->skeleton / PACKED + b->gram_blooms.len + b->id_blooms.len;
    b->allowed += own;
    uint64_t left = b->allowed > spent ? b->allowed - spent : 0;
    b->allowed += least > left ? least - left : 0;
    return (size_t)min_of(max_of(left, least), (uint64_t)chunk_bytes / OF_CHUNK);
}

/* ---- chunks ---- */

/* Its stamp becomes part of that of its column, which all chunks share. */
static void take_source(struct sieve_builder *b, struct sources *all, struct sieve_source source,
                        uint32_t column)
{
    source_stamp(&source);
    stamp_join(&b->columns[column_root(b, column)].stamp, &source.stamp);
    all->items[all->n++] = source;
}

static void take_texts(struct sieve_builder *b, struct sources *all, struct sieve_source source,
                       struct built_chunk *built)
{
    if (source.n_texts == 0)
        return;
    built->flags |= SIEVE_HAS_REST;
    take_source(b, all, source, 0);
}

static void take_lines(struct sieve_builder *b, const struct block *block, struct sources *all,
                       struct built_chunk *built)
{
    all->items = arena_array(&b->chunk, struct sieve_source, 1);
    take_texts(b, all, source_of_lines(block, &b->chunk), built);
}

static bool take_columns(struct sieve_builder *b, struct columns *c, struct sources *all,
                         struct built_chunk *built, struct err *err)
{
    uint32_t *roots = arena_array(&b->chunk, uint32_t, c->n_columns);
    struct sieve_source source;
    bool done = source_of_cuts(&source, c, &b->chunk);
    for (size_t i = 1; i < c->n_columns; i++)
        roots[i] = NO_COLUMN;
    all->items = arena_array(&b->chunk, struct sieve_source, c->n_columns + 1);
    add_shapes(b, c, roots, built);
    built->flags |= c->columns[0].n ? SIEVE_HAS_REST : 0;
    if (done)
        take_texts(b, all, source, built);
    for (size_t i = 0; i < c->n_columns && done; i++) {
        if (c->columns[i].n == 0)
            continue;
        done = source_of_column(&source, c, i);
        if (done)
            take_source(b, all, source, roots[i]);
    }
    return done ? true : err_set(err, ERR_CORRUPT, "a column is damaged");
}

static bool take_chunk(struct sieve_builder *b, struct str bytes, struct sources *all,
                       struct built_chunk *built, struct err *err)
{
    struct chunk c;
    struct columns columns;
    if (!chunk_open(&c, bytes, &b->packer, &b->chunk, err))
        return false;
    const struct block_header *h = &c.block.header;
    if (h->encoding == BLOCK_COLUMNS)
        return columns_open(&columns, block_stored_lines(&c.block), h->records, h->line_bytes,
                            &b->packer, &b->chunk, err) &&
               take_columns(b, &columns, all, built, err);
    if (!chunk_read_rows(&c, &b->chunk, err) || !chunk_read_lines(&c, &b->chunk, err))
        return false;
    take_lines(b, &c.block, all, built);
    return true;
}

bool sieve_add(struct sieve_builder *b, struct str bytes, unsigned share, struct err *err)
{
    struct built_chunk built = {0};
    struct sources all = {0};
    if (b->n_columns == 0)
        add_column(b);
    if (!take_chunk(b, bytes, &all, &built, err))
        return false;
    size_t most = room_for_blooms(b, bytes.len, share) / BLOOM_BLOCK;
    put_ids(b, &all, most - most / 4, &built);
    put_grams(b, &all, most - built.ids, &built);
    mem_grow(b->chunks, b->n_chunks, b->chunks_capacity);
    b->chunks[b->n_chunks++] = built;
    arena_free(&b->chunk); /* the next chunk is made meanwhile */
    return true;
}

/* ---- putting ---- */

static void put_column(const struct stamp *s, struct buf *out)
{
    bool is_empty = s->classes == 0; /* column 0 of chunks without such text */
    uint32_t least = is_empty ? 0 : s->least;
    put_u16(out, s->classes);
    put_u16(out, s->first);
    put_u16(out, s->last);
    put_u8(out, (uint8_t)((s->is_typed ? SIEVE_TYPED : 0) | (s->is_odd ? SIEVE_ODD : 0)));
    put_varint(out, least);
    put_varint(out, s->most - least);
    put_varint(out, s->run);
}

/* Returns how many there are. */
static uint32_t put_columns(struct sieve_builder *b, struct buf *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n_columns; i++)
        if (b->columns[i].joined == i)
            b->columns[i].number = n++;
    put_varint(out, n);
    put_varint(out, b->n_shapes);
    for (uint32_t i = 0; i < b->n_columns; i++)
        if (b->columns[i].joined == i)
            put_column(&b->columns[i].stamp, out);
    return n;
}

static void put_shapes(const struct sieve_builder *b, struct buf *out)
{
    for (size_t i = 0; i < b->n_shapes; i++) {
        const struct built_shape *s = &b->shapes[i];
        put_varint(out, s->n_slots);
        for (size_t k = 0; k < s->n_slots; k++) {
            put_varint(out, s->before[k]);
            put_varint(out, b->columns[column_root(b, s->columns[k])].number);
        }
        put_varint(out, s->rest);
    }
}

static void put_chunk(const struct built_chunk *c, struct buf *out)
{
    put_u8(out, c->flags);
    put_u8(out, (uint8_t)c->window);
    put_varint(out, c->grams);
    put_varint(out, c->ids);
    put_varint(out, c->n_shapes);
    for (size_t i = 0; i < c->n_shapes; i++)
        put_varint(out, c->shapes[i] - (i ? c->shapes[i - 1] + 1 : 0));
}

static bool put_skeleton(struct sieve_builder *b, struct buf *out)
{
    out->max = SIEVE_BYTES_MAX;
    put_varint(out, b->n_chunks);
    uint32_t columns = put_columns(b, out);
    put_shapes(b, out);
    for (size_t i = 0; i < b->n_chunks; i++)
        put_chunk(&b->chunks[i], out);
    for (size_t i = 0; i < b->n_shapes; i++)
        buf_add(out, b->shapes[i].text);
    return !out->over && columns <= SIEVE_COLUMNS_MAX;
}

static bool put_part(struct sieve_builder *b, struct buf *out, struct err *err)
{
    defer(buf_free) struct buf skeleton = {0};
    size_t start = out->len;
    if (!put_skeleton(b, &skeleton))
        return true; /* there is none */
    if (!buf_reserve(out, SIEVE_HEADER))
        return err_set(err, ERR_LIMIT, "no room for what is known of chunks");
    out->len += SIEVE_HEADER;
    if (!zstd_pack(&b->packer, buf_str(&skeleton), PACK_LEVEL, out, err))
        return false;
    size_t stored = out->len - start - SIEVE_HEADER;
    buf_add(out, buf_str(&b->gram_blooms));
    buf_add(out, buf_str(&b->id_blooms));
    if (out->over)
        return err_set(err, ERR_LIMIT, "no room for what is known of chunks");
    sieve_seal(out->ptr + start, out->len - start, stored, skeleton.len);
    return true;
}

/* Without grams if it would be too large, or not at all. */
bool sieve_put(struct sieve_builder *b, struct buf *out, struct err *err)
{
    size_t start = out->len;
    bool done = b->n_chunks == 0 || put_part(b, out, err);
    if (done && out->len - start > b->allowed && b->gram_blooms.len) {
        out->len = start;
        buf_reset(&b->gram_blooms);
        for (size_t i = 0; i < b->n_chunks; i++)
            b->chunks[i].grams = 0;
        done = put_part(b, out, err);
    }
    if (!done || out->len - start > b->allowed)
        out->len = start;
    begin_part(b);
    return done;
}
