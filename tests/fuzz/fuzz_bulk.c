/*
 * Elasticsearch's _bulk: rows with any lines become documents that are JSON with no name twice, and any answer to them
 * is read. The input is an answer, a NUL, and the lines.
 */
#include "base/compress.h"
#include "base/mem.h"
#include "formats/line/flatten.h"
#include "formats/push/elastic.h"

#include <assert.h>
#include <stdlib.h>

enum { LINES_MAX = 64, ROOM = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t take_records(struct str lines, struct record *records)
{
    uint32_t n = 0;
    struct str line;
    while (n < LINES_MAX && take_until(&lines, '\n', &line)) {
        struct record *r = &records[n++];
        *r = (struct record){.event_ns = (int64_t)(hash64(line) >> 2), .line = line};
        r->level = line.len % (RECORD_LEVEL_MAX + 1);
        if (line.len > 0 && (line.ptr[0] & 3) == 3) {
            r->id_kind = ID_EXACT + (line.ptr[0] >> 2 & 1);
            r->id = str_slice(line, 0, 32);
        }
        if (line.len > 0 && (line.ptr[0] & 7) == 5)
            r->fields = str_slice(line, 1, RECORD_FIELDS_MAX);
        r->stream = line.len % 2;
    }
    return n;
}

static int compare_hashes(const void *a, const void *b)
{
    return hash128_compare(*(const struct hash128 *)a, *(const struct hash128 *)b);
}

/* No object has a name twice, as they are written. */
static void check_names(const struct fields *fields)
{
    static struct hash128 names[ROOM];
    size_t n = 0;
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *f = &fields->items[i];
        if (!f->name.ptr || f->escapes > 1)
            continue;
        struct hash128 hash = hash128(f->name);
        hash.low += f->parent * UINT64_C(0x9e3779b97f4a7c15);
        names[n++] = hash;
    }
    qsort(names, n, sizeof names[0], compare_hashes);
    for (size_t i = 1; i < n; i++)
        assert(!hash128_equal(names[i - 1], names[i]));
}

static void check_document(struct str json, struct str line)
{
    static struct field room[ROOM];
    struct fields fields = {.items = room, .max = ROOM};
    struct flatten_result result;
    defer(buf_free) struct buf scratch = {.max = 64 << 20};
    assert(is_utf8(json));
    assert(flatten_json(json, 0, &fields, &result) && result.is_whole);
    const struct field *message = fields_find(&fields, STR("message"));
    assert(fields.is_cut || message);
    if (message && is_utf8(line))
        assert(str_equal(field_text(message, &scratch), line));
    for (uint32_t i = 0; i < fields.n; i++) /* what is in texts that are JSON is not ours */
        if (fields.items[i].kind == FIELD_STRING && !field_is_leaf(&fields, i))
            return;
    check_names(&fields);
}

static void unpack(struct str body, struct buf *plain)
{
    struct err err;
    struct unpacker *u = NULL;
    size_t got;
    assert(unpacker_open(&u, UNPACK_GZIP, &err));
    do {
        char piece[4096];
        assert(unpacker_step(u, &body, piece, sizeof piece, &got, &err));
        buf_add(plain, str_of(piece, got));
    } while (body.len > 0 || got > 0);
    assert(unpacker_is_whole(u) && !plain->over);
    unpacker_close(&u);
}

static void check_body(struct str body, const struct record *records, const uint32_t *rows,
                       size_t n)
{
    struct str action, document;
    for (size_t i = 0; i < n; i++) {
        assert(take_until(&body, '\n', &action) && take_until(&body, '\n', &document));
        check_document(document, records[rows[i]].line);
    }
    assert(body.len == 0);
}

static void check_answer(struct push_format *f, struct str text, size_t n, unsigned status)
{
    uint8_t fates[LINES_MAX];
    struct push_answer answer = {.fates = fates, .n = n};
    const struct push_reply reply = {status, text};
    memset(fates, 99, sizeof fates);
    f->kind->read(f, &reply, &answer);
    uint64_t rejected = 0, counted = 0;
    for (size_t i = 0; i < n && answer.verdict == PUSH_READ; i++) {
        assert(fates[i] <= PUSH_REJECTED);
        rejected += fates[i] == PUSH_REJECTED;
    }
    for (size_t i = 0; i < answer.n_rejects; i++)
        counted += answer.rejects[i].rows;
    assert(rejected == counted);
    assert(memchr(answer.detail, 0, sizeof answer.detail));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct record records[LINES_MAX];
    uint32_t rows[LINES_MAX];
    struct str answer, lines = str_of(data, size);
    take_until(&lines, '\0', &answer);
    struct label labels[] = {{STR("a.b"), str_slice(lines, 0, 100)},
                             {str_slice(lines, 0, 10), STR("x")},
                             {STR("file"), str_slice(lines, 3, 100)}};
    struct block_stream streams[2] = {{.labels = {labels, 3}},
                                      {.labels = {labels, 1}, .data = {labels, 2}}};
    uint32_t n = size ? take_records(lines, records) : 0;
    const struct block block = {.records = records, .streams = streams, .n_streams = 2};
    const struct push_block push = {&block, hash128(lines)};
    for (uint32_t i = 0; i < n; i++)
        rows[i] = i;
    for (int how = ELASTIC_FLATTENED; how <= ELASTIC_NO_FIELDS && n > 0; how++) {
        struct push_format *f = NULL;
        const struct elastic_options options = {STR("logs-a-b"), (enum elastic_fields)how};
        defer(buf_free) struct buf body = {.max = 64 << 20};
        assert(elastic_open(&f, &options, &err));
        f->kind->begin(f, &push);
        for (int again = 0; again < 2; again++) {
            buf_reset(&body);
            size_t taken = f->kind->put(f, rows, n, again ? f->body_max : 1000, &body);
            assert(taken > 0 && taken <= n);
            defer(buf_free) struct buf plain = {.max = 64 << 20};
            unpack(buf_str(&body), &plain);
            check_body(buf_str(&plain), records, rows, taken);
            check_answer(f, answer, taken, again ? 200 : 400);
        }
        push_format_close(&f);
    }
    return 0;
}
