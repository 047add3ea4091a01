#include "base/literal.h"

#include "base/mem.h"
#include "tests/test.h"

static uint64_t seed = 1;

static unsigned roll(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static size_t find_naive(struct str hay, struct str needle, size_t from, bool ignore_case)
{
    for (size_t i = from; i + needle.len <= hay.len; i++) {
        struct str at = str_of(hay.ptr + i, needle.len);
        if (ignore_case ? str_equal_nocase(at, needle) : str_equal(at, needle))
            return i;
    }
    return SIZE_MAX;
}

/* Each hay ends with its memory, so that ASan sees a read beyond it. */
static void check_all_methods(struct str hay, struct str needle, bool ignore_case)
{
    struct literal literal;
    literal_init(&literal, needle, ignore_case);
    size_t from = hay.len ? roll((unsigned)hay.len) : 0;
    size_t expected = find_naive(hay, needle, from, ignore_case);
    CHECK_INT(literal_find(&literal, hay, from), expected);
    for (size_t m = 0; m < literal_method_count && hay.len - from >= needle.len; m++) {
        const struct literal_method *method = &literal_methods[m];
        if (method->is_supported() && method->find(&literal, hay, from) != expected)
            test_fail(__FILE__, __LINE__, "%s: not %zu for '%.*s' in '%.*s' from %zu", method->name,
                      expected, STR_ARG(needle), STR_ARG(hay), from);
    }
    literal_free(&literal);
}

/* Invariants 1 and 3 */
TEST(literal_methods_agree)
{
    static const char letters[] = "aAbBeE_\0\xe9z";
    for (int i = 0; i < 20000; i++) {
        size_t hay_len = roll(i % 4 ? 40 : 200), needle_len = 1 + roll(i % 3 ? 4 : 40);
        unsigned kinds = 1 + roll(sizeof letters - 1);
        char *hay = mem_alloc_raw(hay_len), *needle = mem_alloc_raw(needle_len);
        for (size_t j = 0; j < hay_len; j++)
            hay[j] = letters[roll(kinds)];
        for (size_t j = 0; j < needle_len; j++)
            needle[j] = letters[roll(kinds)];
        if (roll(3) == 0 && needle_len <= hay_len)
            memcpy(needle, hay + roll((unsigned)(hay_len - needle_len + 1)), needle_len);
        check_all_methods(str_of(hay, hay_len), str_of(needle, needle_len), roll(2));
        mem_free(&hay);
        mem_free(&needle);
    }
}

TEST(literal_of_no_bytes_is_everywhere)
{
    struct literal literal;
    literal_init(&literal, STR(""), true);
    CHECK_INT(literal_find(&literal, STR("ab"), 2), 2);
    CHECK(literal_find(&literal, STR("ab"), 3) == SIZE_MAX);
    CHECK_INT(literal_find(&literal, STR(""), 0), 0);
    literal_free(&literal);
}

/* Invariant 2: quadratic work would take minutes here. */
TEST(literal_is_linear_on_hostile_input)
{
    enum { HAY = 4 << 20, NEEDLE = 1 << 15 };
    char *hay = mem_alloc_raw(HAY), *needle = mem_alloc_raw(NEEDLE);
    memset(hay, 'a', HAY);
    memset(needle, 'a', NEEDLE);
    needle[NEEDLE / 2] = 'A';
    for (int ignore_case = 0; ignore_case < 2; ignore_case++) {
        if (ignore_case)
            needle[0] = 'b';
        struct literal literal;
        literal_init(&literal, str_of(needle, NEEDLE), ignore_case);
        for (size_t m = 0; m < literal_method_count; m++) {
            if (literal_methods[m].is_supported())
                CHECK(literal_methods[m].find(&literal, str_of(hay, HAY), 0) == SIZE_MAX);
        }
        literal_free(&literal);
    }
    mem_free(&hay);
    mem_free(&needle);
}
