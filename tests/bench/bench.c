/*
 * Single parts of the chain on the lines of one file, on one core: MB of lines per second (of Docker
 * JSON where that is unwrapped); of redaction of CPU time.
 *
 *     bench FILE
 */
#include "base/file.h"
#include "base/io/crypto.h"
#include "base/mem.h"
#include "collector/store/store.h"
#include "formats/block/builder.h"
#include "formats/line/envelope.h"
#include "formats/line/facts.h"
#include "formats/line/flatten.h"
#include "formats/line/request_id.h"
#include "formats/push/elastic.h"
#include "formats/push/loki.h"
#include "formats/redact/redact.h"
#include "shipper/tailer.h"
#include "tests/bench/must.h"
#include "tests/docker_escape.h"

#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

enum { BLOCKS_MAX = 4096, DOCKER_MAX = 256 << 20 };

static uint64_t line_bytes;
static struct buf blocks[BLOCKS_MAX];
static size_t n_blocks;

static void report_span(const char *what, int64_t ns)
{
    printf("%-28s %8.0f MB/s\n", what, (double)line_bytes / 1e6 / ((double)ns / NS_PER_S));
}

static void report(const char *what, int64_t since_ns)
{
    report_span(what, time_monotonic() - since_ns);
}

static bool count_line(void *context, const struct tail_line *line)
{
    (void)context;
    line_bytes += line->bytes.len;
    return true;
}

static bool read_facts(void *context, const struct tail_line *line)
{
    static struct line_context facts_context;
    struct line_facts facts;
    (void)context;
    facts_context.is_timed = line->time_ns != TIME_NONE; /* as in the shipper */
    line_facts_of(line->bytes, &facts_context, &facts);
    line_bytes += line->bytes.len;
    return true;
}

static bool find_ids(void *context, const struct tail_line *line)
{
    request_id_find(context, line->bytes);
    line_bytes += line->bytes.len;
    return true;
}

/* What was read so far becomes a block when it is large enough. */
static void close_block(struct block_builder *b)
{
    struct err err;
    struct hash128 origin = {1, 2};
    if (b->n_records == 0)
        return;
    assert(n_blocks < BLOCKS_MAX);
    must(block_builder_finish(b, origin, n_blocks + 1, 1, &blocks[n_blocks], &err), &err);
    n_blocks++;
    block_builder_reset(b);
}

static bool build_blocks(void *context, const struct tail_line *line)
{
    struct block_builder *b = context;
    static const struct labels none;
    if (b->lines.len >= BLOCK_CLOSE_BYTES)
        close_block(b);
    if (b->n_streams == 0)
        block_builder_stream(b, &none, &none, TIME_NONE);
    struct record record = {.line = line->bytes, .order_ns = (int64_t)line->from};
    record.event_ns = record.order_ns;
    line_bytes += line->bytes.len;
    return block_builder_add(b, &record);
}

/* As dockerd would write it, unless the line is of a container already. What does not fit into the
 * buffer is left out. */
static bool put_docker_json(void *context, const struct tail_line *line)
{
    struct buf *b = context;
    if (b->len + 6 * line->bytes.len + 128 > b->max)
        return true;
    if (str_starts(line->bytes, STR("{\"log\":\""))) {
        buf_add(b, line->bytes);
        buf_add_byte(b, '\n');
        return true;
    }
    buf_add(b, STR("{\"log\":\""));
    put_docker_escaped(b, line->bytes);
    buf_add(b, STR("\\n\",\"stream\":\"stdout\",\"time\":\""));
    put_rfc3339(b, INT64_C(1795166521123456789) + (int64_t)line->from * 1001, 9);
    buf_add(b, STR("\"}\n"));
    return true;
}

/* The lines that are JSON, as they stand escaped in their envelope. */
static void put_escaped_json(struct str docker_json, struct buf *lines)
{
    const struct str front = STR("{\"log\":\"");
    struct str line;
    while (take_until(&docker_json, '\n', &line)) {
        size_t end = str_find(line, STR("\\n\",\"stream\""));
        struct str text = str_slice(line, front.len, min_of(end, line.len) - front.len);
        if (!str_starts(text, STR("{\\\"")))
            continue;
        buf_add(lines, text);
        buf_add_byte(lines, '\n');
    }
}

static void flatten_lines(struct str lines)
{
    enum { FIELDS = 512 };
    static struct field room[FIELDS];
    struct str line;
    for (line_bytes = lines.len; take_until(&lines, '\n', &line);) {
        struct fields fields = {.items = room, .max = FIELDS};
        struct flatten_result result;
        flatten_json(line, 1, &fields, &result);
    }
}

static void open_envelopes(struct str docker_json)
{
    defer(buf_free) struct buf scratch = {0};
    struct enveloped e;
    struct str line;
    for (line_bytes = docker_json.len; take_until(&docker_json, '\n', &line);)
        if (!envelope_open(ENVELOPE_DOCKER_JSON, line, &scratch, &e))
            line_bytes -= line.len;
}

static const struct multiline *rule_of(void *context, const struct tail_stream *stream)
{
    (void)stream;
    return context;
}

static bool build_records(void *context, const struct tail_line *line)
{
    return read_facts(NULL, line) && build_blocks(context, line);
}

/* All of a shipper without sockets: envelopes, records of several lines, level and time, blocks. */
static void read_container(const char *path, struct block_builder *builder)
{
    struct err err;
    struct multiline *rule = NULL;
    struct tailer *t = NULL;
    must(multiline_open(&rule, STR("auto"), &err), &err);
    const struct tail_glob glob = {.pattern = str_from(path), .envelope = ENVELOPE_DOCKER_JSON};
    const struct tailer_options options = {.host = STR("bench"),
                                           .globs = &glob,
                                           .n_globs = 1,
                                           .multiline = rule_of,
                                           .multiline_context = rule};
    const struct tail_sink sink = {build_records, builder};
    must(tailer_open(&t, &options, &err), &err);
    tailer_scan(t, time_now());
    while (tailer_read(t, time_now(), &sink))
        continue;
    close_block(builder);
    tailer_close(&t);
    multiline_close(&rule);
}

static void forget_blocks(void)
{
    while (n_blocks > 0)
        buf_free(&blocks[--n_blocks]);
}

static void read_file(const char *path, bool (*line)(void *, const struct tail_line *),
                      void *context)
{
    struct err err;
    const struct tail_glob glob = {.pattern = str_from(path)};
    const struct tailer_options options = {.host = STR("bench"), .globs = &glob, .n_globs = 1};
    const struct tail_sink sink = {line, context};
    struct tailer *t = NULL;
    must(tailer_open(&t, &options, &err), &err);
    tailer_scan(t, time_now());
    line_bytes = 0;
    while (tailer_read(t, time_now(), &sink))
        continue;
    tailer_close(&t);
}

static void verify_blocks(void)
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    for (size_t i = 0; i < n_blocks; i++) {
        struct block block;
        arena_reset(&arena);
        must(block_verify(&block, buf_str(&blocks[i]), &packer, &arena, &err), &err);
    }
}

static void store_blocks(const char *folder)
{
    struct err err;
    struct store *s = NULL;
    const struct store_options options = {.folder = folder};
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    must(store_open(&s, &options, time_now(), &err), &err);
    for (size_t i = 0; i < n_blocks; i++) {
        struct block block;
        struct put_result result;
        arena_reset(&arena);
        must(block_verify(&block, buf_str(&blocks[i]), &packer, &arena, &err), &err);
        must(store_put(s, buf_str(&blocks[i]), &block, time_now(), &result, &err), &err);
        if (i % 16 == 15)
            must(store_commit(s, time_now(), &err), &err);
    }
    must(store_commit(s, time_now(), &err), &err);
    store_close(&s, time_now());
}

/* All rows of a block in bodies of a format, beside what zstd takes for its lines. */
static void push_block_rows(struct push_format *f, struct str bytes, int64_t *zstd_ns,
                            int64_t *push_ns)
{
    struct err err;
    struct block block;
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    defer(buf_free) struct buf body = {.max = DOCKER_MAX};
    must(block_open(&block, bytes, &packer, &arena, &err) &&
             block_read_columns(&block, &arena, &err) && block_read_lines(&block, &arena, &err),
         &err);
    int64_t start = time_monotonic();
    must(zstd_pack(&packer, block.lines, 1, &body, &err), &err);
    int64_t packed = time_monotonic();
    uint32_t *rows = arena_array(&arena, uint32_t, block.header.records);
    for (uint32_t i = 0; i < block.header.records; i++)
        rows[i] = i;
    const struct push_block push = {.block = &block};
    f->kind->begin(f, &push);
    for (size_t at = 0; at < block.header.records; buf_reset(&body))
        at += f->kind->put(f, rows + at, block.header.records - at, f->body_max, &body);
    *zstd_ns += packed - start;
    *push_ns += time_monotonic() - packed;
}

static void push_to_loki(void)
{
    struct err err;
    const struct str labels[] = {STR("service_name"), STR("host")};
    int64_t zstd_ns = 0, push_ns[2] = {0};
    for (int is_json = 0; is_json < 2; is_json++) {
        const struct loki_options options = {.labels = labels, .n_labels = 2, .is_json = is_json};
        defer(push_format_close) struct push_format *f = NULL;
        must(loki_open(&f, &options, &err), &err);
        zstd_ns = 0;
        for (size_t i = 0; i < n_blocks; i++)
            push_block_rows(f, buf_str(&blocks[i]), &zstd_ns, &push_ns[is_json]);
    }
    report_span("zstd -1 of lines of blocks", zstd_ns);
    report_span("blocks to Loki, protobuf", push_ns[0]);
    report_span("... as JSON", push_ns[1]);
}

static void push_to_elastic(void)
{
    struct err err;
    static const char *const names[] = {"blocks to _bulk, flattened", "... expanded",
                                        "... without fields"};
    for (int fields = ELASTIC_FLATTENED; fields <= ELASTIC_NO_FIELDS; fields++) {
        const struct elastic_options options = {STR("logs-bench"), (enum elastic_fields)fields};
        defer(push_format_close) struct push_format *f = NULL;
        int64_t zstd_ns = 0, push_ns = 0;
        must(elastic_open(&f, &options, &err), &err);
        for (size_t i = 0; i < n_blocks; i++)
            push_block_rows(f, buf_str(&blocks[i]), &zstd_ns, &push_ns);
        report_span(names[fields], push_ns);
    }
}

/* ---- redaction ---- */

struct redact_bench {
    struct redactor *redactor;
    struct redaction room;
};

static uint64_t sign(void *hmac, struct str text)
{
    return hmac_sign(hmac, text);
}

static int64_t cpu_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* CPU of the best of three: nothing is read or written in it. */
static void redact_lines(struct redact_bench *b, struct str lines, const char *what)
{
    int64_t best = INT64_MAX;
    line_bytes = lines.len;
    for (int i = 0; i < 3; i++) {
        int64_t start = cpu_time();
        struct str line;
        for (struct str rest = lines; take_until(&rest, '\n', &line);)
            redact_line(b->redactor, &b->room, NULL, line);
        best = min_of(best, cpu_time() - start);
    }
    report_span(what, best);
}

/* What does not fit into the buffer is left out. */
static bool put_line(void *context, const struct tail_line *line)
{
    struct buf *b = context;
    if (b->len + line->bytes.len + 1 <= b->max) {
        buf_add(b, line->bytes);
        buf_add_byte(b, '\n');
    }
    return true;
}

static unsigned luhn_digit(uint64_t number)
{
    unsigned sum = 0;
    for (unsigned i = 0; number; i++, number /= 10) {
        unsigned digit = (unsigned)(number % 10) * (i % 2 ? 1 : 2);
        sum += digit / 10 + digit % 10;
    }
    return (10 - sum % 10) % 10;
}

/* Three things to hide in each. */
static void put_hits(struct buf *lines)
{
    enum { LINES = 400000 };
    for (uint64_t i = 0; i < LINES; i++) {
        uint64_t number = 411100000000000 + i * 982451653 % 99999999999;
        buf_print(lines,
                  "{\"level\":30,\"time\":%" PRIu64 ",\"msg\":\"payment by user%" PRIu64
                  "@example.com with card %" PRIu64 "%u\",\"password\":\"pw-%" PRIx64
                  "\",\"reqId\":\"%016" PRIx64 "\"}\n",
                  1795166521000 + i, i % 5000, number, luhn_digit(number), i * 2654435761,
                  (i + 1) * 0x9e3779b97f4a7c15);
    }
}

static void redact_file(const char *path)
{
    struct err err;
    struct redact_options options;
    defer(buf_free) struct buf lines = {.max = DOCKER_MAX};
    defer(hmac_close) struct hmac *hmac = hmac_open(STR("a key of a benchmark, of 32 bytes"));
    struct redact_bench bench = {.room = {.n = 0}};
    redact_options_init(&options);
    options.sign = sign;
    options.sign_context = hmac;
    must(redactor_open(&bench.redactor, &options, &err), &err);
    read_file(path, put_line, &lines);
    redact_lines(&bench, buf_str(&lines), "redaction, default rules");
    buf_reset(&lines);
    put_hits(&lines);
    redact_lines(&bench, buf_str(&lines), "... of lines full of hits");
    redaction_free(&bench.room);
    redactor_close(&bench.redactor);
}

static void write_file(const char *path, struct str bytes)
{
    struct err err;
    struct file file = {0};
    must(file_open(&file, path, FILE_CREATE, &err) && file_write_at(&file, 0, bytes, &err), &err);
    file_close(&file);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

int main(int argc, char **argv)
{
    char folder[] = "sluice-bench-XXXXXX";
    defer(block_builder_free) struct block_builder builder = {0};
    defer(buf_free) struct buf docker_json = {.max = DOCKER_MAX};
    defer(buf_free) struct buf escaped_json = {.max = DOCKER_MAX};
    char container[PATH_MAX];
    if (argc != 2 || argv[1][0] != '/' || !mkdtemp(folder) || !realpath(folder, container)) {
        fprintf(stderr, "usage: bench /absolute/path/of/a/file\n");
        return 2;
    }
    strncat(container, "/container.log", sizeof container - strlen(container) - 1);
    read_file(argv[1], count_line, NULL); /* into the page cache */
    int64_t start = time_monotonic();
    read_file(argv[1], count_line, NULL);
    report("reading lines", start);
    start = time_monotonic();
    read_file(argv[1], read_facts, NULL);
    report("... with level and time", start);
    defer(arena_free) struct arena arena = {0};
    struct id_names names;
    id_names_init(&names, NULL, 0, &arena);
    start = time_monotonic();
    read_file(argv[1], find_ids, &names);
    report("... with request ids", start);
    builder.is_plain = true;
    start = time_monotonic();
    read_file(argv[1], build_blocks, &builder);
    close_block(&builder);
    report("... into plain blocks", start);
    forget_blocks();
    builder.is_plain = false;
    start = time_monotonic();
    read_file(argv[1], build_blocks, &builder);
    close_block(&builder);
    report("... into blocks with columns", start);
    start = time_monotonic();
    verify_blocks();
    report("checking blocks", start);
    start = time_monotonic();
    store_blocks(folder);
    report("... and storing them", start);
    push_to_loki();
    push_to_elastic();
    read_file(argv[1], put_docker_json, &docker_json);
    start = time_monotonic();
    open_envelopes(buf_str(&docker_json));
    report("splitting, unwrapping Docker", start);
    put_escaped_json(buf_str(&docker_json), &escaped_json);
    start = time_monotonic();
    flatten_lines(buf_str(&escaped_json));
    report("fields of escaped JSON", start);
    redact_file(argv[1]);
    write_file(container, buf_str(&docker_json));
    for (int plain = 1; plain >= 0; plain--) {
        forget_blocks();
        builder.is_plain = plain;
        start = time_monotonic();
        read_container(container, &builder);
        line_bytes = docker_json.len;
        report(plain ? "container to plain blocks" : "... with columns", start);
    }
    forget_blocks();
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
