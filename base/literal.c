#include "base/literal.h"

#include "base/ascii.h"
#include "base/mem.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Bytes of logs from the most to the least common; those that are not named are rarer still. */
static const char common[] =
    " e0\"1t2:,a35i4-nosr6d98.7lc/=pumhgfbT_[]{}yvwkSEARICDNOLMPUGFHBxjqzVWYKXJQZ"
    "()'\\\n;&?%+@#<>*|$!~`^\t";

static size_t rank_of(char c, bool ignore_case)
{
    const char *at = c ? strchr(common, c) : NULL;
    size_t rank = at ? (size_t)(at - common) : sizeof common;
    if (ignore_case && c >= 'a' && c <= 'z')
        rank = min_of(rank, (size_t)(strchr(common, c - 32) - common));
    return rank;
}

/* What is or-ed to a byte of the hay before it is compared with c, a folded byte. */
static char fold_bits(const struct literal *literal, char c)
{
    return literal->ignore_case && c >= 'a' && c <= 'z' ? 0x20 : 0;
}

static void choose_rare_bytes(struct literal *literal)
{
    enum { NEAR = 256 }; /* far offsets would touch two cache lines for nothing */
    size_t best[2] = {0, 0}, rank[2] = {0, 0};
    for (size_t i = 0; i < literal->len && i < NEAR; i++) {
        size_t r = rank_of(literal->bytes[i], literal->ignore_case) + 1;
        bool known = literal->bytes[i] == literal->bytes[best[0]] && rank[0];
        if (r > rank[0]) {
            best[1] = best[0], rank[1] = rank[0];
            best[0] = i, rank[0] = r;
        } else if (r > rank[1] && !known) {
            best[1] = i, rank[1] = r;
        }
    }
    if (rank[1] == 0)
        best[1] = literal->len - 1;
    literal->first = min_of(best[0], best[1]);
    literal->second = max_of(best[0], best[1]);
}

static void compute_borders(struct literal *literal)
{
    literal->borders = mem_array(uint32_t, literal->len);
    size_t border = 0;
    for (size_t i = 1; i < literal->len; i++) {
        while (border && literal->bytes[i] != literal->bytes[border])
            border = literal->borders[border - 1];
        border += literal->bytes[i] == literal->bytes[border];
        literal->borders[i] = (uint32_t)border;
    }
}

void literal_init(struct literal *literal, struct str needle, bool ignore_case)
{
    assert(needle.len <= LITERAL_MAX);
    *literal = (struct literal){.len = needle.len, .ignore_case = ignore_case};
    if (needle.len == 0)
        return;
    literal->bytes = mem_alloc_raw(needle.len);
    for (size_t i = 0; i < needle.len; i++)
        literal->bytes[i] = ignore_case ? fold(needle.ptr[i]) : needle.ptr[i];
    choose_rare_bytes(literal);
    compute_borders(literal);
}

void literal_free(struct literal *literal)
{
    mem_free(&literal->bytes);
    mem_free(&literal->borders);
    *literal = (struct literal){0};
}

static bool equals(const struct literal *literal, const char *at)
{
    if (!literal->ignore_case)
        return memcmp(at, literal->bytes, literal->len) == 0;
    for (size_t i = 0; i < literal->len; i++) {
        if (fold(at[i]) != literal->bytes[i])
            return false;
    }
    return true;
}

/* Invariant 2: never looks at a byte of the hay twice. */
static size_t find_linear(const struct literal *literal, struct str hay, size_t from)
{
    size_t matched = 0;
    for (size_t i = from; i < hay.len; i++) {
        char c = literal->ignore_case ? fold(hay.ptr[i]) : hay.ptr[i];
        while (matched && c != literal->bytes[matched])
            matched = literal->borders[matched - 1];
        matched += c == literal->bytes[matched];
        if (matched == literal->len)
            return i + 1 - literal->len;
    }
    return SIZE_MAX;
}

/* Comparisons may cost this much per byte passed, and a little more at the start. */
static bool is_too_costly(size_t cost, size_t passed)
{
    return cost > 4096 + 4 * passed;
}

static size_t find_portable(const struct literal *literal, struct str hay, size_t from)
{
    char rare = literal->bytes[literal->first], bits = fold_bits(literal, rare);
    size_t last = hay.len - literal->len, cost = 0;
    for (size_t i = from; i <= last; i++) {
        if (!bits) {
            const char *at = memchr(hay.ptr + i + literal->first, rare, last - i + 1);
            if (!at)
                return SIZE_MAX;
            i = (size_t)(at - hay.ptr) - literal->first;
        } else if ((char)(hay.ptr[i + literal->first] | bits) != rare) {
            continue;
        }
        if (equals(literal, hay.ptr + i))
            return i;
        cost += literal->len;
        if (is_too_costly(cost, i - from))
            return find_linear(literal, hay, i + 1);
    }
    return SIZE_MAX;
}

#if defined(__x86_64__)

/*
 * One body for both widths. `hits` has a bit for each of WIDTH start positions from i on at which
 * both rare bytes agree. The last round is moved back so that it ends with the hay; positions that
 * were seen before are masked out.
 */
#define DEFINE_FIND(name, attributes, vector, WIDTH, LOAD, SET1, OR, AND, EQ, MASK)              \
    attributes static size_t name(const struct literal *literal, struct str hay, size_t from)    \
    {                                                                                            \
        size_t first = literal->first, second = literal->second, cost = 0;                       \
        if (hay.len - from < second + (WIDTH))                                                   \
            return find_portable(literal, hay, from);                                            \
        char a = literal->bytes[first], b = literal->bytes[second];                              \
        const vector wanted_a = SET1(a), wanted_b = SET1(b);                                     \
        const vector bits_a = SET1(fold_bits(literal, a)), bits_b = SET1(fold_bits(literal, b)); \
        size_t last = hay.len - literal->len, end = hay.len - second - (WIDTH);                  \
        for (size_t i = from, next = from; next <= last; next = i + (WIDTH)) {                   \
            i = min_of(next, end);                                                               \
            vector at_a = LOAD((const vector *)(const void *)(hay.ptr + i + first));             \
            vector at_b = LOAD((const vector *)(const void *)(hay.ptr + i + second));            \
            vector both = AND(EQ(OR(at_a, bits_a), wanted_a), EQ(OR(at_b, bits_b), wanted_b));   \
            uint32_t hits = (uint32_t)MASK(both);                                                \
            if (next > i)                                                                        \
                hits &= next - i >= (WIDTH) ? 0 : ~(uint32_t)0 << (next - i);                    \
            for (; hits; hits &= hits - 1) {                                                     \
                size_t at = i + (size_t)__builtin_ctz(hits);                                     \
                if (at > last)                                                                   \
                    return SIZE_MAX;                                                             \
                if (equals(literal, hay.ptr + at))                                               \
                    return at;                                                                   \
                cost += literal->len;                                                            \
                if (is_too_costly(cost, at - from))                                              \
                    return find_linear(literal, hay, at + 1);                                    \
            }                                                                                    \
            if (i == end)                                                                        \
                return SIZE_MAX;                                                                 \
        }                                                                                        \
        return SIZE_MAX;                                                                         \
    }

DEFINE_FIND(find_sse2, , __m128i, 16, _mm_loadu_si128, _mm_set1_epi8, _mm_or_si128, _mm_and_si128,
            _mm_cmpeq_epi8, _mm_movemask_epi8)
DEFINE_FIND(find_avx2, __attribute__((target("avx2"))), __m256i, 32, _mm256_loadu_si256,
            _mm256_set1_epi8, _mm256_or_si256, _mm256_and_si256, _mm256_cmpeq_epi8,
            _mm256_movemask_epi8)

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

#endif

static bool always(void)
{
    return true;
}

const struct literal_method literal_methods[] = {
#if defined(__x86_64__)
    {"avx2", has_avx2, find_avx2},
    {"sse2", always, find_sse2},
#endif
    {"portable", always, find_portable},
};
const size_t literal_method_count = countof(literal_methods);

size_t literal_find(const struct literal *literal, struct str hay, size_t from)
{
    if (from > hay.len || hay.len - from < literal->len)
        return SIZE_MAX;
    if (literal->len == 0)
        return from;
    const struct literal_method *method = literal_methods;
    while (!method->is_supported())
        method++;
    return method->find(literal, hay, from);
}
