/* Invariant numbers are those of query/engine/sketch.h. */
#include "query/engine/sketch.h"

#include "base/mem.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>

enum { NUMBERS = 20000 };

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check_quantiles(const struct sketch *s, double *numbers, size_t n)
{
    static const double quantiles[] = {0, 0.01, 0.5, 0.9, 0.95, 0.99, 1};
    qsort(numbers, n, sizeof *numbers, by_size);
    for (size_t i = 0; i < countof(quantiles); i++) {
        double right = numbers[(size_t)(quantiles[i] * (double)(n - 1))];
        double found = sketch_quantile(s, quantiles[i]);
        if (fabs(found - right) > 0.0101 * fabs(right))
            test_fail(__FILE__, __LINE__, "quantile %g: %g, not %g", quantiles[i], found, right);
    }
}

TEST(sketch_quantiles_are_right_within_one_percent) /* 1, 3 */
{
    defer(sketch_free) struct sketch s = {0};
    double *numbers = mem_array(double, NUMBERS);
    srand(5);
    for (size_t i = 0; i < NUMBERS; i++) {
        numbers[i] = exp((rand() % 20000) / 1000.0 - 6) * (i % 10 == 0 ? -1 : 1);
        numbers[i] = i % 50 == 1 ? 0 : numbers[i];
        sketch_add(&s, numbers[i]);
    }
    CHECK_INT(s.numbers, NUMBERS);
    check_quantiles(&s, numbers, NUMBERS);
    mem_free(&numbers);
}

TEST(sketch_of_one_number_and_of_none)
{
    defer(sketch_free) struct sketch s = {0};
    CHECK(sketch_quantile(&s, 0.5) == 0);
    sketch_add(&s, 12);
    CHECK(fabs(sketch_quantile(&s, 0) - 12) < 0.13 && fabs(sketch_quantile(&s, 1) - 12) < 0.13);
}

TEST(sketch_joined_is_that_of_all) /* 2 */
{
    defer(sketch_free) struct sketch all = {0}, a = {0}, b = {0};
    defer(buf_free) struct buf one = {0}, other = {0};
    srand(6);
    for (size_t i = 0; i < 3000; i++) {
        double number = rand() % 100000 / 7.0;
        sketch_add(&all, number);
        sketch_add(i % 3 ? &a : &b, number);
    }
    sketch_join(&b, &a);
    sketch_put(&all, &one);
    sketch_put(&b, &other);
    CHECK_STR(buf_str(&other), buf_str(&one));
}

TEST(sketch_comes_back)
{
    defer(sketch_free) struct sketch s = {0}, back = {0};
    defer(buf_free) struct buf bytes = {0}, again = {0};
    for (int i = -50; i < 1000; i++)
        sketch_add(&s, i * 1.5);
    sketch_put(&s, &bytes);
    struct reader r = reader_of(buf_str(&bytes));
    sketch_read(&back, &r);
    CHECK(!r.bad && reader_left(&r) == 0);
    CHECK_INT(back.numbers, s.numbers);
    sketch_put(&back, &again);
    CHECK_STR(buf_str(&again), buf_str(&bytes));
    for (size_t cut = 0; cut < bytes.len; cut++) {
        defer(sketch_free) struct sketch broken = {0};
        struct reader piece = reader_of(str_slice(buf_str(&bytes), 0, cut));
        sketch_read(&broken, &piece);
        CHECK(piece.bad);
    }
}

/* Steps that no sketch has, the largest of either sign among them. */
TEST(sketch_refuses_steps)
{
    static const int64_t steps[][2] = {
        {1, INT64_MAX}, {-1, INT64_MIN}, {INT64_MIN, 1}, {INT64_MAX, 1}, {7, 0}, {7, -1},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        defer(sketch_free) struct sketch s = {0};
        defer(buf_free) struct buf bytes = {0};
        put_varint(&bytes, 2);
        for (size_t k = 0; k < 2; k++) {
            put_zigzag(&bytes, steps[i][k]);
            put_varint(&bytes, 1);
        }
        struct reader r = reader_of(buf_str(&bytes));
        sketch_read(&s, &r);
        CHECK(r.bad);
    }
}

/* The largest numbers stay right when there are too many buckets. */
TEST(sketch_takes_the_least_together)
{
    defer(sketch_free) struct sketch s = {0};
    double most = 0;
    for (int i = 0; i < 30000; i++) {
        most = exp(i / 200.0);
        sketch_add(&s, most);
    }
    CHECK_INT(s.n, SKETCH_BUCKETS);
    CHECK_INT(s.numbers, 30000);
    CHECK(fabs(sketch_quantile(&s, 1) - most) < 0.0101 * most);
}
