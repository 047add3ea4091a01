#include "formats/block/grams.h"

#include "base/mem.h"

enum { DIGITS_FEW = 2 };

/* Bytes of a text, with what each means for invariant 3. */
static inline bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_of_id(unsigned char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == '-';
}

/* The hash of each gram, GRAMS_NONE for those that are never chosen. */
static void hash_grams(struct str text, size_t n, uint64_t *hashes)
{
    uint64_t gram = 0;
    unsigned digits = 0, others = 0; /* a bit for each of the last bytes */
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = fold_byte((unsigned char)text.ptr[i]);
        gram = (gram << 8 | c) & ((UINT64_C(1) << 8 * GRAM) - 1);
        digits = (digits << 1 | is_digit(c)) & ((1u << GRAM) - 1);
        others = (others << 1 | !is_of_id(c)) & ((1u << GRAM) - 1);
        if (i + 1 < GRAM)
            continue;
        bool is_left_out = others == 0 || __builtin_popcount(digits) > DIGITS_FEW;
        hashes[i + 1 - GRAM] = is_left_out ? GRAMS_NONE : mix_hash(gram) >> 1;
    }
    assert(n + GRAM == text.len + 1);
}

/* Of n hashes the least of each window of w, in place: that of two windows is that of both together. */
static size_t choose(uint64_t *hashes, size_t n, size_t w)
{
    for (size_t span = 1, step; span < w; span += step) {
        step = min_of(span, w - span);
        for (size_t i = 0; i + span + step <= n; i++)
            hashes[i] = min_of(hashes[i], hashes[i + step]);
    }
    return n - w + 1;
}

size_t grams_choose(struct str text, unsigned w, uint64_t *hashes)
{
    if (text.len < grams_window_bytes(w))
        return 0;
    assert(text.len <= GRAMS_PIECE_MAX);
    size_t n = text.len - GRAM + 1;
    hash_grams(text, n, hashes);
    return choose(hashes, n, w);
}

size_t grams_choose_digits(struct str run, uint64_t *hashes)
{
    enum { DIGITS = 12 };
    uint64_t piece = 0;
    if (run.len < LONG_ID)
        return 0;
    assert(run.len <= GRAMS_PIECE_MAX);
    for (size_t i = 0; i < run.len; i++) {
        unsigned char c = (unsigned char)run.ptr[i];
        piece = piece << 4 | ((c & 15u) + (c > '9' ? 9u : 0));
        if (i + 1 >= DIGITS)
            hashes[i + 1 - DIGITS] = mix_hash(piece & ((UINT64_C(1) << 4 * DIGITS) - 1)) >> 1;
    }
    return choose(hashes, run.len - DIGITS + 1, LONG_ID - DIGITS + 1);
}
