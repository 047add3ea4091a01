/*
 * Any bytes as a line: the id is a slice of it that keeps to invariant 1 of request_id.h, the sets of bytes agree, and an
 * id is found by its own needles, and is the same as its canonical form.
 */
#include "base/mem.h"
#include "formats/line/byte_sets.h"
#include "formats/line/canonical_id.h"
#include "formats/line/request_id.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct id_names *names(void)
{
    static const struct str keys[] = {STR_INIT("my_id"), STR_INIT("job.nr"), STR_INIT("k")};
    static struct arena arena;
    static struct id_names made;
    if (made.n == 0)
        id_names_init(&made, keys, countof(keys), &arena);
    return &made;
}

static const struct id_names *workers(void)
{
    static struct arena arena;
    static struct id_names made;
    if (made.n == 0)
        worker_names_init(&made, &arena);
    return &made;
}

static const struct id_names *processes(void)
{
    static struct arena arena;
    static struct id_names made;
    if (made.n == 0)
        process_names_init(&made, &arena);
    return &made;
}

static void check_sets(struct str line)
{
    for (size_t at = 0; at < line.len; at += BYTE_SETS_WIDTH) {
        char bytes[BYTE_SETS_WIDTH] = {0};
        struct id_sets sets, plain;
        struct str piece = str_slice(line, at, sizeof bytes);
        memcpy(bytes, piece.ptr, piece.len);
        id_sets_load(line, at, &sets);
        id_sets_of_portable(bytes, &plain);
        assert(sets.pair == plain.pair && sets.hex == plain.hex);
    }
}

/* Case counts in ids that are text only, so a needle is as the id or has other digits. */
static void check_needles(struct str id)
{
    struct canonical_id canonical = canonical_id_of(id);
    struct id_needles needles;
    id_needles_of(&canonical, &needles);
    assert(needles.n > 0 && is_same_id(&canonical, &canonical));
    struct buf printed = {0};
    put_canonical_id(&printed, &canonical);
    struct canonical_id again = canonical_id_of(buf_str(&printed));
    assert(is_same_id(&canonical, &again));
    buf_free(&printed);
    for (size_t i = 0; i < needles.n; i++) {
        struct canonical_id other = canonical_id_of(needles.items[i]);
        assert(other.kind == CANONICAL_TEXT || is_same_id(&canonical, &other));
    }
}

static void check_slice(struct str line, struct str s)
{
    assert(s.len == 0 || (s.ptr >= line.ptr && s.ptr + s.len <= line.ptr + line.len));
    assert(s.len <= REQUEST_ID_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str line = str_of(data, size);
    struct str id = request_id_find(names(), line).text,
               again = request_id_find(names(), line).text;
    check_sets(line);
    assert(again.ptr == id.ptr && again.len == id.len);
    check_slice(line, id);
    check_slice(line, worker_find(workers(), line));
    check_slice(line, process_find(processes(), line));
    if (id.len > 0)
        check_needles(id);
    return 0;
}
