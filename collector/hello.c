#include "collector/hello.h"

#include "base/mem.h"
#include "formats/line/json.h"

static bool put_source(const struct origins *origins, struct str hex, bool *first,
                       struct buf *answer)
{
    struct hash128 id;
    struct block_source source;
    char text[HASH128_TEXT];
    if (!hash128_parse(hex, &id))
        return false;
    if (!origins_source(origins, id, &source))
        return true;
    hash128_text(id, text);
    buf_print(answer, "%s{\"id\":\"%s\",\"to\":%llu,\"hash\":\"%016llx\"}", *first ? "" : ",", text,
              (unsigned long long)source.to, (unsigned long long)source.hash);
    *first = false;
    return true;
}

/* array: ["hex","hex",...] */
static bool put_sources(const struct origins *origins, struct str array, struct buf *answer)
{
    struct str rest = str_trim(str_slice(array, 1, array.len - 2)), item;
    bool first = true;
    while (take_until(&rest, ',', &item)) {
        item = str_trim(item);
        if (item.len < 2 || item.ptr[0] != '"' || item.ptr[item.len - 1] != '"' ||
            !put_source(origins, str_slice(item, 1, item.len - 2), &first, answer))
            return false;
    }
    return true;
}

static void put_head(const struct origins *origins, struct hash128 origin, int64_t now_ns,
                     struct buf *answer)
{
    struct hash128 hash = {0};
    char text[HASH128_TEXT];
    uint64_t last = origins_last(origins, origin, &hash);
    hash128_text(hash, text);
    buf_print(answer,
              "{\"version\":\"%s\",\"block_versions\":[%d],\"time_us\":%lld,"
              "\"origin\":{\"last\":%llu,\"hash\":\"%s\"},\"sources\":[",
              SLUICE_VERSION, BLOCK_VERSION, (long long)(now_ns / NS_PER_US),
              (unsigned long long)last, text);
}

bool answer_hello(const struct origins *origins, struct str question, int64_t now_ns,
                  struct buf *answer, struct err *err)
{
    struct json_scan scan;
    struct json_member m;
    struct hash128 origin = {0};
    struct str sources = STR("[]");
    bool good = json_open(&scan, question), has_origin = false;
    while (good && json_next(&scan, &m)) {
        if (str_equal(m.key, STR("origin")))
            has_origin = hash128_parse(m.value, &origin);
        else if (str_equal(m.key, STR("sources")) && m.kind == JSON_ARRAY)
            sources = m.value;
    }
    if (!good || !scan.done || !has_origin)
        return err_set(err, ERR_INPUT, "hello: expected {\"origin\":\"32 hex\",\"sources\":[...]}");
    put_head(origins, origin, now_ns, answer);
    if (!put_sources(origins, sources, answer))
        return err_set(err, ERR_INPUT, "hello: sources must be strings of 32 hex digits");
    buf_add(answer, STR("]}\n"));
    return answer->over ? err_set(err, ERR_LIMIT, "hello: too many sources") : true;
}
