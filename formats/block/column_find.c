#include "formats/block/column_find.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "formats/block/token.h"

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
static uint64_t places_that_can(const struct needle *f, const struct column *c)
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

/* ---- times ---- */

/* How the values of a column of times look: the greatest digit in each place, and any letters where months are. */
struct time_look {
    char text[COLUMN_PRINTED_MAX];
    size_t n, head, zone;                   /* date and seconds, and the fraction, end there */
    bool is_in_head, is_in_tail, is_across; /* where the needle may be */
};

static void add_look(struct time_look *look, const char *text)
{
    size_t n = strlen(text);
    memcpy(look->text + look->n, text, n);
    look->n += n;
}

static void look_of(const struct time_form *form, struct time_look *look)
{
    *look = (struct time_look){0};
    if (form->separator == '/')
        add_look(look, "39/Mon/2999:");
    else if (form->separator)
        add_look(look, (const char[]){'2', '9', '9', '9', '-', '1', '9', '-', '3', '9',
                                      form->separator, '\0'});
    add_look(look, "29:59:59");
    look->head = look->n;
    if (form->places)
        look->text[look->n++] = form->mark;
    for (unsigned i = 0; i < form->places; i++)
        look->text[look->n++] = '9';
    look->zone = look->n;
    memcpy(look->text + look->n, form->zone, form->zone_bytes);
    look->n += form->zone_bytes;
}

static bool fits_look(const struct needle *f, const struct time_look *look, bool has_month,
                      size_t at)
{
    enum { MONTH = 3, MONTH_END = 6 };
    for (unsigned i = 0; i < f->n; i++) {
        size_t k = at + i;
        char a = look->text[k], b = f->bytes[i];
        bool fits = has_month && k >= MONTH && k < MONTH_END ? (b | 32) >= 'a' && (b | 32) <= 'z'
                    : k < look->zone && is_digit(a)          ? is_digit(b) && b <= a
                                                             : f->places[(unsigned char)a] >> i & 1;
        if (!fits)
            return false;
    }
    return true;
}

/* False: the needle is in none of them. */
static bool fit_time(const struct needle *f, const struct time_form *form, struct time_look *look)
{
    look_of(form, look);
    for (size_t at = 0; at + f->n <= look->n; at++) {
        if (!fits_look(f, look, form->separator == '/', at))
            continue;
        look->is_in_head |= at + f->n <= look->head;
        look->is_in_tail |= at >= look->head;
        look->is_across |= at < look->head && at + f->n > look->head;
    }
    return look->is_in_head || look->is_in_tail || look->is_across;
}

/* ---- other kinds ---- */

/* Whether numbers can be that long, without a look at them. */
static bool fits_integer(const struct needle *f, const struct column *c)
{
    const struct numbers *n = &c->numbers;
    char room[COLUMN_PRINTED_MAX];
    if (n->is_delta || n->width >= sizeof(uint64_t))
        return true;
    uint64_t most = n->base + ((UINT64_C(1) << 8 * n->width) - 1);
    if ((int64_t)most < (int64_t)n->base)
        return true;
    return f->n <= c->prefix.len + max_of(integer_print(room, n->base, c->digits),
                                          integer_print(room, most, c->digits));
}

/* What is less than that has fewer digits than the needle has bytes. */
static uint64_t least_number(const struct needle *f, const struct column *c)
{
    uint64_t least = 1;
    for (unsigned i = 1; i < f->n && f->n <= DIGITS_MAX; i++)
        least *= 10;
    return c->kind == COLUMN_INTEGER && c->digits < f->n && least > 1 ? least : 0;
}

/* No more than three digits follow each other. */
static bool fits_ipv4(const struct needle *f)
{
    uint64_t digits = 0;
    for (unsigned char c = '0'; c <= '9'; c++)
        digits |= f->places[c];
    return !(digits & digits >> 1 & digits >> 2 & digits >> 3);
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

static void mark_texts(struct marks *m, const struct needle *f, const struct column *c)
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

static bool has_value(const struct needle *f, const struct column *c, size_t place,
                      size_t *exception)
{
    char room[COLUMN_PRINTED_MAX];
    return literal_find(&f->literal, column_text(c, place, exception, room), 0) != SIZE_MAX;
}

static void mark_exceptions(struct marks *m, const struct needle *f, const struct column *c)
{
    for (size_t i = 0; i < c->n_exceptions; i++)
        if (literal_find(&f->literal, c->exceptions[i].value, 0) != SIZE_MAX)
            mark(m, c->exceptions[i].place);
}

enum { TOGETHER = 64 };

/* Of a time only what the needle may be in, and date and seconds only where they change. */
static char *print_parts(const struct column *c, const struct time_look *look, size_t place,
                         bool is_first, uint64_t *second, char *to)
{
    uint64_t ticks = c->values[place], unit = time_unit(&c->form);
    if (is_first || ticks - *second >= unit) {
        *second = ticks - ticks % unit;
        if (look->is_in_head) {
            time_print(to, *second, &c->form);
            to += look->head;
            *to++ = '\n';
        }
    }
    if (!look->is_in_tail)
        return to;
    if (c->form.places) {
        *to++ = c->form.mark;
        to += integer_print(to, ticks - *second, c->form.places);
    }
    memcpy(to, c->form.zone, c->form.zone_bytes);
    to += c->form.zone_bytes;
    *to++ = '\n';
    return to;
}

struct printing {
    const struct column *column;
    const struct time_look *look; /* TIME */
    uint64_t least;               /* INTEGER: lesser ones are left out */
};

/* Prints values one behind the other, with a newline between them, which no needle has. Exceptions, of which it is known
 * what they have, may be anything. */
static struct str print_some(const struct printing *p, size_t from, size_t to,
                             char room[TOGETHER * (COLUMN_PRINTED_MAX + 1)])
{
    const struct column *c = p->column;
    char *at = room, *end;
    uint64_t second = 0;
    size_t exception = 0;
    for (size_t i = from; i < to; i++) {
        if (c->kind == COLUMN_TIME && !p->look->is_across) {
            at = print_parts(c, p->look, i, i == from, &second, at);
            continue;
        }
        if (c->kind == COLUMN_INTEGER && c->prefix.len == 0) {
            if (c->values[i] < p->least)
                continue;
            at += integer_print(at, c->values[i], c->digits);
        } else if (c->kind == COLUMN_IPV4) {
            at += ipv4_print(at, c->values[i]);
        } else if ((end = column_print(c, i, &exception, at, at + COLUMN_PRINTED_MAX))) {
            at = end; /* else it is a long exception */
        }
        *at++ = '\n';
    }
    return str_of(room, (size_t)(at - room));
}

static void mark_printed(struct marks *m, const struct needle *f, const struct column *c,
                         const struct time_look *look)
{
    const struct printing p = {c, look, least_number(f, c)};
    char room[TOGETHER * (COLUMN_PRINTED_MAX + 1)];
    size_t exception = 0;
    for (size_t from = 0; from < c->n; from += TOGETHER) {
        size_t to = min_of(from + TOGETHER, c->n);
        if (!is_needle_in(f, print_some(&p, from, to, room)))
            continue;
        for (size_t i = from; i < to; i++)
            if (has_value(f, c, i, &exception))
                mark(m, i);
    }
}

/* The halves of bytes that the needle is, without hyphens. */
static unsigned list_halves(const struct needle *f, unsigned char halves[NEEDLE_MAX])
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

static bool are_halves(struct str bytes, size_t at, const unsigned char *halves, unsigned n)
{
    if (at + n > 2 * bytes.len)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)bytes.ptr[(at + i) / 2];
        if (((at + i) % 2 ? byte & 15 : byte >> 4) != halves[i])
            return false;
    }
    return true;
}

/* Those that begin with so many halves (0 or 1) before a whole byte. */
static void mark_halves(struct marks *m, const struct needle *f, const struct column *c,
                        const unsigned char *halves, unsigned n, unsigned before)
{
    char core[NEEDLE_MAX];
    struct literal literal;
    size_t exception = 0, bytes = (n - before) / 2;
    for (unsigned i = 0; i < bytes; i++)
        core[i] = (char)(halves[before + 2 * i] << 4 | halves[before + 2 * i + 1]);
    literal_init(&literal, str_of(core, bytes), false);
    for (size_t at = 0; (at = literal_find(&literal, c->content, at)) != SIZE_MAX;) {
        bool may = 2 * at >= before && are_halves(c->content, 2 * at - before, halves, n);
        size_t place = may ? value_at_byte(c, at) : 0, end = may ? bytes_at(c, place + 1) : 0;
        bool is_found = may && at + bytes <= end && has_value(f, c, place, &exception);
        if (is_found)
            mark(m, place);
        at = is_found ? end : at + 1;
    }
    literal_free(&literal);
}

/* HEX and UUID: false if the needle is too short for that, or may begin in the prefix. */
static bool mark_binary(struct marks *m, const struct needle *f, const struct column *c)
{
    enum { HALVES_MIN = 3 }; /* a whole byte from either half on */
    unsigned char halves[NEEDLE_MAX];
    uint64_t set = 0;
    bool is_hex = c->kind == COLUMN_HEX || c->kind == COLUMN_UUID;
    if (!is_hex || needle_pass(f, c->prefix, &set) || set)
        return false;
    unsigned n = list_halves(f, halves);
    if (n < HALVES_MIN)
        return false;
    mark_halves(m, f, c, halves, n, 0);
    mark_halves(m, f, c, halves, n, 1);
    return true;
}

static bool find_typed(struct columns *c, struct column *column, const struct needle *f,
                       struct marks *m)
{
    struct time_look look;
    mark_exceptions(m, f, column);
    if (places_that_can(f, column) != low_places(f->n) || f->n > COLUMN_PRINTED_MAX ||
        (column->kind == COLUMN_TIME && !fit_time(f, &column->form, &look)) ||
        (column->kind == COLUMN_INTEGER && !fits_integer(f, column)) ||
        (column->kind == COLUMN_IPV4 && !fits_ipv4(f)))
        return true;
    if (!column_load(column, &c->room, &c->reader))
        return false;
    if (!mark_binary(m, f, column))
        mark_printed(m, f, column, &look);
    return true;
}

bool column_find(struct columns *c, struct column *column, const struct needle *f,
                 struct arena *arena, uint8_t **found)
{
    struct column *own = column->kind == COLUMN_DICT ? column->distinct : column;
    struct marks m = {.arena = arena, .n = own->n};
    if (own->kind != COLUMN_TEXT) {
        if (!find_typed(c, own, f, &m))
            return false;
    } else {
        if (!column_load_content(own, &c->reader))
            return false;
        bool may = is_needle_in(f, own->content);
        if (may && !column_load(own, &c->room, &c->reader))
            return false;
        if (may)
            mark_texts(&m, f, own);
    }
    *found = m.found;
    return !m.found || column_load(column, &c->room, &c->reader);
}

/* ---- pieces ---- */

static void add_pieces(struct column_pieces *p, const struct needle *f, struct str text)
{
    p->ends |= needle_ends(f, text);
    uint64_t starts = f->places[(unsigned char)text.ptr[0]] >> 1; /* behind so many bytes */
    for (; starts; starts &= starts - 1) {
        unsigned i = (unsigned)__builtin_ctzll(starts), left = f->n - i - 1;
        if (!is_needle_piece(f, i + 1, str_slice(text, 0, left)))
            continue;
        if (text.len < left)
            p->wholes[i] |= UINT64_C(1) << (i + text.len);
        else
            p->starts |= UINT64_C(1) << i;
    }
}

/* As far as the kind says it. */
static void add_typed_pieces(struct column_pieces *p, const struct needle *f,
                             const struct column *c)
{
    uint64_t missing = ~places_that_can(f, c) & low_places(f->n);
    unsigned front = missing ? (unsigned)__builtin_ctzll(missing) : f->n;
    unsigned back = missing ? 64 - (unsigned)__builtin_clzll(missing) : 0; /* from there on all */
    p->ends |= low_places(min_of(front, f->n - 1));
    for (unsigned i = 0; i + 1 < f->n; i++) {
        uint64_t others = missing & ~low_places(i + 1);
        unsigned end = others ? (unsigned)__builtin_ctzll(others) : f->n - 1;
        p->starts |= (uint64_t)(i + 1 >= back) << i;
        p->wholes[i] |= low_places(end) & ~low_places(i + 1);
    }
    for (size_t i = 0; i < c->n_exceptions; i++)
        add_pieces(p, f, c->exceptions[i].value);
}

bool column_find_pieces(struct columns *c, struct column *column, const struct needle *f,
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
