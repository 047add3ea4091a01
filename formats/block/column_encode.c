/* Which kind a column has, and its streams. */
#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"
#include "formats/block/column.h"
#include "formats/block/column_parts.h"

#include <math.h>

enum {
    SAMPLE = 48,
    EXCEPTIONS_PART = 16, /* one in so many values may be another kind */
    DISTINCT_MAX = 1 << 16,
    SAME_MIN = 64, /* values of a column that is worth a look for others like it */
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

static inline struct str value_at(const struct column_values *values, size_t i)
{
    return str_of(values->lines + values->items[i].at, values->items[i].len);
}

/* ---- numbers ---- */

static inline unsigned bits_of(uint64_t v)
{
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

static inline uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
}

/* How numbers are stored best, and about how many bits they take then. */
struct plan {
    bool is_delta;
    uint64_t base;
    unsigned width; /* bytes */
    uint64_t bits;
};

static struct plan plan_numbers(const uint64_t *numbers, size_t n)
{
    int64_t signed_least = INT64_MAX;
    uint64_t plain = 0, delta = 0, all = 0, all_deltas = 0;
    for (size_t i = 0; i < n; i++)
        signed_least = min_of(signed_least, (int64_t)numbers[i]);
    uint64_t least = (uint64_t)signed_least, before = n ? numbers[0] : 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t number = numbers[i] - least, difference = zigzag(numbers[i] - before);
        before = numbers[i];
        plain += difference ? bits_of(number) : 0;
        delta += bits_of(difference);
        all |= number;
        all_deltas |= difference;
    }
    if (delta * 10 < plain * 8)
        return (struct plan){true, n ? numbers[0] : 0, plane_bytes(all_deltas), delta};
    return (struct plan){false, n ? least : 0, plane_bytes(all), plain};
}

/* Planes of bytes: those that hardly change stand together. */
static void put_planes(struct column_scratch *s, const uint64_t *numbers, size_t n,
                       const struct plan *plan, enum stream_group group, struct stream_writer *w)
{
    buf_reset(&s->bytes);
    char *to = buf_reserve(&s->bytes, n * plan->width + 1);
    uint64_t before = plan->base;
    for (size_t i = 0; i < n; i++) {
        uint64_t v = plan->is_delta ? zigzag(numbers[i] - before) : numbers[i] - plan->base;
        before = numbers[i];
        for (unsigned k = 0; k < plan->width; k++)
            to[k * n + i] = (char)(v >> (8 * k));
    }
    for (unsigned k = 0; k < plan->width; k++)
        stream_put(w, k == 0 ? group : STREAM_HIGH, str_of(to + k * n, n));
}

static void put_plan(const struct plan *plan, struct stream_writer *w)
{
    put_u8(&w->map, plan->is_delta);
    put_zigzag(&w->map, (int64_t)plan->base);
    put_u8(&w->map, (uint8_t)plan->width);
}

/* ---- forms ---- */

/* What the values of a column look like: its kind with parameters. */
struct form {
    enum column_kind kind;
    unsigned digits; /* INTEGER: of all, if there are zeros in front, else 1; HEX */
    bool is_upper;   /* HEX */
    struct time_form time;
    struct str prefix; /* INTEGER, HEX, UUID: what all begin with */
};

/* A value as its form says. */
struct parsed_value {
    uint64_t number;
    unsigned places;
};

/* Into bytes too, if there is room (as bytes_of_form says). */
static bool parse_value(const struct form *form, struct str value, struct parsed_value *v,
                        char *bytes)
{
    struct time_form time;
    v->places = 0;
    if (form->prefix.len && !take_prefix(&value, form->prefix))
        return false;
    switch (form->kind) {
    case COLUMN_INTEGER:
        return integer_parse(value, form->digits, &v->number);
    case COLUMN_DECIMAL:
        return decimal_parse(value, &v->number, &v->places) || integer_parse(value, 1, &v->number);
    case COLUMN_IPV4:
        return ipv4_parse(value, &v->number);
    case COLUMN_TIME:
        return time_parse(value, &time, &v->number) && time_form_equal(&time, &form->time);
    case COLUMN_HEX:
        return value.len == form->digits && hex_parse(value, form->is_upper, bytes);
    case COLUMN_UUID:
        return uuid_parse(value, bytes);
    case COLUMN_TEXT:
    case COLUMN_DICT:
    case COLUMN_SAME:
    case COLUMN_KINDS:
        break;
    }
    return false;
}

static size_t bytes_of_form(const struct form *form)
{
    return form->kind == COLUMN_UUID  ? UUID_BYTES
           : form->kind == COLUMN_HEX ? (form->digits + 1) / 2
                                      : 0;
}

static bool has_numbers(enum column_kind kind)
{
    return kind == COLUMN_INTEGER || kind == COLUMN_DECIMAL || kind == COLUMN_TIME ||
           kind == COLUMN_IPV4;
}

static bool is_hex_form(struct str value, struct form *f)
{
    if (value.len < HEX_DIGITS_MIN || value.len > HEX_DIGITS_MAX)
        return false;
    f->kind = COLUMN_HEX;
    f->digits = (unsigned)value.len;
    f->is_upper = !hex_parse(value, false, NULL);
    return !f->is_upper || hex_parse(value, true, NULL);
}

static struct form integer_form(struct str value)
{
    bool has_zeros = value.len > 1 && value.ptr[0] == '0';
    return (struct form){.kind = COLUMN_INTEGER, .digits = has_zeros ? (unsigned)value.len : 1};
}

/* "0x3f9c2ab1", "c367", and "req-" before a UUID */
static bool is_prefixed_form(struct str value, struct form *f)
{
    uint64_t ignored;
    size_t n = value.len;
    if (str_starts(value, STR("0x")) && is_hex_form(str_slice(value, 2, SIZE_MAX), f)) {
        f->prefix = str_slice(value, 0, 2);
        return true;
    }
    if (n > UUID_TEXT && n <= UUID_TEXT + PREFIX_MAX &&
        uuid_parse(str_slice(value, n - UUID_TEXT, SIZE_MAX), NULL)) {
        *f = (struct form){.kind = COLUMN_UUID, .prefix = str_slice(value, 0, n - UUID_TEXT)};
        return true;
    }
    while (n > 0 && value.ptr[n - 1] >= '0' && value.ptr[n - 1] <= '9')
        n--;
    struct str digits = str_slice(value, n, SIZE_MAX);
    *f = integer_form(digits);
    f->prefix = str_slice(value, 0, n);
    return n <= PREFIX_MAX && integer_parse(digits, f->digits, &ignored);
}

static struct form form_of(struct str value)
{
    struct form f = integer_form(value);
    struct parsed_value v;
    if (parse_value(&f, value, &v, NULL))
        return f;
    f = (struct form){.kind = COLUMN_DECIMAL};
    if (decimal_parse(value, &v.number, &v.places))
        return f;
    f.kind = COLUMN_TIME;
    if (time_parse(value, &f.time, &v.number))
        return f;
    f.kind = COLUMN_IPV4;
    if (ipv4_parse(value, &v.number))
        return f;
    f.kind = COLUMN_UUID;
    if (uuid_parse(value, NULL))
        return f;
    if (is_hex_form(value, &f) || is_prefixed_form(value, &f))
        return f;
    return (struct form){.kind = COLUMN_TEXT};
}

static size_t count_fitting(const struct column_values *values, const struct form *form, size_t n)
{
    struct parsed_value v;
    size_t fitting = 0;
    for (size_t i = 0; i < n; i++)
        fitting += parse_value(form, value_at(values, i * values->n / n), &v, NULL);
    return fitting;
}

/* The form that fits most values of a sample; those of a few are tried, from different places of it. A
 * number may have zeros in front that this one does not need. */
static struct form likely_form(const struct column_values *values)
{
    enum { TRIES = 4 };
    size_t n = min_of(values->n, (size_t)SAMPLE), best = n * 7 / 8;
    struct form likely = {.kind = COLUMN_TEXT};
    for (size_t try = 0; try < TRIES && best < n; try++) {
        struct str value = value_at(values, try * values->n / TRIES);
        const struct form forms[] = {
            form_of(value),
            {.kind = COLUMN_INTEGER, .digits = (unsigned)min_of(value.len, (size_t)99)}};
        size_t n_forms = forms[0].kind == COLUMN_INTEGER ? countof(forms) : 1;
        for (size_t i = 0; i < n_forms && best < n; i++) {
            size_t fitting = forms[i].kind == COLUMN_TEXT ? 0 : count_fitting(values, &forms[i], n);
            if (fitting > best) {
                best = fitting;
                likely = forms[i];
            }
        }
    }
    return likely;
}

/* ---- how values are stored, but for the index ---- */

/* Fills .numbers, .binary and .exceptions. False: too many are of another form. */
static bool parse_all(struct column_scratch *s, const struct column_values *values,
                      const struct form *form)
{
    size_t last_exception = 0, each = bytes_of_form(form);
    buf_reset(&s->binary), buf_reset(&s->exceptions);
    s->n_exceptions = 0;
    char *bytes = buf_reserve(&s->binary, values->n * max_of(each, (size_t)1) + 1);
    struct parsed_value v = {0};
    if (!bytes)
        return false;
    for (size_t i = 0; i < values->n; i++) {
        struct str value = value_at(values, i);
        uint64_t before = v.number;
        if (!parse_value(form, value, &v, each ? bytes + i * each : NULL)) {
            if (++s->n_exceptions > values->n / EXCEPTIONS_PART + 1)
                return false;
            v = (struct parsed_value){.number = before};
            if (each)
                memset(bytes + i * each, 0, each);
            put_varint(&s->exceptions, i - last_exception);
            put_str(&s->exceptions, value);
            last_exception = i;
        }
        s->numbers[i] = v.number;
        if (form->kind == COLUMN_DECIMAL)
            bytes[i] = (char)v.places;
    }
    s->binary.len = values->n * (form->kind == COLUMN_DECIMAL ? 1 : each);
    return true;
}

/* A way to store values: as their form says, or as text. */
struct way {
    struct form form;
    struct plan plan;
    double bits; /* about what that takes */
};

static struct way way_of(struct column_scratch *s, const struct column_values *values)
{
    enum { BITS_OF_TEXT = 4, BITS_OF_LENGTH = 3 };
    struct way way = {.form = likely_form(values)};
    if (way.form.kind != COLUMN_TEXT && parse_all(s, values, &way.form)) {
        bool is_decimal = way.form.kind == COLUMN_DECIMAL;
        if (has_numbers(way.form.kind))
            way.plan = plan_numbers(s->numbers, values->n);
        way.bits = (double)way.plan.bits + (double)s->binary.len * (is_decimal ? 1 : 8) +
                   (double)s->exceptions.len * BITS_OF_TEXT;
        return way;
    }
    way.form = (struct form){.kind = COLUMN_TEXT};
    for (size_t i = 0; i < values->n; i++)
        way.bits += (double)values->items[i].len;
    way.bits = way.bits * BITS_OF_TEXT + (double)values->n * BITS_OF_LENGTH;
    return way;
}

static void put_text(struct column_scratch *s, const struct column_values *values,
                     struct stream_writer *w)
{
    put_u8(&w->map, COLUMN_TEXT);
    for (size_t i = 0; i < values->n; i++)
        s->numbers[i] = values->items[i].len;
    struct plan plan = plan_numbers(s->numbers, values->n);
    put_plan(&plan, w);
    put_planes(s, s->numbers, values->n, &plan, STREAM_LENGTHS, w);
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
    const struct form *form = &way->form;
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
    if (has_numbers(form->kind)) {
        put_plan(&way->plan, w);
        put_planes(s, s->numbers, n, &way->plan, STREAM_NUMBERS, w);
    }
    if (s->binary.len)
        stream_put(w, STREAM_BINARY, buf_str(&s->binary));
}

/* ---- distinct values ---- */

static size_t table_size_for(size_t distinct)
{
    size_t size = 64;
    while (size < distinct * 2)
        size *= 2;
    return size;
}

static void reserve_distinct(struct column_scratch *s, size_t size)
{
    if (size <= s->table_size)
        return;
    s->table = mem_resize_raw(s->table, size * sizeof *s->table);
    s->distinct = mem_resize_raw(s->distinct, size * sizeof *s->distinct);
    s->counts = mem_resize_raw(s->counts, size * sizeof *s->counts);
    s->table_size = size;
}

static inline uint64_t load(const char *at, size_t n)
{
    uint64_t word = 0;
    memcpy(&word, at, n);
    return word;
}

/* For tables that live as long as a column. Most values are short. */
static inline uint64_t short_hash(struct str s)
{
    if (s.len > 16)
        return hash64(s);
    uint64_t low = s.len >= 8 ? load(s.ptr, 8) : load(s.ptr, s.len);
    uint64_t high = s.len >= 8 ? load(s.ptr + s.len - 8, 8) : s.len;
    __uint128_t product = (__uint128_t)(low ^ UINT64_C(0x9e3779b97f4a7c15)) *
                          (high ^ UINT64_C(0xd6e8feb86659fd93) ^ s.len << 56);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Numbers the distinct values by first use in .ids. 0: there are more than limit, or it looks so. */
static size_t number_distinct(struct column_scratch *s, const struct column_values *values,
                              size_t limit)
{
    enum { EARLY = 1024, EARLY_DISTINCT = 1000 };
    size_t size = table_size_for(limit + 1), n = 0;
    reserve_distinct(s, size);
    memset(s->table, 0, size * sizeof *s->table);
    for (size_t i = 0; i < values->n; i++) {
        struct str value = value_at(values, i);
        size_t at = short_hash(value) & (size - 1);
        for (; s->table[at]; at = (at + 1) & (size - 1)) {
            const struct view *known = &s->distinct[s->table[at] - 1];
            if (known->len == value.len &&
                memcmp(values->lines + known->at, value.ptr, value.len) == 0)
                break;
        }
        if (!s->table[at]) {
            if (n == limit || (i == EARLY && n > EARLY_DISTINCT))
                return 0;
            s->distinct[n] = values->items[i];
            s->counts[n] = 0;
            s->table[at] = (uint32_t)++n;
        }
        s->ids[i] = s->table[at] - 1;
        s->counts[s->ids[i]]++;
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
    const struct plan plan = {.width = plane_bytes(distinct - 1)};
    for (size_t i = 0; i < n; i++)
        s->numbers[i] = s->ids[i];
    put_planes(s, s->numbers, n, &plan, index_group(distinct), w);
}

static void put_way(struct column_scratch *s, const struct column_values *values,
                    const struct way *way, struct stream_writer *w)
{
    if (way->form.kind == COLUMN_TEXT)
        put_text(s, values, w);
    else
        put_parsed(s, values->n, way, w);
}

static bool are_same(const struct column_values *values, const struct view *others)
{
    for (size_t i = 0; i < values->n; i++)
        if (values->items[i].len != others[i].len ||
            memcmp(values->lines + values->items[i].at, values->lines + others[i].at,
                   others[i].len) != 0)
            return false;
    return true;
}

/* How many columns back one has the same values, of which numbers came; 0: none. Two times of one moment
 * are not rare. */
static size_t same_before(struct column_scratch *s, const struct column_values *values)
{
    size_t bytes = values->n * sizeof *s->numbers;
    struct column_put_before *own = &s->before[s->n_before % COLUMNS_BEFORE];
    own->hash = hash64(str_of(s->numbers, bytes));
    for (size_t back = 1; back < min_of(s->n_before + 1, (size_t)COLUMNS_BEFORE); back++) {
        const struct column_put_before *other = &s->before[(s->n_before - back) % COLUMNS_BEFORE];
        if (other->n == values->n && other->hash == own->hash && are_same(values, other->items))
            return back;
    }
    own->n = values->n;
    own->items = values->items;
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
    size_t back = has_numbers(way.form.kind) && values->n >= SAME_MIN ? same_before(s, values) : 0;
    if (back) {
        put_u8(&w->map, COLUMN_SAME);
        put_varint(&w->map, back);
        return;
    }
    put_way(s, values, &way, w);
}

void column_put(struct column_scratch *s, const struct column_values *values,
                struct stream_writer *w)
{
    put_values(s, values, w);
    s->n_before++;
}
