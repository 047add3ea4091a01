#include "query/engine/sketch.h"

#include "base/bisect.h"
#include "base/mem.h"

#include <float.h>
#include <math.h>

/* Powers of what is next to nothing and of the largest number; the others are between. */
enum { POWER_MAX = 40000, TINY = -36000 };

static const double base_log = 0.019802627296179712; /* ln 1.02 */

void sketch_free(struct sketch *s)
{
    mem_free(&s->buckets);
    *s = (struct sketch){0};
}

/* Positive numbers have powers from 1 up, zero has 0, negative ones are their mirror. */
static int32_t power_of(double number)
{
    double size = fabs(number);
    if (size < 1e-300)
        return 0;
    int32_t power = (int32_t)ceil(log(size) / base_log);
    int32_t place = min_of(power, (int32_t)POWER_MAX) - TINY + 1;
    return number < 0 ? -place : place;
}

/* The middle of a bucket, by ratio. */
static double number_of(int32_t place)
{
    if (place == 0)
        return 0;
    int32_t power = (place < 0 ? -place : place) + TINY - 1;
    double size = fmin(DBL_MAX, exp(power * base_log) * (2 / (1 + 1.02)));
    return place < 0 ? -size : size;
}

static void take_least_together(struct sketch *s)
{
    s->buckets[1].n += s->buckets[0].n;
    memmove(s->buckets, s->buckets + 1, (s->n - 1) * sizeof *s->buckets);
    s->n--;
}

static void add(struct sketch *s, int32_t power, uint64_t n)
{
    size_t low = bisect(s->n, i, s->buckets[i].power < power);
    s->numbers += n;
    if (low < s->n && s->buckets[low].power == power) {
        s->buckets[low].n += n;
        return;
    }
    mem_grow(s->buckets, s->n, s->capacity);
    memmove(s->buckets + low + 1, s->buckets + low, (s->n - low) * sizeof *s->buckets);
    s->buckets[low] = (struct sketch_bucket){power, n};
    if (++s->n > SKETCH_BUCKETS)
        take_least_together(s);
}

void sketch_add(struct sketch *s, double number)
{
    add(s, power_of(number), 1);
}

void sketch_join(struct sketch *s, const struct sketch *other)
{
    for (size_t i = 0; i < other->n; i++)
        add(s, other->buckets[i].power, other->buckets[i].n);
}

double sketch_quantile(const struct sketch *s, double q)
{
    double rank = q * (double)(s->numbers - (s->numbers > 0)), before = 0;
    for (size_t i = 0; i < s->n; i++) {
        before += (double)s->buckets[i].n;
        if (before > rank)
            return number_of(s->buckets[i].power);
    }
    return 0;
}

void sketch_put(const struct sketch *s, struct buf *out)
{
    int32_t before = 0;
    put_varint(out, s->n);
    for (size_t i = 0; i < s->n; i++) {
        put_zigzag(out, s->buckets[i].power - (int64_t)before);
        put_varint(out, s->buckets[i].n);
        before = s->buckets[i].power;
    }
}

void sketch_read(struct sketch *s, struct reader *r)
{
    const int64_t most = POWER_MAX - TINY + 1;
    size_t n = read_count(r, 2);
    int64_t power = 0;
    r->bad |= n > SKETCH_BUCKETS;
    for (size_t i = 0; i < n && !r->bad; i++) {
        int64_t step = read_zigzag(r);
        uint64_t count = read_varint(r);
        // Before the sum: a step can be any 64-bit number, and the sum must not overflow.
        r->bad |= (i > 0 && step <= 0) || step > 2 * most || step < -most || count == 0 ||
                  count > UINT64_MAX / 2 - s->numbers;
        if (r->bad)
            return;
        power += step;
        r->bad |= power > most;
        if (!r->bad)
            add(s, (int32_t)power, count);
    }
}
