/* shipper/record_ids.h. */
#include "base/mem.h"
#include "shipper/record_ids.h"
#include "tests/test.h"

struct step {
    const char *line;
    int64_t ms;
    enum id_kind kind;
    const char *id;
    bool is_continuation;
};

#define A "4f1c9a7e"
#define B "5f1c9a7e"

static void check_steps(const struct config_request_id *config, const struct step *steps, size_t n)
{
    struct id_rules *rules = id_rules_open(config);
    struct stream_ids *ids = NULL;
    for (size_t i = 0; i < n; i++) {
        struct record record = {.line = str_from(steps[i].line),
                                .event_ns = NS_PER_S + steps[i].ms * NS_PER_MS};
        record_ids_attach(rules, &ids, 0, steps[i].is_continuation, &record);
        CHECK_INT(record.id_kind, steps[i].kind);
        if (steps[i].id)
            CHECK_STR(record.id, str_from(steps[i].id));
    }
    stream_ids_close(&ids);
    id_rules_close(&rules);
}

TEST(record_ids_of_workers)
{
    static const struct step steps[] = {
        {.line = "thread=exec-1 early"},
        {"thread=exec-1 request_id=" A, 0, ID_EXACT, A, false},
        {"thread=exec-1 query", 400, ID_INHERITED, A, false},
        {"thread=exec-2 query", 400, ID_NONE, NULL, false},
        {"no worker", 400, ID_NONE, NULL, false}, /* invariant 1 */
        {"thread=exec-2 request_id=" B, 500, ID_EXACT, B, false},
        {"thread=exec-1 query", 1000, ID_INHERITED, A, false},
        {"thread=exec-1 query", 1001, ID_NONE, NULL, false}, /* invariant 3 */
        {"thread=exec-2 query", 1500, ID_INHERITED, B, false},
        {"thread=exec-2 query", 300, ID_NONE, NULL, false}, /* written before the request */
        {"thread=exec-1 request_id=" B, 2000, ID_EXACT, B, false},
        {"thread=exec-1 query", 2000, ID_INHERITED, B, false},
        {"thread=exec-1 request_id=" A, 2100, ID_EXACT, A, false}, /* invariant 2 */
        {"thread=exec-1 query", 2100, ID_NONE, NULL, false},
    };
    const struct config_request_id config = {.inherits = true}, without = {.inherits = false};
    check_steps(&config, steps, countof(steps));
    check_steps(&without, &(struct step){"thread=exec-1 request_id=" A, 0, ID_EXACT, A, false}, 1);
}

/* All times that lines may name. */
TEST(record_ids_far_apart)
{
    static const struct step steps[] = {
        {"thread=exec-1 request_id=" A, INT64_MIN / NS_PER_MS + 2000, ID_EXACT, A, false},
        {"thread=exec-1 query", INT64_MIN / NS_PER_MS + 3000, ID_INHERITED, A, false},
        {"thread=exec-1 query", INT64_MAX / NS_PER_MS - 2000, ID_NONE, NULL, false},
    };
    const struct config_request_id config = {.inherits = true};
    check_steps(&config, steps, countof(steps));
}

TEST(record_ids_of_parts)
{
    static const struct step steps[] = {
        {"request_id=" A " long", 0, ID_EXACT, A, false},
        {"second request_id=" B, 0, ID_INHERITED, A, true},
        {"third", 0, ID_INHERITED, A, true},
        {"another", 0, ID_NONE, NULL, false},
        {"its part", 0, ID_NONE, NULL, true},
        {"its part request_id=" B, 0, ID_EXACT, B, true},
        {"its part", 0, ID_INHERITED, B, true},
    };
    const struct config_request_id config = {.inherits = true};
    check_steps(&config, steps, countof(steps));
}

static struct str id_at(uint64_t place, const char *line, char room[RECORD_ID_MAX])
{
    const struct config_request_id config = {0};
    struct id_rules *rules = id_rules_open(&config);
    struct stream_ids *ids = NULL;
    struct record record = {.line = str_from(line), .event_ns = NS_PER_S};
    record_ids_attach(rules, &ids, place, false, &record);
    struct str id = str_of(room, record.id.len);
    memcpy(room, record.id.ptr, record.id.len);
    stream_ids_close(&ids);
    id_rules_close(&rules);
    return id;
}

/* Invariant 4. */
TEST(record_ids_of_processes)
{
    static const char line[] = "{\"pid\":1,\"req\":{\"id\":17}}",
                      other[] = "{\"pid\":2,\"req\":{\"id\":17}}";
    uint64_t here = hash64(STR("here")), there = hash64(STR("there"));
    char a[RECORD_ID_MAX], b[RECORD_ID_MAX];
    struct str id = id_at(here, line, a);
    CHECK(id.len == 11 && str_starts(id, STR("17@")));
    CHECK(str_equal(id, id_at(here, line, b)));
    CHECK(!str_equal(id, id_at(there, line, b)));
    CHECK(!str_equal(id, id_at(here, other, b)));
    CHECK_STR(id_at(here, "request_id=a17", b), STR("a17"));
}

TEST(record_ids_generated)
{
    static const struct str keys[] = {STR_INIT("my_id")};
    static const struct step steps[] = {
        {"thread=exec-1 start", 0, ID_GENERATED, NULL, false},
        {"thread=exec-1 query", 10, ID_INHERITED, NULL, false},
        {"alone", 20, ID_GENERATED, NULL, false},
        {"my_id=x1", 20, ID_EXACT, "x1", false},
    };
    const struct config_request_id config = {
        .keys = {(struct str *)keys, 1}, .inherits = true, .generates = true};
    check_steps(&config, steps, countof(steps));
    struct id_rules *rules = id_rules_open(&config);
    struct stream_ids *ids = NULL;
    struct record record = {.line = STR("x"), .event_ns = 0x0123456789abll * NS_PER_MS / 1000};
    record_ids_attach(rules, &ids, 0, false, &record);
    CHECK(record.id.len == 36 && record.id.ptr[14] == '7' && memchr("89ab", record.id.ptr[19], 4));
    stream_ids_close(&ids);
    id_rules_close(&rules);
}
