#include "formats/redact/scan.h"

#include "base/mem.h"
#include "formats/line/byte_sets.h"

#define ALWAYS_INLINE __attribute__((always_inline))

enum { WIDTH = BYTE_SETS_WIDTH };

typedef void make_sets(const char bytes[WIDTH], bool with_all, struct scan_sets *sets);

/* ---- sets ---- */

/* Which sets a byte is in, as bits of two tables; one beyond ASCII is in none. */
enum {
    DIGIT = 1,
    LETTER = 2,
    UPPER = 4,
    IN_RUN = 8,
    SEPARATOR = 16,
    DASH = 32,
    PAIR = 64,
    AT = 128,
};

enum {
    OPENING = 1,
    PLUS = 2,
    HEX = 4,
    COLON = 8,
    DOT = 16,
    DIALED = 32,
    BACKSLASH = 64,
};

enum { ASCII = 128 };

static const unsigned char tables[2][ASCII] __attribute__((aligned(WIDTH))) = {
    {
        ['0' ... '9'] = DIGIT | IN_RUN,
        ['A' ... 'Z'] = LETTER | UPPER | IN_RUN,
        ['a' ... 'z'] = LETTER | IN_RUN,
        ['_'] = IN_RUN,
        ['-'] = IN_RUN | SEPARATOR | DASH,
        [' '] = SEPARATOR,
        ['.'] = SEPARATOR,
        [':'] = PAIR,
        ['='] = PAIR,
        ['@'] = AT,
        ['%'] = AT,
    },
    {
        ['0' ... '9'] = HEX,
        ['A' ... 'F'] = HEX,
        ['a' ... 'f'] = HEX,
        ['<'] = OPENING,
        ['\''] = OPENING,
        ['+'] = PLUS | DIALED,
        ['\\'] = BACKSLASH,
        ['('] = DIALED,
        [':'] = COLON,
        ['.'] = DOT,
    },
};

static void sets_portable(const char bytes[WIDTH], bool with_all, struct scan_sets *sets)
{
    *sets = (struct scan_sets){0};
    for (unsigned i = 0; i < WIDTH; i++) {
        unsigned c = (unsigned char)bytes[i];
        if (c >= ASCII)
            continue;
        uint64_t in = tables[0][c], too = tables[1][c];
#define BIT_OF(which, set) ((which & set) != 0 ? 1ull << i : 0)
        sets->digit |= BIT_OF(in, DIGIT);
        sets->letter |= BIT_OF(in, LETTER);
        sets->upper |= BIT_OF(in, UPPER);
        sets->run |= BIT_OF(in, IN_RUN);
        sets->separator |= BIT_OF(in, SEPARATOR);
        sets->dash |= BIT_OF(in, DASH);
        sets->pair |= BIT_OF(in, PAIR);
        sets->at |= BIT_OF(in, AT);
        sets->opening |= BIT_OF(too, OPENING);
        sets->plus |= BIT_OF(too, PLUS);
        sets->backslash |= BIT_OF(too, BACKSLASH);
        if (!with_all)
            continue;
        sets->hex |= BIT_OF(too, HEX);
        sets->colon |= BIT_OF(too, COLON);
        sets->dot |= BIT_OF(too, DOT);
        sets->dialed |= BIT_OF(too, DIALED);
#undef BIT_OF
    }
}

#ifdef __x86_64__

/* Which bytes of a vector are so: a vector, of which MASK makes bits. */
#define EQUAL(b, c) (__typeof__(b))((b) == (c))
#define BELOW(b, c) (__typeof__(b))((b) < (c))

/* One body for both widths. */
#define DEFINE_SETS(name, attributes, vector, bytes_that, EQUAL, BELOW, MASK)        \
    attributes static inline void name(const char bytes[WIDTH], bool with_all,       \
                                       struct scan_sets *sets)                       \
    {                                                                                \
        struct scan_sets s = {0};                                                    \
        for (unsigned at = 0; at < WIDTH; at += sizeof(vector)) {                    \
            vector b;                                                                \
            memcpy(&b, bytes + at, sizeof b);                                        \
            vector folded = b | 0x20;                                                \
            bytes_that digit = BELOW(b - '0', 10), letter = BELOW(folded - 'a', 26); \
            bytes_that upper = BELOW(b - 'A', 26);                                   \
            bytes_that dash = EQUAL(b, '-'), dot = EQUAL(b, '.');                    \
            bytes_that colon = EQUAL(b, ':');                                        \
            s.digit |= MASK(digit) << at;                                            \
            s.letter |= MASK(letter) << at;                                          \
            s.upper |= MASK(upper) << at;                                            \
            s.run |= MASK(digit | letter | dash | EQUAL(b, '_')) << at;              \
            s.separator |= MASK(dash | dot | EQUAL(b, ' ')) << at;                   \
            s.at |= MASK(EQUAL(b, '@') | EQUAL(b, '%')) << at;                       \
            s.plus |= MASK(EQUAL(b, '+')) << at;                                     \
            s.backslash |= MASK(EQUAL(b, '\\')) << at;                               \
            s.pair |= MASK(colon | EQUAL(b, '=')) << at;                             \
            s.dash |= MASK(dash) << at;                                              \
            s.opening |= MASK(EQUAL(b, '<') | EQUAL(b, '\'')) << at;                 \
            if (!with_all)                                                           \
                continue;                                                            \
            s.hex |= MASK(digit | BELOW(folded - 'a', 6)) << at;                     \
            s.colon |= MASK(colon) << at;                                            \
            s.dot |= MASK(dot) << at;                                                \
            s.dialed |= MASK(EQUAL(b, '+') | EQUAL(b, '(')) << at;                   \
        }                                                                            \
        *sets = s;                                                                   \
    }

DEFINE_SETS(sets_sse2, ALWAYS_INLINE, bytes16, bytes16, EQUAL, BELOW, BYTE_MASK16)
DEFINE_SETS(sets_avx2, ALWAYS_INLINE __attribute__((target("avx2"))), bytes32, bytes32, EQUAL,
            BELOW, BYTE_MASK32)

/* The tables are looked up for all bytes at once; a set is then the highest bit of each, once it has been shifted there. */
ALWAYS_INLINE __attribute__((target("avx512bw,avx512vbmi"))) static inline void
sets_avx512(const char bytes[WIDTH], bool with_all, struct scan_sets *sets)
{
    __m512i b = _mm512_loadu_si512(bytes);
    __mmask64 ascii = ~_mm512_movepi8_mask(b);
    __m512i in = _mm512_maskz_permutex2var_epi8(ascii, _mm512_load_si512(tables[0]), b,
                                                _mm512_load_si512(tables[0] + WIDTH));
    __m512i too = _mm512_maskz_permutex2var_epi8(ascii, _mm512_load_si512(tables[1]), b,
                                                 _mm512_load_si512(tables[1] + WIDTH));
#define SET_OF(which, set) \
    _mm512_movepi8_mask(_mm512_slli_epi16(which, (unsigned)__builtin_clz(set) - 24))
    *sets = (struct scan_sets){
        .digit = SET_OF(in, DIGIT),
        .letter = SET_OF(in, LETTER),
        .upper = SET_OF(in, UPPER),
        .run = SET_OF(in, IN_RUN),
        .separator = SET_OF(in, SEPARATOR),
        .dash = SET_OF(in, DASH),
        .pair = SET_OF(in, PAIR),
        .at = SET_OF(in, AT),
        .opening = SET_OF(too, OPENING),
        .plus = SET_OF(too, PLUS),
        .backslash = SET_OF(too, BACKSLASH),
        .hex = with_all ? SET_OF(too, HEX) : 0,
        .colon = with_all ? SET_OF(too, COLON) : 0,
        .dot = with_all ? SET_OF(too, DOT) : 0,
        .dialed = with_all ? SET_OF(too, DIALED) : 0,
    };
#undef SET_OF
}

#endif

/* ---- triggers ---- */

/* The 64 bytes that are looked at, the 64 behind them, and those in front. */
struct view {
    struct scan_sets before, now, next;
};

#define AHEAD(r, by) ahead((r).now, (r).next, by)

/* "06 12 34 56 78" */
ALWAYS_INLINE static inline uint64_t pairs_of_digits(struct repeats two, struct repeats separator)
{
    struct repeats one = {two.now & AHEAD(separator, 2), two.next & separator.next >> 2};
    uint64_t twice_here = one.now & AHEAD(one, 3);
    if (!twice_here)
        return 0;
    return twice_here & AHEAD(one, 6) & AHEAD(one, 9) & AHEAD(two, 12);
}

ALWAYS_INLINE static inline uint64_t numbers_in(const struct view *v)
{
    struct repeats one = {v->now.digit, v->next.digit},
                   separator = {v->now.separator, v->next.separator};
    struct repeats two = twice(one, 1), four = twice(two, 2);
    struct repeats three = {two.now & AHEAD(one, 2), two.next & one.next >> 2};
    uint64_t seven = four.now & AHEAD(three, 4);
    uint64_t groups = three.now & AHEAD(separator, 3);
    uint64_t thrice = groups & AHEAD(three, 4);
    uint64_t social = groups & AHEAD(two, 4) & AHEAD(separator, 6) & AHEAD(three, 7);
    return (seven & ~behind(one.now, v->before.digit)) | thrice | social |
           pairs_of_digits(two, separator);
}

ALWAYS_INLINE static inline uint64_t letters_in(const struct view *v)
{
    struct repeats upper = {v->now.upper, v->next.upper};
    uint64_t capitals = twice(upper, 1).now;
    if (!capitals)
        return 0;
    struct repeats digits = twice((struct repeats){v->now.digit, v->next.digit}, 1);
    uint64_t separated = ahead(v->now.separator, v->next.separator, 2) & AHEAD(digits, 3);
    return capitals & (AHEAD(digits, 2) | separated);
}

ALWAYS_INLINE static inline uint64_t runs_in(const struct view *v)
{
    return runs_of_sixteen(v->before.run, v->now.run, v->next.run);
}

ALWAYS_INLINE static inline uint64_t dashes_in(const struct view *v)
{
    if (!v->now.dash)
        return 0;
    struct repeats one = {v->now.dash, v->next.dash}, four = twice(twice(one, 1), 2);
    return four.now & AHEAD(one, 4) & ~behind(one.now, v->before.dash);
}

ALWAYS_INLINE static inline uint64_t ats_in(const struct view *v)
{
    return v->now.at;
}

ALWAYS_INLINE static inline uint64_t pluses_in(const struct view *v)
{
    return v->now.plus & behind(v->now.digit | v->now.upper, v->before.digit | v->before.upper) &
           ahead(v->now.digit, v->next.digit, 1);
}

ALWAYS_INLINE static inline uint64_t escapes_in(const struct view *v)
{
    return v->now.backslash & ahead(v->now.letter, v->next.letter, 1);
}

ALWAYS_INLINE static inline uint64_t pairs_in(const struct view *v)
{
    return v->now.pair;
}

ALWAYS_INLINE static inline uint64_t dots_in(const struct view *v)
{
    uint64_t now = v->now.dot, again = now & ahead(v->now.dot, v->next.dot, 5);
    return (now & behind(v->now.digit, v->before.digit) & ahead(v->now.digit, v->next.digit, 1)) |
           (again & behind(v->now.hex, v->before.hex) & ahead(v->now.hex, v->next.hex, 1));
}

ALWAYS_INLINE static inline uint64_t colons_in(const struct view *v)
{
    uint64_t hex = v->now.hex | v->now.colon;
    return v->now.colon &
           (behind(hex, v->before.hex | v->before.colon) | ahead(v->now.colon, v->next.colon, 1));
}

ALWAYS_INLINE static inline uint64_t dialed_in(const struct view *v)
{
    return v->now.dialed & ahead(v->now.digit, v->next.digit, 1);
}

ALWAYS_INLINE static inline uint64_t options_in(const struct view *v)
{
    uint64_t begin = v->now.dash & ~behind(v->now.run, v->before.run);
    return begin & ahead(v->now.letter | v->now.dash, v->next.letter | v->next.dash, 1);
}

ALWAYS_INLINE static inline uint64_t openings_in(const struct view *v)
{
    return v->now.opening & ~behind(v->now.run, v->before.run);
}

/* ---- the pass ---- */

/* The set of what begins so many bytes further behind. */
static inline void shift(struct scan_sets *s, unsigned by)
{
    s->digit >>= by;
    s->letter >>= by;
    s->upper >>= by;
    s->run >>= by;
    s->separator >>= by;
    s->at >>= by;
    s->plus >>= by;
    s->backslash >>= by;
    s->pair >>= by;
    s->dash >>= by;
    s->opening >>= by;
    s->hex >>= by;
    s->colon >>= by;
    s->dot >>= by;
    s->dialed >>= by;
}

/* Of the line from `at` on; behind its end nothing is in a set. */
ALWAYS_INLINE static inline void load(make_sets *make, struct str line, size_t at, bool with_all,
                                      struct scan_sets *sets)
{
    char room[WIDTH];
    unsigned by;
    if (at >= line.len) {
        *sets = (struct scan_sets){0};
        return;
    }
    make(sixty_four(line, at, room, &by), with_all, sets);
    if (by)
        shift(sets, by);
}

/* The finder at each place of set, but those before *from. */
static inline void ask(struct hunt *hunt, finder *find, uint64_t set, size_t base, size_t *from)
{
    for (; set; set &= set - 1) {
        size_t at = base + (unsigned)__builtin_ctzll(set);
        if (at >= *from)
            *from = find(hunt, at);
    }
}

ALWAYS_INLINE static inline void scan(make_sets *make, const struct scan_finders *finders,
                                      struct hunt *hunt, bool with_all)
{
    struct view v;
    size_t from[TRIGGERS] = {0};
    v.before = (struct scan_sets){0};
    load(make, hunt->line, 0, with_all, &v.now);
    for (size_t base = 0; base < hunt->line.len; base += WIDTH) {
        load(make, hunt->line, base + WIDTH, with_all, &v.next);
#define X(name, set)       \
    if (finders->of[name]) \
        ask(hunt, finders->of[name], set(&v), base, &from[name]);
        SCAN_TRIGGERS_X(X)
#undef X
        v.before = v.now;
        v.now = v.next;
    }
}

/* ---- ways to do it ---- */

static void scan_portable(const struct scan_finders *finders, struct hunt *hunt, bool with_all)
{
    scan(sets_portable, finders, hunt, with_all);
}

#ifdef __x86_64__

static void scan_sse2(const struct scan_finders *finders, struct hunt *hunt, bool with_all)
{
    if (with_all)
        scan(sets_sse2, finders, hunt, true);
    else
        scan(sets_sse2, finders, hunt, false);
}

__attribute__((target("avx2,bmi"))) static void scan_avx2(const struct scan_finders *finders,
                                                          struct hunt *hunt, bool with_all)
{
    if (with_all)
        scan(sets_avx2, finders, hunt, true);
    else
        scan(sets_avx2, finders, hunt, false);
}

__attribute__((target("avx512bw,avx512vbmi,avx2,bmi"))) static void
scan_avx512(const struct scan_finders *finders, struct hunt *hunt, bool with_all)
{
    if (with_all)
        scan(sets_avx512, finders, hunt, true);
    else
        scan(sets_avx512, finders, hunt, false);
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("bmi");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}

#endif

static bool always(void)
{
    return true;
}

const struct scan_method scan_methods[] = {
#ifdef __x86_64__
    {"avx512", has_avx512, scan_avx512},
    {"avx2", has_avx2, scan_avx2},
    {"sse2", always, scan_sse2},
#endif
    {"portable", always, scan_portable},
};
const size_t scan_method_count = countof(scan_methods);

void scan_line(const struct scan_finders *finders, struct hunt *hunt)
{
    const struct scan_method *method = scan_methods;
    bool with_all =
        finders->of[TRIGGER_DOT] || finders->of[TRIGGER_COLON] || finders->of[TRIGGER_DIALED];
    while (!method->is_supported())
        method++;
    method->scan(finders, hunt, with_all);
}
