#include "query/engine/results.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

enum entry_kind {
    ENTRY_STREAM = 1,
    ENTRY_RECORD,
    ENTRY_LISTED,
    ENTRY_TRAILER,
    ENTRY_MARK,
    ENTRY_TALLY
};
enum { MARK_MATCH = 1, MARK_GOES_ON = 2, MARKS_ALL = 3 };

static const struct str magic = STR_INIT("SLQR");

void summary_free(struct summary *s)
{
    arena_free(&s->arena);
    *s = (struct summary){0};
}

void summary_problem(struct summary *s, const char *fmt, ...)
{
    s->complete = false;
    if (s->n_problems == RESULT_PROBLEMS_MAX) {
        s->more_problems++;
        return;
    }
    char text[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    s->problems[s->n_problems++] = arena_copy(&s->arena, str_from(text));
}

void put_result_reference(struct buf *out, const struct result *result)
{
    char origin[HASH128_TEXT];
    hash128_text(result->origin, origin);
    buf_add(out, str_from(origin));
    buf_add_byte(out, ':');
    buf_add_number(out, result->sequence);
    buf_add_byte(out, ':');
    buf_add_number(out, result->position);
    if (result->line_number)
        buf_print(out, ":%u", result->line_number);
}

/* ---- writing ---- */

static size_t varint_size(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

/* The length stands before the payload, so the payload is moved up once its length is known. */
static size_t start_entry(struct buf *out, enum entry_kind kind)
{
    put_u8(out, (uint8_t)kind);
    return out->len;
}

static void end_entry(struct buf *out, size_t start)
{
    size_t len = out->len - start, size = varint_size(len);
    if (out->over || !buf_reserve(out, size))
        return;
    memmove(out->ptr + start + size, out->ptr + start, len);
    out->len = start;
    put_varint(out, len);
    out->len += len;
}

void put_results_start(struct buf *out)
{
    buf_add(out, magic);
    put_u8(out, RESULT_VERSION);
}

static void put_stream(struct result_writer *w, const struct result_stream *stream, struct buf *out)
{
    if (stream->number < w->streams)
        return;
    assert(stream->number == w->streams);
    w->streams++;
    size_t at = start_entry(out, ENTRY_STREAM);
    put_labels(out, &stream->labels);
    end_entry(out, at);
}

void put_result(struct result_writer *w, const struct result *result, struct buf *out)
{
    if (result->tally) {
        size_t start = start_entry(out, ENTRY_TALLY);
        put_tally(result->tally, result->n_names, out);
        end_entry(out, start);
        return;
    }
    put_stream(w, result->stream, out);
    size_t at = start_entry(out, result->is_listed ? ENTRY_LISTED : ENTRY_RECORD);
    put_varint(out, result->stream->number);
    if (!result->is_listed) {
        put_hash128(out, result->origin);
        put_varint(out, result->sequence);
        put_varint(out, result->position);
        put_varint(out, result->line_number);
        put_zigzag(out, result->order_ns);
        put_zigzag(out, (int64_t)((uint64_t)result->event_ns - (uint64_t)result->order_ns));
        put_u8(out, result->level);
        put_u8(out, result->id_kind);
        put_u8(out, (uint8_t)((result->is_match ? MARK_MATCH : 0) |
                              (result->goes_on ? MARK_GOES_ON : 0)));
        put_varint(out, result->flags);
        put_str(out, result->id);
        put_str(out, result->fields);
        put_str(out, result->line);
    }
    end_entry(out, at);
}

static void put_problems(const struct summary *s, struct buf *out)
{
    put_varint(out, s->n_problems);
    for (size_t i = 0; i < s->n_problems; i++)
        put_str(out, s->problems[i]);
}

void put_summary(const struct summary *s, struct buf *out)
{
    size_t at = start_entry(out, ENTRY_TRAILER);
    const uint64_t numbers[] = {s->matched,       s->streams, s->blocks_read, s->blocks_skipped,
                                s->blocks_sifted, s->bytes,   s->records};
    for (size_t i = 0; i < countof(numbers); i++)
        put_varint(out, numbers[i]);
    put_u8(out, s->complete);
    put_varint(out, s->more_problems);
    put_problems(s, out);
    end_entry(out, at);
}

void put_mark(struct result_writer *w, struct str place, const struct summary *summary,
              struct buf *out)
{
    static const struct summary none;
    size_t at = start_entry(out, ENTRY_MARK);
    put_str(out, place);
    put_problems(summary ? summary : &none, out);
    end_entry(out, at);
    if (place.len)
        w->streams = 0;
}

/* ---- reading ---- */

void result_reader_free(struct result_reader *r)
{
    arena_free(&r->arena);
    mem_free(&r->streams);
    sketch_free(&r->tally.sketch);
    *r = (struct result_reader){0};
}

static const struct result_stream *read_stream_number(struct result_reader *r, struct reader *in)
{
    uint64_t number = read_varint(in);
    if (number >= r->n_streams) {
        in->bad = true;
        return NULL;
    }
    return r->streams[number];
}

/* The labels are copied: the bytes go when the next ones come. */
static void read_stream(struct result_reader *r, struct reader *in)
{
    struct str copy = arena_copy(&r->arena, str_of(in->at, reader_left(in)));
    struct reader inner = reader_of(copy);
    struct result_stream *stream = arena_new(&r->arena, struct result_stream);
    stream->labels = read_labels(&inner, &r->arena);
    in->bad = inner.bad || reader_left(&inner) || r->n_streams == RESULT_STREAMS_MAX ||
              r->arena.used > RESULT_LABELS_MAX;
    in->at = in->end;
    if (in->bad)
        return;
    stream->id = stream_id(&stream->labels);
    stream->number = (uint32_t)r->n_streams;
    mem_grow(r->streams, r->n_streams, r->streams_capacity);
    r->streams[r->n_streams++] = stream;
}

static uint32_t read_u32_varint(struct reader *in)
{
    uint64_t v = read_varint(in);
    in->bad |= v > UINT32_MAX;
    return (uint32_t)v;
}

static void read_record(struct result_reader *r, struct reader *in, struct result *out)
{
    struct result result = {.stream = read_stream_number(r, in)};
    result.origin = read_hash128(in);
    result.sequence = read_varint(in);
    result.position = read_u32_varint(in);
    result.line_number = read_u32_varint(in);
    result.order_ns = read_zigzag(in);
    result.event_ns = (int64_t)((uint64_t)result.order_ns + (uint64_t)read_zigzag(in));
    result.level = read_u8(in);
    result.id_kind = read_u8(in);
    uint8_t marks = read_u8(in);
    uint64_t flags = read_varint(in);
    result.flags = (uint16_t)flags;
    result.is_match = marks & MARK_MATCH;
    result.goes_on = marks & MARK_GOES_ON;
    result.id = read_str(in);
    result.fields = read_str(in);
    result.line = read_str(in);
    in->bad |= result.id_kind > ID_GENERATED || marks > MARKS_ALL || flags > RECORD_FLAGS_ALL ||
               result.id.len > RECORD_ID_MAX || result.fields.len > RECORD_FIELDS_MAX ||
               result.line.len > RECORD_LINE_MAX;
    *out = result;
}

static void read_problems(struct reader *in, struct summary *s)
{
    size_t n = read_count(in, 1);
    in->bad |= n > RESULT_PROBLEMS_MAX;
    for (size_t i = 0; i < n && !in->bad; i++)
        s->problems[s->n_problems++] = arena_copy(&s->arena, read_str(in));
}

static void read_summary(struct reader *in, struct summary *out)
{
    struct summary s = {0};
    uint64_t *const numbers[] = {&s.matched,       &s.streams, &s.blocks_read, &s.blocks_skipped,
                                 &s.blocks_sifted, &s.bytes,   &s.records};
    for (size_t i = 0; i < countof(numbers); i++)
        *numbers[i] = read_varint(in);
    uint8_t complete = read_u8(in);
    s.complete = complete;
    s.more_problems = (size_t)read_varint(in);
    in->bad |= complete > 1;
    read_problems(in, &s);
    if (in->bad) {
        arena_free(&s.arena);
        return;
    }
    summary_free(out);
    *out = s;
}

static void read_mark(struct result_reader *r, struct reader *in, struct summary *out)
{
    r->place = read_str(in);
    in->bad |= r->place.len > RESULT_PLACE_MAX;
    summary_free(out);
    out->complete = true;
    read_problems(in, out);
    out->complete = out->n_problems == 0;
    if (r->place.len == 0)
        return;
    r->n_streams = 0;
    arena_reset(&r->arena);
}

/* The front entry, or false if it has not arrived whole. A length that is not allowed is bad. */
static bool take_entry(struct str *bytes, uint8_t *kind, struct reader *payload, bool *bad)
{
    struct reader in = reader_of(*bytes);
    *kind = read_u8(&in);
    size_t before = reader_left(&in);
    uint64_t len = read_varint(&in);
    if (in.bad) {
        *bad = before >= 10; /* the longest varint */
        return false;
    }
    *bad = len > RESULT_ENTRY_MAX;
    if (*bad || len > reader_left(&in))
        return false;
    *payload = reader_of(str_of(in.at, (size_t)len));
    *bytes = str_of(in.at + len, reader_left(&in) - (size_t)len);
    return true;
}

static bool take_start(struct result_reader *r, struct str *bytes, struct err *err)
{
    if (bytes->len < magic.len + 1)
        return true;
    if (!take_prefix(bytes, magic))
        return err_set(err, ERR_CORRUPT, "this is not the answer of a collector");
    if (bytes->ptr[0] != RESULT_VERSION)
        return err_set(err, ERR_CORRUPT, "the answer has version %d; this program reads version %d",
                       bytes->ptr[0], RESULT_VERSION);
    *bytes = str_slice(*bytes, 1, SIZE_MAX);
    r->started = true;
    return true;
}

static bool read_entry(struct result_reader *r, uint8_t entry, struct reader *in,
                       enum result_kind *kind, struct result *result, struct summary *summary)
{
    switch (entry) {
    case ENTRY_STREAM:
        read_stream(r, in);
        break;
    case ENTRY_RECORD:
        read_record(r, in, result);
        *kind = RESULT_RECORD;
        break;
    case ENTRY_LISTED:
        *result = (struct result){.is_listed = true, .stream = read_stream_number(r, in)};
        *kind = RESULT_RECORD;
        break;
    case ENTRY_TALLY:
        sketch_free(&r->tally.sketch);
        *result = (struct result){.tally = &r->tally};
        read_tally(&r->tally, &result->n_names, in);
        *kind = RESULT_RECORD;
        break;
    case ENTRY_MARK:
        read_mark(r, in, summary);
        *kind = RESULT_MARK;
        break;
    case ENTRY_TRAILER:
        read_summary(in, summary);
        *kind = RESULT_TRAILER;
        r->ended = true;
        break;
    default:
        return false;
    }
    return !in->bad && reader_left(in) == 0;
}

bool result_reader_take(struct result_reader *r, struct str *bytes, enum result_kind *kind,
                        struct result *result, struct summary *summary, struct err *err)
{
    *kind = RESULT_MORE;
    if (!r->started && !take_start(r, bytes, err))
        return false;
    while (r->started && bytes->len && *kind == RESULT_MORE) {
        uint8_t entry;
        bool bad = false;
        struct reader in;
        if (!take_entry(bytes, &entry, &in, &bad)) {
            if (bad)
                return err_set(err, ERR_CORRUPT, "the answer has an entry of an impossible length");
            return true;
        }
        if (r->ended || !read_entry(r, entry, &in, kind, result, summary))
            return err_set(err, ERR_CORRUPT, "the answer has a malformed entry (kind %u)", entry);
    }
    return true;
}
