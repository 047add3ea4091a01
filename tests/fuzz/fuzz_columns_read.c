/*
 * Any bytes as the map and the streams of columns, packed as they should be so that what reads them is
 * reached: no crash, no more memory than is promised, no more bytes than the lines have.
 *
 *     input := line bytes:u16 rows:u16 (size:u16 bytes)*8      the map, then each group of streams
 */
#include "base/mem.h"
#include "formats/block/columns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str take_part(struct reader *r)
{
    size_t size = read_u16(r);
    return read_bytes(r, min_of(size, reader_left(r)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct packer packer;
    struct err err;
    struct reader r = reader_of(str_of(data, size));
    struct stream_writer w = {.packer = &packer, .level = 1, .better_level = 1};
    defer(buf_free) struct buf out = {0};
    defer(arena_free) struct arena arena = {0};
    uint64_t line_bytes = read_u16(&r);
    size_t rows = read_u16(&r);
    buf_add(&w.map, take_part(&r));
    for (size_t i = 0; i < STREAM_GROUPS; i++)
        buf_add(&w.groups[i], take_part(&r));
    bool packed = stream_writer_finish(&w, &out, &err);
    stream_writer_free(&w);
    struct columns c;
    if (!packed || !columns_open(&c, buf_str(&out), rows, line_bytes, &packer, &arena, &err))
        return 0;
    char *back = mem_alloc_raw(line_bytes + 1);
    uint32_t *lengths = mem_array(uint32_t, rows + 1);
    columns_lines(&c, back, line_bytes, lengths, &err);
    assert(arena.used <= 8 * line_bytes + (8 << 20));
    mem_free(&back), mem_free(&lengths);
    return 0;
}
