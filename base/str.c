#include "base/str.h"

#include "base/ascii.h"

int str_compare(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool bytes_equal_nocase(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fold(a[i]) != fold(b[i]))
            return false;
    }
    return true;
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_equal(str_of(s.ptr + s.len - suffix.len, suffix.len), suffix);
}

struct str str_trim(struct str s)
{
    while (s.len && is_white(s.ptr[0]))
        s = str_of(s.ptr + 1, s.len - 1);
    while (s.len && is_white(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.len == 0)
        return 0;
    const char *at = s.len ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;
    return at ? (size_t)(at - s.ptr) : SIZE_MAX;
}

bool take_until(struct str *s, char separator, struct str *piece)
{
    *piece = *s;
    if (s->len == 0)
        return false;
    size_t at = str_find_byte(*s, separator);
    if (at == SIZE_MAX) {
        *s = str_of(s->ptr + s->len, 0);
    } else {
        piece->len = at;
        *s = str_of(s->ptr + at + 1, s->len - at - 1);
    }
    return true;
}

bool take_u64(struct str *s, uint64_t *value)
{
    uint64_t sum = 0;
    size_t n = 0;
    for (; n < s->len && is_digit(s->ptr[n]); n++) {
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(s->ptr[n] - '0'), &sum))
            return false;
    }
    if (n == 0)
        return false;
    *s = str_of(s->ptr + n, s->len - n);
    *value = sum;
    return true;
}

bool str_to_u64(struct str s, uint64_t *value)
{
    uint64_t taken;
    if (!take_u64(&s, &taken) || s.len != 0)
        return false;
    *value = taken;
    return true;
}

bool str_to_i64(struct str s, int64_t *value)
{
    bool negative = take_prefix(&s, STR("-"));
    uint64_t taken;
    if (!str_to_u64(s, &taken) || taken > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *value = negative ? (int64_t)(0 - taken) : (int64_t)taken;
    return true;
}

size_t utf8_sequence(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || s.len < len)
        return 0;
    unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

bool is_utf8(struct str s)
{
    while (s.len) {
        uint64_t word;
        if (s.len >= sizeof word) {
            memcpy(&word, s.ptr, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {
                s = str_of(s.ptr + sizeof word, s.len - sizeof word);
                continue;
            }
        }
        size_t n = utf8_sequence(s);
        if (n == 0)
            return false;
        s = str_of(s.ptr + n, s.len - n);
    }
    return true;
}

size_t str_distance(struct str a, struct str b, size_t limit)
{
    enum { LONGEST = 64 };
    if (a.len > LONGEST || b.len > LONGEST)
        return limit + 1;
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = diagonal + (fold(a.ptr[i - 1]) != fold(b.ptr[j - 1]));
            size_t insert = row[j - 1] + 1, erase = row[j] + 1;
            diagonal = row[j];
            row[j] = change < insert ? change : insert;
            if (erase < row[j])
                row[j] = erase;
        }
    }
    return row[b.len] <= limit ? row[b.len] : limit + 1;
}
