#include "tests/unit/spool_helper.h"

#include "base/mem.h"
#include "tests/blocks.h"
#include "tests/test.h"

struct spool_state spool_state;
struct spool_reader *collector;
struct hash128 given_origin;
static struct spool *present; /* opened last */

static bool restore_whole(void *context, struct str bytes, struct err *err)
{
    struct spool_state *state = context;
    state->wholes++;
    return str_to_u64(bytes, &state->value) ? true : err_set(err, ERR_CORRUPT, "no number");
}

static bool restore_change(void *context, struct str bytes, struct err *err)
{
    struct spool_state *state = context;
    state->changes++;
    return str_to_u64(bytes, &state->value) ? true : err_set(err, ERR_CORRUPT, "no number");
}

const struct spool_restore spool_restore_state = {restore_whole, restore_change, &spool_state};

struct spool *spool_without_readers(uint64_t file_bytes, bool *is_new)
{
    struct err err;
    struct spool_options options = {
        .folder = test_folder(), .file_bytes = file_bytes, .size = 9000};
    spool_state.wholes = spool_state.changes = 0;
    present = NULL;
    REQUIRE_OK(spool_open(&present, &options, &spool_restore_state, 1, is_new, &err));
    return present;
}

struct spool *spool_opened(uint64_t file_bytes, bool *is_new)
{
    struct spool *s = spool_without_readers(file_bytes, is_new);
    collector = spool_reader_open_collector(s);
    spool_start_readers(s);
    return s;
}

static struct str value_text(uint64_t value, char text[32])
{
    return str_of(text, (size_t)snprintf(text, 32, "%llu", (unsigned long long)value));
}

void append_block(struct spool *s, uint64_t value)
{
    struct err err;
    char text[32];
    defer(buf_free) struct buf block = {0};
    uint64_t n = spool_next_sequence(s);
    make_block(&block, 1, n, "api", (int)n, 3);
    block_restamp(block.ptr, block.len, spool_origin(s), n);
    REQUIRE_OK(spool_append(s, value_text(value, text), buf_str(&block), 1, &err));
}

void rotate_spool(struct spool *s, uint64_t value)
{
    struct err err;
    char text[32];
    REQUIRE_OK(spool_rotate(s, value_text(value, text), 1, &err));
    spool_publish(s, 1);
}

void sync_spool(struct spool *s)
{
    struct err err;
    REQUIRE_OK(spool_sync(s, &err));
    spool_publish(s, 1);
}

void fill_spool(struct spool *s, int blocks)
{
    for (int i = 0; i < blocks; i++) {
        if (is_spool_rotation_due(s))
            rotate_spool(s, spool_next_sequence(s) - 1);
        append_block(s, spool_next_sequence(s));
        sync_spool(s);
    }
}

uint64_t next_block(struct spool_reader *r)
{
    struct err err;
    uint64_t sequence;
    struct block block;
    defer(buf_free) struct buf bytes = {0};
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    if (!spool_reader_next(r, &bytes, &sequence, &err)) {
        CHECK_INT(err.code, ERR_NONE);
        return 0;
    }
    REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
    given_origin = block.header.origin;
    CHECK(r != collector || hash128_equal(given_origin, spool_origin(present)));
    CHECK_INT(block.header.sequence, sequence);
    CHECK_INT(number_of_line(block.records[0].line), (long long)sequence);
    return sequence;
}
