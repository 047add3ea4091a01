/*
 * Any bytes as the map and the streams of columns, packed as they should be so that what reads them is
 * reached: no crash, no more memory than is promised, no more bytes than the lines have. What columns_find says of
 * the rows is what the lines say.
 *
 *     input := line bytes:u16 rows:u16 (size:u16 bytes)*8      the map, then each group of streams
 *
 * The needle is a piece of the lines, or what is behind all that.
 */
#include "base/mem.h"
#include "formats/block/columns_find.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str take_part(struct reader *r)
{
    size_t size = read_u16(r);
    return read_bytes(r, min_of(size, reader_left(r)));
}

static void check_find(struct str stored, struct str lines, const uint32_t *lengths, size_t rows,
                       struct str needle)
{
    static struct packer packer;
    struct err err;
    struct columns c;
    defer(arena_free) struct arena arena = {0};
    const struct sieve_needle asked = {.text = needle};
    uint8_t *found = arena_array(&arena, uint8_t, rows);
    if (!can_find_needle(&asked) ||
        !columns_open(&c, stored, rows, lines.len, &packer, &arena, &err) ||
        !columns_find(&c, &asked, &arena, found, &err))
        return;
    for (size_t i = 0, at = 0; i < rows; at += lengths[i++]) {
        bool is_there = str_find(str_slice(lines, at, lengths[i]), needle) != SIZE_MAX;
        assert(is_there ? found[i] != ROW_NO : found[i] != ROW_HAS);
    }
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
    bool is_read = columns_lines(&c, back, line_bytes, lengths, &err);
    struct str lines = str_of(back, line_bytes), needle = str_of(r.at, reader_left(&r));
    if (is_read && rows && needle.len == 0 && line_bytes)
        needle = str_slice(lines, line_bytes / 3, 1 + line_bytes % 9);
    if (is_read && rows)
        check_find(buf_str(&out), lines, lengths, rows, needle);
    assert(arena.used <= 8 * line_bytes + (8 << 20));
    mem_free(&back), mem_free(&lengths);
    return 0;
}
