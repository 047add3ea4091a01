#include "tests/unit/runtime_files.h"

#include "base/mem.h"
#include "tests/docker_escape.h"

static int64_t written_ns = INT64_C(1767225600) * NS_PER_S; /* 2026-01-01 */

int64_t last_piece_ns(void)
{
    return written_ns;
}

void pass_piece_time(int64_t ns)
{
    written_ns += ns;
}

static const char *const lane_names[LANES] = {"stdout", "stderr"};

static void put_json(struct buf *b, enum lane lane, struct str text, bool is_partial)
{
    buf_print(b, "{\"log\":\"");
    put_docker_escaped(b, text);
    buf_print(b, "%s\",\"stream\":\"%s\",\"time\":\"", is_partial ? "" : "\\n", lane_names[lane]);
    put_rfc3339(b, written_ns, 9);
    buf_print(b, "\"}\n");
}

static void put_cri(struct buf *b, enum lane lane, struct str text, bool is_partial)
{
    put_rfc3339(b, written_ns, 9);
    buf_print(b, " %s %c ", lane_names[lane], is_partial ? 'P' : 'F');
    buf_add(b, text);
    buf_add_byte(b, '\n');
}

static void put_big_endian(struct buf *b, uint32_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        put_u8(b, (uint8_t)(n >> shift));
}

/* Field numbers are those of envelope.h. */
static void put_frame(struct buf *b, enum lane lane, struct str text, bool is_partial)
{
    defer(buf_free) struct buf payload = {0};
    put_u8(&payload, 1 << 3 | 2);
    put_str(&payload, str_from(lane_names[lane]));
    put_u8(&payload, 2 << 3);
    put_varint(&payload, (uint64_t)written_ns);
    put_u8(&payload, 3 << 3 | 2);
    put_str(&payload, text);
    if (is_partial) {
        put_u8(&payload, 4 << 3);
        put_u8(&payload, 1);
    }
    put_big_endian(b, (uint32_t)payload.len);
    buf_add(b, buf_str(&payload));
    put_big_endian(b, (uint32_t)payload.len);
}

void put_piece(struct buf *b, enum envelope_kind kind, enum lane lane, struct str text,
               bool is_partial)
{
    written_ns += 1000003;
    if (kind == ENVELOPE_DOCKER_JSON)
        put_json(b, lane, text, is_partial);
    else if (kind == ENVELOPE_CRI)
        put_cri(b, lane, text, is_partial);
    else
        put_frame(b, lane, text, is_partial);
}
