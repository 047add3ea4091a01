#include "formats/line/envelope.h"

#include "base/reader.h"
#include "formats/line/json.h"
#include "formats/line/json_special.h"
#include "formats/line/json_text.h"

/* take_prefix for literals, inline: a comparison of a few words. */
#define TAKE_LITERAL(at, end, literal) take_bytes(at, end, "" literal, sizeof(literal) - 1)

static inline bool take_bytes(const char **at, const char *end, const char *bytes, size_t n)
{
    if ((size_t)(end - *at) < n || memcmp(*at, bytes, n) != 0)
        return false;
    *at += n;
    return true;
}

static enum lane lane_of(struct str name)
{
    return str_equal(name, STR("stderr")) ? LANE_ERR : LANE_OUT;
}

/* ---- Docker json-file ---- */

static void set_text(struct enveloped *e, const char *text, size_t len)
{
    bool whole = len > 0 && text[len - 1] == '\n';
    e->text = str_of(text, len - whole);
    e->is_partial = !whole;
}

/* From the content of the string "log"; *at is then behind its closing quote. Most lines of text
 * have no escape but the last one and need no copy. */
static inline bool take_log(const char **at, const char *end, struct buf *scratch,
                            struct enveloped *e)
{
    const char *from = *at, *special = json_special(from, end);
    size_t plain = (size_t)(special - from);
    *at = special;
    if (TAKE_LITERAL(at, end, "\\n\"") || TAKE_LITERAL(at, end, "\"")) {
        e->text = str_of(from, plain);
        e->is_partial = *special == '"';
        return true;
    }
    char *to = buf_reserve(scratch, (size_t)(end - from) + JSON_TEXT_SLACK);
    if (!to)
        return false;
    memcpy(to, from, plain);
    const char *stop = json_unescape(at, end, to + plain);
    if (!stop)
        return false;
    (*at)++;
    set_text(e, to, (size_t)(stop - to));
    return true;
}

static int64_t time_of(struct str s)
{
    int64_t ns;
    return take_rfc3339(&s, &ns) && s.len == 0 ? ns : TIME_NONE;
}

/* What dockerd writes behind "log" if it was given no labels to write, to the end of the line. */
static inline bool take_usual_end(const char *at, const char *end, struct enveloped *e)
{
    struct enveloped found = *e;
    if (TAKE_LITERAL(&at, end, ",\"stream\":\"stdout\",\"time\":\""))
        found.lane = LANE_OUT;
    else if (TAKE_LITERAL(&at, end, ",\"stream\":\"stderr\",\"time\":\""))
        found.lane = LANE_ERR;
    else
        return false;
    struct str rest = str_of(at, (size_t)(end - at));
    if (!take_rfc3339(&rest, &found.time_ns) || !str_equal(rest, STR("\"}")))
        return false;
    *e = found;
    return true;
}

static bool read_member(const struct json_member *m, struct buf *scratch, struct enveloped *e,
                        bool *has_log)
{
    bool is_log = str_equal(m->key, STR("log")), is_time = str_equal(m->key, STR("time"));
    if (m->outer.ptr || !(is_log || is_time || str_equal(m->key, STR("stream"))))
        return true;
    if (m->kind != JSON_STRING)
        return m->kind == JSON_NULL;
    const char *at = m->value.ptr;
    if (is_log) {
        *has_log = true;
        return take_log(&at, at + m->value.len + 1, scratch, e);
    }
    if (is_time)
        e->time_ns = time_of(m->value);
    else
        e->lane = lane_of(m->value);
    return true;
}

static bool open_docker_json(struct str piece, struct buf *scratch, struct enveloped *out)
{
    struct enveloped e = {.time_ns = TIME_NONE};
    struct json_scan scan;
    struct json_member m;
    bool has_log = false;
    if (!json_open(&scan, piece))
        return false;
    if (TAKE_LITERAL(&scan.at, scan.end, "\"log\":\"")) {
        if (!take_log(&scan.at, scan.end, scratch, &e))
            return false;
        if (take_usual_end(scan.at, scan.end, &e)) {
            *out = e;
            return true;
        }
        scan.need_comma = true;
        has_log = true;
    }
    while (json_next(&scan, &m))
        if (!read_member(&m, scratch, &e, &has_log))
            return false;
    if (!scan.done || !has_log || str_trim(str_of(scan.at, (size_t)(scan.end - scan.at))).len)
        return false;
    *out = e;
    return true;
}

/* ---- CRI ---- */

static bool open_cri(struct str piece, struct enveloped *out)
{
    struct enveloped e = {0};
    if (!take_rfc3339(&piece, &e.time_ns))
        return false;
    const char *at = piece.ptr, *end = at + piece.len;
    if (TAKE_LITERAL(&at, end, " stderr "))
        e.lane = LANE_ERR;
    else if (!TAKE_LITERAL(&at, end, " stdout "))
        return false;
    e.is_partial = TAKE_LITERAL(&at, end, "P");
    if (!e.is_partial && !TAKE_LITERAL(&at, end, "F"))
        return false;
    if (at < end && *at == ':') {
        const char *blank = memchr(at, ' ', (size_t)(end - at));
        at = blank ? blank : end;
    }
    if (at < end && !TAKE_LITERAL(&at, end, " "))
        return false;
    e.text = str_of(at, (size_t)(end - at));
    *out = e;
    return true;
}

/* ---- Docker local ---- */

/* The wire types of protobuf; the two for groups are bad. */
enum { WIRE_VARINT = 0, WIRE_U64 = 1, WIRE_BYTES = 2, WIRE_U32 = 5 };

struct field {
    uint64_t key; /* number * 8 + wire type */
    uint64_t number;
    struct str bytes;
};

#define FIELD(number, wire) ((uint64_t)(number) << 3 | (wire))

/* False at the end, or at what is no field (.bad). */
static bool next_field(struct reader *r, struct field *f)
{
    if (r->bad || reader_left(r) == 0)
        return false;
    *f = (struct field){.key = read_varint(r)};
    switch (f->key & 7) {
    case WIRE_VARINT:
        f->number = read_varint(r);
        break;
    case WIRE_U64:
        f->number = read_u64(r);
        break;
    case WIRE_BYTES:
        f->bytes = read_str(r);
        break;
    case WIRE_U32:
        f->number = read_u32(r);
        break;
    default:
        r->bad = true;
    }
    r->bad = r->bad || f->key >> 3 == 0;
    return !r->bad;
}

static bool read_metadata(struct str bytes, bool *last)
{
    struct reader r = reader_of(bytes);
    struct field f;
    while (next_field(&r, &f))
        if (f.key == FIELD(1, WIRE_VARINT))
            *last = f.number != 0;
    return !r.bad;
}

static bool open_docker_local(struct str piece, struct enveloped *out)
{
    struct enveloped e = {.text = str_of(piece.ptr, 0), .time_ns = TIME_NONE};
    struct reader r = reader_of(piece);
    struct field f;
    bool has_source = false, has_metadata = false, last = false;
    while (next_field(&r, &f)) {
        switch (f.key) {
        case FIELD(1, WIRE_BYTES):
            has_source = true;
            e.lane = lane_of(f.bytes);
            break;
        case FIELD(2, WIRE_VARINT):
            e.time_ns = f.number ? (int64_t)f.number : TIME_NONE;
            break;
        case FIELD(3, WIRE_BYTES):
            e.text = f.bytes;
            break;
        case FIELD(4, WIRE_VARINT):
            e.is_partial = f.number != 0;
            break;
        case FIELD(5, WIRE_BYTES):
            has_metadata = true;
            if (!read_metadata(f.bytes, &last))
                return false;
            break;
        default: /* field 6 and what later versions add */
            if (f.key >> 3 <= 5)
                return false;
        }
    }
    if (r.bad || !has_source)
        return false;
    if (has_metadata)
        e.is_partial = !last;
    *out = e;
    return true;
}

bool envelope_open(enum envelope_kind kind, struct str piece, struct buf *scratch,
                   struct enveloped *out)
{
    buf_reset(scratch);
    switch (kind) {
    case ENVELOPE_DOCKER_JSON:
        return open_docker_json(piece, scratch, out);
    case ENVELOPE_DOCKER_LOCAL:
        return open_docker_local(piece, out);
    case ENVELOPE_CRI:
        return open_cri(piece, out);
    case ENVELOPE_NONE:
    case ENVELOPE_KINDS:
        break;
    }
    *out = (struct enveloped){.text = piece, .time_ns = TIME_NONE};
    return true;
}
