/* A column, and the values in it. */
#include "base/mem.h"
#include "formats/block/column.h"
#include "formats/block/token.h"

static char *copy_exactly(char *to, const char *end, const char *from, size_t n)
{
    if ((size_t)(end - to) < n)
        return NULL;
    memcpy(to, from, n);
    return to + n;
}

static void read_exceptions(struct column *c, struct stream_reader *r)
{
    size_t n = read_count(&r->map, 2), place = 0;
    if (r->map.bad || n > EXCEPTIONS_MAX(c->n)) {
        r->map.bad = true;
        return;
    }
    c->exceptions = arena_array(r->arena, struct column_exception, n);
    for (size_t i = 0; i < n; i++) {
        uint64_t step = read_varint(&r->map);
        struct str value = read_str(&r->map);
        if (r->map.bad || value.len == 0 || step >= c->n - place || (i > 0 && step == 0)) {
            r->map.bad = true;
            return;
        }
        place += step;
        c->exceptions[c->n_exceptions++] = (struct column_exception){(uint32_t)place, value};
    }
}

static bool read_text(struct column *c, struct stream_reader *r)
{
    return numbers_read(&c->numbers, c->n, STREAM_LENGTHS, r) &&
           stream_take(r, STREAM_TEXT, read_varint(&r->map), &c->bytes);
}

static bool read_typed(struct column *c, struct stream_reader *r)
{
    struct reader *map = &r->map;
    bool is_hex = c->kind == COLUMN_HEX;
    if (c->kind == COLUMN_INTEGER || is_hex) {
        c->digits = read_u8(map);
        map->bad |=
            (c->digits == 0 && !is_hex) || c->digits > (is_hex ? HEX_DIGITS_MAX : DIGITS_MAX);
        uint8_t is_upper = is_hex ? read_u8(map) : 0;
        map->bad |= is_upper > 1;
        c->is_upper = is_upper == 1;
    }
    if (c->kind == COLUMN_INTEGER || is_hex || c->kind == COLUMN_UUID)
        c->prefix = read_str(map);
    map->bad |= c->prefix.len > PREFIX_MAX;
    if (c->kind == COLUMN_TIME)
        map->bad |= !time_form_read(&c->form, map);
    if (!map->bad)
        read_exceptions(c, r);
    if (map->bad)
        return false;
    if (is_hex && c->digits == 0)
        return numbers_read(&c->numbers, c->n, STREAM_LENGTHS, r) &&
               stream_take(r, STREAM_BINARY, read_varint(map), &c->bytes);
    if (is_hex)
        return stream_take(r, STREAM_BINARY, c->n * hex_bytes(c->digits), &c->bytes);
    if (c->kind == COLUMN_UUID)
        return stream_take(r, STREAM_BINARY, c->n * UUID_BYTES, &c->bytes);
    return numbers_read(&c->numbers, c->n, STREAM_NUMBERS, r) &&
           (c->kind != COLUMN_DECIMAL || stream_take(r, STREAM_BINARY, c->n, &c->bytes));
}

static bool read_head(struct column *c, size_t n, struct stream_reader *r)
{
    uint8_t head = read_u8(&r->map);
    *c = (struct column){.kind = (enum column_kind)(head & ((1 << TOKEN_SHIFT) - 1)),
                         .token = head >> TOKEN_SHIFT,
                         .n = n};
    return !r->map.bad && c->token < TOKEN_KINDS;
}

/* Of a kind that others may have as their distinct values. */
static bool read_plain(struct column *c, struct stream_reader *r)
{
    switch (c->kind) {
    case COLUMN_TEXT:
        return read_text(c, r);
    case COLUMN_INTEGER:
    case COLUMN_DECIMAL:
    case COLUMN_HEX:
    case COLUMN_UUID:
    case COLUMN_IPV4:
    case COLUMN_TIME:
        return read_typed(c, r);
    case COLUMN_DICT:
    case COLUMN_SAME:
    case COLUMN_KINDS:
        break;
    }
    return false;
}

static bool read_dict(struct column *c, struct stream_reader *r)
{
    uint64_t n = read_varint(&r->map);
    c->distinct = arena_new(r->arena, struct column);
    if (r->map.bad || n == 0 || n > c->n || !read_head(c->distinct, n, r) ||
        !read_plain(c->distinct, r))
        return false;
    return numbers_read_planes(&c->numbers, plane_bytes(n - 1), c->n, index_group(n), r);
}

static bool read_same(struct column *c, size_t before, struct stream_reader *r)
{
    uint64_t back = read_varint(&r->map);
    if (r->map.bad || back == 0 || back > before || back >= COLUMNS_BEFORE)
        return false;
    c->same = c - back;
    return c->same->kind != COLUMN_SAME && c->same->n == c->n;
}

bool column_read(struct column *c, size_t n, size_t before, struct stream_reader *r)
{
    if (!read_head(c, n, r))
        return false;
    return c->kind == COLUMN_DICT   ? read_dict(c, r)
           : c->kind == COLUMN_SAME ? read_same(c, before, r)
                                    : read_plain(c, r);
}

/* ---- loading ---- */

static bool load_numbers(struct column *c, struct stream_reader *r)
{
    c->values = arena_alloc_raw(r->arena, (c->n + 1) * sizeof *c->values);
    return numbers_load(&c->numbers, c->n, c->values, r);
}

bool column_load_content(struct column *c, struct stream_reader *r)
{
    return c->content.ptr || stream_load(r, &c->bytes, &c->content);
}

/* Lengths become places. */
static bool load_text(struct column *c, struct stream_reader *r)
{
    size_t n = c->n;
    if (!load_numbers(c, r) || !column_load_content(c, r))
        return false;
    uint64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t len = c->values[i];
        c->values[i] = at;
        if (len == 0 || len > c->content.len - at)
            return false;
        at += len;
    }
    c->values[n] = at;
    return at == c->content.len;
}

/* Digits become places of bytes, with the digits in the low byte. */
static bool load_varying_hex(struct column *c, struct stream_reader *r)
{
    if (!load_numbers(c, r) || !stream_load(r, &c->bytes, &c->content))
        return false;
    uint64_t at = 0;
    for (size_t i = 0; i < c->n; i++) {
        uint64_t digits = c->values[i];
        if (digits == 0 || digits > HEX_DIGITS_MAX || hex_bytes(digits) > c->content.len - at)
            return false;
        c->values[i] = at << 8 | digits;
        at += hex_bytes(digits);
    }
    return at == c->content.len;
}

/* The distinct values as texts, whatever they are. */
static bool print_distinct(struct column *c, struct text_room *room, struct arena *arena)
{
    struct column *d = c->distinct;
    size_t exception = 0;
    if (d->kind == COLUMN_TEXT) {
        c->values = d->values;
        c->content = d->content;
        return true;
    }
    if (!room->at)
        room->at = arena_alloc_raw(arena, room->left + COPY_SLACK);
    char *text = room->at, *to = text, *end = text + room->left;
    c->values = arena_alloc_raw(arena, (d->n + 1) * sizeof *c->values);
    for (size_t i = 0; i < d->n; i++) {
        c->values[i] = (uint64_t)(to - text);
        if (!(to = column_print(d, i, &exception, to, end)))
            return false;
    }
    c->values[d->n] = (uint64_t)(to - text);
    c->content = str_of(text, (size_t)(to - text));
    room->at = to;
    room->left -= c->content.len;
    return true;
}

static bool load_dict(struct column *c, struct text_room *room, struct stream_reader *r)
{
    if (!column_load(c->distinct, room, r) || !print_distinct(c, room, r->arena))
        return false;
    c->ids = c->numbers.width ? arena_alloc_raw(r->arena, c->n * sizeof *c->ids)
                              : arena_array(r->arena, uint32_t, c->n);
    uint32_t most = 0;
    for (unsigned k = 0; k < c->numbers.width; k++) {
        struct str plane;
        if (!stream_load(r, &c->numbers.planes[k], &plane))
            return false;
        for (size_t i = 0; i < c->n; i++)
            c->ids[i] = (k ? c->ids[i] : 0) | (uint32_t)(unsigned char)plane.ptr[i] << (8 * k);
    }
    for (size_t i = 0; i < c->n; i++)
        most = max_of(most, c->ids[i]);
    return most < c->distinct->n;
}

static bool load_times(struct column *c, struct stream_reader *r)
{
    if (!load_numbers(c, r))
        return false;
    uint64_t most = 0;
    for (size_t i = 0; i < c->n; i++)
        most = max_of(most, c->values[i]);
    return c->form.separator == 0 || most <= time_ticks_max(&c->form);
}

static bool load_places(struct column *c, struct stream_reader *r)
{
    if (!load_numbers(c, r) || !stream_load(r, &c->bytes, &c->content))
        return false;
    for (size_t i = 0; i < c->n; i++)
        if ((unsigned char)c->content.ptr[i] > PLACES_MAX)
            return false;
    return true;
}

bool column_load(struct column *c, struct text_room *room, struct stream_reader *r)
{
    if (c->is_loaded)
        return true;
    switch (c->kind) {
    case COLUMN_TEXT:
        c->is_loaded = load_text(c, r);
        break;
    case COLUMN_DICT:
        c->is_loaded = load_dict(c, room, r);
        break;
    case COLUMN_INTEGER:
    case COLUMN_IPV4:
        c->is_loaded = load_numbers(c, r);
        break;
    case COLUMN_TIME:
        c->is_loaded = load_times(c, r);
        break;
    case COLUMN_DECIMAL:
        c->is_loaded = load_places(c, r);
        break;
    case COLUMN_HEX:
        c->is_loaded =
            c->digits == 0 ? load_varying_hex(c, r) : stream_load(r, &c->bytes, &c->content);
        break;
    case COLUMN_UUID:
        c->is_loaded = stream_load(r, &c->bytes, &c->content);
        break;
    case COLUMN_SAME:
        c->is_loaded = column_load(c->same, room, r);
        break;
    case COLUMN_KINDS:
        break;
    }
    return c->is_loaded;
}

/* ---- values ---- */

static inline char *copy_text(const struct column *c, size_t i, char *to, const char *end)
{
    return copy_short(to, end, c->content.ptr + c->values[i], c->values[i + 1] - c->values[i]);
}

/* A value that is no text, where there is room for the longest. */
static char *print_value(const struct column *c, size_t place, char *to)
{
    if (c->prefix.len) {
        memcpy(to, c->prefix.ptr, c->prefix.len);
        to += c->prefix.len;
    }
    switch (c->kind) {
    case COLUMN_INTEGER:
        return to + integer_print(to, c->values[place], c->digits);
    case COLUMN_DECIMAL:
        return to + decimal_print(to, c->values[place], (unsigned char)c->content.ptr[place]);
    case COLUMN_HEX:
        return to + (c->digits ? hex_print(to, c->content.ptr + place * hex_bytes(c->digits),
                                           c->digits, c->is_upper)
                               : hex_print(to, c->content.ptr + (c->values[place] >> 8),
                                           c->values[place] & 0xff, c->is_upper));
    case COLUMN_UUID:
        return to + uuid_print(to, c->content.ptr + place * UUID_BYTES);
    case COLUMN_IPV4:
        return to + ipv4_print(to, c->values[place]);
    case COLUMN_TIME:
        return to + time_print(to, c->values[place], &c->form);
    case COLUMN_TEXT:
    case COLUMN_DICT:
    case COLUMN_SAME:
    case COLUMN_KINDS:
        break;
    }
    return to;
}

static inline const struct column_exception *exception_at(const struct column *c, size_t place,
                                                          size_t *next)
{
    while (*next < c->n_exceptions && c->exceptions[*next].place < place)
        ++*next;
    return *next < c->n_exceptions && c->exceptions[*next].place == place ? &c->exceptions[*next]
                                                                          : NULL;
}

char *column_print(const struct column *c, size_t place, size_t *exception, char *to,
                   const char *end)
{
    if (c->kind == COLUMN_DICT)
        return copy_text(c, c->ids[place], to, end);
    if (c->kind == COLUMN_TEXT)
        return copy_text(c, place, to, end);
    if (c->kind == COLUMN_SAME)
        return column_print(c->same, place, exception, to, end);
    const struct column_exception *other = exception_at(c, place, exception);
    if (other)
        return copy_exactly(to, end, other->value.ptr, other->value.len);
    if (end - to >= COLUMN_PRINTED_MAX)
        return print_value(c, place, to);
    char room[COLUMN_PRINTED_MAX];
    return copy_exactly(to, end, room, (size_t)(print_value(c, place, room) - room));
}
