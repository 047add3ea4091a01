#include "tests/unit/plain_decoder.h"

#include "base/mem.h"
#include "tests/unit/plain_parts.h"

#include <zstd.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wconversion"
#define XXH_INLINE_ALL
#include <xxhash.h>
#pragma GCC diagnostic pop

/* ---- section 1: encodings ---- */

struct cursor cursor_of(struct str s)
{
    return (struct cursor){.bytes = (const unsigned char *)s.ptr, .len = s.len};
}

static uint64_t little_endian(const unsigned char *bytes, int size)
{
    uint64_t value = 0;
    while (size-- > 0)
        value = value * 256 + bytes[size];
    return value;
}

uint64_t fixed_at(struct str s, size_t offset, int size)
{
    return little_endian((const unsigned char *)s.ptr + offset, size);
}

static struct str take_bytes(struct cursor *c, uint64_t n)
{
    if (c->bad || n > c->len - c->at) {
        c->bad = true;
        return (struct str){0};
    }
    c->at += (size_t)n;
    return str_of(c->bytes + c->at - n, (size_t)n);
}

uint64_t take_fixed(struct cursor *c, int size)
{
    struct str s = take_bytes(c, (uint64_t)size);
    return c->bad ? 0 : fixed_at(s, 0, size);
}

uint64_t take_varint(struct cursor *c)
{
    uint64_t value = 0;
    for (int i = 0; i < 10; i++) {
        uint64_t byte = take_fixed(c, 1);
        if (c->bad || (i == 9 && byte > 1) || (i > 0 && byte == 0))
            break;
        value += (byte % 128) << (7 * i);
        if (byte < 128)
            return value;
    }
    c->bad = true;
    return 0;
}

uint64_t take_zigzag(struct cursor *c)
{
    uint64_t v = take_varint(c);
    return v % 2 ? 0 - (v / 2) - 1 : v / 2;
}

struct str take_string(struct cursor *c)
{
    return take_bytes(c, take_varint(c));
}

static struct hash128 take_id(struct cursor *c)
{
    uint64_t low = take_fixed(c, 8);
    return (struct hash128){.low = low, .high = take_fixed(c, 8)};
}

uint64_t xxh3(struct str s)
{
    return XXH3_64bits(s.ptr, s.len);
}

bool unpack_frame(struct str in, uint64_t size, struct arena *arena, struct str *out)
{
    if (in.len < 4 || fixed_at(in, 0, 4) != 0xfd2fb528 ||
        ZSTD_getFrameContentSize(in.ptr, in.len) != size ||
        ZSTD_findFrameCompressedSize(in.ptr, in.len) != in.len)
        return false;
    char *bytes = arena_alloc(arena, (size_t)size + 1);
    *out = str_of(bytes, (size_t)size);
    return ZSTD_decompress(bytes, (size_t)size, in.ptr, in.len) == size;
}

/* ---- section 2: labels ---- */

static bool is_below(struct str a, struct str b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        if (a.ptr[i] != b.ptr[i])
            return (unsigned char)a.ptr[i] < (unsigned char)b.ptr[i];
    }
    return a.len < b.len;
}

/* The bytes of a list. */
static struct str take_labels(struct cursor *c)
{
    size_t start = c->at;
    uint64_t n = take_varint(c);
    struct str before = {0};
    c->bad |= n > 32;
    for (uint64_t i = 0; i < n && !c->bad; i++) {
        struct str name = take_string(c), value = take_string(c);
        c->bad |= name.len < 1 || name.len > 128 || value.len > 1024;
        c->bad |= i > 0 && !is_below(before, name);
        before = name;
    }
    return c->bad ? (struct str){0} : str_of(c->bytes + start, c->at - start);
}

/* ---- section 3: the block ---- */

enum { HEADER = 120, MIB = 1 << 20 };

static const char *read_header(struct str s, struct plain_block *b)
{
    if (s.len < HEADER || memcmp(s.ptr, "SLBK\1", 5) != 0 || s.ptr[5] < 1 || s.ptr[5] > 2 ||
        s.ptr[7] != 0)
        return "3.1";
    if (fixed_at(s, 108, 4) != xxh3(str_slice(s, 0, 108)) % 0x100000000)
        return "3.2";
    struct cursor c = {.bytes = (const unsigned char *)s.ptr, .at = 8, .len = HEADER};
    b->has_columns = s.ptr[5] == 2;
    b->unit = (uint8_t)s.ptr[6];
    b->length = take_fixed(&c, 4);
    b->records_n = take_fixed(&c, 4);
    b->origin = take_id(&c);
    b->sequence = take_fixed(&c, 8);
    b->line_bytes = take_fixed(&c, 8);
    b->line_hash = take_fixed(&c, 8);
    b->least_order_ns = (int64_t)take_fixed(&c, 8);
    b->greatest_order_ns = (int64_t)take_fixed(&c, 8);
    b->least_event_ns = (int64_t)take_fixed(&c, 8);
    b->greatest_event_ns = (int64_t)take_fixed(&c, 8);
    if (b->unit > 1)
        return "3.1";
    if (b->records_n < 1 || b->records_n > 65536 || b->sequence < 1)
        return "3.3";
    if (b->line_bytes > 4 * MIB || fixed_at(s, 92, 4) > 3 * MIB || fixed_at(s, 100, 4) > 4 * MIB ||
        b->length > 8 * MIB)
        return "3.4";
    if (b->length != HEADER + fixed_at(s, 88, 4) + fixed_at(s, 96, 4) + fixed_at(s, 104, 4))
        return "3.5";
    if (b->least_order_ns > b->greatest_order_ns || b->least_event_ns > b->greatest_event_ns)
        return "3.6";
    return NULL;
}

static bool is_check_right(struct str s, struct arena *arena)
{
    char *joined = arena_alloc(arena, s.len);
    memcpy(joined, s.ptr, 112);
    memcpy(joined + 112, s.ptr + HEADER, s.len - HEADER);
    return xxh3(str_of(joined, s.len - 8)) == fixed_at(s, 112, 8);
}

static bool read_directory(struct str s, struct arena *arena, struct plain_block *b)
{
    struct cursor c = cursor_of(s);
    b->streams_n = (size_t)take_varint(&c);
    if (c.bad || b->streams_n > 65536)
        return false;
    b->streams = arena_array(arena, struct plain_stream, b->streams_n);
    for (size_t i = 0; i < b->streams_n; i++) {
        struct plain_stream *stream = &b->streams[i];
        stream->labels = take_labels(&c);
        stream->data = take_labels(&c);
        uint64_t has = take_fixed(&c, 1);
        stream->has_previous = has == 1;
        if (has == 1)
            stream->previous_ns = (int64_t)((uint64_t)b->least_order_ns + take_zigzag(&c));
        if (c.bad || has > 1)
            return false;
        XXH128_hash_t id = XXH3_128bits(stream->labels.ptr, stream->labels.len);
        stream->id = (struct hash128){.low = id.low64, .high = id.high64};
    }
    b->sources_n = (size_t)take_varint(&c);
    if (c.bad || b->sources_n > s.len)
        return false;
    b->sources = arena_array(arena, struct plain_source, b->sources_n);
    for (size_t i = 0; i < b->sources_n; i++) {
        struct plain_source *source = &b->sources[i];
        source->id = take_id(&c);
        source->from = take_varint(&c);
        source->size = take_varint(&c);
        source->hash = take_fixed(&c, 8);
        c.bad |= source->from > UINT64_MAX - source->size;
    }
    return !c.bad && c.at == c.len;
}

/* One value for each record; below limit. */
static void take_runs(struct cursor *c, uint64_t *values, uint64_t records, uint64_t limit)
{
    for (uint64_t i = 0; i < records;) {
        uint64_t count = take_varint(c), value = take_varint(c);
        c->bad |= count < 1 || count > records - i || value >= limit;
        if (c->bad)
            return;
        while (count-- > 0)
            values[i++] = value;
    }
}

static bool is_labels(struct str s)
{
    struct cursor c = cursor_of(s);
    take_labels(&c);
    return !c.bad && c.at == c.len;
}

static void take_times(struct cursor *c, struct plain_block *b)
{
    uint64_t unit = b->unit ? 1000 : 1, order = (uint64_t)b->least_order_ns;
    for (uint64_t i = 0; i < b->records_n; i++) {
        order += take_zigzag(c) * unit;
        b->records[i].order_ns = (int64_t)order;
    }
    for (uint64_t i = 0; i < b->records_n; i++) {
        order = (uint64_t)b->records[i].order_ns;
        b->records[i].event_ns = (int64_t)(order + take_zigzag(c) * unit);
    }
}

#define TAKE_RUNS(c, b, values, field, limit)                   \
    do {                                                        \
        take_runs((c), (values), (b)->records_n, (limit));      \
        for (uint64_t i_ = 0; i_ < (b)->records_n; i_++)        \
            (b)->records[i_].field = (c)->bad ? 0 : values[i_]; \
    } while (0)

static const char *read_columns(struct str s, struct arena *arena, struct plain_block *b)
{
    struct cursor c = cursor_of(s);
    uint64_t *values = arena_array(arena, uint64_t, (size_t)b->records_n);
    b->records = arena_array(arena, struct plain_record, (size_t)b->records_n);
    TAKE_RUNS(&c, b, values, stream, b->streams_n);
    take_times(&c, b);
    TAKE_RUNS(&c, b, values, level, 9);
    TAKE_RUNS(&c, b, values, id_kind, 4);
    for (uint64_t i = 0; i < b->records_n; i++) {
        struct plain_record *r = &b->records[i];
        r->id = r->id_kind ? take_string(&c) : STR("");
        c.bad |= r->id_kind && (r->id.len < 1 || r->id.len > 128);
    }
    TAKE_RUNS(&c, b, values, flags, 64);
    TAKE_RUNS(&c, b, values, has_fields, 2);
    for (uint64_t i = 0; i < b->records_n; i++) {
        struct plain_record *r = &b->records[i];
        r->fields = r->has_fields ? take_string(&c) : STR("");
        c.bad |= r->has_fields && (r->fields.len > 4096 || !is_labels(r->fields));
        c.bad |= (r->flags & 8) && (r->flags & 7);
    }
    for (uint64_t i = 0; !b->has_columns && i < b->records_n; i++)
        b->records[i].length = take_varint(&c);
    return c.bad || c.at != c.len ? "3.9 to 3.14" : NULL;
}

static const char *check_lines(const struct plain_block *b)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < b->records_n; i++) {
        if (b->records[i].line.len > MIB)
            return "3.13";
        sum += xxh3(b->records[i].line);
    }
    return sum != b->line_hash ? "3.13" : NULL;
}

static const char *cut_lines(struct str s, struct arena *arena, struct plain_block *b)
{
    struct str content;
    if (!unpack_frame(s, b->line_bytes, arena, &content))
        return "3.8";
    struct cursor c = cursor_of(content);
    for (uint64_t i = 0; i < b->records_n; i++)
        b->records[i].line = take_bytes(&c, b->records[i].length);
    return c.bad || c.at != c.len ? "3.13" : check_lines(b);
}

static const char *join_lines(struct str s, struct arena *arena, struct plain_block *b)
{
    struct str *lines = arena_array(arena, struct str, (size_t)b->records_n);
    if (!plain_columns_read(s, b->records_n, b->line_bytes, arena, lines))
        return "3.1 of columns";
    for (uint64_t i = 0; i < b->records_n; i++)
        b->records[i].line = lines[i];
    return check_lines(b);
}

static const char *compare_times(const struct plain_block *b)
{
    int64_t least_order = INT64_MAX, greatest_order = INT64_MIN;
    int64_t least_event = INT64_MAX, greatest_event = INT64_MIN;
    for (uint64_t i = 0; i < b->records_n; i++) {
        const struct plain_record *r = &b->records[i];
        least_order = r->order_ns < least_order ? r->order_ns : least_order;
        greatest_order = r->order_ns > greatest_order ? r->order_ns : greatest_order;
        least_event = r->event_ns < least_event ? r->event_ns : least_event;
        greatest_event = r->event_ns > greatest_event ? r->event_ns : greatest_event;
    }
    bool same = least_order == b->least_order_ns && greatest_order == b->greatest_order_ns &&
                least_event == b->least_event_ns && greatest_event == b->greatest_event_ns;
    return same ? NULL : "3.14";
}

const char *plain_block_read(struct str s, struct arena *arena, struct plain_block *b)
{
    *b = (struct plain_block){0};
    const char *broken = read_header(s, b);
    if (broken)
        return broken;
    if (s.len != b->length || !is_check_right(s, arena))
        return "3.7";
    size_t directory_size = (size_t)fixed_at(s, 88, 4), columns_size = (size_t)fixed_at(s, 96, 4);
    struct str directory, columns,
        lines = str_slice(s, HEADER + directory_size + columns_size, SIZE_MAX);
    if (!unpack_frame(str_slice(s, HEADER, directory_size), fixed_at(s, 92, 4), arena,
                      &directory) ||
        !unpack_frame(str_slice(s, HEADER + directory_size, columns_size), fixed_at(s, 100, 4),
                      arena, &columns))
        return "3.8";
    if (!read_directory(directory, arena, b))
        return "3.9 or 3.10";
    broken = read_columns(columns, arena, b);
    if (!broken)
        broken = b->has_columns ? join_lines(lines, arena, b) : cut_lines(lines, arena, b);
    return broken ? broken : compare_times(b);
}

/* ---- section 4: the journal ---- */

enum { FRAME = 56 };

/* Rules 1 to 4; id 0: not known yet. */
static bool is_header_valid(struct str file, uint64_t offset, uint64_t id)
{
    if (offset > file.len || file.len - offset < FRAME)
        return false;
    struct str header = str_slice(file, (size_t)offset, FRAME);
    char without_check[FRAME];
    memcpy(without_check, header.ptr, FRAME);
    memset(without_check + 12, 0, 4);
    uint64_t length = fixed_at(header, 8, 4);
    return memcmp(header.ptr, "SLJF\1", 5) == 0 &&
           fixed_at(header, 12, 4) == xxh3(str_of(without_check, FRAME)) % 0x100000000 &&
           fixed_at(header, 24, 8) == offset && fixed_at(header, 32, 8) <= offset &&
           (id == 0 || fixed_at(header, 16, 8) == id) && length <= 64 * MIB &&
           length <= file.len - offset - FRAME;
}

static struct plain_frame frame_at(struct str file, uint64_t offset)
{
    struct str header = str_slice(file, (size_t)offset, FRAME);
    return (struct plain_frame){
        .kind = (uint8_t)header.ptr[5],
        .offset = offset,
        .durable = fixed_at(header, 32, 8),
        .time_ns = (int64_t)fixed_at(header, 40, 8),
        .payload = str_slice(file, (size_t)offset + FRAME, (size_t)fixed_at(header, 8, 4)),
    };
}

static bool is_frame_valid(struct str file, uint64_t offset, uint64_t id)
{
    return is_header_valid(file, offset, id) &&
           xxh3(frame_at(file, offset).payload) == fixed_at(file, (size_t)offset + 48, 8);
}

static uint64_t next_header(struct str file, uint64_t offset, uint64_t id)
{
    while (offset < file.len && !is_header_valid(file, offset, id))
        offset++;
    return offset;
}

bool plain_journal_read(struct str file, struct arena *arena, struct plain_journal *j)
{
    *j = (struct plain_journal){.end = 0};
    for (uint64_t at = next_header(file, 0, 0); at < file.len; at = next_header(file, at, j->id)) {
        struct plain_frame frame = frame_at(file, at);
        j->id = fixed_at(file, (size_t)at + 16, 8);
        j->end = frame.durable > j->end ? frame.durable : j->end;
        at += FRAME + frame.payload.len;
    }
    if (j->id == 0)
        return false;
    j->frames = arena_array(arena, struct plain_frame, file.len / FRAME);
    for (uint64_t at = 0; at < file.len;) {
        if (is_frame_valid(file, at, j->id)) {
            struct plain_frame frame = frame_at(file, at);
            at += FRAME + frame.payload.len;
            j->end = at > j->end ? at : j->end;
            if (frame.kind != 255)
                j->frames[j->frames_n++] = frame;
        } else if (at >= j->end) {
            break;
        } else {
            uint64_t next = next_header(file, at + 1, j->id);
            next = next < j->end ? next : j->end;
            j->rotten_bytes += next - at;
            j->rotten_parts++;
            at = next;
        }
    }
    return true;
}
