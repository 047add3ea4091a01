/*
 * The second decoder of lines as columns, written from section 3.1 of docs/formats.md alone. It refuses
 * what it cannot read, but not all that is invalid.
 */
#include "tests/unit/plain_decoder.h"

#include "base/mem.h"
#include "tests/unit/plain_parts.h"

#include <stdlib.h>
#include <time.h>

enum { GROUPS = 7, SLOTS = 64 };

struct frame {
    struct str stored;
    uint64_t bytes;
    bool is_bad;
};

struct shape {
    bool is_last;
    uint64_t slots;
    struct str texts[SLOTS + 1]; /* in front of each slot, and behind the last */
    uint64_t columns[SLOTS];
};

struct values {
    uint64_t n, next;
    struct str *items;
    int kind;
};

struct reading {
    struct arena *arena;
    struct cursor map;
    struct frame *frames;
    size_t frames_n, next_own;
    struct str groups[GROUPS]; /* what is left of each */
    bool bad;
};

static struct str fail(struct reading *r)
{
    r->bad = true;
    return STR("");
}

static struct str content_of(struct reading *r, const struct frame *f)
{
    struct str out;
    return unpack_frame(f->stored, f->bytes, r->arena, &out) ? out : fail(r);
}

static struct str take_stream(struct reading *r, int group, uint64_t size)
{
    if (r->bad || size > 64 << 20)
        return fail(r);
    if (size < (group == 6 ? 131072u : 32768u)) {
        struct str s = str_slice(r->groups[group], 0, size);
        r->groups[group] = str_slice(r->groups[group], size, SIZE_MAX);
        return s.len == size ? s : fail(r);
    }
    struct buf whole = {.max = 64 << 20};
    while (whole.len < size && r->next_own < r->frames_n)
        buf_add(&whole, content_of(r, &r->frames[r->next_own++]));
    struct str s = arena_copy(r->arena, buf_str(&whole));
    buf_free(&whole);
    return s.len == size ? s : fail(r);
}

static uint64_t *take_planes(struct reading *r, int group, uint64_t width, uint64_t n)
{
    uint64_t *numbers = arena_array(r->arena, uint64_t, n + 1);
    for (uint64_t k = 0; k < width; k++) {
        struct str plane = take_stream(r, k ? 4 : group, n);
        for (uint64_t i = 0; i < plane.len; i++)
            numbers[i] += (uint64_t)(unsigned char)plane.ptr[i] << (8 * k);
    }
    return numbers;
}

static uint64_t *take_numbers(struct reading *r, int group, uint64_t n)
{
    uint64_t is_delta = take_fixed(&r->map, 1), before = take_zigzag(&r->map);
    uint64_t width = take_fixed(&r->map, 1), base = before;
    r->bad |= r->map.bad || is_delta > 1 || width > 8;
    uint64_t *numbers = take_planes(r, group, r->bad ? 0 : width, n);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t x = numbers[i], step = x % 2 ? 0 - (x / 2) - 1 : x / 2;
        before = numbers[i] = is_delta ? before + step : base + x;
    }
    return numbers;
}

/* The exceptions go to their places; the others are empty. */
static void take_exceptions(struct reading *r, struct values *v)
{
    uint64_t m = take_varint(&r->map), place = 0;
    r->bad |= m > v->n / 8 + 1;
    for (uint64_t i = 0; i < m && !r->map.bad; i++) {
        place += take_varint(&r->map);
        struct str value = take_string(&r->map);
        if (place >= v->n || value.len == 0)
            r->bad = true;
        else
            v->items[place] = value;
    }
    r->bad |= r->map.bad;
}

static bool is_exception(const struct values *v, uint64_t i)
{
    return v->items[i].ptr != NULL;
}

static struct str decimal_text(struct reading *r, uint64_t number, unsigned places)
{
    uint64_t unit = 1;
    for (unsigned i = 0; i < places; i++)
        unit *= 10;
    const char *sign = (int64_t)number < 0 ? "-" : "";
    number = (int64_t)number < 0 ? 0 - number : number;
    if (places == 0)
        return arena_print(r->arena, "%s%llu", sign, (unsigned long long)number);
    return arena_print(r->arena, "%s%llu.%0*llu", sign, (unsigned long long)(number / unit),
                       (int)places, (unsigned long long)(number % unit));
}

static void take_text(struct reading *r, struct values *v)
{
    uint64_t *lengths = take_numbers(r, 5, v->n);
    struct str all = take_stream(r, 0, take_varint(&r->map));
    for (uint64_t i = 0; i < v->n; i++) {
        v->items[i] = str_slice(all, 0, lengths[i]);
        r->bad |= lengths[i] == 0 || v->items[i].len != lengths[i];
        all = str_slice(all, lengths[i], SIZE_MAX);
    }
    r->bad |= all.len != 0;
}

static struct str hex_of(struct reading *r, struct str prefix, struct str bytes, uint64_t digits,
                         bool is_upper)
{
    struct buf text = {0};
    buf_add(&text, prefix);
    for (uint64_t i = 0; i < digits; i++) {
        unsigned byte = (unsigned char)bytes.ptr[i / 2];
        buf_print(&text, is_upper ? "%X" : "%x", i % 2 ? byte % 16 : byte / 16);
    }
    struct str s = arena_copy(r->arena, buf_str(&text));
    buf_free(&text);
    return s;
}

static struct str uuid_of(struct reading *r, struct str prefix, struct str bytes)
{
    struct str d = hex_of(r, STR(""), bytes, 32, false);
    return arena_print(r->arena, "%.*s%.8s-%.4s-%.4s-%.4s-%.12s", STR_ARG(prefix), d.ptr, d.ptr + 8,
                       d.ptr + 12, d.ptr + 16, d.ptr + 20);
}

static void take_digits(struct reading *r, struct values *v, bool is_uuid)
{
    uint64_t digits = is_uuid ? 32 : take_fixed(&r->map, 1);
    uint64_t is_upper = is_uuid ? 0 : take_fixed(&r->map, 1);
    r->bad |= is_upper > 1;
    struct str prefix = take_string(&r->map);
    take_exceptions(r, v);
    uint64_t *lengths = digits == 0 ? take_numbers(r, 5, v->n) : NULL;
    struct str bytes = take_stream(r, 6, lengths ? take_varint(&r->map) : (digits + 1) / 2 * v->n);
    for (uint64_t i = 0; i < v->n && !r->bad; i++) {
        uint64_t own = lengths ? lengths[i] : digits, size = own / 2 + own % 2;
        struct str one = str_slice(bytes, 0, size);
        r->bad |= one.len != size || own == 0 || own > 128;
        bytes = str_slice(bytes, size, SIZE_MAX);
        if (!r->bad && !is_exception(v, i))
            v->items[i] = is_uuid ? uuid_of(r, prefix, one) : hex_of(r, prefix, one, own, is_upper);
    }
    r->bad |= bytes.len != 0;
}

static void take_integers(struct reading *r, struct values *v)
{
    int digits = (int)take_fixed(&r->map, 1);
    struct str prefix = take_string(&r->map);
    take_exceptions(r, v);
    uint64_t *numbers = take_numbers(r, 3, v->n);
    for (uint64_t i = 0; i < v->n && !r->bad; i++)
        if (!is_exception(v, i))
            v->items[i] =
                arena_print(r->arena, "%.*s%.*lld", STR_ARG(prefix), digits, (long long)numbers[i]);
}

static void take_decimals(struct reading *r, struct values *v)
{
    take_exceptions(r, v);
    uint64_t *numbers = take_numbers(r, 3, v->n);
    struct str places = take_stream(r, 6, v->n);
    for (uint64_t i = 0; i < v->n && !r->bad; i++)
        if (!is_exception(v, i))
            v->items[i] = decimal_text(r, numbers[i], (unsigned char)places.ptr[i]);
}

static void take_addresses(struct reading *r, struct values *v)
{
    take_exceptions(r, v);
    uint64_t *numbers = take_numbers(r, 3, v->n);
    for (uint64_t i = 0; i < v->n && !r->bad; i++) {
        unsigned a = (unsigned)numbers[i];
        if (!is_exception(v, i))
            v->items[i] =
                arena_print(r->arena, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
    }
}

static void take_moments(struct reading *r, struct values *v)
{
    int separator = (int)take_fixed(&r->map, 1), mark = (int)take_fixed(&r->map, 1);
    unsigned places = (unsigned)take_fixed(&r->map, 1);
    struct str zone = take_string(&r->map);
    take_exceptions(r, v);
    uint64_t *numbers = take_numbers(r, 3, v->n), unit = 1;
    for (unsigned i = 0; i < places && places <= 9; i++)
        unit *= 10;
    for (uint64_t i = 0; i < v->n && !r->bad; i++) {
        time_t seconds = (time_t)(numbers[i] / unit);
        struct tm tm;
        char date[40] = "", day[40];
        if (is_exception(v, i) || !gmtime_r(&seconds, &tm))
            continue;
        strftime(date, sizeof date, separator == '/' ? "%d/%b/%Y" : "%Y-%m-%d", &tm);
        strftime(day, sizeof day, "%H:%M:%S", &tm);
        struct str text = separator ? arena_print(r->arena, "%s%c%s", date,
                                                  separator == '/' ? ':' : separator, day)
                                    : arena_print(r->arena, "%s", day);
        if (places)
            text = arena_print(r->arena, "%.*s%c%0*llu", STR_ARG(text), mark, (int)places,
                               (unsigned long long)(numbers[i] % unit));
        v->items[i] = arena_print(r->arena, "%.*s%.*s", STR_ARG(text), STR_ARG(zone));
    }
}

static void take_column(struct reading *r, struct values *v, const struct values *before,
                        size_t before_n);

static void take_dictionary(struct reading *r, struct values *v)
{
    struct values distinct = {.n = take_varint(&r->map)};
    r->bad |= r->map.bad || distinct.n == 0 || distinct.n > v->n;
    if (r->bad)
        return;
    take_column(r, &distinct, NULL, 0);
    uint64_t width = 0;
    for (uint64_t most = distinct.n - 1; most; most /= 256)
        width++;
    uint64_t *index = take_planes(r, distinct.n <= 16 ? 2 : 1, width, v->n);
    for (uint64_t i = 0; i < v->n && !r->bad; i++) {
        r->bad |= index[i] >= distinct.n;
        if (!r->bad)
            v->items[i] = distinct.items[index[i]];
    }
}

static void take_column(struct reading *r, struct values *v, const struct values *before,
                        size_t before_n)
{
    uint64_t head = take_fixed(&r->map, 1);
    v->kind = (int)(head % 16);
    r->bad |= head / 16 > 3;
    v->items = arena_array(r->arena, struct str, v->n + 1);
    uint64_t back;
    switch (v->kind) {
    case 0:
        take_text(r, v);
        break;
    case 1:
        take_dictionary(r, v);
        break;
    case 2:
        take_integers(r, v);
        break;
    case 3:
        take_decimals(r, v);
        break;
    case 4:
        take_digits(r, v, false);
        break;
    case 5:
        take_digits(r, v, true);
        break;
    case 6:
        take_addresses(r, v);
        break;
    case 7:
        take_moments(r, v);
        break;
    case 8:
        back = take_varint(&r->map);
        r->bad |= back == 0 || back > before_n || before[before_n - back].n != v->n;
        if (!r->bad)
            v->items = before[before_n - back].items;
        break;
    default:
        r->bad = true;
    }
    r->bad |= r->map.bad;
}

static void take_directory(struct reading *r, struct str frames)
{
    struct cursor d = cursor_of(take_string(&r->map));
    r->frames = arena_array(r->arena, struct frame, d.len + 1);
    while (d.at < d.len && !d.bad) {
        struct frame *f = &r->frames[r->frames_n++];
        f->stored = str_slice(frames, 0, take_varint(&d));
        frames = str_slice(frames, f->stored.len, SIZE_MAX);
        f->bytes = take_varint(&d);
        uint64_t check = take_fixed(&d, 4);
        if (f->bytes == 0)
            r->bad |= f->stored.len || check;
        else
            r->bad |= check != xxh3(f->stored) % 0x100000000;
    }
    r->bad |= d.bad || r->map.bad || frames.len || r->frames_n < GROUPS;
    for (size_t i = 0; i < GROUPS && !r->bad; i++)
        r->groups[i] = r->frames[i].bytes ? content_of(r, &r->frames[i]) : STR("");
    r->next_own = GROUPS;
}

static struct shape *take_shapes(struct reading *r, uint64_t *n)
{
    *n = take_varint(&r->map);
    if (r->map.bad || *n > 65000)
        r->bad = true;
    struct shape *shapes = arena_array(r->arena, struct shape, r->bad ? 1 : *n + 1);
    for (uint64_t i = 0; i < *n && !r->bad; i++) {
        uint64_t head = take_varint(&r->map);
        shapes[i].is_last = head % 2;
        shapes[i].slots = head / 2;
        r->bad |= r->map.bad || head / 2 > SLOTS;
        for (uint64_t k = 0; k < head / 2 && !r->bad; k++) {
            shapes[i].texts[k].len = take_varint(&r->map);
            shapes[i].columns[k] = take_varint(&r->map);
        }
        if (!r->bad)
            shapes[i].texts[head / 2].len = take_varint(&r->map);
    }
    struct str text = take_stream(r, 0, take_varint(&r->map));
    for (uint64_t i = 0; i < *n && !r->bad; i++)
        for (uint64_t k = 0; k <= shapes[i].slots; k++) {
            uint64_t len = shapes[i].texts[k].len;
            shapes[i].texts[k] = str_slice(text, 0, len);
            r->bad |= shapes[i].texts[k].len != len;
            text = str_slice(text, len, SIZE_MAX);
        }
    r->bad |= text.len != 0;
    return shapes;
}

static void put_value(struct reading *r, struct values *columns, uint64_t column, struct buf *out)
{
    struct values *v = &columns[column];
    if (v->next >= v->n)
        r->bad = true;
    else
        buf_add(out, v->items[v->next++]);
}

bool plain_columns_read(struct str s, uint64_t rows, uint64_t line_bytes, struct arena *arena,
                        struct str *lines)
{
    struct reading r = {.arena = arena};
    struct str map;
    if (s.len < 8 ||
        !unpack_frame(str_slice(s, 8, fixed_at(s, 0, 4)), fixed_at(s, 4, 4), arena, &map))
        return false;
    r.map = cursor_of(map);
    take_directory(&r, str_slice(s, 8 + fixed_at(s, 0, 4), SIZE_MAX));
    r.bad |= take_varint(&r.map) != rows;
    uint64_t segments = take_varint(&r.map), shapes_n;
    if (r.bad || segments > line_bytes + rows)
        return false;
    struct shape *shapes = take_shapes(&r, &shapes_n);
    uint64_t *shape_of = take_planes(&r, 1, shapes_n > 254 ? 2 : 1, segments);
    uint64_t columns_n = take_varint(&r.map);
    if (r.bad || r.map.bad || columns_n == 0 || columns_n > 16384)
        return false;
    struct values *columns = arena_array(arena, struct values, columns_n);
    for (uint64_t i = 0; i < segments; i++) {
        if (shape_of[i] >= shapes_n + 2)
            return false;
        const struct shape *shape = shape_of[i] < 2 ? NULL : &shapes[shape_of[i] - 2];
        columns[0].n += !shape;
        for (uint64_t k = 0; shape && k < shape->slots; k++) {
            if (shape->columns[k] >= columns_n || shape->columns[k] == 0)
                return false;
            columns[shape->columns[k]].n++;
        }
    }
    uint64_t first = columns[0].n ? 0 : 1;
    for (uint64_t i = first; i < columns_n && !r.bad; i++)
        take_column(&r, &columns[i], columns + first, i - first);
    struct buf out = {.max = 16 << 20};
    uint64_t row = 0, row_start = 0;
    for (uint64_t i = 0; i < segments && !r.bad && row < rows; i++) {
        bool is_last = shape_of[i] == 0;
        if (shape_of[i] < 2) {
            put_value(&r, columns, 0, &out);
        } else {
            const struct shape *shape = &shapes[shape_of[i] - 2];
            is_last = shape->is_last;
            for (uint64_t k = 0; k < shape->slots; k++) {
                buf_add(&out, shape->texts[k]);
                put_value(&r, columns, shape->columns[k], &out);
            }
            buf_add(&out, shape->texts[shape->slots]);
        }
        if (is_last) {
            lines[row++].len = out.len - row_start;
            row_start = out.len;
        }
    }
    struct str all = arena_copy(arena, buf_str(&out));
    buf_free(&out);
    for (uint64_t i = 0, at = 0; i < row; at += lines[i++].len)
        lines[i].ptr = all.ptr + at;
    return !r.bad && row == rows && row_start == all.len && all.len == line_bytes &&
           r.map.at == r.map.len && r.next_own == r.frames_n;
}
