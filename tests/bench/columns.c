/*
 * Lines as columns (formats/block/columns.h), against zstd -3 of the same lines in the same blocks: size by
 * group of streams, speed of encoding, of decoding all and of one column, and memory.
 *
 *     bench-columns FILE...      lines; Docker's JSON is unwrapped first
 */
#include "formats/block/columns.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"
#include "formats/line/envelope.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEVEL = 3, LINE_MAX_BYTES = 1 << 20, BLOCK_MAX_BYTES = 16 << 20 };

struct totals {
    size_t rows, lines, zstd, stored, blocks, plain_blocks, memory, segments, missed;
    uint64_t groups[STREAM_GROUPS];
    int64_t zstd_ns, encode_ns, decode_ns, column_ns;
    size_t column_bytes;
};

struct bench {
    struct columns_encoder encoder;
    struct packer packer, zstd;
    struct arena arena;
    struct buf lines, out, plain;
    uint32_t *lengths, *found;
    size_t n, lengths_capacity;
    char *back;
    size_t block_bytes;
    struct totals *totals;
};

static void must(bool done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "bench-columns: %s\n", what);
    exit(1);
}

/* The column with the most values alone, as a search for a value of it would have it. */
static void read_one_column(struct bench *b)
{
    struct err err;
    struct columns c;
    size_t largest = 0;
    arena_reset(&b->arena);
    must(columns_open(&c, buf_str(&b->out), b->n, b->lines.len, &b->packer, &b->arena, &err),
         err.text);
    for (size_t i = 1; i < c.n_columns; i++)
        if (largest == 0 || c.columns[i].n > c.columns[largest].n)
            largest = i;
    if (largest > 0)
        must(columns_load(&c, largest), "a column is damaged");
}

static void decode(struct bench *b)
{
    struct err err;
    struct columns c;
    int64_t start = time_monotonic();
    arena_reset(&b->arena);
    must(columns_open(&c, buf_str(&b->out), b->n, b->lines.len, &b->packer, &b->arena, &err) &&
             columns_lines(&c, b->back, b->lines.len, b->found, &err),
         err.text);
    b->totals->decode_ns += time_monotonic() - start;
    must(memcmp(b->back, b->lines.ptr, b->lines.len) == 0 &&
             memcmp(b->found, b->lengths, b->n * sizeof *b->found) == 0,
         "the lines did not come back");
    start = time_monotonic();
    read_one_column(b);
    b->totals->column_ns += time_monotonic() - start;
    b->totals->column_bytes += b->lines.len;
}

static void end_block(struct bench *b)
{
    struct totals *t = b->totals;
    struct err err;
    if (b->n == 0)
        return;
    buf_reset(&b->out), buf_reset(&b->plain);
    int64_t start = time_monotonic();
    bool has_columns = columns_encode(&b->encoder, &b->packer, LEVEL, buf_str(&b->lines),
                                      b->lengths, b->n, &b->out);
    t->encode_ns += time_monotonic() - start;
    start = time_monotonic();
    must(zstd_pack(&b->zstd, buf_str(&b->lines), LEVEL, &b->plain, &err), err.text);
    t->zstd_ns += time_monotonic() - start;
    t->rows += b->n;
    t->segments += b->encoder.shapes.n_segments;
    t->missed += b->encoder.shapes.n_missed;
    t->lines += b->lines.len;
    t->zstd += b->plain.len;
    t->stored += has_columns ? b->out.len : b->plain.len;
    t->blocks++;
    t->plain_blocks += !has_columns;
    for (size_t i = 0; has_columns && i < STREAM_GROUPS; i++)
        t->groups[i] += b->encoder.writer.bytes[i];
    if (has_columns)
        decode(b);
    buf_reset(&b->lines);
    b->n = 0;
}

static void add_line(struct bench *b, struct str line)
{
    line = str_slice(line, 0, LINE_MAX_BYTES);
    if (b->lines.len + line.len > b->block_bytes)
        end_block(b);
    if (b->n == b->lengths_capacity) {
        mem_grow(b->lengths, b->n, b->lengths_capacity);
        b->found = mem_resize_raw(b->found, b->lengths_capacity * sizeof *b->found);
    }
    b->lengths[b->n++] = (uint32_t)line.len;
    buf_add(&b->lines, line);
}

static void add_file(struct bench *b, const char *path)
{
    struct err err;
    struct enveloped e;
    defer(buf_free) struct buf bytes = {.max = (size_t)2 << 30}, scratch = {0};
    must(file_load(path, bytes.max, &bytes, &err), err.text);
    struct str rest = buf_str(&bytes), line;
    while (take_until(&rest, '\n', &line))
        add_line(b, envelope_open(ENVELOPE_DOCKER_JSON, line, &scratch, &e) ? e.text : line);
    end_block(b);
}

static void print_totals(const struct totals *t, size_t block_bytes)
{
    double lines = (double)t->lines / 1e6;
    uint64_t named = 0;
    printf(
        "%5zu KiB blocks: %.2f MB = %.3f x zstd -3   encode %.0f MB/s, decode %.0f, one column %.0f"
        "   (zstd -3 %.0f)   %zu of %zu plain\n",
        block_bytes >> 10, (double)t->stored / 1e6, (double)t->stored / (double)t->zstd,
        lines * 1e9 / (double)t->encode_ns, (double)t->column_bytes * 1e3 / (double)t->decode_ns,
        (double)t->column_bytes * 1e3 / (double)t->column_ns, lines * 1e9 / (double)t->zstd_ns,
        t->plain_blocks, t->blocks);
    printf("     ");
    for (size_t i = 0; i < STREAM_GROUPS; i++) {
        printf("%s %.2f, ", stream_group_names[i], (double)t->groups[i] / 1e6);
        named += t->groups[i];
    }
    printf("map %.2f MB; %.1f %% of the segments cut into tokens; memory of the encoder %.1f x the "
           "lines\n",
           t->stored > named ? (double)(t->stored - named) / 1e6 : 0,
           t->segments ? 100.0 * (double)t->missed / (double)t->segments : 0,
           (double)t->memory / (double)block_bytes);
}

static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {256 << 10, 4 << 20, 16 << 20};
    if (argc < 2) {
        fprintf(stderr, "usage: bench-columns FILE...\n");
        return 2;
    }
    for (size_t i = 0; i < countof(sizes); i++) {
        struct totals totals = {0};
        struct bench b = {.block_bytes = sizes[i],
                          .totals = &totals,
                          .lines = {.max = BLOCK_MAX_BYTES + LINE_MAX_BYTES},
                          .out = {.max = 4 * (size_t)BLOCK_MAX_BYTES},
                          .plain = {.max = 4 * (size_t)BLOCK_MAX_BYTES},
                          .back = mem_alloc_raw(BLOCK_MAX_BYTES + LINE_MAX_BYTES)};
        for (int k = 1; k < argc; k++)
            add_file(&b, argv[k]);
        size_t before = heap_in_use();
        columns_encoder_free(&b.encoder);
        totals.memory = before - heap_in_use();
        print_totals(&totals, sizes[i]);
        packer_free(&b.packer), packer_free(&b.zstd);
        arena_free(&b.arena);
        buf_free(&b.lines), buf_free(&b.out), buf_free(&b.plain);
        mem_free(&b.lengths), mem_free(&b.found), mem_free(&b.back);
    }
    return 0;
}
