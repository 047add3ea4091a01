/*
 * The test harness: TAP on stdout, one process per test with a time limit, so that a crash or a
 * hang is one failed test and not the end of the run.
 *
 *     TEST(buf_latches_overflow)
 *     {
 *         struct buf b = {.max = 4};
 *         buf_add(&b, STR("12345"));
 *         CHECK(b.over);
 *     }
 *
 * A failed CHECK prints where and what, and the test goes on; REQUIRE ends it. SKIP says why a test
 * cannot run here. TEST_SLOW(name, seconds) gives a longer limit than 20 s (sanitizers get 3 x).
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include "base/err.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

struct test {
    const char *name;
    void (*run)(void);
    unsigned seconds;
    struct test *next;
};

void test_register(struct test *t);
void test_fail(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void test_skip(const char *why);
/* A fresh folder, removed when the test has passed. */
const char *test_folder(void);

#define TEST_SLOW(id, limit)                                                            \
    static void test_##id(void);                                                        \
    __attribute__((constructor)) static void register_##id(void)                        \
    {                                                                                   \
        static struct test entry = {.name = #id, .run = test_##id, .seconds = (limit)}; \
        test_register(&entry);                                                          \
    }                                                                                   \
    static void test_##id(void)
#define TEST(id) TEST_SLOW(id, 20)

#define SKIP(why) test_skip(why)
#define CHECK(x)  ((x) ? (void)0 : test_fail(__FILE__, __LINE__, "CHECK(%s)", #x))
#define REQUIRE(x)                                            \
    do {                                                      \
        if (!(x)) {                                           \
            test_fail(__FILE__, __LINE__, "REQUIRE(%s)", #x); \
            exit(1);                                          \
        }                                                     \
    } while (0)
/* For calls that fill a struct err named err. */
#define REQUIRE_OK(x)                                              \
    do {                                                           \
        if (!(x)) {                                                \
            test_fail(__FILE__, __LINE__, "%s: %s", #x, err.text); \
            exit(1);                                               \
        }                                                          \
    } while (0)
#define CHECK_INT(a, b)                                                        \
    do {                                                                       \
        long long a_ = (long long)(a), b_ = (long long)(b);                    \
        if (a_ != b_)                                                          \
            test_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #a, a_, b_); \
    } while (0)
#define CHECK_STR(a, b)                                                                    \
    do {                                                                                   \
        struct str a_ = (a), b_ = (b);                                                     \
        if (!str_equal(a_, b_))                                                            \
            test_fail(__FILE__, __LINE__, "%s is \"%.*s\", not \"%.*s\"", #a, STR_ARG(a_), \
                      STR_ARG(b_));                                                        \
    } while (0)

#endif
