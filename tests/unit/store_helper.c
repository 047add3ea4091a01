#include "tests/unit/store_helper.h"

#include "base/mem.h"
#include "query/engine/run.h"
#include "tests/stores.h"
#include "tests/test.h"

int64_t st_now = ST_DAY * NS_PER_DAY;

const char *st_path_of(struct arena *a, const char *name)
{
    return arena_print(a, "%s/data%s", test_folder(), name).ptr;
}

struct store *st_open_store(struct store_options options)
{
    struct err err;
    struct store *s = NULL;
    defer(arena_free) struct arena a = {0};
    options.folder = st_path_of(&a, "");
    REQUIRE_OK(store_open(&s, &options, st_now, &err));
    return s;
}

enum origin_verdict st_put(struct store *s, uint64_t origin, uint64_t sequence)
{
    return st_put_of(s, origin, sequence, "api");
}

enum origin_verdict st_put_of(struct store *s, uint64_t origin, uint64_t sequence,
                              const char *service)
{
    struct err err;
    struct put_result result;
    REQUIRE_OK(put_made_block(s, st_now, origin, sequence, service, (int)sequence * ST_EACH,
                              ST_EACH, &result, &err));
    REQUIRE_OK(commit_blocks(s, st_now, &err));
    return result.verdict;
}

bool st_merge_once(struct store *s)
{
    struct err err;
    bool merged;
    REQUIRE_OK(merge_once(s, st_now, &merged, &err));
    return merged;
}

void st_merge_all(struct store *s)
{
    while (st_merge_once(s)) {
    }
}

bool st_hear(void *buf, const struct result *r)
{
    buf_print(buf, "%llu/%llu/%u ", (unsigned long long)r->origin.low,
              (unsigned long long)r->sequence, r->position);
    buf_add(buf, r->line);
    buf_add_byte(buf, '\n');
    return true;
}

void st_search(struct view *v, struct buf *out, struct summary *summary)
{
    struct err err;
    struct view_snapshot snapshot;
    defer(query_free) struct query q;
    struct run_options options = {.take = st_hear, .context = out};
    out->max = 64 << 20;
    query_init(&q);
    view_snapshot(&snapshot, v, TIME_NONE, TIME_NONE);
    REQUIRE_OK(query_run(&q, &snapshot.snapshot, &options, summary, &err));
    view_note_problems(v, summary);
}

void st_search_store(struct store *s, struct buf *out)
{
    defer(summary_free) struct summary summary = {0};
    defer(view_close) struct view *v = NULL;
    view_open(&v, s);
    st_search(v, out, &summary);
    CHECK(summary.complete);
}

size_t st_files_in(const char *name)
{
    struct err err;
    struct str *names;
    size_t n = 0;
    defer(arena_free) struct arena a = {0};
    return folder_list(st_path_of(&a, name), &a, &names, &n, &err) ? n : 0;
}

/* All lines of it are lines of the other, in its order. */
static bool is_part_of(struct str part, struct str whole)
{
    for (struct str line, other; take_until(&part, '\n', &line);) {
        bool is_there = false;
        while (!is_there && take_until(&whole, '\n', &other))
            is_there = str_equal(line, other);
        if (!is_there)
            return false;
    }
    return true;
}

void st_flip_every_byte(const char *path, const struct buf *lines)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf bytes = {0};
    defer(file_close) struct file f = {0};
    REQUIRE_OK(file_load(path, 1 << 20, &bytes, &err));
    REQUIRE_OK(file_open(&f, path, FILE_WRITE, &err));
    for (size_t i = 0; i < bytes.len; i++) {
        struct view *v = NULL;
        defer(buf_free) struct buf found = {0};
        defer(summary_free) struct summary summary = {0};
        char flipped = (char)(bytes.ptr[i] ^ 1 << i % 8);
        REQUIRE_OK(file_write_at(&f, i, str_of(&flipped, 1), &err));
        REQUIRE_OK(view_open_folder(&v, st_path_of(&a, ""), &err));
        st_search(v, &found, &summary);
        view_close(&v);
        if (summary.complete || !is_part_of(buf_str(&found), buf_str(lines)))
            test_fail(__FILE__, __LINE__, "byte %zu of %zu is not missed", i, bytes.len);
        REQUIRE_OK(file_write_at(&f, i, str_of(bytes.ptr + i, 1), &err));
    }
}
