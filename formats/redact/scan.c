#include "formats/redact/scan.h"

#include "base/mem.h"
#include "formats/line/byte_sets.h"

#define ALWAYS_INLINE __attribute__((always_inline))

enum { WIDTH = BYTE_SETS_WIDTH };

typedef void make_sets(const char bytes[WIDTH], bool with_all, struct scan_sets *sets);

/* ---- sets ---- */

static void sets_portable(const char bytes[WIDTH], bool with_all, struct scan_sets *sets)
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
        sets->opening |= c == '<' || c == '\'' ? bit : 0;
        if (!with_all)
            continue;
        sets->hex |= is_digit(c) || (unsigned char)((c | 0x20) - 'a') < 6 ? bit : 0;
        sets->colon |= c == ':' ? bit : 0;
        sets->dot |= c == '.' ? bit : 0;
        sets->dialed |= c == '+' || c == '(' ? bit : 0;
    }
}

#ifdef __x86_64__

typedef unsigned char bytes64 __attribute__((vector_size(64)));

/* Which bytes of a vector are so: a vector, of which MASK makes bits, or with AVX-512 bits. */
#define EQUAL(b, c)   (__typeof__(b))((b) == (c))
#define BELOW(b, c)   (__typeof__(b))((b) < (c))
#define EQUAL64(b, c) _mm512_cmpeq_epi8_mask((__m512i)(b), _mm512_set1_epi8(c))
#define BELOW64(b, c) _mm512_cmplt_epu8_mask((__m512i)(b), _mm512_set1_epi8(c))
#define MASK64(yes)   (yes)

/* One body for all widths. */
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
DEFINE_SETS(sets_avx512, ALWAYS_INLINE __attribute__((target("avx512bw"))), bytes64, uint64_t,
            EQUAL64, BELOW64, MASK64)

#endif

/* ---- triggers ---- */

/* The 64 bytes that are looked at, the 64 behind them, and those in front. */
struct view {
    struct scan_sets before, now, next;
};

#define AHEAD(r, by) ahead((r).now, (r).next, by)

/* "06 12 34 56 78" */
static inline uint64_t pairs_of_digits(struct repeats two, struct repeats separator)
{
    struct repeats one = {two.now & AHEAD(separator, 2), two.next & separator.next >> 2};
    uint64_t twice_here = one.now & AHEAD(one, 3);
    if (!twice_here)
        return 0;
    return twice_here & AHEAD(one, 6) & AHEAD(one, 9) & AHEAD(two, 12);
}

static inline uint64_t numbers_in(const struct view *v)
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

static inline uint64_t letters_in(const struct view *v)
{
    struct repeats upper = {v->now.upper, v->next.upper};
    uint64_t capitals = twice(upper, 1).now;
    if (!capitals)
        return 0;
    struct repeats digits = twice((struct repeats){v->now.digit, v->next.digit}, 1);
    uint64_t separated = ahead(v->now.separator, v->next.separator, 2) & AHEAD(digits, 3);
    return capitals & (AHEAD(digits, 2) | separated);
}

static inline uint64_t runs_in(const struct view *v)
{
    return runs_of_sixteen(v->before.run, v->now.run, v->next.run);
}

static inline uint64_t dashes_in(const struct view *v)
{
    if (!v->now.dash)
        return 0;
    struct repeats one = {v->now.dash, v->next.dash}, four = twice(twice(one, 1), 2);
    return four.now & AHEAD(one, 4) & ~behind(one.now, v->before.dash);
}

static inline uint64_t ats_in(const struct view *v)
{
    return v->now.at;
}

static inline uint64_t pairs_in(const struct view *v)
{
    return v->now.pair;
}

static inline uint64_t dots_in(const struct view *v)
{
    uint64_t now = v->now.dot, again = now & ahead(v->now.dot, v->next.dot, 5);
    return (now & behind(v->now.digit, v->before.digit) & ahead(v->now.digit, v->next.digit, 1)) |
           (again & behind(v->now.hex, v->before.hex) & ahead(v->now.hex, v->next.hex, 1));
}

static inline uint64_t colons_in(const struct view *v)
{
    uint64_t hex = v->now.hex | v->now.colon;
    return v->now.colon &
           (behind(hex, v->before.hex | v->before.colon) | ahead(v->now.colon, v->next.colon, 1));
}

static inline uint64_t dialed_in(const struct view *v)
{
    return v->now.dialed & ahead(v->now.digit, v->next.digit, 1);
}

static inline uint64_t options_in(const struct view *v)
{
    uint64_t begin = v->now.dash & ~behind(v->now.run, v->before.run);
    return begin & ahead(v->now.letter | v->now.dash, v->next.letter | v->next.dash, 1);
}

static inline uint64_t openings_in(const struct view *v)
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
    struct view v = {.before = {0}};
    size_t from[TRIGGERS] = {0};
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

__attribute__((target("avx512bw,avx2,bmi"))) static void
scan_avx512(const struct scan_finders *finders, struct hunt *hunt, bool with_all)
{
    if (with_all)
        scan(sets_avx512, finders, hunt, true);
    else
        scan(sets_avx512, finders, hunt, false);
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi");
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
