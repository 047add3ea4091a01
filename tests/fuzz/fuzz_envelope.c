/*
 * The first byte says which envelope, the others are a piece: no crash, the same answer twice, text
 * in the piece or in scratch and not longer than what it was written as; escapes mean the same to
 * the fast and to the portable reader, wherever one begins.
 */
#include "base/mem.h"
#include "formats/line/envelope.h"
#include "formats/line/json_special.h"
#include "formats/line/json_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct str part, const char *ptr, size_t len)
{
    return part.ptr >= ptr && part.ptr + part.len <= ptr + len;
}

static void check_open(enum envelope_kind kind, struct str piece)
{
    defer(buf_free) struct buf scratch = {0}, again = {0};
    struct enveloped a = {.is_partial = true}, b;
    if (!envelope_open(kind, piece, &scratch, &a)) {
        assert(!a.text.ptr && a.is_partial && !envelope_open(kind, piece, &again, &b));
        return;
    }
    assert(is_inside(a.text, piece.ptr, piece.len) ||
           is_inside(a.text, scratch.ptr, scratch.capacity));
    assert(a.text.len <= piece.len && a.lane < LANES);
    assert(envelope_open(kind, piece, &again, &b) && str_equal(a.text, b.text));
    assert(a.time_ns == b.time_ns && a.lane == b.lane && a.is_partial == b.is_partial);
}

static void check_escapes(struct str s)
{
    const char *end = s.ptr + s.len, *at = s.ptr, *at_scalar = s.ptr;
    char *to = mem_alloc_raw(s.len + JSON_TEXT_SLACK);
    char *to_scalar = mem_alloc_raw(s.len + JSON_TEXT_SLACK);
    char *stop = json_unescape(&at, end, to);
    char *stop_scalar = json_unescape_scalar(&at_scalar, end, to_scalar);
    assert(!stop == !stop_scalar);
    if (stop) {
        assert(at == at_scalar && *at == '"' && stop - to <= at - s.ptr);
        assert(str_equal(str_of(to, (size_t)(stop - to)),
                         str_of(to_scalar, (size_t)(stop_scalar - to_scalar))));
    }
    assert(json_special(s.ptr, end) == json_special_scalar(s.ptr, end));
    mem_free(&to);
    mem_free(&to_scalar);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str piece = str_of(data + 1, size - 1);
    check_open(data[0] % ENVELOPE_KINDS, piece);
    for (size_t at = 0; at < piece.len; at += 1 + piece.len / 16)
        check_escapes(str_slice(piece, at, piece.len));
    return 0;
}
