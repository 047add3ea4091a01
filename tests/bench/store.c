/*
 * What tests/bench/run needs of single steps, as processes whose CPU it can measure:
 *
 *     bench-store read FILE...             containers' files (Docker json-file): reading and unwrapping only
 *     bench-store merge DATA DAYS          merges all that a store has, as a collector would so many days from now
 *     bench-store small DATA FILE BLOCKS   a store of so many blocks of LINES lines of a file, not merged
 */
#include "base/file.h"
#include "base/mem.h"
#include "collector/store/merging.h"
#include "formats/block/builder.h"
#include "shipper/tailer.h"
#include "tests/bench/must.h"

enum { LINES = 20, COMMIT_EACH = 64, FILE_MAX_BYTES = 64 << 20 };

static int usage(void)
{
    fprintf(stderr, "usage: bench-store read FILE... | merge DATA DAYS | small DATA FILE BLOCKS\n");
    return 2;
}

/* ---- read ---- */

static bool count_line(void *bytes, const struct tail_line *line)
{
    *(uint64_t *)bytes += line->bytes.len;
    return true;
}

static void read_containers(char **paths, size_t n)
{
    struct err err;
    struct tailer *t = NULL;
    uint64_t bytes = 0;
    struct tail_glob *globs = mem_array(struct tail_glob, n);
    for (size_t i = 0; i < n; i++)
        globs[i] =
            (struct tail_glob){.pattern = str_from(paths[i]), .envelope = ENVELOPE_DOCKER_JSON};
    const struct tailer_options options = {.host = STR("bench"), .globs = globs, .n_globs = n};
    const struct tail_sink sink = {count_line, &bytes};
    must(tailer_open(&t, &options, &err), &err);
    tailer_scan(t, time_now());
    while (tailer_read(t, time_now(), &sink))
        continue;
    tailer_close(&t);
    mem_free(&globs);
    printf("%llu\n", (unsigned long long)bytes);
}

/* ---- merge ---- */

static void merge(const char *folder, int64_t days)
{
    struct err err;
    struct store *s = NULL;
    int64_t now = time_now() + days * NS_PER_DAY;
    const struct store_options options = {.folder = folder, .retention = {.archive_after_ns = 1}};
    must(store_open(&s, &options, now, &err), &err);
    must(store_close_journal(s, &err), &err);
    store_publish(s);
    for (struct store_merge *m; (m = store_plan_merge(s));) {
        store_run_merge(m, NULL, NULL);
        must(store_end_merge(s, &m, &err) && store_maintain(s, now, &err), &err);
        store_publish(s);
    }
    store_close(&s, now);
}

/* ---- small ---- */

/* The next lines of the file, which begins again at its end. */
static void add_lines(struct block_builder *b, struct str file, struct str *rest, int64_t now)
{
    static const struct labels none;
    struct label label = {STR("service"), STR("small")};
    block_builder_stream(b, &(struct labels){&label, 1}, &none, TIME_NONE);
    for (int i = 0; i < LINES; i++) {
        struct record record = {.order_ns = now + i, .event_ns = now + i};
        if (!take_until(rest, '\n', &record.line)) {
            *rest = file;
            take_until(rest, '\n', &record.line);
        }
        if (!block_builder_add(b, &record))
            return;
    }
}

static void put_small_blocks(const char *folder, const char *path, uint64_t n)
{
    struct err err;
    struct store *s = NULL;
    int64_t now = time_now();
    defer(buf_free) struct buf file = {.max = FILE_MAX_BYTES}, bytes = {.max = BLOCK_MAX};
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    defer(block_builder_free) struct block_builder b = {0};
    must(file_load(path, FILE_MAX_BYTES, &file, &err), &err);
    must(store_open(&s, &(struct store_options){.folder = folder}, now, &err), &err);
    struct str rest = buf_str(&file);
    for (uint64_t i = 1; i <= n; i++) {
        struct block block;
        struct put_result result;
        buf_reset(&bytes);
        arena_reset(&arena);
        block_builder_reset(&b);
        add_lines(&b, buf_str(&file), &rest, now + (int64_t)i * NS_PER_MS);
        must(block_builder_finish(&b, (struct hash128){1, 2}, i, 1, &bytes, &err) &&
                 block_verify(&block, buf_str(&bytes), &packer, &arena, &err) &&
                 store_put(s, buf_str(&bytes), &block, now, &result, &err),
             &err);
        if (i % COMMIT_EACH == 0 || i == n)
            must(store_commit(s, now, &err), &err);
    }
    store_close(&s, now);
}

int main(int argc, char **argv)
{
    uint64_t number = 0;
    if (argc < 2)
        return usage();
    struct str mode = str_from(argv[1]);
    if (str_equal(mode, STR("read")) && argc > 2)
        read_containers(argv + 2, (size_t)argc - 2);
    else if (str_equal(mode, STR("merge")) && argc == 4 && str_to_u64(str_from(argv[3]), &number))
        merge(argv[2], (int64_t)number);
    else if (str_equal(mode, STR("small")) && argc == 5 && str_to_u64(str_from(argv[4]), &number))
        put_small_blocks(argv[2], argv[3], number);
    else
        return usage();
    return 0;
}
