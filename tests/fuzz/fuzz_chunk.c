/*
 * Any bytes as the parts of a chunk, packed and with right checks so that what reads them is reached: no crash,
 * no more memory than a chunk may take. What is whole is the same when it is searched row by row.
 *
 *     input := unit:u8 encoding:u8 rows:u16 line bytes:u16 span:u32 (size:u16 bytes)*10
 *              the parts: directory, map of the rows, each group of their streams, lines as they are stored
 */
#include "base/mem.h"
#include "formats/block/chunk_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str take_part(struct reader *r)
{
    size_t size = read_u16(r);
    return read_bytes(r, min_of(size, reader_left(r)));
}

static bool put_rows(struct reader *r, struct packer *packer, struct buf *out)
{
    struct err err;
    struct stream_writer w = {.packer = packer, .level = 1, .better_level = 1};
    buf_add(&w.map, take_part(r));
    for (size_t i = 0; i < STREAM_GROUPS; i++)
        buf_add(&w.groups[i], take_part(r));
    bool done = stream_writer_finish(&w, out, &err);
    stream_writer_free(&w);
    return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct packer packer;
    struct err err;
    struct reader r = reader_of(str_of(data, size));
    struct block_header h = {.unit = read_u8(&r) & 1, .encoding = 1 + (read_u8(&r) & 1)};
    defer(buf_free) struct buf out = {0};
    defer(arena_free) struct arena arena = {0};
    h.records = read_u16(&r);
    h.line_bytes = read_u16(&r);
    h.greatest_order_ns = h.greatest_event_ns = read_u32(&r);
    struct str directory = take_part(&r);
    buf_reserve(&out, CHUNK_HEADER);
    out.len = CHUNK_HEADER;
    h.directory_bytes = (uint32_t)directory.len;
    if (!zstd_pack(&packer, directory, 1, &out, &err))
        return 0;
    h.directory_stored = (uint32_t)out.len - CHUNK_HEADER;
    size_t rows = out.len;
    if (!put_rows(&r, &packer, &out))
        return 0;
    h.columns_stored = (uint32_t)(out.len - rows);
    struct str lines = take_part(&r);
    h.lines_stored = (uint32_t)lines.len;
    buf_add(&out, lines);
    h.length = (uint32_t)out.len;
    chunk_seal(&h, out.ptr);
    struct chunk chunk, front;
    bool is_open = chunk_open(&chunk, buf_str(&out), &packer, &arena, &err);
    if (is_open) {
        struct str bytes = str_slice(buf_str(&out), 0, CHUNK_HEADER + h.directory_stored);
        is_open = chunk_open_directory(&front, bytes, &packer, &arena, &err);
        assert(is_open && front.block.n_streams == chunk.block.n_streams);
    }
    if (is_open && chunk_read_rows(&chunk, &arena, &err) &&
        chunk_read_lines(&chunk, &arena, &err)) {
        assert(chunk.block.records && chunk.places);
        for (uint32_t i = 0; i < h.records; i++)
            assert(chunk.places[i].origin < chunk.n_origins &&
                   chunk.block.records[i].stream < chunk.block.n_streams);
    }
    assert(arena.used <= 10 * h.line_bytes + 300 * (size_t)h.records + (64 << 20));
    return 0;
}
