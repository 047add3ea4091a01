#include "tests/stores.h"

#include "base/mem.h"
#include "formats/block/chunk.h"
#include "tests/blocks.h"
#include "tests/test.h"

bool put_made_block(struct store *s, int64_t now, uint64_t origin, uint64_t sequence,
                    const char *service, int first, int n, struct put_result *result,
                    struct err *err)
{
    struct block block;
    defer(buf_free) struct buf bytes = {0};
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    make_block(&bytes, origin, sequence, service, first, n);
    REQUIRE(block_verify(&block, buf_str(&bytes), &packer, &arena, err));
    return store_put(s, buf_str(&bytes), &block, now, result, err);
}

bool commit_blocks(struct store *s, int64_t now, struct err *err)
{
    bool ok = store_commit(s, now, err);
    store_publish(s);
    return ok;
}

bool merge_once(struct store *s, int64_t now, bool *merged, struct err *err)
{
    struct store_merge *m = store_plan_merge(s);
    if (merged)
        *merged = m;
    if (!m)
        return true;
    store_run_merge(m, NULL, NULL);
    bool ended = store_end_merge(s, &m, err);
    bool maintained = store_maintain(s, now, ended ? err : &(struct err){0});
    store_publish(s);
    return ended && maintained;
}

bool archive_all(struct store *s, int64_t now, struct err *err)
{
    store_archive(s);
    while (store_is_archiving(s))
        if (!merge_once(s, now, NULL, err))
            return false;
    return true;
}

static bool take_lines(struct view *v, const struct block_ref *ref,
                       bool (*take)(void *context, struct str line), void *context)
{
    struct err err;
    struct chunk chunk = {0};
    defer(buf_free) struct buf bytes = {0};
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    if (!view_load(v, ref, &bytes, &err) ||
        !(ref->segment ? chunk_verify(&chunk, buf_str(&bytes), &packer, &arena, &err)
                       : block_verify(&chunk.block, buf_str(&bytes), &packer, &arena, &err)))
        return false;
    for (uint32_t i = 0; i < chunk.block.header.records; i++)
        if (!take(context, chunk.block.records[i].line))
            return false;
    return true;
}

bool each_stored_line(struct store *s, bool (*take)(void *context, struct str line), void *context)
{
    size_t n;
    defer(view_close) struct view *v = NULL;
    view_open(&v, s);
    const struct block_ref *refs = view_blocks(v, INT64_MIN, INT64_MAX, &n);
    for (size_t i = 0; i < n; i++)
        for (const struct block_ref *ref = &refs[i]; ref; ref = ref->next)
            if (!take_lines(v, ref, take, context))
                return false;
    return true;
}
