#include "formats/block/block.h"

#include "base/compress.h"
#include "base/mem.h"
#include "formats/block/columns.h"

enum { HEADER_CHECK_AT = 108, CHECKSUM_AT = 112 };

static uint64_t checksum(struct str bytes)
{
    return hash64_pair(str_slice(bytes, 0, CHECKSUM_AT), str_slice(bytes, BLOCK_HEADER, SIZE_MAX));
}

static uint32_t header_check(const char *header)
{
    return (uint32_t)hash64(str_of(header, HEADER_CHECK_AT));
}

/* Writes both checks into a whole block. */
static void seal(char *bytes, size_t len)
{
    struct buf header = {.ptr = bytes, .len = BLOCK_HEADER, .capacity = BLOCK_HEADER};
    put_u32_at(&header, HEADER_CHECK_AT, header_check(bytes));
    put_u64_at(&header, CHECKSUM_AT, checksum(str_of(bytes, len)));
}

/* Fills *h and returns what is wrong, or NULL. */
static const char *read_header(struct str bytes, struct block_header *h)
{
    struct reader r = reader_of(str_slice(bytes, 0, BLOCK_HEADER));
    if (read_u32(&r) != BLOCK_MAGIC)
        return "no block starts here";
    if (read_u8(&r) != BLOCK_VERSION)
        return "its version is not known to this program";
    h->encoding = read_u8(&r);
    if (h->encoding != BLOCK_PLAIN && h->encoding != BLOCK_COLUMNS)
        return "its encoding is not known to this program";
    h->unit = read_u8(&r);
    uint8_t zero = read_u8(&r);
    h->length = read_u32(&r);
    h->records = read_u32(&r);
    h->origin = read_hash128(&r);
    h->sequence = read_u64(&r);
    h->line_bytes = read_u64(&r);
    h->line_hash = read_u64(&r);
    h->least_order_ns = (int64_t)read_u64(&r);
    h->greatest_order_ns = (int64_t)read_u64(&r);
    h->least_event_ns = (int64_t)read_u64(&r);
    h->greatest_event_ns = (int64_t)read_u64(&r);
    h->directory_stored = read_u32(&r);
    h->directory_bytes = read_u32(&r);
    h->columns_stored = read_u32(&r);
    h->columns_bytes = read_u32(&r);
    h->lines_stored = read_u32(&r);
    uint32_t check = read_u32(&r);
    if (r.bad || bytes.len < BLOCK_HEADER)
        return "its header is cut short";
    if (check != header_check(bytes.ptr))
        return "its header is damaged";
    if (h->unit > 1 || zero || h->sequence == 0)
        return "its header has a field out of range";
    if (h->records == 0 || h->records > BLOCK_RECORDS_MAX || h->line_bytes > BLOCK_LINE_BYTES_MAX ||
        h->directory_bytes > BLOCK_DIRECTORY_MAX || h->columns_bytes > BLOCK_COLUMNS_MAX)
        return "it declares more than a block may hold";
    uint64_t sum =
        (uint64_t)BLOCK_HEADER + h->directory_stored + h->columns_stored + h->lines_stored;
    if (h->length > BLOCK_MAX || sum != h->length)
        return "its lengths do not add up";
    return NULL;
}

static bool refuse(const struct block_header *h, const char *why, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "block %llu: %s", (unsigned long long)h->sequence, why);
}

bool block_peek(struct str bytes, struct block_header *header, struct err *err)
{
    struct block_header h = {0};
    const char *why = read_header(bytes, &h);
    if (why)
        return refuse(&h, why, err);
    *header = h;
    return true;
}

/* Unpacks the section at offset into the arena. */
static bool unpack(const struct block *block, uint32_t offset, uint32_t stored, size_t size,
                   struct arena *arena, struct str *out, struct err *err)
{
    char *to = arena_alloc_raw(arena, size + 1);
    if (!zstd_unpack(block->packer, str_slice(block->bytes, offset, stored), size, to, err))
        return err_wrap(err, "block %llu", (unsigned long long)block->header.sequence);
    *out = str_of(to, size);
    return true;
}

static void read_streams(struct reader *r, struct block *block, struct arena *arena)
{
    block->n_streams = read_count(r, 3);
    r->bad |= block->n_streams > BLOCK_RECORDS_MAX;
    if (r->bad)
        return;
    block->streams = arena_array(arena, struct block_stream, block->n_streams);
    for (size_t i = 0; i < block->n_streams && !r->bad; i++) {
        struct block_stream *s = &block->streams[i];
        const char *start = r->at;
        s->labels = read_labels(r, arena);
        s->id = hash128(str_of(start, (size_t)(r->at - start)));
        s->data = read_labels(r, arena);
        s->previous_order_ns = TIME_NONE;
        uint8_t has_previous = read_u8(r);
        r->bad |= has_previous > 1;
        if (has_previous)
            s->previous_order_ns =
                (int64_t)((uint64_t)block->header.least_order_ns + (uint64_t)read_zigzag(r));
    }
}

static void read_sources(struct reader *r, struct block *block, struct arena *arena)
{
    block->n_sources = read_count(r, 26);
    r->bad |= block->n_sources > BLOCK_RECORDS_MAX;
    if (r->bad)
        return;
    block->sources = arena_array(arena, struct block_source, block->n_sources);
    for (size_t i = 0; i < block->n_sources && !r->bad; i++) {
        struct block_source *s = &block->sources[i];
        s->id = read_hash128(r);
        s->from = read_varint(r);
        r->bad |= __builtin_add_overflow(s->from, read_varint(r), &s->to);
        s->hash = read_u64(r);
    }
}

bool block_open(struct block *block, struct str bytes, struct packer *packer, struct arena *arena,
                struct err *err)
{
    struct block b = {.bytes = bytes, .packer = packer};
    if (!block_peek(bytes, &b.header, err))
        return false;
    if (b.header.length != bytes.len)
        return refuse(&b.header, "its length is not that of its frame", err);
    struct reader sum = reader_of(str_slice(bytes, CHECKSUM_AT, 8));
    if (read_u64(&sum) != checksum(bytes))
        return refuse(&b.header, "checksum mismatch", err);
    struct str directory;
    if (!unpack(&b, BLOCK_HEADER, b.header.directory_stored, b.header.directory_bytes, arena,
                &directory, err))
        return false;
    struct reader r = reader_of(directory);
    read_streams(&r, &b, arena);
    read_sources(&r, &b, arena);
    if (r.bad || reader_left(&r))
        return refuse(&b.header, "its directory is malformed", err);
    *block = b;
    return true;
}

/* The next value of a runs(x) column. */
struct runs {
    uint64_t left;
    uint64_t value;
};

static uint64_t take_run(struct reader *r, struct runs *runs, uint64_t records_left)
{
    if (runs->left == 0) {
        runs->left = read_varint(r);
        runs->value = read_varint(r);
        if (runs->left == 0 || runs->left > records_left)
            r->bad = true;
    }
    runs->left--;
    return r->bad ? 0 : runs->value;
}

/* One column after another, each over all records. */
static void read_column_streams(struct reader *r, struct block *block)
{
    struct runs runs = {0};
    for (uint32_t i = 0; i < block->header.records && !r->bad; i++) {
        uint64_t index = take_run(r, &runs, block->header.records - i);
        r->bad |= index >= block->n_streams;
        block->records[i].stream = (uint32_t)index;
    }
}

static void read_column_times(struct reader *r, struct block *block)
{
    uint64_t unit = (uint64_t)block_unit_ns(block->header.unit);
    uint64_t order = (uint64_t)block->header.least_order_ns;
    for (uint32_t i = 0; i < block->header.records && !r->bad; i++) {
        order += (uint64_t)read_zigzag(r) * unit;
        block->records[i].order_ns = (int64_t)order;
    }
    for (uint32_t i = 0; i < block->header.records && !r->bad; i++) {
        uint64_t behind = (uint64_t)read_zigzag(r) * unit;
        block->records[i].event_ns = (int64_t)((uint64_t)block->records[i].order_ns + behind);
    }
}

static void read_column_levels(struct reader *r, struct block *block)
{
    struct runs runs = {0};
    for (uint32_t i = 0; i < block->header.records && !r->bad; i++) {
        uint64_t level = take_run(r, &runs, block->header.records - i);
        r->bad |= level > RECORD_LEVEL_MAX;
        block->records[i].level = (uint8_t)level;
    }
}

static void read_column_ids(struct reader *r, struct block *block)
{
    struct runs runs = {0};
    for (uint32_t i = 0; i < block->header.records && !r->bad; i++) {
        uint64_t kind = take_run(r, &runs, block->header.records - i);
        r->bad |= kind > ID_GENERATED;
        block->records[i].id_kind = (uint8_t)kind;
    }
    for (uint32_t i = 0; i < block->header.records && !r->bad; i++) {
        struct record *record = &block->records[i];
        if (record->id_kind == ID_NONE)
            continue;
        record->id = read_str(r);
        r->bad |= record->id.len == 0 || record->id.len > RECORD_ID_MAX;
    }
}

static void read_column_flags(struct reader *r, struct block *block)
{
    const uint64_t parts = RECORD_PART_FIRST | RECORD_PART_MIDDLE | RECORD_PART_LAST;
    struct runs runs = {0};
    for (uint32_t i = 0; i < block->header.records && !r->bad; i++) {
        uint64_t flags = take_run(r, &runs, block->header.records - i);
        r->bad |= flags > RECORD_FLAGS_ALL || ((flags & RECORD_GAP) && (flags & parts));
        block->records[i].flags = (uint16_t)flags;
    }
}

static void read_column_fields(struct reader *r, struct block *block, bool *has)
{
    struct runs runs = {0};
    for (uint32_t i = 0; i < block->header.records && !r->bad; i++) {
        uint64_t there = take_run(r, &runs, block->header.records - i);
        r->bad |= there > 1;
        has[i] = there == 1;
    }
    for (uint32_t i = 0; i < block->header.records && !r->bad; i++) {
        if (!has[i])
            continue;
        struct str fields = block->records[i].fields = read_str(r);
        r->bad |= fields.len == 0 || fields.len > RECORD_FIELDS_MAX;
    }
}

static void read_column_lengths(struct reader *r, struct block *block)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < block->header.records && !r->bad; i++) {
        uint64_t len = read_varint(r);
        r->bad |= len > RECORD_LINE_MAX;
        block->records[i].line.len = r->bad ? 0 : (size_t)len;
        sum += len;
    }
    r->bad |= sum != block->header.line_bytes;
}

bool block_read_columns(struct block *block, struct arena *arena, struct err *err)
{
    const struct block_header *h = &block->header;
    struct str columns;
    if (!unpack(block, BLOCK_HEADER + h->directory_stored, h->columns_stored, h->columns_bytes,
                arena, &columns, err))
        return false;
    struct reader r = reader_of(columns);
    block->records = arena_array(arena, struct record, h->records);
    bool *has = arena_array(arena, bool, h->records);
    read_column_streams(&r, block);
    read_column_times(&r, block);
    read_column_levels(&r, block);
    read_column_ids(&r, block);
    read_column_flags(&r, block);
    read_column_fields(&r, block, has);
    if (h->encoding == BLOCK_PLAIN)
        read_column_lengths(&r, block);
    if (r.bad || reader_left(&r)) {
        block->records = NULL;
        return refuse(h, "its columns are malformed", err);
    }
    return true;
}

struct str block_stored_lines(const struct block *block)
{
    const struct block_header *h = &block->header;
    return str_slice(block->bytes, h->length - h->lines_stored, h->lines_stored);
}

/* With the length of each record's line, if there are records. */
static bool decode_columns(struct block *block, struct arena *arena, struct err *err)
{
    const struct block_header *h = &block->header;
    struct columns columns;
    char *bytes = arena_alloc_raw(arena, h->line_bytes + 1);
    uint32_t *lengths = arena_alloc_raw(arena, h->records * sizeof *lengths);
    if (!columns_open(&columns, block_stored_lines(block), h->records, h->line_bytes, block->packer,
                      arena, err) ||
        !columns_lines(&columns, bytes, h->line_bytes, lengths, err))
        return err_wrap(err, "block %llu", (unsigned long long)h->sequence);
    for (uint32_t i = 0; i < h->records; i++) {
        if (lengths[i] > RECORD_LINE_MAX)
            return refuse(h, "a line is too long", err);
        if (block->records)
            block->records[i].line.len = lengths[i];
    }
    block->lines = str_of(bytes, h->line_bytes);
    return true;
}

bool block_read_lines(struct block *block, struct arena *arena, struct err *err)
{
    const struct block_header *h = &block->header;
    bool done = h->encoding == BLOCK_COLUMNS
                    ? decode_columns(block, arena, err)
                    : unpack(block, h->length - h->lines_stored, h->lines_stored, h->line_bytes,
                             arena, &block->lines, err);
    if (!done)
        return false;
    const char *at = block->lines.ptr;
    for (uint32_t i = 0; block->records && i < h->records; i++) {
        block->records[i].line.ptr = at;
        at += block->records[i].line.len;
    }
    return true;
}

bool block_open_lines(const struct block *block, struct columns *columns, struct arena *arena,
                      struct err *err)
{
    const struct block_header *h = &block->header;
    assert(h->encoding == BLOCK_COLUMNS);
    return columns_open(columns, block_stored_lines(block), h->records, h->line_bytes,
                        block->packer, arena, err);
}

bool block_pick_lines(struct block *block, struct columns *columns, const uint8_t *wanted,
                      struct arena *arena, struct err *err)
{
    const struct block_header *h = &block->header;
    struct columns_cursor cursor;
    char *at = arena_alloc_raw(arena, h->line_bytes + 1);
    const char *end = at + h->line_bytes;
    block->lines = str_of(at, 0);
    columns_begin(&cursor, columns);
    for (uint32_t i = 0; i < h->records; i++) {
        block->records[i].line = (struct str){0};
        if (!wanted[i])
            continue;
        columns_skip(&cursor, i - cursor.row);
        char *to = columns_next(&cursor, at, end);
        if (!to || (size_t)(to - at) > RECORD_LINE_MAX)
            return err_set(err, ERR_CORRUPT, "columns: a line is too long, or a column damaged");
        block->records[i].line = str_of(at, (size_t)(to - at));
        at = to;
    }
    block->lines.len = (size_t)(at - block->lines.ptr);
    return true;
}

static const char *verify_records(const struct block *block)
{
    defer(arena_free) struct arena scratch = {0};
    const struct block_header *h = &block->header;
    int64_t least_order = INT64_MAX, greatest_order = INT64_MIN;
    int64_t least_event = INT64_MAX, greatest_event = INT64_MIN;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < h->records; i++) {
        const struct record *record = &block->records[i];
        least_order = min_of(least_order, record->order_ns);
        greatest_order = max_of(greatest_order, record->order_ns);
        least_event = min_of(least_event, record->event_ns);
        greatest_event = max_of(greatest_event, record->event_ns);
        sum += hash64(record->line);
        if (record->fields.len) {
            struct reader r = reader_of(record->fields);
            arena_reset(&scratch);
            read_labels(&r, &scratch);
            if (r.bad || reader_left(&r))
                return "the attached fields of a record are malformed";
        }
    }
    if (least_order == INT64_MIN || greatest_order == INT64_MAX || least_event == INT64_MIN ||
        greatest_event == INT64_MAX)
        return "a time is out of range";
    if (least_order != h->least_order_ns || greatest_order != h->greatest_order_ns ||
        least_event != h->least_event_ns || greatest_event != h->greatest_event_ns)
        return "its times are not those of its records";
    return sum == h->line_hash ? NULL : "its lines are not those that were hashed";
}

bool block_verify(struct block *block, struct str bytes, struct packer *packer, struct arena *arena,
                  struct err *err)
{
    if (!block_open(block, bytes, packer, arena, err) || !block_read_columns(block, arena, err) ||
        !block_read_lines(block, arena, err))
        return false;
    const char *why = verify_records(block);
    return why ? refuse(&block->header, why, err) : true;
}

struct hash128 block_hash(struct str bytes)
{
    return hash128(bytes);
}

void block_restamp(char *bytes, size_t len, struct hash128 origin, uint64_t sequence)
{
    struct buf header = {.ptr = bytes, .len = BLOCK_HEADER, .capacity = BLOCK_HEADER};
    put_u64_at(&header, 16, origin.low);
    put_u64_at(&header, 24, origin.high);
    put_u64_at(&header, 32, sequence);
    seal(bytes, len);
}
