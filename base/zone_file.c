/*
 * TZif (RFC 8536), all numbers big-endian:
 *
 *     header   "TZif" version:1 unused:15 isut:4 isstd:4 leap:4 time:4 type:4 char:4    (44 bytes)
 *     block    time * (4 or 8)     changes, seconds since 1970, ascending
 *              time * 1            the type from each of them on
 *              type * 6            offset:4 is summer:1 name:1
 *              char, leap * (4 or 8 plus 4), isstd, isut
 *     version 1     header block                       (4 bytes)
 *     from 2 on     header block header block "\n" rule "\n"     (4 bytes, then 8)
 */
#include "base/mem.h"
#include "base/reader.h"
#include "base/zone_parts.h"

struct block {
    uint8_t version;
    size_t time_size; /* 4 or 8 */
    size_t isut, isstd, leaps, times, types, chars;
    struct str changes, types_from, type_rows;
};

static bool cut_short(struct err *err)
{
    return err_set(err, ERR_CORRUPT, "the time zone file is cut short");
}

static uint64_t read_big(struct reader *r, size_t n)
{
    struct str bytes = read_bytes(r, n);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | (uint8_t)bytes.ptr[i];
    return value;
}

static bool read_header(struct reader *r, struct block *b, struct err *err)
{
    if (!str_equal(read_bytes(r, 4), STR("TZif")))
        return err_set(err, ERR_CORRUPT, "is no time zone file");
    b->version = read_u8(r);
    read_bytes(r, 15);
    size_t *const counts[] = {&b->isut, &b->isstd, &b->leaps, &b->times, &b->types, &b->chars};
    for (size_t i = 0; i < countof(counts); i++)
        *counts[i] = read_big(r, 4);
    return r->bad ? cut_short(err) : true;
}

/* The counts have 32 bits, so that nothing here overflows. */
static bool read_block(struct reader *r, struct block *b, size_t time_size, struct err *err)
{
    if (!read_header(r, b, err))
        return false;
    b->time_size = time_size;
    b->changes = read_bytes(r, b->times * time_size);
    b->types_from = read_bytes(r, b->times);
    b->type_rows = read_bytes(r, b->types * 6);
    read_bytes(r, b->chars);
    read_bytes(r, b->leaps * (time_size + 4));
    read_bytes(r, b->isstd);
    read_bytes(r, b->isut);
    return r->bad ? cut_short(err) : true;
}

static int64_t change_at(const struct block *b, size_t i)
{
    struct reader r = reader_of(str_slice(b->changes, i * b->time_size, b->time_size));
    uint64_t value = read_big(&r, b->time_size);
    return b->time_size == 8 ? (int64_t)value : (int32_t)value;
}

static bool type_offset(const struct block *b, size_t type, int32_t *offset_s, struct err *err)
{
    if (type >= b->types)
        return err_set(err, ERR_CORRUPT, "the time zone file names a type that it does not have");
    struct reader r = reader_of(str_slice(b->type_rows, type * 6, 4));
    int32_t offset = (int32_t)read_big(&r, 4);
    if (!is_zone_offset(offset))
        return err_set(err, ERR_CORRUPT, "the time zone file has an offset of more than a day");
    *offset_s = offset;
    return true;
}

static bool take_changes(const struct block *b, struct zone *zone, struct err *err)
{
    for (size_t i = 0; i < b->times; i++) {
        struct zone_change *change = &zone->changes[i];
        change->utc_s = change_at(b, i);
        if (i > 0 && change->utc_s <= change[-1].utc_s)
            return err_set(err, ERR_CORRUPT, "the changes of the time zone file are not in order");
        if (!type_offset(b, (uint8_t)b->types_from.ptr[i], &change->offset_s, err))
            return false;
    }
    zone->n = b->times;
    return true;
}

static bool take_footer(struct reader *r, struct zone *zone, struct err *err)
{
    struct str rest = str_of(r->at, reader_left(r)), text;
    if (!take_prefix(&rest, STR("\n")) || str_find_byte(rest, '\n') == SIZE_MAX)
        return cut_short(err);
    take_until(&rest, '\n', &text);
    return text.len == 0 || zone_rule_parse(text, &zone->rule, err);
}

static bool fill(struct zone *zone, const struct block *b, struct reader *r, struct err *err)
{
    if (b->leaps)
        return err_set(err, ERR_INPUT,
                       "this zone counts leap seconds; take the one without \"right/\"");
    return type_offset(b, 0, &zone->first_s, err) && take_changes(b, zone, err) &&
           (b->version == 0 || take_footer(r, zone, err));
}

bool zone_parse(struct zone **out, struct str bytes, struct err *err)
{
    struct reader r = reader_of(bytes);
    struct block b = {0};
    if (bytes.len > ZONE_FILE_MAX)
        return err_set(err, ERR_LIMIT, "a time zone file of more than %d bytes", ZONE_FILE_MAX);
    if (!read_block(&r, &b, 4, err) || (b.version && !read_block(&r, &b, 8, err)))
        return false;
    defer(zone_close) struct zone *zone =
        mem_alloc(sizeof(struct zone) + b.times * sizeof(struct zone_change));
    if (!fill(zone, &b, &r, err))
        return false;
    *out = move(zone);
    return true;
}
