#include "forward/hello.h"

#include "base/mem.h"
#include "formats/line/json.h"

void put_hello(struct buf *b, struct hash128 origin, const struct hash128 *sources, size_t n)
{
    char text[HASH128_TEXT];
    hash128_text(origin, text);
    buf_print(b, "{\"origin\":\"%s\",\"sources\":[", text);
    for (size_t i = 0; i < n; i++) {
        hash128_text(sources[i], text);
        buf_print(b, "%s\"%s\"", i ? "," : "", text);
    }
    buf_add(b, STR("]}"));
}

static bool parse_hash64(struct str hex, uint64_t *hash)
{
    struct hash128 wide;
    char digits[32];
    if (hex.len != 16)
        return false;
    memset(digits, '0', 16);
    memcpy(digits + 16, hex.ptr, 16);
    if (!hash128_parse(str_of(digits, sizeof digits), &wide))
        return false;
    *hash = wide.low;
    return true;
}

/* {"id":"32 hex","to":N,"hash":"16 hex"} from the front of *rest. */
static bool take_source(struct str *rest, struct block_source *source)
{
    struct json_scan scan;
    struct json_member m;
    bool has_id = false, has_to = false, has_hash = false;
    if (!json_open(&scan, *rest))
        return false;
    while (json_next(&scan, &m)) {
        if (str_equal(m.key, STR("id")))
            has_id = hash128_parse(m.value, &source->id);
        else if (str_equal(m.key, STR("to")))
            has_to = str_to_u64(m.value, &source->to);
        else if (str_equal(m.key, STR("hash")))
            has_hash = parse_hash64(m.value, &source->hash);
    }
    *rest = str_of(scan.at, (size_t)(scan.end - scan.at));
    return scan.done && has_id && has_to && has_hash;
}

static bool read_sources(struct str array, struct arena *arena, struct hello_answer *answer)
{
    enum { SOURCE_LEAST = 60 }; /* bytes of one in JSON */
    struct str rest = str_trim(str_slice(array, 1, array.len - 2));
    answer->n_sources = 0; /* named again: the last counts */
    answer->sources = arena_array(arena, struct block_source, rest.len / SOURCE_LEAST + 1);
    while (rest.len) {
        if (!take_source(&rest, &answer->sources[answer->n_sources]))
            return false;
        answer->n_sources++;
        rest = str_trim(rest);
        take_prefix(&rest, STR(","));
        if (answer->n_sources > array.len / SOURCE_LEAST)
            return rest.len == 0;
    }
    return true;
}

bool read_hello_answer(struct str json, struct arena *arena, struct hello_answer *out,
                       struct err *err)
{
    struct hello_answer answer = {.time_ns = TIME_NONE};
    uint64_t time_us;
    struct json_scan scan;
    struct json_member m;
    bool good = json_open(&scan, json);
    while (good && json_next(&scan, &m)) {
        if (str_equal(m.outer, STR("origin")) && str_equal(m.key, STR("last")))
            good = str_to_u64(m.value, &answer.last);
        else if (str_equal(m.outer, STR("origin")) && str_equal(m.key, STR("hash")))
            good = hash128_parse(m.value, &answer.last_hash);
        else if (str_equal(m.key, STR("time_us")) && str_to_u64(m.value, &time_us) &&
                 time_us <= INT64_MAX / NS_PER_US)
            answer.time_ns = (int64_t)time_us * NS_PER_US;
        else if (str_equal(m.key, STR("sources")) && m.kind == JSON_ARRAY)
            good = read_sources(m.value, arena, &answer);
    }
    if (!good || !scan.done)
        return err_set(err, ERR_CORRUPT, "the answer to hello cannot be read");
    *out = answer;
    return true;
}

enum delivery_verdict judge_hello(unsigned status, struct str body, void *data)
{
    struct err unused;
    struct hello_answer answer;
    defer(arena_free) struct arena arena = {0};
    (void)data;
    bool good = status >= 200 && status < 300 && read_hello_answer(body, &arena, &answer, &unused);
    return good ? DELIVERY_ACCEPTED : DELIVERY_RETRY;
}
