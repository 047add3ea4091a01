/*
 * Bytes of a connection to base/io/http_wire, the only part of the HTTP server and of the client
 * for unix sockets that reads what a peer wrote. The first byte chooses requests or responses and
 * how the input is cut; the steps must be the same as for the whole (invariant 1 of http_wire.h).
 */
#include "base/form.h"
#include "base/hash.h"
#include "base/io/http_wire.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note_head(const struct http_head *head, struct buf *out)
{
    assert(head->n <= HTTP_FIELDS_MAX && head->minor <= 1);
    assert(!head->is_chunked || !head->has_length);
    buf_print(out, "<%.*s %.*s %u %u %d %d %d %llu", STR_ARG(head->method), STR_ARG(head->target),
              head->status, head->minor, head->keep_alive, head->is_chunked, head->has_length,
              (unsigned long long)head->length);
    for (size_t i = 0; i < head->n; i++) {
        struct str name = head->fields[i].name, value = head->fields[i].value;
        assert(name.len > 0 && str_find_byte(value, '\n') == SIZE_MAX);
        buf_print(out, "[%.*s=%.*s]", STR_ARG(name), STR_ARG(value));
    }
    buf_add(out, STR(">"));
    defer(arena_free) struct arena arena = {0};
    struct str rest = head->target, name, value;
    while (take_query_pair(&rest, &arena, &name, &value))
        assert(name.len + value.len <= head->target.len);
}

/* Everything that is left of a piece of input; false after a refusal. */
static bool take_steps(struct http_wire *w, struct str in, struct buf *out)
{
    struct str piece = {0};
    for (;;) {
        size_t before = in.len;
        switch (http_wire_next(w, &in, &piece)) {
        case HTTP_STEP_MORE:
            assert(in.len == 0);
            return true;
        case HTTP_STEP_HEAD:
            note_head(&w->head, out);
            break;
        case HTTP_STEP_BODY:
            assert(piece.len > 0 && before - in.len >= piece.len);
            buf_add(out, piece);
            break;
        case HTTP_STEP_END:
            buf_add(out, STR("|"));
            break;
        case HTTP_STEP_BAD:
            assert(w->bad_status >= 400 && w->bad_text);
            buf_print(out, "!%u", w->bad_status);
            return false;
        }
    }
}

static void feed(struct str bytes, size_t piece_len, bool is_response, struct buf *out)
{
    struct http_wire w = {.is_response = is_response};
    bool goes_on = true;
    while (goes_on && bytes.len > 0) {
        goes_on = take_steps(&w, str_slice(bytes, 0, piece_len), out);
        bytes = str_slice(bytes, piece_len, SIZE_MAX);
    }
    http_wire_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str bytes = str_of(data + 1, size - 1);
    bool is_response = data[0] & 1;
    size_t cut = (data[0] >> 1) % 64 + 1U;
    defer(buf_free) struct buf whole = {0}, pieces = {0};
    feed(bytes, bytes.len, is_response, &whole);
    feed(bytes, cut, is_response, &pieces);
    assert(str_equal(buf_str(&whole), buf_str(&pieces)));
    return 0;
}
