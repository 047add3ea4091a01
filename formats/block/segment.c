#include "formats/block/segment.h"

#include "base/mem.h"
#include "formats/block/sieve.h"

#define HEAD_MAGIC 0x47534c53u /* "SLSG" */
#define TAIL_MAGIC 0x45534c53u /* "SLSE" */

static bool refuse(const char *why, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "segment: %s", why);
}

/* ---- writing ---- */

void segment_put_head(const struct segment_head *head, struct buf *out)
{
    defer(buf_free) struct buf payload = {.max = SEGMENT_HEAD_MAX};
    size_t start = out->len;
    put_varint(&payload, head->number);
    put_varint(&payload, head->generation);
    put_varint(&payload, head->n_journals);
    for (size_t i = 0; i < head->n_journals; i++)
        put_varint(&payload, head->journals[i]);
    put_u32(out, HEAD_MAGIC);
    put_u32(out, SEGMENT_VERSION);
    put_u32(out, (uint32_t)payload.len);
    buf_add(out, buf_str(&payload));
    put_u64(out, hash64(str_of(out->ptr + start, out->len - start)));
}

static void put_journal(const struct segment_journal *j, struct buf *out)
{
    put_varint(out, j->number);
    put_u32(out, j->tag);
    put_varint(out, j->n_blocks);
    for (size_t i = 0; i < j->n_blocks; i++) {
        const struct segment_block *b = &j->blocks[i];
        put_varint(out, b->offset);
        put_varint(out, b->line_bytes);
        put_hash128(out, b->origin);
        put_varint(out, b->sequence);
        put_u64(out, (uint64_t)b->least_order_ns);
        put_u64(out, (uint64_t)b->greatest_order_ns);
    }
}

bool segment_put_footer(const struct segment_footer *f, struct str headers, struct packer *packer,
                        struct buf *out, struct err *err)
{
    defer(buf_free) struct buf footer = {.max = SEGMENT_FOOTER_MAX};
    put_u64(&footer, (uint64_t)f->oldest_arrival_ns);
    put_u64(&footer, (uint64_t)f->newest_arrival_ns);
    put_varint(&footer, headers.len / CHUNK_HEADER);
    buf_add(&footer, headers);
    put_varint(&footer, f->n_journals);
    for (size_t i = 0; i < f->n_journals; i++)
        put_journal(&f->journals[i], &footer);
    put_varint(&footer, f->followed);
    put_str(&footer, f->tables);
    put_varint(&footer, f->n_sieves);
    for (size_t i = 0; i < f->n_sieves; i++) {
        put_varint(&footer, f->sieves[i].n_chunks);
        put_varint(&footer, f->sieves[i].length);
    }
    size_t start = out->len;
    if (footer.over)
        return err_set(err, ERR_LIMIT, "the footer of a segment is too large");
    if (!zstd_pack(packer, buf_str(&footer), 6, out, err))
        return false;
    struct str stored = str_of(out->ptr + start, out->len - start);
    uint64_t check = hash64(stored);
    put_u32(out, (uint32_t)stored.len);
    put_u32(out, (uint32_t)footer.len);
    put_u64(out, check);
    put_u32(out, TAIL_MAGIC);
    return out->over ? err_set(err, ERR_LIMIT, "no room for the footer of a segment") : true;
}

/* ---- reading ---- */

bool segment_head_size(struct str bytes, size_t *size, struct err *err)
{
    struct reader r = reader_of(bytes);
    uint32_t magic = read_u32(&r), version = read_u32(&r), length = read_u32(&r);
    if (r.bad || magic != HEAD_MAGIC)
        return refuse("none begins here", err);
    if (version != SEGMENT_VERSION)
        return refuse("its version is not known to this program", err);
    *size = (size_t)SEGMENT_HEAD + length + sizeof(uint64_t);
    return *size <= SEGMENT_HEAD_MAX ? true : refuse("its head is too large", err);
}

bool segment_read_head(struct str bytes, struct segment_head *head, struct arena *arena,
                       struct err *err)
{
    size_t size;
    if (!segment_head_size(bytes, &size, err))
        return false;
    struct reader check = reader_of(str_slice(bytes, bytes.len - sizeof(uint64_t), SIZE_MAX));
    struct str checked = str_slice(bytes, 0, bytes.len - sizeof(uint64_t));
    if (size != bytes.len || read_u64(&check) != hash64(checked))
        return refuse("its head is damaged", err);
    struct reader r = reader_of(str_slice(checked, SEGMENT_HEAD, SIZE_MAX));
    *head = (struct segment_head){.number = read_varint(&r)};
    head->generation = read_varint(&r);
    head->n_journals = read_count(&r, 1);
    if (r.bad || head->n_journals > SEGMENT_NAMES_MAX)
        return refuse("its head is malformed", err);
    uint64_t *journals = arena_array(arena, uint64_t, head->n_journals);
    for (size_t i = 0; i < head->n_journals; i++)
        journals[i] = read_varint(&r);
    head->journals = journals;
    return r.bad || reader_left(&r) ? refuse("its head is malformed", err) : true;
}

bool segment_footer_size(struct str tail, size_t *stored, struct err *err)
{
    struct reader r = reader_of(tail), magic = reader_of(str_slice(tail, 16, SIZE_MAX));
    *stored = read_u32(&r);
    uint32_t bytes = read_u32(&r);
    if (tail.len != SEGMENT_TAIL || read_u32(&magic) != TAIL_MAGIC || bytes > SEGMENT_FOOTER_MAX ||
        *stored > SEGMENT_FOOTER_MAX)
        return refuse("its end is damaged", err);
    return true;
}

static void read_chunks(struct reader *r, struct segment_footer *f, struct arena *arena)
{
    struct err ignored;
    f->n_chunks = read_count(r, CHUNK_HEADER);
    if (r->bad)
        return;
    struct block_header *chunks = arena_array(arena, struct block_header, f->n_chunks);
    for (size_t i = 0; i < f->n_chunks; i++)
        r->bad |= !chunk_peek(read_bytes(r, CHUNK_HEADER), &chunks[i], &ignored);
    f->chunks = chunks;
}

static void read_journal(struct reader *r, struct segment_journal *j, struct arena *arena)
{
    enum { LEAST = 35 }; /* bytes of a block */
    j->number = read_varint(r);
    j->tag = read_u32(r);
    j->n_blocks = read_count(r, LEAST);
    if (r->bad)
        return;
    struct segment_block *blocks = arena_array(arena, struct segment_block, j->n_blocks);
    for (size_t i = 0; i < j->n_blocks && !r->bad; i++) {
        struct segment_block *b = &blocks[i];
        b->offset = read_varint(r);
        b->line_bytes = read_varint(r);
        b->origin = read_hash128(r);
        b->sequence = read_varint(r);
        b->least_order_ns = (int64_t)read_u64(r);
        b->greatest_order_ns = (int64_t)read_u64(r);
    }
    j->blocks = blocks;
}

/* Filters are of chunks that are there. */
static void read_sieves(struct reader *r, struct segment_footer *f, struct arena *arena)
{
    f->n_sieves = read_count(r, 2);
    if (r->bad)
        return;
    struct segment_sieve *sieves = arena_array(arena, struct segment_sieve, f->n_sieves);
    uint64_t left = f->n_chunks;
    for (size_t i = 0; i < f->n_sieves && !r->bad; i++) {
        uint64_t n = read_varint(r), length = read_varint(r);
        r->bad |= n == 0 || n > left || length > SIEVE_MAX;
        sieves[i] = (struct segment_sieve){(uint32_t)n, (uint32_t)length};
        left -= n;
    }
    f->sieves = sieves;
}

bool segment_read_footer(struct str bytes, struct segment_footer *footer, struct packer *packer,
                         struct arena *arena, struct err *err)
{
    size_t stored;
    struct str tail = str_slice(bytes, bytes.len - SEGMENT_TAIL, SIZE_MAX);
    struct reader t = reader_of(tail);
    if (bytes.len < SEGMENT_TAIL || !segment_footer_size(tail, &stored, err))
        return refuse("its end is damaged", err);
    struct str packed = str_slice(bytes, 0, stored);
    read_u32(&t);
    size_t size = read_u32(&t);
    if (stored != bytes.len - SEGMENT_TAIL || read_u64(&t) != hash64(packed))
        return refuse("its footer is damaged", err);
    char *unpacked = arena_alloc_raw(arena, size + 1);
    if (!zstd_unpack(packer, packed, size, unpacked, err))
        return err_wrap(err, "segment");
    struct reader r = reader_of(str_of(unpacked, size));
    *footer = (struct segment_footer){.oldest_arrival_ns = (int64_t)read_u64(&r)};
    footer->newest_arrival_ns = (int64_t)read_u64(&r);
    read_chunks(&r, footer, arena);
    footer->n_journals = read_count(&r, 6);
    if (r.bad || footer->n_journals > SEGMENT_NAMES_MAX)
        return refuse("its footer is malformed", err);
    struct segment_journal *journals =
        arena_array(arena, struct segment_journal, footer->n_journals);
    for (size_t i = 0; i < footer->n_journals && !r.bad; i++)
        read_journal(&r, &journals[i], arena);
    footer->journals = journals;
    footer->followed = read_varint(&r);
    footer->tables = read_str(&r);
    if (!r.bad)
        read_sieves(&r, footer, arena);
    return r.bad || reader_left(&r) ? refuse("its footer is malformed", err) : true;
}
