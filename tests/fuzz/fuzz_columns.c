/*
 * Any lines as columns: they come back byte for byte, all at once and one by one; and what was encoded is
 * within the bounds of the reader.
 */
#include "base/mem.h"
#include "formats/block/columns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 4096 };

static void check_lines(struct columns *c, struct str lines, const uint32_t *lengths, size_t n)
{
    struct err err;
    struct columns_cursor cursor;
    char *back = mem_alloc_raw(lines.len);
    uint32_t *found = mem_array(uint32_t, n);
    assert(columns_lines(c, back, lines.len, found, &err));
    assert(memcmp(back, lines.ptr, lines.len) == 0);
    assert(memcmp(found, lengths, n * sizeof *found) == 0);
    columns_begin(&cursor, c);
    for (size_t row = 0, at = 0; row < n; row++) {
        if (row % 3 == 2) {
            columns_skip(&cursor, 1);
        } else {
            char *line = mem_alloc_raw(lengths[row] + 1);
            const char *end = columns_next(&cursor, line, line + lengths[row]);
            assert(end == line + lengths[row] && memcmp(line, lines.ptr + at, lengths[row]) == 0);
            mem_free(&line);
        }
        at += lengths[row];
    }
    mem_free(&back), mem_free(&found);
}

/* The lines end at a byte 0; so they may have newlines in them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct columns_encoder encoder;
    static struct packer packer;
    static uint32_t lengths[LINES_MAX];
    struct err err;
    struct str rest = str_of(data, size), line;
    defer(buf_free) struct buf lines = {0}, out = {0};
    defer(arena_free) struct arena arena = {0};
    size_t n = 0;
    while (n < LINES_MAX && take_until(&rest, '\0', &line)) {
        buf_add(&lines, line);
        lengths[n++] = (uint32_t)line.len;
    }
    if (n == 0 || !columns_encode(&encoder, &packer, 1, buf_str(&lines), lengths, n, &out))
        return 0;
    struct columns c;
    assert(columns_open(&c, buf_str(&out), n, lines.len, &packer, &arena, &err));
    check_lines(&c, buf_str(&lines), lengths, n);
    return 0;
}
