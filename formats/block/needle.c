#include "formats/block/needle.h"

#include "base/mem.h"

void needle_init(struct needle *needle, struct str text, bool ignore_case)
{
    *needle = (struct needle){.n = (unsigned)min_of(text.len, (size_t)NEEDLE_MAX)};
    literal_init(&needle->literal, str_slice(text, 0, needle->n), ignore_case);
    needle->bytes = needle->literal.bytes;
    for (unsigned i = 0; i < needle->n; i++) {
        unsigned char c = (unsigned char)needle->bytes[i];
        needle->places[c] |= UINT64_C(1) << i;
        if (ignore_case && c >= 'a' && c <= 'z')
            needle->places[c ^ 32] |= UINT64_C(1) << i;
    }
}

void needle_free(struct needle *needle)
{
    literal_free(&needle->literal);
}

bool needle_pass(const struct needle *needle, struct str text, uint64_t *set)
{
    uint64_t now = *set, found = 0;
    for (size_t i = 0; i < text.len; i++) {
        now = (now << 1 | 1) & needle->places[(unsigned char)text.ptr[i]];
        found |= now;
    }
    *set = now;
    return found >> (needle->n - 1) & 1;
}

bool needle_go_through(const struct needle *needle, struct str text, uint64_t *set)
{
    uint64_t now = *set, found = 0;
    for (size_t i = 0; i < text.len && now; i++) {
        now = now << 1 & needle->places[(unsigned char)text.ptr[i]];
        found |= now;
    }
    *set = now | needle_ends(needle, text);
    return found >> (needle->n - 1) & 1;
}

bool is_needle_piece(const struct needle *needle, unsigned from, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!(needle->places[(unsigned char)text.ptr[i]] >> (from + i) & 1))
            return false;
    return true;
}

uint64_t needle_ends(const struct needle *needle, struct str text)
{
    uint64_t ends = 0, left = 0;
    if (text.len)
        left = needle->places[(unsigned char)text.ptr[text.len - 1]] &
               low_places(min_of(text.len, (size_t)needle->n - 1));
    for (; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        ends |= (uint64_t)is_needle_piece(needle, 0, str_slice(text, text.len - i - 1, i + 1)) << i;
    }
    return ends;
}
