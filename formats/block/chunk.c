#include "formats/block/chunk.h"

#include "base/mem.h"
#include "formats/block/chunk_parts.h"

enum { HEADER_CHECK_AT = 84, CHECKSUM_AT = 88 };

static uint64_t checksum(struct str bytes)
{
    return hash64_pair(str_slice(bytes, 0, CHECKSUM_AT), str_slice(bytes, CHUNK_HEADER, SIZE_MAX));
}

void chunk_seal(const struct block_header *h, char *bytes)
{
    struct buf out = {.ptr = bytes, .capacity = CHUNK_HEADER, .max = CHUNK_HEADER};
    put_u32(&out, CHUNK_MAGIC);
    put_u8(&out, CHUNK_VERSION);
    put_u8(&out, h->encoding);
    put_u8(&out, h->unit);
    put_u8(&out, 0);
    put_u32(&out, h->length);
    put_u32(&out, h->records);
    put_u64(&out, h->line_bytes);
    put_u64(&out, h->line_hash);
    put_u64(&out, (uint64_t)h->least_order_ns);
    put_u64(&out, (uint64_t)h->greatest_order_ns);
    put_u64(&out, (uint64_t)h->least_event_ns);
    put_u64(&out, (uint64_t)h->greatest_event_ns);
    put_u32(&out, h->directory_stored);
    put_u32(&out, h->directory_bytes);
    put_u32(&out, h->columns_stored);
    put_u32(&out, h->lines_stored);
    put_u32(&out, h->slice);
    put_u32(&out, (uint32_t)hash64(str_of(bytes, HEADER_CHECK_AT)));
    put_u64(&out, checksum(str_of(bytes, h->length)));
}

/* Fills *h and returns what is wrong, or NULL. */
static const char *read_header(struct str bytes, struct block_header *h)
{
    struct reader r = reader_of(str_slice(bytes, 0, CHUNK_HEADER));
    if (read_u32(&r) != CHUNK_MAGIC)
        return "no chunk starts here";
    if (read_u8(&r) != CHUNK_VERSION)
        return "its version is not known to this program";
    h->encoding = read_u8(&r);
    h->unit = read_u8(&r);
    uint32_t zero = read_u8(&r);
    h->length = read_u32(&r);
    h->records = read_u32(&r);
    h->line_bytes = read_u64(&r);
    h->line_hash = read_u64(&r);
    h->least_order_ns = (int64_t)read_u64(&r);
    h->greatest_order_ns = (int64_t)read_u64(&r);
    h->least_event_ns = (int64_t)read_u64(&r);
    h->greatest_event_ns = (int64_t)read_u64(&r);
    h->directory_stored = read_u32(&r);
    h->directory_bytes = read_u32(&r);
    h->columns_stored = read_u32(&r);
    h->lines_stored = read_u32(&r);
    h->slice = read_u32(&r);
    uint32_t check = read_u32(&r);
    if (r.bad || bytes.len < CHUNK_HEADER)
        return "its header is cut short";
    if (check != (uint32_t)hash64(str_of(bytes.ptr, HEADER_CHECK_AT)))
        return "its header is damaged";
    if (h->unit > 1 || zero || (h->encoding != BLOCK_PLAIN && h->encoding != BLOCK_COLUMNS))
        return "its header has a field out of range";
    if (h->records == 0 || h->records > CHUNK_ROWS_MAX || h->line_bytes > CHUNK_LINE_BYTES_MAX ||
        h->directory_bytes > CHUNK_DIRECTORY_MAX)
        return "it declares more than a chunk may hold";
    uint64_t sum =
        (uint64_t)CHUNK_HEADER + h->directory_stored + h->columns_stored + h->lines_stored;
    return h->length > CHUNK_MAX || sum != h->length ? "its lengths do not add up" : NULL;
}

static bool refuse(const char *why, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "chunk: %s", why);
}

bool chunk_peek(struct str bytes, struct block_header *header, struct err *err)
{
    struct block_header h = {0};
    const char *why = read_header(bytes, &h);
    if (why)
        return refuse(why, err);
    *header = h;
    return true;
}

bool chunk_check(struct str bytes, struct block_header *h, struct err *err)
{
    struct reader sum = reader_of(str_slice(bytes, CHECKSUM_AT, 8));
    if (!chunk_peek(bytes, h, err))
        return false;
    if (h->length != bytes.len)
        return refuse("its length is not that of its frame", err);
    return read_u64(&sum) == checksum(bytes) ? true : refuse("checksum mismatch", err);
}

/* ---- directory ---- */

static void read_stream(struct reader *r, struct chunk *c, size_t i, uint32_t first_row,
                        struct arena *arena)
{
    const struct block_header *h = &c->block.header;
    struct block_stream *s = &c->block.streams[i];
    struct chunk_stream *in = &c->streams[i];
    uint64_t unit = (uint64_t)block_unit_ns(h->unit);
    const char *start = r->at;
    s->labels = read_labels(r, arena);
    s->id = hash128(str_of(start, (size_t)(r->at - start)));
    s->data = read_labels(r, arena);
    s->previous_order_ns = TIME_NONE;
    uint64_t rows = read_varint(r), levels = read_varint(r);
    in->least_order_ns = (int64_t)((uint64_t)h->least_order_ns + (uint64_t)read_zigzag(r) * unit);
    in->greatest_order_ns = (int64_t)((uint64_t)in->least_order_ns + read_varint(r) * unit);
    r->bad |= rows == 0 || rows > h->records - first_row || levels >> (RECORD_LEVEL_MAX + 1) ||
              in->least_order_ns < h->least_order_ns ||
              in->greatest_order_ns > h->greatest_order_ns ||
              in->greatest_order_ns < in->least_order_ns ||
              (i > 0 && hash128_compare(c->block.streams[i - 1].id, s->id) >= 0);
    in->first_row = first_row;
    in->rows = (uint32_t)rows;
    in->levels = (uint32_t)levels;
}

static bool read_directory(struct chunk *c, struct str directory, struct arena *arena)
{
    struct reader r = reader_of(directory);
    uint32_t row = 0;
    size_t n = c->block.n_streams = read_count(&r, 6);
    r.bad |= n > c->block.header.records;
    if (r.bad)
        return false;
    c->block.streams = arena_array(arena, struct block_stream, n);
    c->streams = arena_array(arena, struct chunk_stream, n);
    for (size_t i = 0; i < n && !r.bad; i++) {
        read_stream(&r, c, i, row, arena);
        row += c->streams[i].rows;
    }
    c->n_origins = read_count(&r, sizeof(struct hash128));
    if (r.bad || row != c->block.header.records || c->n_origins > row)
        return false;
    c->origins = arena_array(arena, struct hash128, c->n_origins);
    for (size_t i = 0; i < c->n_origins; i++)
        c->origins[i] = read_hash128(&r);
    return !r.bad && reader_left(&r) == 0;
}

bool chunk_open_directory(struct chunk *chunk, struct str bytes, struct packer *packer,
                          struct arena *arena, struct err *err)
{
    struct chunk c = {.block = {.bytes = bytes, .packer = packer}};
    struct block_header *h = &c.block.header;
    if (!chunk_peek(bytes, h, err))
        return false;
    char *directory = arena_alloc_raw(arena, h->directory_bytes + 1);
    if (!zstd_unpack(packer, str_slice(bytes, CHUNK_HEADER, h->directory_stored),
                     h->directory_bytes, directory, err))
        return err_wrap(err, "chunk");
    if (!read_directory(&c, str_of(directory, h->directory_bytes), arena))
        return refuse("its directory is malformed", err);
    *chunk = c;
    return true;
}

bool chunk_open(struct chunk *chunk, struct str bytes, struct packer *packer, struct arena *arena,
                struct err *err)
{
    struct block_header h;
    return chunk_check(bytes, &h, err) && chunk_open_directory(chunk, bytes, packer, arena, err);
}

/* ---- rows ---- */

struct row_reader {
    const struct chunk *chunk; /* its records and places are filled */
    unsigned parts;
    struct stream_reader streams;
    uint64_t *numbers; /* of each row */
    struct arena *arena;
    struct text_room texts;
    char *room; /* for one */
};

static bool next_numbers(struct row_reader *r, enum stream_group group)
{
    struct numbers n;
    size_t rows = r->chunk->block.header.records;
    return numbers_read(&n, rows, group, &r->streams) &&
           numbers_load(&n, rows, r->numbers, &r->streams);
}

static bool skip_numbers(struct row_reader *r, enum stream_group group)
{
    struct numbers n;
    return numbers_read(&n, r->chunk->block.header.records, group, &r->streams);
}

static bool are_below(const struct row_reader *r, uint64_t bound)
{
    for (size_t i = 0; i < r->chunk->block.header.records; i++)
        if (r->numbers[i] >= bound)
            return false;
    return true;
}

/* Texts of some rows, one after the other. */
struct texts {
    struct column column;
    size_t n, next, exception;
};

static bool read_texts(struct row_reader *r, struct texts *t)
{
    *t = (struct texts){.n = read_varint(&r->streams.map)};
    if (r->streams.map.bad || t->n > r->chunk->block.header.records)
        return false;
    return t->n == 0 || (column_read(&t->column, t->n, 0, &r->streams) &&
                         column_load(&t->column, &r->texts, &r->streams));
}

/* Into the arena; empty: there is none, or it is too long. */
static struct str next_text(struct row_reader *r, struct texts *t, size_t most)
{
    if (t->next == t->n)
        return STR("");
    char *end = column_print(&t->column, t->next++, &t->exception, r->room, r->room + most);
    return end ? arena_copy(r->arena, str_of(r->room, (size_t)(end - r->room))) : STR("");
}

static bool read_times(struct row_reader *r)
{
    const struct block *b = &r->chunk->block;
    uint64_t unit = (uint64_t)block_unit_ns(b->header.unit);
    if (!(r->parts & CHUNK_ROW_TIMES))
        return skip_numbers(r, STREAM_NUMBERS) && skip_numbers(r, STREAM_NUMBERS);
    if (!next_numbers(r, STREAM_NUMBERS))
        return false;
    for (size_t i = 0; i < b->header.records; i++)
        b->records[i].order_ns = (int64_t)(r->numbers[i] * unit);
    if (!next_numbers(r, STREAM_NUMBERS))
        return false;
    for (size_t i = 0; i < b->header.records; i++)
        b->records[i].event_ns = (int64_t)((uint64_t)b->records[i].order_ns + r->numbers[i] * unit);
    return true;
}

#define READ_NUMBERS(r, group, bound, target)                         \
    do {                                                              \
        if (!next_numbers((r), (group)) || !are_below((r), (bound)))  \
            return false;                                             \
        for (size_t i = 0; i < (r)->chunk->block.header.records; i++) \
            (target) = (__typeof__(target))(r)->numbers[i];           \
    } while (0)

static bool read_ids(struct row_reader *r)
{
    const struct block *b = &r->chunk->block;
    struct texts ids;
    if (!read_texts(r, &ids))
        return false;
    for (size_t i = 0; i < b->header.records; i++) {
        if (b->records[i].id_kind == ID_NONE)
            continue;
        b->records[i].id = next_text(r, &ids, RECORD_ID_MAX);
        if (b->records[i].id.len == 0)
            return false;
    }
    return ids.next == ids.n;
}

static bool read_fields(struct row_reader *r)
{
    const struct block *b = &r->chunk->block;
    struct texts fields;
    if (!read_texts(r, &fields))
        return false;
    if (fields.n == 0)
        return true;
    if (!next_numbers(r, STREAM_SMALL_INDEX) || !are_below(r, 2))
        return false;
    for (size_t i = 0; i < b->header.records; i++) {
        if (!r->numbers[i])
            continue;
        b->records[i].fields = next_text(r, &fields, RECORD_FIELDS_MAX);
        if (b->records[i].fields.len == 0)
            return false;
    }
    return fields.next == fields.n;
}

static bool read_places(struct row_reader *r)
{
    const struct chunk *c = r->chunk;
    if (!(r->parts & CHUNK_ROW_PLACES))
        return skip_numbers(r, STREAM_SMALL_INDEX) && skip_numbers(r, STREAM_NUMBERS) &&
               skip_numbers(r, STREAM_NUMBERS);
    READ_NUMBERS(r, STREAM_SMALL_INDEX, c->n_origins, c->places[i].origin);
    READ_NUMBERS(r, STREAM_NUMBERS, UINT64_MAX, c->places[i].sequence);
    READ_NUMBERS(r, STREAM_NUMBERS, BLOCK_RECORDS_MAX, c->places[i].position);
    return true;
}

static bool read_texts_of_rows(struct row_reader *r)
{
    return !(r->parts & CHUNK_ROW_TEXTS) ||
           (read_ids(r) && read_fields(r) && reader_left(&r->streams.map) == 0 &&
            stream_reader_is_used(&r->streams));
}

static bool read_rows(struct row_reader *r)
{
    const struct chunk *c = r->chunk;
    struct record *records = c->block.records;
    uint64_t sum = 0;
    if (!read_times(r))
        return false;
    READ_NUMBERS(r, STREAM_SMALL_INDEX, RECORD_LEVEL_MAX + 1, records[i].level);
    READ_NUMBERS(r, STREAM_SMALL_INDEX, RECORD_FLAGS_ALL + 1, records[i].flags);
    if (!(r->parts & CHUNK_ROW_TEXTS) && !skip_numbers(r, STREAM_SMALL_INDEX))
        return false;
    if (r->parts & CHUNK_ROW_TEXTS)
        READ_NUMBERS(r, STREAM_SMALL_INDEX, ID_GENERATED + 1, records[i].id_kind);
    if (!read_places(r))
        return false;
    if (c->block.header.encoding == BLOCK_PLAIN) {
        READ_NUMBERS(r, STREAM_LENGTHS, RECORD_LINE_MAX + 1, records[i].line.len);
        for (size_t i = 0; i < c->block.header.records; i++)
            sum += records[i].line.len;
        if (sum != c->block.header.line_bytes)
            return false;
    }
    for (size_t s = 0; s < c->block.n_streams; s++)
        for (uint32_t i = 0; i < c->streams[s].rows; i++)
            records[c->streams[s].first_row + i].stream = (uint32_t)s;
    return read_texts_of_rows(r);
}

static bool open_rows(struct row_reader *r, const struct chunk *c, struct arena *arena,
                      struct err *err)
{
    const struct block_header *h = &c->block.header;
    struct str stored =
        str_slice(c->block.bytes, CHUNK_HEADER + h->directory_stored, h->columns_stored);
    size_t most =
        2 * (size_t)CHUNK_BESIDES_MAX + (size_t)h->records * 12 * sizeof(uint64_t) + (1 << 20);
    r->chunk = c;
    r->arena = arena;
    r->numbers = arena_alloc_raw(arena, h->records * sizeof *r->numbers);
    return stream_reader_open(&r->streams, stored, c->block.packer, arena, most, most, err)
               ? true
               : err_wrap(err, "chunk");
}

bool chunk_read_flags(const struct chunk *c, const uint64_t **flags, struct arena *arena,
                      struct err *err)
{
    struct row_reader r = {0};
    if (!open_rows(&r, c, arena, err))
        return false;
    if (!read_times(&r) || !skip_numbers(&r, STREAM_SMALL_INDEX) ||
        !next_numbers(&r, STREAM_SMALL_INDEX) || !are_below(&r, RECORD_FLAGS_ALL + 1))
        return refuse("its rows are malformed", err);
    bool any = false;
    for (uint32_t i = 0; i < c->block.header.records; i++)
        any |= r.numbers[i] != 0;
    *flags = any ? r.numbers : NULL;
    return true;
}

bool chunk_read_row_parts(struct chunk *c, unsigned parts, struct arena *arena, struct err *err)
{
    const struct block_header *h = &c->block.header;
    struct row_reader r = {.parts = parts, .texts = {.left = CHUNK_BESIDES_MAX}};
    if (!open_rows(&r, c, arena, err))
        return false;
    r.room = arena_alloc(arena, RECORD_FIELDS_MAX);
    c->block.records = arena_array(arena, struct record, h->records);
    c->places =
        parts & CHUNK_ROW_PLACES ? arena_array(arena, struct chunk_place, h->records) : NULL;
    if (read_rows(&r))
        return true;
    c->block.records = NULL;
    c->places = NULL;
    return refuse("its rows are malformed", err);
}

bool chunk_read_rows(struct chunk *c, struct arena *arena, struct err *err)
{
    return chunk_read_row_parts(c, CHUNK_ROW_ALL, arena, err);
}

/* ---- lines ---- */

bool chunk_unpack_lines(struct chunk *c, struct str stored, struct arena *arena, struct err *err)
{
    const struct block_header *h = &c->block.header;
    struct columns columns;
    char *bytes = arena_alloc_raw(arena, h->line_bytes + 1);
    c->block.lines = str_of(bytes, h->line_bytes);
    if (h->encoding == BLOCK_PLAIN)
        return zstd_unpack(c->block.packer, stored, h->line_bytes, bytes, err)
                   ? true
                   : err_wrap(err, "chunk");
    c->lengths = arena_alloc_raw(arena, h->records * sizeof *c->lengths);
    if (!columns_open(&columns, stored, h->records, h->line_bytes, c->block.packer, arena, err) ||
        !columns_lines(&columns, bytes, h->line_bytes, c->lengths, err))
        return err_wrap(err, "chunk");
    return true;
}

bool chunk_read_lines(struct chunk *c, struct arena *arena, struct err *err)
{
    struct block *b = &c->block;
    if (!chunk_unpack_lines(c, block_stored_lines(b), arena, err))
        return false;
    const char *at = b->lines.ptr;
    for (uint32_t i = 0; b->records && i < b->header.records; i++) {
        if (c->lengths && c->lengths[i] > RECORD_LINE_MAX)
            return refuse("a line is too long", err);
        if (c->lengths)
            b->records[i].line.len = c->lengths[i];
        b->records[i].line.ptr = at;
        at += b->records[i].line.len;
    }
    return true;
}

int row_order_compare(const struct row_order *a, const struct row_order *b)
{
    if (a->order_ns != b->order_ns)
        return a->order_ns < b->order_ns ? -1 : 1;
    int order = hash128_compare(a->origin, b->origin);
    if (order)
        return order;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    return (a->position > b->position) - (a->position < b->position);
}

struct row_order chunk_row_order(const struct chunk *c, size_t row)
{
    const struct chunk_place *place = &c->places[row];
    return (struct row_order){c->block.records[row].order_ns, c->origins[place->origin],
                              place->sequence, place->position};
}

static bool are_in_order(const struct chunk *c, size_t row)
{
    const struct row_order before = chunk_row_order(c, row - 1), here = chunk_row_order(c, row);
    return c->block.records[row - 1].stream != c->block.records[row].stream ||
           row_order_compare(&before, &here) < 0;
}

static const char *verify_rows(const struct chunk *c)
{
    const struct block_header *h = &c->block.header;
    const struct record *records = c->block.records;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < h->records; i++) {
        sum += hash64(records[i].line);
        if (records[i].order_ns < h->least_order_ns || records[i].order_ns > h->greatest_order_ns ||
            records[i].event_ns < h->least_event_ns || records[i].event_ns > h->greatest_event_ns)
            return "its times are not those of its rows";
        if (i > 0 && !are_in_order(c, i))
            return "its rows are not in order";
    }
    return sum == h->line_hash ? NULL : "its lines are not those that were hashed";
}

bool chunk_verify(struct chunk *chunk, struct str bytes, struct packer *packer, struct arena *arena,
                  struct err *err)
{
    if (!chunk_open(chunk, bytes, packer, arena, err) || !chunk_read_rows(chunk, arena, err) ||
        !chunk_read_lines(chunk, arena, err))
        return false;
    const char *why = verify_rows(chunk);
    return why ? refuse(why, err) : true;
}
