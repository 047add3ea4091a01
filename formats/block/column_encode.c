/* Which kind a column has, and its streams. */
#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"
#include "formats/block/column.h"
#include "formats/block/column_form.h"

#include <math.h>

enum {
    DISTINCT_MAX = 1 << 16,
    SHORT_MAX = 16, /* bytes of values that are compared as two words */
    SAME_MIN = 64,  /* values of a column that is worth a look for others like it */
};

void column_scratch_free(struct column_scratch *s)
{
    mem_free(&s->numbers), mem_free(&s->distinct), mem_free(&s->counts);
    mem_free(&s->table), mem_free(&s->ids);
    buf_free(&s->bytes), buf_free(&s->binary), buf_free(&s->exceptions);
}

static void reserve(struct column_scratch *s, size_t n)
{
    if (n <= s->capacity)
        return;
    s->capacity = max_of(n, s->capacity + s->capacity / 2);
    s->numbers = mem_resize_raw(s->numbers, s->capacity * sizeof *s->numbers);
    s->ids = mem_resize_raw(s->ids, s->capacity * sizeof *s->ids);
}

/* ---- how values are stored, but for the index ---- */

/* What stands in the streams in place of an exception: the number before it; one digit, if they vary. */
static void fill_up(const struct column_form *form, uint64_t before, struct parsed_value *v,
                    char *bytes)
{
    v->number = form->kind == COLUMN_HEX ? max_of(form->digits, 1U) : before;
    v->places = 0;
    memset(bytes, 0, column_form_bytes(form, v));
}

/* Fills .numbers, .binary and .exceptions. False: too many are of another form. */
static bool parse_all(struct column_scratch *s, const struct column_values *values,
                      const struct column_form *form)
{
    size_t last_exception = 0;
    buf_reset(&s->binary), buf_reset(&s->exceptions);
    s->n_exceptions = 0;
    struct parsed_value v = {0};
    for (size_t i = 0; i < values->n; i++) {
        struct str value = value_at(values, i);
        uint64_t before = v.number;
        char *bytes = buf_reserve(&s->binary, HEX_DIGITS_MAX / 2);
        if (!bytes)
            return false;
        if (!column_form_parse(form, value, &v, bytes)) {
            if (++s->n_exceptions > EXCEPTIONS_MAX(values->n))
                return false;
            fill_up(form, before, &v, bytes);
            put_varint(&s->exceptions, i - last_exception);
            put_str(&s->exceptions, value);
            last_exception = i;
        }
        s->numbers[i] = v.number;
        if (form->kind == COLUMN_DECIMAL)
            *bytes = (char)v.places;
        s->binary.len += column_form_bytes(form, &v);
    }
    return true;
}

/* A way to store values: as their form says, or as text. */
struct way {
    struct column_form form;
    struct numbers_plan plan;
    double bits; /* about what that takes */
};

static struct way way_of(struct column_scratch *s, const struct column_values *values)
{
    const double bits_of_text = 4, bits_of_length = 3;
    struct way way = {.form = column_form_likely(values)};
    if (way.form.kind != COLUMN_TEXT && parse_all(s, values, &way.form)) {
        bool is_decimal = way.form.kind == COLUMN_DECIMAL;
        if (column_form_has_numbers(&way.form) || column_form_is_varying_hex(&way.form))
            way.plan = numbers_plan(s->numbers, values->n);
        way.bits = (double)way.plan.bits + (double)s->binary.len * (is_decimal ? 1 : 8) +
                   (double)s->exceptions.len * bits_of_text;
        return way;
    }
    way.form = (struct column_form){.kind = COLUMN_TEXT};
    for (size_t i = 0; i < values->n; i++)
        way.bits += (double)values->items[i].len;
    way.bits = way.bits * bits_of_text + (double)values->n * bits_of_length;
    return way;
}

static void put_text(struct column_scratch *s, const struct column_values *values,
                     struct stream_writer *w)
{
    put_u8(&w->map, COLUMN_TEXT);
    for (size_t i = 0; i < values->n; i++)
        s->numbers[i] = values->items[i].len;
    struct numbers_plan plan = numbers_plan(s->numbers, values->n);
    numbers_put_plan(&plan, w);
    numbers_put_planes(&plan, s->numbers, values->n, STREAM_LENGTHS, &s->bytes, w);
    buf_reset(&s->bytes);
    for (size_t i = 0; i < values->n; i++)
        buf_add(&s->bytes, value_at(values, i));
    put_varint(&w->map, s->bytes.len);
    stream_put(w, STREAM_TEXT, buf_str(&s->bytes));
}

/* What parse_all has found. */
static void put_parsed(struct column_scratch *s, size_t n, const struct way *way,
                       struct stream_writer *w)
{
    const struct column_form *form = &way->form;
    put_u8(&w->map, (uint8_t)form->kind);
    if (form->kind == COLUMN_INTEGER || form->kind == COLUMN_HEX)
        put_u8(&w->map, (uint8_t)form->digits);
    if (form->kind == COLUMN_HEX)
        put_u8(&w->map, form->is_upper);
    if (form->kind == COLUMN_INTEGER || form->kind == COLUMN_HEX || form->kind == COLUMN_UUID)
        put_str(&w->map, form->prefix);
    if (form->kind == COLUMN_TIME)
        time_form_put(&form->time, &w->map);
    put_varint(&w->map, s->n_exceptions);
    buf_add(&w->map, buf_str(&s->exceptions));
    if (column_form_has_numbers(form)) {
        numbers_put_plan(&way->plan, w);
        numbers_put_planes(&way->plan, s->numbers, n, STREAM_NUMBERS, &s->bytes, w);
    }
    if (column_form_is_varying_hex(form)) {
        numbers_put_plan(&way->plan, w);
        numbers_put_planes(&way->plan, s->numbers, n, STREAM_LENGTHS, &s->bytes, w);
        put_varint(&w->map, s->binary.len);
    }
    if (s->binary.len)
        stream_put(w, STREAM_BINARY, buf_str(&s->binary));
}

/* ---- distinct values ---- */

/* All bytes of a short value, so that equal ones have equal keys, and its hash. */
struct short_key {
    uint64_t low, high;
};

static inline uint64_t load32(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint64_t load64(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Of 1 to SHORT_MAX bytes: the first and the last, which overlap. */
static inline struct short_key key_of(struct str s)
{
    if (s.len >= 8)
        return (struct short_key){load64(s.ptr), load64(s.ptr + s.len - 8)};
    if (s.len >= 4)
        return (struct short_key){load32(s.ptr), load32(s.ptr + s.len - 4)};
    uint64_t first = (unsigned char)s.ptr[0], middle = (unsigned char)s.ptr[s.len / 2];
    return (struct short_key){first | middle << 8, (unsigned char)s.ptr[s.len - 1]};
}

static inline uint64_t hash_of_key(struct short_key key, size_t len)
{
    __uint128_t product = (__uint128_t)(key.low ^ UINT64_C(0x9e3779b97f4a7c15)) *
                          (key.high ^ UINT64_C(0xd6e8feb86659fd93) ^ len << 56);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* For tables that live as long as a column. Most values are short. */
static inline uint64_t value_hash(struct str s)
{
    return s.len <= SHORT_MAX ? hash_of_key(key_of(s), s.len) : hash64(s);
}

static inline bool is_equal_value(struct str a, struct str b)
{
    if (a.len != b.len || a.len > SHORT_MAX)
        return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
    struct short_key x = key_of(a), y = key_of(b);
    return x.low == y.low && x.high == y.high;
}

/* A table of that size with the n values in it. It begins small, since most columns have few. */
static void fill_table(struct column_scratch *s, size_t size, const char *lines, size_t n)
{
    if (size > s->table_size) {
        s->table = mem_resize_raw(s->table, size * sizeof *s->table);
        s->distinct = mem_resize_raw(s->distinct, size / 2 * sizeof *s->distinct);
        s->counts = mem_resize_raw(s->counts, size / 2 * sizeof *s->counts);
        s->table_size = size;
    }
    memset(s->table, 0, size * sizeof *s->table);
    for (size_t i = 0; i < n; i++) {
        size_t at = value_hash(str_of(lines + s->distinct[i].at, s->distinct[i].len)) & (size - 1);
        while (s->table[at])
            at = (at + 1) & (size - 1);
        s->table[at] = (uint32_t)i + 1;
    }
}

/* Numbers the distinct values by first use in .ids. 0: there are more than limit, or it looks so. */
static size_t number_distinct(struct column_scratch *s, const struct column_values *values,
                              size_t limit)
{
    enum { EARLY = 1024, EARLY_DISTINCT = 1000, FIRST_SIZE = 256, PROBES = 8 };
    size_t size = FIRST_SIZE, n = 0, probes = 0;
    fill_table(s, size, values->lines, 0);
    for (size_t i = 0; i < values->n; i++) {
        struct str value = value_at(values, i);
        if (i > 0 && is_equal_value(value_at(values, i - 1), value)) {
            s->ids[i] = s->ids[i - 1];
            s->counts[s->ids[i]]++;
            continue;
        }
        size_t at = value_hash(value) & (size - 1);
        for (; s->table[at]; at = (at + 1) & (size - 1), probes++) {
            const struct extent *known = &s->distinct[s->table[at] - 1];
            if (is_equal_value(str_of(values->lines + known->at, known->len), value))
                break;
        }
        if (!s->table[at]) {
            if (n == limit || (i == EARLY && n > EARLY_DISTINCT) ||
                probes > PROBES * values->n + SHORT_MAX) /* made to collide */
                return 0;
            s->distinct[n] = values->items[i];
            s->counts[n] = 0;
            s->table[at] = (uint32_t)++n;
        }
        s->ids[i] = s->table[at] - 1;
        s->counts[s->ids[i]]++;
        if (n == size / 2)
            fill_table(s, size *= 2, values->lines, n);
    }
    return n;
}

/* Runs of one value cost little. */
static double bits_of_index(const struct column_scratch *s, size_t n, size_t distinct)
{
    double bits = 0;
    size_t changes = 1;
    for (size_t i = 0; i < distinct; i++)
        bits += (double)s->counts[i] * log2((double)n / (double)s->counts[i]);
    for (size_t i = 1; i < n; i++)
        changes += s->ids[i] != s->ids[i - 1];
    return bits * (double)changes / (double)n;
}

static void put_index(struct column_scratch *s, size_t n, size_t distinct, struct stream_writer *w)
{
    const struct numbers_plan plan = {.width = plane_bytes(distinct - 1)};
    for (size_t i = 0; i < n; i++)
        s->numbers[i] = s->ids[i];
    numbers_put_planes(&plan, s->numbers, n, index_group(distinct), &s->bytes, w);
}

static void put_way(struct column_scratch *s, const struct column_values *values,
                    const struct way *way, struct stream_writer *w)
{
    if (way->form.kind == COLUMN_TEXT)
        put_text(s, values, w);
    else
        put_parsed(s, values->n, way, w);
}

/* Some in the middle first, since most columns that others could be are not. */
static bool are_same(const struct column_values *values, const struct column_values *others)
{
    size_t n = values->n;
    if (others->n != n || !is_equal_value(value_at(values, n / 3), value_at(others, n / 3)) ||
        !is_equal_value(value_at(values, n / 2), value_at(others, n / 2)))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_equal_value(value_at(values, i), value_at(others, i)))
            return false;
    return true;
}

/* How many columns back one has the same values; 0: none. Two times of one moment are not rare. */
static size_t same_before(struct column_scratch *s, const struct column_values *values)
{
    for (size_t back = 1; back < min_of(s->n_before + 1, (size_t)COLUMNS_BEFORE); back++)
        if (are_same(values, &s->before[(s->n_before - back) % COLUMNS_BEFORE]))
            return back;
    s->before[s->n_before % COLUMNS_BEFORE] = *values;
    return 0;
}

static void put_dict(struct column_scratch *s, const struct column_values *values,
                     const struct column_values *distinct, struct stream_writer *w)
{
    struct way way = way_of(s, distinct);
    put_u8(&w->map, COLUMN_DICT);
    put_varint(&w->map, distinct->n);
    put_way(s, distinct, &way, w);
    put_index(s, values->n, distinct->n, w);
}

static bool is_clearly_dict(size_t n, size_t distinct)
{
    return distinct <= 256 && distinct * 16 <= n;
}

static void put_values(struct column_scratch *s, const struct column_values *values,
                       struct stream_writer *w)
{
    s->before[s->n_before % COLUMNS_BEFORE].n = 0;
    reserve(s, values->n);
    size_t limit = min_of(values->n / 4 * 3 + 16, (size_t)DISTINCT_MAX);
    struct column_values distinct = {values->lines, s->distinct, 0};
    distinct.n = number_distinct(s, values, limit);
    distinct.items = s->distinct;
    double dict_bits = INFINITY;
    if (distinct.n > 0 && (distinct.n <= SMALL_INDEX || is_clearly_dict(values->n, distinct.n)))
        dict_bits = 0;
    else if (distinct.n > 0)
        dict_bits = way_of(s, &distinct).bits + bits_of_index(s, values->n, distinct.n);
    struct way way = {.bits = INFINITY};
    if (dict_bits > 0)
        way = way_of(s, values);
    if (dict_bits < way.bits) {
        put_dict(s, values, &distinct, w);
        return;
    }
    size_t back =
        column_form_has_numbers(&way.form) && values->n >= SAME_MIN ? same_before(s, values) : 0;
    if (back) {
        put_u8(&w->map, COLUMN_SAME);
        put_varint(&w->map, back);
        return;
    }
    put_way(s, values, &way, w);
}

void column_put(struct column_scratch *s, const struct column_values *values, uint8_t token,
                struct stream_writer *w)
{
    size_t head = w->map.len;
    put_values(s, values, w);
    if (head < w->map.len)
        w->map.ptr[head] = (char)(w->map.ptr[head] | token << TOKEN_SHIFT);
    s->n_before++;
}
