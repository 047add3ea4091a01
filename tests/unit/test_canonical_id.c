/* formats/line/canonical_id.h. */
#include "base/mem.h"
#include "formats/line/canonical_id.h"
#include "tests/test.h"

#include <stdio.h>

static bool is_same(const char *a, const char *b)
{
    struct canonical_id x = canonical_id_of(str_from(a)), y = canonical_id_of(str_from(b));
    CHECK(is_same_id(&x, &y) == is_same_id(&y, &x));
    return is_same_id(&x, &y);
}

static const char *const forms[] = {
    "550e8400-e29b-41d4-a716-446655440000",
    "550E8400-E29B-41D4-A716-446655440000",
    "550e8400e29b41d4a716446655440000",
    "1-550e8400-e29b41d4a716446655440000",
    "00-550e8400e29b41d4a716446655440000-00f067aa0ba902b7-01",
    "req-550e8400-e29b-41d4-a716-446655440000",
    "550e8400-e29b-91d4-a716-446655440000", /* Envoy's, invariant 1 */
};

TEST(canonical_ids_of_forms_are_the_same)
{
    for (size_t i = 0; i < countof(forms); i++) {
        for (size_t k = 0; k < countof(forms); k++)
            CHECK(is_same(forms[i], forms[k]));
        CHECK(is_same(forms[i], "a716446655440000")); /* invariant 2 */
        CHECK(is_same(forms[i], "12039885860129472512"));
        CHECK(!is_same(forms[i], "550e8400-e29b-41d4-a716-446655440001"));
        CHECK(!is_same(forms[i], "650e8400-e29b-41d4-a716-446655440000"));
        CHECK(!is_same(forms[i], "a716446655440001"));
        CHECK(!is_same(forms[i], "550e8400"));
    }
    CHECK(is_same("req-17", "req-17") && !is_same("req-17", "REQ-17"));
    CHECK(!is_same("17", "0000000000000011"));
    CHECK(!is_same("99999999999999999999", "7766279631452241919")); /* more than 64 bits */
    CHECK(!is_same("550e8400-e29b-41d4-a716-44665544000g", forms[0]));
    CHECK(!is_same("550e8400-e29b-41d4-a716_446655440000", forms[0]));
}

/* Invariant 3. */
TEST(canonical_ids_of_processes)
{
    struct id_needles needles;
    struct canonical_id id = canonical_id_of(STR("17@5f1c9a7e"));
    CHECK_INT(id.kind, CANONICAL_SCOPED);
    CHECK(is_same("17@5f1c9a7e", "17@5F1C9A7E") && is_same("17@5f1c9a7e", "17"));
    CHECK(!is_same("17@5f1c9a7e", "17@6f1c9a7e") && !is_same("17@5f1c9a7e", "18@5f1c9a7e"));
    CHECK(!is_same("17@5f1c9a7e", "1") && !is_same("17@5f1c9a7e", "117"));
    id_needles_of(&id, &needles);
    CHECK(needles.n == 1 && str_equal(needles.items[0], STR("17")));
    static const char *const others[] = {"17@5f1c9a7",        "17@5f1c9a7e0", "@5f1c9a7e",
                                         "12345678@5f1c9a7e", "17@mail.org",  "r1@5f1c9a7e"};
    for (size_t i = 0; i < countof(others); i++) {
        id = canonical_id_of(str_from(others[i]));
        CHECK_INT(id.kind, CANONICAL_TEXT);
    }
}

TEST(canonical_ids_are_printed)
{
    static const struct {
        const char *id, *canonical;
    } cases[] = {
        {"550E8400-E29B-41D4-A716-446655440000", "550e8400e29b41d4a716446655440000"},
        {"1-550e8400-e29b41d4a716446655440000", "550e8400e29b41d4a716446655440000"},
        {"12039885860129472512", "a716446655440000"},
        {"Req-17", "Req-17"},
        {"17@5f1c9a7e", "17@5f1c9a7e"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        defer(buf_free) struct buf out = {0};
        struct canonical_id id = canonical_id_of(str_from(cases[i].id));
        put_canonical_id(&out, &id);
        CHECK_STR(buf_str(&out), str_from(cases[i].canonical));
    }
}

static bool has_needle(const struct id_needles *needles, struct str line)
{
    for (size_t i = 0; i < needles->n; i++) {
        for (size_t at = 0; at < line.len; at++) {
            if (str_equal_nocase(str_slice(line, at, needles->items[i].len), needles->items[i]))
                return true;
        }
    }
    return false;
}

/* As it stands in one. */
static struct str in_line(const char *id, char line[128])
{
    snprintf(line, 128, "X-Amzn-Trace-Id: Root=%s;Sampled=1", id);
    return str_from(line);
}

TEST(canonical_ids_have_needles_for_all_forms)
{
    char line[128];
    struct id_needles needles;
    for (size_t i = 0; i < countof(forms); i++) {
        struct canonical_id id = canonical_id_of(str_from(forms[i]));
        id_needles_of(&id, &needles);
        for (size_t k = 0; k < countof(forms); k++)
            CHECK(has_needle(&needles, in_line(forms[k], line)));
        CHECK(has_needle(&needles, STR("dd.trace_id=12039885860129472512")));
    }
    struct canonical_id id = canonical_id_of(STR("00000000000000000123456789abcdef"));
    id_needles_of(&id, &needles);
    CHECK_INT(needles.n, 9);
    id = canonical_id_of(STR("12039885860129472512"));
    id_needles_of(&id, &needles);
    CHECK_INT(needles.n, 7);
    CHECK_STR(needles.items[6], id.text);
    for (size_t k = 0; k < countof(forms); k++)
        CHECK(k == 3 || has_needle(&needles, str_from(forms[k])));
    CHECK_STR(needles.items[0], STR("a716446655440000"));
    id = canonical_id_of(STR("req-17"));
    id_needles_of(&id, &needles);
    CHECK(needles.n == 1 && str_equal(needles.items[0], STR("req-17")));
}
