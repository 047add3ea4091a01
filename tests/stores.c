#include "tests/stores.h"

#include "base/mem.h"
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
