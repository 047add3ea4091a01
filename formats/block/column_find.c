#include "formats/block/column_find.h"

#include "base/mem.h"
#include "formats/block/token.h"

/* ---- needles ---- */

void find_needle_init(struct find_needle *f, struct str text, bool ignore_case)
{
    *f = (struct find_needle){.n = (unsigned)min_of(text.len, (size_t)FIND_MAX)};
    literal_init(&f->literal, str_slice(text, 0, f->n), ignore_case);
    f->bytes = f->literal.bytes;
    for (unsigned i = 0; i < f->n; i++) {
        unsigned char c = (unsigned char)f->bytes[i];
        f->places[c] |= UINT64_C(1) << i;
        if (ignore_case && c >= 'a' && c <= 'z')
            f->places[c ^ 32] |= UINT64_C(1) << i;
    }
}

void find_needle_free(struct find_needle *f)
{
    literal_free(&f->literal);
}

bool find_needle_pass(const struct find_needle *f, struct str text, uint64_t *set)
{
    uint64_t now = *set, found = 0;
    for (size_t i = 0; i < text.len; i++) {
        now = (now << 1 | 1) & f->places[(unsigned char)text.ptr[i]];
        found |= now;
    }
    *set = now;
    return found >> (f->n - 1) & 1;
}

bool is_find_piece(const struct find_needle *f, unsigned from, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!(f->places[(unsigned char)text.ptr[i]] >> (from + i) & 1))
            return false;
    return true;
}

uint64_t find_needle_ends(const struct find_needle *f, struct str text)
{
    uint64_t ends = 0, left = 0;
    if (text.len)
        left = f->places[(unsigned char)text.ptr[text.len - 1]] &
               find_low_bits(min_of(text.len, (size_t)f->n - 1));
    for (; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        ends |= (uint64_t)is_find_piece(f, 0, str_slice(text, text.len - i - 1, i + 1)) << i;
    }
    return ends;
}

/* ---- values ---- */

struct str column_text(const struct column *c, size_t place, size_t *exception,
                       char room[COLUMN_PRINTED_MAX])
{
    if (c->kind == COLUMN_DICT)
        place = c->ids[place];
    if (c->kind == COLUMN_DICT || c->kind == COLUMN_TEXT)
        return str_of(c->content.ptr + c->values[place], c->values[place + 1] - c->values[place]);
    while (*exception < c->n_exceptions && c->exceptions[*exception].place < place)
        ++*exception;
    if (*exception < c->n_exceptions && c->exceptions[*exception].place == place)
        return c->exceptions[*exception].value;
    const char *end = column_print(c, place, exception, room, room + COLUMN_PRINTED_MAX);
    return str_of(room, (size_t)(end - room));
}

/* Which bytes are in values of a kind that is no text, but for exceptions. */
static void list_bytes(const struct column *c, bool can[256])
{
    static const char *const others[COLUMN_KINDS] = {
        [COLUMN_INTEGER] = "-", [COLUMN_DECIMAL] = "-.", [COLUMN_IPV4] = ".",
        [COLUMN_HEX] = "",      [COLUMN_UUID] = "-",     [COLUMN_TIME] = "",
    };
    char time[COLUMN_PRINTED_MAX];
    size_t n = c->kind == COLUMN_TIME ? time_print(time, 0, &c->form) : 0;
    bool is_hex = c->kind == COLUMN_HEX || c->kind == COLUMN_UUID;
    memset(can, 0, 256 * sizeof *can);
    memset(can + '0', true, 10);
    for (const char *at = others[c->kind]; *at; at++)
        can[(unsigned char)*at] = true;
    for (size_t i = 0; i < n; i++)
        can[(unsigned char)time[i]] = true;
    for (size_t i = 0; i < c->prefix.len; i++)
        can[(unsigned char)c->prefix.ptr[i]] = true;
    for (int i = 0; i < 6 && is_hex; i++)
        can[(c->is_upper ? 'A' : 'a') + i] = true;
    for (int i = 0; i < 26 && c->kind == COLUMN_TIME && c->form.separator == '/'; i++)
        can['a' + i] = can['A' + i] = true; /* months */
}

/* The places of the needle whose bytes are in such values. */
static uint64_t places_that_can(const struct find_needle *f, const struct column *c)
{
    bool can[256];
    uint64_t places = 0;
    list_bytes(c, can);
    for (unsigned i = 0; i < f->n; i++) {
        unsigned char byte = (unsigned char)f->bytes[i], other = byte ^ 32;
        bool is_either = f->places[other] >> i & 1;
        places |= (uint64_t)(can[byte] || (is_either && can[other])) << i;
    }
    return places;
}

/* Digits are written where digits are, if there are no names of months. */
static bool fits_time(const struct find_needle *f, const struct column *c)
{
    char time[COLUMN_PRINTED_MAX], needle[FIND_MAX];
    size_t n = time_print(time, 0, &c->form);
    if (c->form.separator == '/')
        return true;
    for (size_t i = 0; i < n; i++)
        time[i] = time[i] >= '0' && time[i] <= '9' ? '0' : (char)(time[i] | 32);
    for (size_t i = 0; i < f->n; i++)
        needle[i] = f->bytes[i] >= '0' && f->bytes[i] <= '9' ? '0' : (char)(f->bytes[i] | 32);
    return str_find(str_of(time, n), str_of(needle, f->n)) != SIZE_MAX;
}

/* ---- values that have it ---- */

struct marks {
    struct arena *arena;
    uint8_t *found;
    size_t n;
};

static void mark(struct marks *m, size_t place)
{
    if (!m->found)
        m->found = arena_array(m->arena, uint8_t, m->n);
    m->found[place] = 1;
}

/* The text that has the byte at this offset; the answer is not below first. */
static size_t text_at(const uint64_t *starts, size_t first, size_t n, size_t at)
{
    size_t low = first, step = 1;
    while (low + step < n && starts[low + step] <= at) {
        low += step;
        step *= 2;
    }
    size_t high = min_of(low + step, n);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (starts[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void mark_texts(struct marks *m, const struct find_needle *f, const struct column *c)
{
    size_t place = 0;
    for (size_t at = 0; (at = literal_find(&f->literal, c->content, at)) != SIZE_MAX;) {
        place = text_at(c->values, place, m->n, at);
        bool is_inside = at + f->n <= c->values[place + 1];
        if (is_inside)
            mark(m, place);
        at = is_inside ? c->values[place + 1] : at + 1;
    }
}

static bool has_value(const struct find_needle *f, const struct column *c, size_t place,
                      size_t *exception)
{
    char room[COLUMN_PRINTED_MAX];
    return literal_find(&f->literal, column_text(c, place, exception, room), 0) != SIZE_MAX;
}

static void mark_exceptions(struct marks *m, const struct find_needle *f, const struct column *c)
{
    for (size_t i = 0; i < c->n_exceptions; i++)
        if (literal_find(&f->literal, c->exceptions[i].value, 0) != SIZE_MAX)
            mark(m, c->exceptions[i].place);
}

enum { TOGETHER = 64 };

/* Prints values one behind the other, with a newline between them, which no needle has. */
static struct str print_some(const struct column *c, size_t from, size_t to, size_t *exception,
                             char room[TOGETHER * (COLUMN_PRINTED_MAX + 1)])
{
    char *at = room;
    for (; from < to; from++) {
        char *next = column_print(c, from, exception, at, at + COLUMN_PRINTED_MAX);
        if (!next) /* a long exception; of those it is known */
            continue;
        *next = '\n';
        at = next + 1;
    }
    return str_of(room, (size_t)(at - room));
}

static void mark_printed(struct marks *m, const struct find_needle *f, const struct column *c)
{
    char room[TOGETHER * (COLUMN_PRINTED_MAX + 1)];
    size_t exception = 0, exception_of_one = 0;
    for (size_t from = 0; from < c->n; from += TOGETHER) {
        size_t to = min_of(from + TOGETHER, c->n);
        struct str some = print_some(c, from, to, &exception, room);
        if (literal_find(&f->literal, some, 0) == SIZE_MAX)
            continue;
        for (size_t i = from; i < to; i++)
            if (has_value(f, c, i, &exception_of_one))
                mark(m, i);
    }
}

/* The halves of bytes that the needle is, without hyphens. */
static unsigned list_halves(const struct find_needle *f, unsigned char halves[FIND_MAX])
{
    unsigned n = 0;
    for (unsigned i = 0; i < f->n; i++) {
        unsigned char c = (unsigned char)f->bytes[i];
        if (c != '-')
            halves[n++] = c <= '9' ? c - '0' : ((c | 32) - 'a' + 10) & 15;
    }
    return n;
}

/* Where the bytes of a value of HEX or UUID begin; of the one behind the last, where they end. */
static size_t bytes_at(const struct column *c, size_t place)
{
    if (place == c->n)
        return c->content.len;
    return c->kind == COLUMN_UUID ? place * UUID_BYTES
           : c->digits            ? place * hex_bytes(c->digits)
                                  : c->values[place] >> 8;
}

static size_t value_at_byte(const struct column *c, size_t at)
{
    size_t low = 0, high = c->n;
    if (c->kind == COLUMN_UUID || c->digits)
        return at / (c->kind == COLUMN_UUID ? UUID_BYTES : hex_bytes(c->digits));
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (c->values[middle] >> 8 <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void mark_halves(struct marks *m, const struct find_needle *f, const struct column *c,
                        const unsigned char *halves, unsigned bytes)
{
    char core[FIND_MAX];
    struct literal literal;
    size_t exception = 0;
    for (unsigned i = 0; i < bytes; i++)
        core[i] = (char)(halves[2 * i] << 4 | halves[2 * i + 1]);
    literal_init(&literal, str_of(core, bytes), false);
    for (size_t at = 0; (at = literal_find(&literal, c->content, at)) != SIZE_MAX;) {
        size_t place = value_at_byte(c, at), end = bytes_at(c, place + 1);
        bool is_found = at + bytes <= end && has_value(f, c, place, &exception);
        if (is_found)
            mark(m, place);
        at = is_found ? end : at + 1;
    }
    literal_free(&literal);
}

/* HEX and UUID: false if the needle is too short for that, or may begin in the prefix. */
static bool mark_binary(struct marks *m, const struct find_needle *f, const struct column *c)
{
    enum { HALVES_MIN = 7 }; /* three bytes from either half on */
    unsigned char halves[FIND_MAX];
    uint64_t set = 0;
    bool is_hex = c->kind == COLUMN_HEX || c->kind == COLUMN_UUID;
    if (!is_hex || find_needle_pass(f, c->prefix, &set) || set)
        return false;
    unsigned n = list_halves(f, halves);
    if (n < HALVES_MIN)
        return false;
    mark_halves(m, f, c, halves, n / 2);
    mark_halves(m, f, c, halves + 1, (n - 1) / 2);
    return true;
}

static bool find_typed(struct columns *c, struct column *column, const struct find_needle *f,
                       struct marks *m)
{
    mark_exceptions(m, f, column);
    if (places_that_can(f, column) != find_low_bits(f->n) || f->n > COLUMN_PRINTED_MAX ||
        (column->kind == COLUMN_TIME && !fits_time(f, column)))
        return true;
    if (!column_load(column, &c->room, &c->reader))
        return false;
    if (!mark_binary(m, f, column))
        mark_printed(m, f, column);
    return true;
}

bool column_find(struct columns *c, struct column *column, const struct find_needle *f,
                 struct arena *arena, uint8_t **found)
{
    struct column *own = column->kind == COLUMN_DICT ? column->distinct : column;
    struct marks m = {.arena = arena, .n = own->n};
    if (own->kind != COLUMN_TEXT) {
        if (!find_typed(c, own, f, &m))
            return false;
    } else {
        if (!column_load(own, &c->room, &c->reader))
            return false;
        mark_texts(&m, f, own);
    }
    *found = m.found;
    return !m.found || column_load(column, &c->room, &c->reader);
}

/* ---- pieces ---- */

static void add_pieces(struct column_pieces *p, const struct find_needle *f, struct str text)
{
    p->ends |= find_needle_ends(f, text);
    uint64_t starts = f->places[(unsigned char)text.ptr[0]] >> 1; /* behind so many bytes */
    for (; starts; starts &= starts - 1) {
        unsigned i = (unsigned)__builtin_ctzll(starts), left = f->n - i - 1;
        if (!is_find_piece(f, i + 1, str_slice(text, 0, left)))
            continue;
        if (text.len < left)
            p->wholes[i] |= UINT64_C(1) << (i + text.len);
        else
            p->starts |= UINT64_C(1) << i;
    }
}

/* As far as the kind says it. */
static void add_typed_pieces(struct column_pieces *p, const struct find_needle *f,
                             const struct column *c)
{
    uint64_t missing = ~places_that_can(f, c) & find_low_bits(f->n);
    unsigned front = missing ? (unsigned)__builtin_ctzll(missing) : f->n;
    unsigned back = missing ? 64 - (unsigned)__builtin_clzll(missing) : 0; /* from there on all */
    p->ends |= find_low_bits(min_of(front, f->n - 1));
    for (unsigned i = 0; i + 1 < f->n; i++) {
        uint64_t others = missing & ~find_low_bits(i + 1);
        unsigned end = others ? (unsigned)__builtin_ctzll(others) : f->n - 1;
        p->starts |= (uint64_t)(i + 1 >= back) << i;
        p->wholes[i] |= find_low_bits(end) & ~find_low_bits(i + 1);
    }
    for (size_t i = 0; i < c->n_exceptions; i++)
        add_pieces(p, f, c->exceptions[i].value);
}

bool column_find_pieces(struct columns *c, struct column *column, const struct find_needle *f,
                        struct column_pieces *p)
{
    const struct column *own = column->kind == COLUMN_DICT ? column->distinct : column;
    *p = (struct column_pieces){0};
    if (own->kind != COLUMN_TEXT) {
        add_typed_pieces(p, f, own);
        return true;
    }
    if (!column_load((struct column *)own, &c->room, &c->reader))
        return false;
    for (size_t i = 0; i < own->n; i++)
        add_pieces(p, f,
                   str_of(own->content.ptr + own->values[i], own->values[i + 1] - own->values[i]));
    return true;
}
