#include "base/hash.h"
#include "base/mem.h"
#include "formats/block/grams.h"
#include "formats/block/sieve_parts.h"

#define SIEVE_MAGIC 0x56534c53u /* "SLSV" */

enum { CHECK_AT = 16 };

static bool refuse(const char *why, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "filter: %s", why);
}

static uint64_t check_of(struct str bytes)
{
    return hash64_pair(str_slice(bytes, 0, CHECK_AT), str_slice(bytes, SIEVE_HEADER, SIZE_MAX));
}

void sieve_seal(char *bytes, size_t size, size_t stored, size_t skeleton)
{
    struct buf out = {.ptr = bytes, .capacity = SIEVE_HEADER, .max = SIEVE_HEADER};
    put_u32(&out, SIEVE_MAGIC);
    put_u32(&out, (uint32_t)stored);
    put_u32(&out, (uint32_t)skeleton);
    put_u32(&out, (uint32_t)(size - SIEVE_HEADER - stored));
    put_u64(&out, check_of(str_of(bytes, size)));
}

/* ---- the skeleton ---- */

static void read_column(struct reader *r, struct stamp *s)
{
    s->classes = read_u16(r);
    s->first = read_u16(r);
    s->last = read_u16(r);
    uint8_t flags = read_u8(r);
    uint64_t least = read_varint(r), more = read_varint(r), run = read_varint(r);
    r->bad |= flags > (SIEVE_TYPED | SIEVE_ODD) || least > UINT32_MAX / 2 ||
              more > UINT32_MAX / 2 || run > UINT32_MAX;
    s->is_typed = flags & SIEVE_TYPED;
    s->is_odd = flags & SIEVE_ODD;
    s->least = (uint32_t)least;
    s->most = (uint32_t)(least + more);
    s->run = (uint32_t)run;
}

/* The length of its text, and its slots. */
static size_t read_shape(struct reader *r, struct sieve *s, struct columns_shape *shape)
{
    uint64_t slots = read_varint(r);
    size_t bytes = 0;
    shape->slots = (uint32_t)s->n_slots;
    r->bad |= slots > SHAPE_SLOTS_MAX;
    for (uint64_t k = 0; k < slots && !r->bad; k++) {
        uint64_t text = read_varint(r), column = read_varint(r);
        r->bad |= text > SHAPE_TEXT_MAX || column >= s->n_columns;
        s->slots[s->n_slots++] = (struct columns_slot){(uint32_t)text, (uint32_t)column};
        bytes += text;
    }
    shape->n_slots = (uint32_t)slots;
    uint64_t rest = read_varint(r);
    r->bad |= rest > SHAPE_TEXT_MAX;
    shape->rest = (uint32_t)rest;
    return bytes + rest;
}

static void read_chunk(struct reader *r, const struct sieve *s, struct sieve_chunk *c,
                       struct arena *arena)
{
    uint8_t flags = read_u8(r);
    c->has_rest = flags & SIEVE_HAS_REST;
    c->has_odd = flags & SIEVE_HAS_ODD;
    c->window = read_u8(r);
    uint64_t grams = read_varint(r), ids = read_varint(r);
    c->n_shapes = read_count(r, 1);
    r->bad |= flags >= 2 * SIEVE_HAS_ODD || c->window < GRAMS_WINDOW_MIN ||
              c->window > GRAMS_WINDOW_MAX || grams > BLOOM_BLOCKS || ids > BLOOM_BLOCKS ||
              c->n_shapes > s->n_shapes;
    if (r->bad)
        return;
    c->grams.n = grams;
    c->ids.n = ids;
    c->shapes = arena_array(arena, uint32_t, c->n_shapes);
    uint64_t next = 0;
    for (size_t i = 0; i < c->n_shapes && !r->bad; i++) {
        uint64_t step = read_varint(r);
        r->bad |= step >= s->n_shapes || next + step >= s->n_shapes;
        c->shapes[i] = (uint32_t)(next + step);
        next += step + 1;
    }
}

/* Each count is of things that take as many bytes at least as are named. */
static void read_skeleton(struct sieve *s, struct reader *r, struct arena *arena)
{
    enum { COLUMN = 10, SHAPE = 2, CHUNK = 5, SLOT = 2 };
    s->n_chunks = read_count(r, CHUNK);
    s->n_columns = read_count(r, COLUMN);
    s->n_shapes = read_count(r, SHAPE);
    r->bad |= s->n_chunks > SIEVE_CHUNKS_MAX || s->n_columns == 0 ||
              s->n_columns > SIEVE_COLUMNS_MAX || s->n_shapes > SIEVE_SHAPES_MAX + SHAPES_MAX;
    if (r->bad)
        return;
    s->columns = arena_array(arena, struct stamp, s->n_columns);
    s->shapes = arena_array(arena, struct columns_shape, s->n_shapes);
    s->chunks = arena_array(arena, struct sieve_chunk, s->n_chunks);
    for (size_t i = 0; i < s->n_columns && !r->bad; i++)
        read_column(r, &s->columns[i]);
    s->slots = arena_alloc_raw(arena, (reader_left(r) / SLOT + 1) * sizeof *s->slots);
    size_t bytes = 0;
    for (size_t i = 0; i < s->n_shapes && !r->bad; i++)
        bytes += read_shape(r, s, &s->shapes[i]);
    for (size_t i = 0; i < s->n_chunks && !r->bad; i++)
        read_chunk(r, s, &s->chunks[i], arena);
    r->bad |= reader_left(r) != bytes;
    s->text = str_of(r->at, reader_left(r));
    for (size_t i = 0; i < s->n_shapes && !r->bad; i++) {
        struct columns_shape *shape = &s->shapes[i];
        shape->text = read_bytes(r, columns_shape_bytes(s->slots, shape)).ptr;
    }
}

static bool place_blooms(struct sieve *s, struct str blooms)
{
    struct reader r = reader_of(blooms);
    for (size_t i = 0; i < s->n_chunks; i++)
        s->chunks[i].grams.blocks = read_bytes(&r, s->chunks[i].grams.n * BLOOM_BLOCK).ptr;
    for (size_t i = 0; i < s->n_chunks; i++)
        s->chunks[i].ids.blocks = read_bytes(&r, s->chunks[i].ids.n * BLOOM_BLOCK).ptr;
    return !r.bad && reader_left(&r) == 0;
}

bool sieve_open(struct sieve *s, struct str bytes, struct packer *packer, struct arena *arena,
                struct err *err)
{
    struct reader r = reader_of(bytes);
    uint32_t magic = read_u32(&r), stored = read_u32(&r), size = read_u32(&r);
    uint32_t blooms = read_u32(&r);
    uint64_t check = read_u64(&r);
    *s = (struct sieve){0};
    if (r.bad || magic != SIEVE_MAGIC || bytes.len > SIEVE_MAX || size > SIEVE_BYTES_MAX ||
        (uint64_t)SIEVE_HEADER + stored + blooms != bytes.len)
        return refuse("its header is damaged", err);
    if (check != check_of(bytes))
        return refuse("it is damaged", err);
    char *skeleton = arena_alloc_raw(arena, (size_t)size + 1);
    if (!zstd_unpack(packer, read_bytes(&r, stored), size, skeleton, err))
        return err_wrap(err, "filter");
    struct reader in = reader_of(str_of(skeleton, size));
    read_skeleton(s, &in, arena);
    if (in.bad || !place_blooms(s, read_bytes(&r, blooms)))
        return refuse("it is malformed", err);
    return true;
}
