#include "formats/block/stamp.h"

#include "base/mem.h"
#include "formats/block/grams.h"
#include "formats/block/token.h"

/* clang-format off */
#define D STAMP_DIGITS
#define X STAMP_LOW_HEX
#define L STAMP_LOW
#define Y STAMP_UP_HEX
#define U STAMP_UP
#define Q STAMP_QUOTE
#define B STAMP_BRACKET
#define O STAMP_OTHER
#define C STAMP_CONTROL
static const uint8_t classes[128] = {
    C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,
    STAMP_BLANK, O, Q, O, O, O, O, Q, B, B, O, O, O, STAMP_HYPHEN, STAMP_POINT, STAMP_SLASH,
    D, D, D, D, D, D, D, D, D, D, STAMP_COLON, O, B, O, B, O,
    O, Y, Y, Y, Y, Y, Y, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, B, Q, B, O, STAMP_UNDERLINE,
    Q, X, X, X, X, X, X, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, B, O, B, O, C};
/* clang-format on */

enum {
    DIGITS = 1 << STAMP_DIGITS,
    LONG_WORD = 12,
    LETTERS = 1 << STAMP_LOW_HEX | 1 << STAMP_LOW | 1 << STAMP_UP_HEX | 1 << STAMP_UP,
};

unsigned stamp_class_of(unsigned char c)
{
    return c < 128 ? classes[c] : STAMP_HIGH;
}

static unsigned classes_of(struct str text)
{
    unsigned found = 0;
    for (size_t i = 0; i < text.len; i++)
        found |= 1u << stamp_class_of((unsigned char)text.ptr[i]);
    return found;
}

/* ---- runs and words ---- */

static inline bool is_hex(char c)
{
    return token_classes[(unsigned char)c] & TOKEN_HEX;
}

bool take_run(struct str text, size_t *at, struct str *run)
{
    const char *from = text.ptr + *at, *limit = text.ptr + text.len;
    while (from < limit && !is_hex(*from))
        from++;
    const char *end = from;
    while (end < limit && is_hex(*end))
        end++;
    *at = (size_t)(end - text.ptr);
    *run = str_of(from, (size_t)(end - from));
    return end > from;
}

bool has_long_words(const struct stamp *s)
{
    return s->classes & DIGITS && s->classes & LETTERS && s->most >= LONG_WORD;
}

void count_words(struct str text, struct word_count *count)
{
    count->bytes += text.len;
    for (size_t from = 0, at = 0; from < text.len; from = ++at) {
        unsigned found = 0, class = 0;
        for (; at < text.len; at++, found |= class)
            if (!((class = 1u << stamp_class_of((unsigned char)text.ptr[at])) & (DIGITS | LETTERS)))
                break;
        if (at - from >= LONG_WORD && found & DIGITS && found & LETTERS)
            count->in_ids += at - from;
    }
}

/* ---- stamps ---- */

static const size_t least_one = 1;

static struct stamp stamp_of(unsigned found, size_t least, size_t most, size_t run)
{
    const size_t longest = STAMP_LONG;
    return (struct stamp){.classes = (uint16_t)found,
                          .first = (uint16_t)found,
                          .last = (uint16_t)found,
                          .least = (uint32_t)min_of(least, longest),
                          .most = (uint32_t)min_of(most, longest),
                          .run = (uint32_t)min_of(run, longest)};
}

struct stamp stamp_of_text(struct str text)
{
    size_t longest = 0;
    struct str run;
    for (size_t at = 0; take_run(text, &at, &run);)
        longest = max_of(longest, run.len);
    struct stamp s = stamp_of(classes_of(text), text.len, text.len, longest);
    s.first = (uint16_t)classes_of(str_slice(text, 0, 1));
    s.last = (uint16_t)classes_of(str_slice(text, text.len - 1, 1));
    return s;
}

void stamp_join(struct stamp *s, const struct stamp *other)
{
    s->classes |= other->classes;
    s->first |= other->first;
    s->last |= other->last;
    s->least = min_of(s->least, other->least);
    s->most = max_of(s->most, other->most);
    s->run = max_of(s->run, other->run);
    s->is_typed |= other->is_typed;
    s->is_odd |= other->is_odd;
}

static void join_text(struct stamp *s, bool *is_first, struct str text)
{
    struct stamp one = stamp_of_text(text);
    if (*is_first)
        *s = one;
    else
        stamp_join(s, &one);
    *is_first = false;
}

static struct stamp of_texts(const struct column *c)
{
    struct stamp s = {0};
    bool is_first = true;
    for (size_t i = 0; i < c->n; i++)
        join_text(&s, &is_first,
                  str_of(c->content.ptr + c->values[i], c->values[i + 1] - c->values[i]));
    return s;
}

/* Of numbers, the longest is at one of the ends. */
static struct stamp of_integers(const struct column *c)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
    char room[COLUMN_PRINTED_MAX];
    for (size_t i = 0; i < c->n; i++) {
        least = min_of(least, (int64_t)c->values[i]);
        most = max_of(most, (int64_t)c->values[i]);
    }
    size_t longest = max_of(integer_print(room, (uint64_t)least, c->digits),
                            integer_print(room, (uint64_t)most, c->digits));
    return stamp_of(DIGITS | (least < 0 ? 1u << STAMP_HYPHEN : 0),
                    max_of((size_t)c->digits, least_one), longest, longest);
}

static struct stamp of_hex(const struct column *c)
{
    unsigned letters = 1u << (c->is_upper ? STAMP_UP_HEX : STAMP_LOW_HEX);
    size_t most = c->digits;
    for (size_t i = 0; i < c->n && c->digits == 0; i++)
        most = max_of(most, (size_t)(c->values[i] & 0xff));
    return stamp_of(DIGITS | letters, max_of((size_t)c->digits, least_one), most, most);
}

/* Those of one form differ in digits alone, but for the names of months. */
static struct stamp of_times(const struct column *c)
{
    char room[COLUMN_PRINTED_MAX];
    size_t len = time_print(room, 0, &c->form);
    struct stamp s = stamp_of_text(str_of(room, len));
    s.run = (uint32_t)len;
    s.classes |= c->form.separator == '/' ? LETTERS : 0;
    s.last |= DIGITS;
    return s;
}

static bool has_time_text(const struct column *c)
{
    char room[COLUMN_PRINTED_MAX];
    uint64_t grams[COLUMN_PRINTED_MAX];
    bool found = c->form.separator == '/';
    size_t n = grams_choose(str_of(room, time_print(room, 0, &c->form)), 1, grams);
    for (size_t i = 0; i < n; i++)
        found |= grams[i] != GRAMS_NONE;
    return found;
}

bool has_own_text(const struct column *c)
{
    return c->prefix.len || c->kind == COLUMN_HEX || c->kind == COLUMN_UUID ||
           (c->kind == COLUMN_TIME && has_time_text(c));
}

static struct stamp of_values(const struct column *c)
{
    enum { DECIMAL_MOST = 24, IPV4_LEAST = 7, IPV4_MOST = 15, UUID_RUN = 12 };
    const unsigned hyphen = 1u << STAMP_HYPHEN, point = 1u << STAMP_POINT;
    switch (c->kind) {
    case COLUMN_INTEGER:
        return of_integers(c);
    case COLUMN_DECIMAL:
        return stamp_of(DIGITS | hyphen | point, 1, DECIMAL_MOST, DECIMAL_MOST);
    case COLUMN_HEX:
        return of_hex(c);
    case COLUMN_UUID:
        return stamp_of(DIGITS | hyphen | 1u << STAMP_LOW_HEX, UUID_TEXT, UUID_TEXT, UUID_RUN);
    case COLUMN_IPV4:
        return stamp_of(DIGITS | point, IPV4_LEAST, IPV4_MOST, IPV4_MOST);
    case COLUMN_TIME:
        return of_times(c);
    case COLUMN_TEXT:
    case COLUMN_DICT:
    case COLUMN_SAME:
    case COLUMN_KINDS:
        break;
    }
    return of_texts(c);
}

/* In front of each value. */
static void put_prefix(struct stamp *s, const struct column *c)
{
    enum { UUID_FIRST = 8 };
    struct stamp own = stamp_of_text(c->prefix);
    uint32_t first = c->kind == COLUMN_UUID ? UUID_FIRST : s->run;
    size_t last = c->prefix.len;
    while (last > 0 && is_hex(c->prefix.ptr[last - 1]))
        last--;
    s->classes |= own.classes;
    s->first = own.first;
    s->least += own.least;
    s->most += own.most;
    s->run = max_of(max_of(s->run, own.run), first + (uint32_t)(c->prefix.len - last));
}

struct stamp stamp_of_column(const struct column *c)
{
    struct stamp s = of_values(c);
    if (c->prefix.len)
        put_prefix(&s, c);
    s.is_typed = c->kind == COLUMN_TIME && !has_own_text(c);
    for (size_t i = 0; i < c->n_exceptions; i++) {
        struct stamp one = stamp_of_text(c->exceptions[i].value);
        stamp_join(&s, &one);
    }
    return s;
}
