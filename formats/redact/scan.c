#include "formats/redact/scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { WIDTH = 64 };

/* ---- sets ---- */

void scan_sets_of_portable(const char bytes[WIDTH], bool with_all, struct scan_sets *sets)
{
    *sets = (struct scan_sets){0};
    for (unsigned i = 0; i < WIDTH; i++) {
        char c = bytes[i];
        uint64_t bit = 1ull << i;
        sets->digit |= is_digit(c) ? bit : 0;
        sets->letter |= is_letter(c) ? bit : 0;
        sets->upper |= is_letter(c) && !(c & 0x20) ? bit : 0;
        sets->run |= is_alnum(c) || c == '_' || c == '-' ? bit : 0;
        sets->separator |= c == ' ' || c == '-' || c == '.' ? bit : 0;
        sets->at |= c == '@' || c == '%' ? bit : 0;
        sets->pair |= c == ':' || c == '=' ? bit : 0;
        sets->dash |= c == '-' ? bit : 0;
        if (!with_all)
            continue;
        sets->hex |= is_digit(c) || (unsigned char)((c | 0x20) - 'a') < 6 ? bit : 0;
        sets->colon |= c == ':' ? bit : 0;
        sets->dot |= c == '.' ? bit : 0;
        sets->dialed |= c == '+' || c == '(' ? bit : 0;
    }
}

#ifdef __SSE2__

static inline uint64_t bits_of(__m128i yes, unsigned at)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(yes) << at;
}

static inline __m128i are(__m128i bytes, char c)
{
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
}

/* Bytes c with low <= c < low + n. */
static inline __m128i in_range(__m128i bytes, char low, char n)
{
    __m128i from_low = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
    __m128i last = _mm_set1_epi8((char)(n - 1));
    return _mm_cmpeq_epi8(_mm_min_epu8(from_low, last), from_low);
}

void scan_sets_of(const char bytes[WIDTH], bool with_all, struct scan_sets *sets)
{
    struct scan_sets s = {0};
    for (unsigned at = 0; at < WIDTH; at += 16) {
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        __m128i folded = _mm_or_si128(b, _mm_set1_epi8(0x20));
        __m128i digit = in_range(b, '0', 10), letter = in_range(folded, 'a', 26);
        __m128i dash = are(b, '-'), dot = are(b, '.'), colon = are(b, ':');
        /* Of letters the bit 0x20, shifted to where the sign is, tells the case. */
        __m128i upper = _mm_andnot_si128(_mm_slli_epi16(b, 2), letter);
        __m128i run = _mm_or_si128(_mm_or_si128(digit, letter), _mm_or_si128(dash, are(b, '_')));
        s.digit |= bits_of(digit, at);
        s.letter |= bits_of(letter, at);
        s.upper |= bits_of(upper, at);
        s.run |= bits_of(run, at);
        s.separator |= bits_of(_mm_or_si128(_mm_or_si128(dash, dot), are(b, ' ')), at);
        s.at |= bits_of(_mm_or_si128(are(b, '@'), are(b, '%')), at);
        s.pair |= bits_of(_mm_or_si128(colon, are(b, '=')), at);
        s.dash |= bits_of(dash, at);
        if (!with_all)
            continue;
        s.hex |= bits_of(_mm_or_si128(digit, in_range(folded, 'a', 6)), at);
        s.colon |= bits_of(colon, at);
        s.dot |= bits_of(dot, at);
        s.dialed |= bits_of(_mm_or_si128(are(b, '+'), are(b, '(')), at);
    }
    *sets = s;
}

#else

void scan_sets_of(const char bytes[WIDTH], bool with_all, struct scan_sets *sets)
{
    scan_sets_of_portable(bytes, with_all, sets);
}

#endif

/* ---- triggers ---- */

/* The 64 bytes that are looked at, the 64 behind them, and those in front. */
struct view {
    const struct scan_sets *before, *now, *next;
};

/* Bit i: whether byte i + by is in the set. */
static inline uint64_t ahead(uint64_t now, uint64_t next, unsigned by)
{
    return by ? now >> by | next << (WIDTH - by) : now;
}

/* Bit i: whether byte i - 1 is. */
static inline uint64_t behind(uint64_t now, uint64_t before)
{
    return now << 1 | before >> (WIDTH - 1);
}

/* Bits at which so many of the set stand one behind the other: of now, and as far as they are known of next. */
struct repeats {
    uint64_t now, next;
};

static inline struct repeats twice(struct repeats r, unsigned by)
{
    return (struct repeats){r.now & ahead(r.now, r.next, by), r.next & r.next >> by};
}

#define AHEAD(r, by) ahead((r).now, (r).next, by)

/* "06 12 34 56 78" */
static uint64_t pairs_of_digits(struct repeats two, struct repeats separator)
{
    struct repeats one = {two.now & AHEAD(separator, 2), two.next & separator.next >> 2};
    uint64_t twice_here = one.now & AHEAD(one, 3);
    if (!twice_here)
        return 0;
    return twice_here & AHEAD(one, 6) & AHEAD(one, 9) & AHEAD(two, 12);
}

static uint64_t numbers_in(const struct view *v)
{
    struct repeats one = {v->now->digit, v->next->digit},
                   separator = {v->now->separator, v->next->separator};
    struct repeats two = twice(one, 1), four = twice(two, 2);
    struct repeats three = {two.now & AHEAD(one, 2), two.next & one.next >> 2};
    uint64_t seven = four.now & AHEAD(three, 4);
    uint64_t groups = three.now & AHEAD(separator, 3);
    uint64_t thrice = groups & AHEAD(three, 4);
    uint64_t social = groups & AHEAD(two, 4) & AHEAD(separator, 6) & AHEAD(three, 7);
    return (seven & ~behind(one.now, v->before->digit)) | thrice | social |
           pairs_of_digits(two, separator);
}

static uint64_t letters_in(const struct view *v)
{
    struct repeats upper = {v->now->upper, v->next->upper};
    uint64_t capitals = twice(upper, 1).now;
    if (!capitals)
        return 0;
    struct repeats digits = twice((struct repeats){v->now->digit, v->next->digit}, 1);
    uint64_t separated = ahead(v->now->separator, v->next->separator, 2) & AHEAD(digits, 3);
    return capitals & (AHEAD(digits, 2) | separated);
}

static uint64_t runs_in(const struct view *v)
{
    struct repeats r = {v->now->run, v->next->run};
    uint64_t first = r.now & ~behind(r.now, v->before->run);
    r = twice(twice(twice(twice(r, 1), 2), 4), 8);
    return r.now & first;
}

static uint64_t dashes_in(const struct view *v)
{
    if (!v->now->dash)
        return 0;
    struct repeats one = {v->now->dash, v->next->dash}, four = twice(twice(one, 1), 2);
    return four.now & AHEAD(one, 4) & ~behind(one.now, v->before->dash);
}

static uint64_t ats_in(const struct view *v)
{
    return v->now->at;
}

static uint64_t pairs_in(const struct view *v)
{
    return v->now->pair;
}

static uint64_t dots_in(const struct view *v)
{
    uint64_t now = v->now->dot, again = now & ahead(v->now->dot, v->next->dot, 5);
    return (now & behind(v->now->digit, v->before->digit) &
            ahead(v->now->digit, v->next->digit, 1)) |
           (again & behind(v->now->hex, v->before->hex) & ahead(v->now->hex, v->next->hex, 1));
}

static uint64_t colons_in(const struct view *v)
{
    uint64_t hex = v->now->hex | v->now->colon;
    return v->now->colon & (behind(hex, v->before->hex | v->before->colon) |
                            ahead(v->now->colon, v->next->colon, 1));
}

static uint64_t dialed_in(const struct view *v)
{
    return v->now->dialed & ahead(v->now->digit, v->next->digit, 1);
}

static uint64_t (*const triggers[TRIGGERS])(const struct view *v) = {
    [TRIGGER_AT] = ats_in,          [TRIGGER_PAIR] = pairs_in,   [TRIGGER_NUMBER] = numbers_in,
    [TRIGGER_LETTERS] = letters_in, [TRIGGER_RUN] = runs_in,     [TRIGGER_DASHES] = dashes_in,
    [TRIGGER_DOT] = dots_in,        [TRIGGER_COLON] = colons_in, [TRIGGER_DIALED] = dialed_in,
};

/* ---- the pass ---- */

static void load(struct str line, size_t at, bool with_all, struct scan_sets *sets)
{
    char last[WIDTH] = {0};
    if (at >= line.len) {
        *sets = (struct scan_sets){0};
    } else if (line.len - at >= WIDTH) {
        scan_sets_of(line.ptr + at, with_all, sets);
    } else {
        memcpy(last, line.ptr + at, line.len - at);
        scan_sets_of(last, with_all, sets);
    }
}

/* The finder at each place of set, but those before *from. */
static void ask(struct hunt *hunt, finder *find, uint64_t set, size_t base, size_t *from)
{
    for (; set; set &= set - 1) {
        size_t at = base + (unsigned)__builtin_ctzll(set);
        if (at >= *from)
            *from = find(hunt, at);
    }
}

void scan_line(const struct scan_finders *finders, struct hunt *hunt)
{
    struct scan_sets sets[3] = {0};
    size_t from[TRIGGERS] = {0};
    bool with_all =
        finders->of[TRIGGER_DOT] || finders->of[TRIGGER_COLON] || finders->of[TRIGGER_DIALED];
    unsigned first = 1;
    load(hunt->line, 0, with_all, &sets[first]);
    for (size_t base = 0; base < hunt->line.len; base += WIDTH, first = (first + 1) % 3) {
        struct view v = {&sets[(first + 2) % 3], &sets[first], &sets[(first + 1) % 3]};
        load(hunt->line, base + WIDTH, with_all, &sets[(first + 1) % 3]);
        for (unsigned t = 0; t < TRIGGERS; t++) {
            if (finders->of[t])
                ask(hunt, finders->of[t], triggers[t](&v), base, &from[t]);
        }
    }
}
