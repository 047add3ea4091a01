/* Invariant numbers are those of query/engine/tail_form.h. */
#include "query/engine/tail_form.h"

#include "base/mem.h"
#include "tests/test.h"

TEST(tail_form_comes_back)
{
    struct err err;
    defer(tail_form_free) struct tail_form form, back;
    tail_form_init(&form);
    tail_form_init(&back);
    query_add_pattern(&form.query, STR("a&b"));
    query_add_filter(&form.query, STR("api"));
    form.all = true;
    form.cursor = STR("1.00000001.77-2.00000002.0");
    form.has_key = true;
    form.key = (struct order_key){.order_ns = -5,
                                  .stream = {1, 2},
                                  .origin = {3, UINT64_MAX},
                                  .sequence = UINT64_MAX,
                                  .position = UINT32_MAX,
                                  .line_number = 7};
    defer(buf_free) struct buf text = {0};
    tail_form_encode(&form, &text);
    REQUIRE_OK(tail_form_decode(&back, buf_str(&text), &err));
    CHECK(back.all && back.has_key && back.query.patterns.n == 1 && back.query.filters.n == 1);
    CHECK_STR(back.cursor, form.cursor);
    CHECK_INT(order_key_compare(&back.key, &form.key), 0);
}

TEST(tail_form_has_defaults_for_people)
{
    struct err err;
    defer(tail_form_free) struct tail_form form;
    tail_form_init(&form);
    REQUIRE_OK(tail_form_decode(&form, STR("?service=api"), &err));
    CHECK(form.query.last == TAIL_LAST_DEFAULT && !form.all && form.query.output == OUTPUT_JSON);
    CHECK_STR(form.query.filters.items[0], STR("service=api"));
    tail_form_free(&form);
    tail_form_init(&form);
    REQUIRE_OK(tail_form_decode(&form, STR("last=0"), &err));
    CHECK(form.query.last == 0 && !form.all);
}

TEST(tail_form_refuses_what_needs_an_end) /* 3 */
{
    static const char *const forms[] = {
        "until=5",
        "newest=1",
        "max=3",
        "before=1",
        "after=1",
        "want=count",
        "last=many",
        "last=-1",
        "behind=1",
        "cursor=x&behind=1.2.3",
        "kind=X",
        "cursor=1&behind=1.00000000000000000000000000000001.00000000000000000000000000000001.1.1"};
    for (size_t i = 0; i < countof(forms); i++) {
        struct err err;
        defer(tail_form_free) struct tail_form form;
        tail_form_init(&form);
        if (tail_form_decode(&form, str_from(forms[i]), &err))
            test_fail(__FILE__, __LINE__, "'%s' is taken", forms[i]);
    }
}
