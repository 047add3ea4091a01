#include "formats/block/numbers.h"

#include "base/mem.h"
#include "formats/block/column_parts.h"

/* ---- writing ---- */

static inline unsigned bits_of(uint64_t v)
{
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

static inline uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
}

struct numbers_plan numbers_plan(const uint64_t *numbers, size_t n)
{
    int64_t signed_least = INT64_MAX;
    uint64_t plain = 0, delta = 0, all = 0, all_deltas = 0;
    for (size_t i = 0; i < n; i++)
        signed_least = min_of(signed_least, (int64_t)numbers[i]);
    uint64_t least = (uint64_t)signed_least, before = n ? numbers[0] : 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t number = numbers[i] - least, difference = zigzag(numbers[i] - before);
        before = numbers[i];
        plain += difference ? bits_of(number) : 0;
        delta += bits_of(difference);
        all |= number;
        all_deltas |= difference;
    }
    if (delta * 10 < plain * 8)
        return (struct numbers_plan){true, n ? numbers[0] : 0, plane_bytes(all_deltas), delta};
    return (struct numbers_plan){false, n ? least : 0, plane_bytes(all), plain};
}

void numbers_put_plan(const struct numbers_plan *plan, struct stream_writer *w)
{
    put_u8(&w->map, plan->is_delta);
    put_zigzag(&w->map, (int64_t)plan->base);
    put_u8(&w->map, (uint8_t)plan->width);
}

/* The byte of each number that stands so many bits from its low end. */
static void fill_plane(const struct numbers_plan *plan, const uint64_t *numbers, size_t n,
                       unsigned shift, char *to)
{
    if (!plan->is_delta) {
        for (size_t i = 0; i < n; i++)
            to[i] = (char)((numbers[i] - plan->base) >> shift);
        return;
    }
    uint64_t before = plan->base;
    for (size_t i = 0; i < n; i++) {
        to[i] = (char)(zigzag(numbers[i] - before) >> shift);
        before = numbers[i];
    }
}

void numbers_put_planes(const struct numbers_plan *plan, const uint64_t *numbers, size_t n,
                        enum stream_group group, struct buf *scratch, struct stream_writer *w)
{
    buf_reset(scratch);
    char *to = buf_reserve(scratch, n * plan->width + 1);
    if (!to) {
        w->is_failed = true;
        return;
    }
    for (unsigned k = 0; k < plan->width; k++) {
        fill_plane(plan, numbers, n, 8 * k, to + k * n);
        stream_put(w, k == 0 ? group : STREAM_HIGH, str_of(to + k * n, n));
    }
}

void numbers_put(const uint64_t *numbers, size_t n, enum stream_group group, struct buf *scratch,
                 struct stream_writer *w)
{
    struct numbers_plan plan = numbers_plan(numbers, n);
    numbers_put_plan(&plan, w);
    numbers_put_planes(&plan, numbers, n, group, scratch, w);
}

/* ---- reading ---- */

bool numbers_read_planes(struct numbers *numbers, unsigned width, size_t n, enum stream_group group,
                         struct stream_reader *r)
{
    numbers->width = (uint8_t)width;
    for (unsigned k = 0; k < width; k++)
        if (!stream_take(r, k ? STREAM_HIGH : group, n, &numbers->planes[k]))
            return false;
    return true;
}

bool numbers_read(struct numbers *numbers, size_t n, enum stream_group group,
                  struct stream_reader *r)
{
    uint8_t is_delta = read_u8(&r->map);
    numbers->is_delta = is_delta != 0;
    numbers->base = (uint64_t)read_zigzag(&r->map);
    uint8_t width = read_u8(&r->map);
    return !r->map.bad && is_delta <= 1 && width <= NUMBERS_PLANES &&
           numbers_read_planes(numbers, width, n, group, r);
}

static inline uint64_t unzigzag(uint64_t v)
{
    return v >> 1 ^ (0 - (v & 1));
}

bool numbers_load(const struct numbers *numbers, size_t n, uint64_t *values,
                  struct stream_reader *r)
{
    const uint64_t first = numbers->is_delta && numbers->width ? 0 : numbers->base;
    for (size_t i = 0; i < n && numbers->width == 0; i++)
        values[i] = first;
    for (unsigned k = 0; k < numbers->width; k++) {
        struct str plane;
        if (!stream_load(r, &numbers->planes[k], &plane))
            return false;
        const unsigned char *bytes = (const unsigned char *)plane.ptr;
        for (size_t i = 0; i < n; i++)
            values[i] = (k ? values[i] : first) + ((uint64_t)bytes[i] << (8 * k));
    }
    uint64_t before = numbers->base;
    for (size_t i = 0; i < n && numbers->is_delta && numbers->width; i++)
        before = values[i] = before + unzigzag(values[i]);
    return true;
}
