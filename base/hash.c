#include "base/hash.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wconversion"
#define XXH_INLINE_ALL
#include <xxhash.h>
#pragma GCC diagnostic pop

uint64_t hash64(struct str s)
{
    return XXH3_64bits(s.ptr, s.len);
}

uint64_t hash64_pair(struct str a, struct str b)
{
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, a.ptr, a.len);
    XXH3_64bits_update(&state, b.ptr, b.len);
    return XXH3_64bits_digest(&state);
}

struct hash128 hash128(struct str s)
{
    XXH128_hash_t h = XXH3_128bits(s.ptr, s.len);
    return (struct hash128){.low = h.low64, .high = h.high64};
}

struct hash128_stream {
    XXH3_state_t state;
};

struct hash128_stream *hash128_begin(void)
{
    struct hash128_stream *s = aligned_alloc(64, sizeof *s);
    if (!s)
        abort();
    XXH3_INITSTATE(&s->state);
    XXH3_128bits_reset(&s->state);
    return s;
}

void hash128_add(struct hash128_stream *s, struct str piece)
{
    XXH3_128bits_update(&s->state, piece.ptr, piece.len);
}

struct hash128 hash128_end(struct hash128_stream **s)
{
    XXH128_hash_t h = XXH3_128bits_digest(&(*s)->state);
    free(*s);
    *s = NULL;
    return (struct hash128){.low = h.low64, .high = h.high64};
}

int hash128_compare(struct hash128 a, struct hash128 b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return (a.low > b.low) - (a.low < b.low);
}

void hash128_text(struct hash128 h, char text[HASH128_TEXT])
{
    for (unsigned i = 0; i < 16; i++) {
        text[15 - i] = "0123456789abcdef"[h.high >> (4 * i) & 15];
        text[31 - i] = "0123456789abcdef"[h.low >> (4 * i) & 15];
    }
    text[32] = '\0';
}

static bool parse_half(const char *p, uint64_t *half)
{
    uint64_t v = 0;
    for (int i = 0; i < 16; i++) {
        char c = p[i];
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a' + 10);
        else
            return false;
        v = v << 4 | digit;
    }
    *half = v;
    return true;
}

bool hash128_parse(struct str s, struct hash128 *h)
{
    struct hash128 parsed;
    if (s.len != 32 || !parse_half(s.ptr, &parsed.high) || !parse_half(s.ptr + 16, &parsed.low))
        return false;
    *h = parsed;
    return true;
}

void put_hash128(struct buf *b, struct hash128 h)
{
    put_u64(b, h.low);
    put_u64(b, h.high);
}

struct hash128 read_hash128(struct reader *r)
{
    struct hash128 h = {.low = read_u64(r)};
    h.high = read_u64(r);
    return h;
}

void random_bytes(void *p, size_t size)
{
    char *at = p;
    while (size) {
        ssize_t n = getrandom(at, size, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort(); /* no kernel that runs us lacks it */
        at += n;
        size -= (size_t)n;
    }
}
