/*
 * Any bytes as a line: no crash, levels and times in their ranges, the same answer twice, and the
 * fast searches of json.c equal to their scalar fallback.
 */
#include "formats/line/facts.h"
#include "formats/line/json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t one_hour_east(void *zone, struct civil local, int64_t previous_ns)
{
    int64_t ns;
    (void)zone, (void)previous_ns;
    return civil_to_ns(local, &ns) ? ns - 3600 * NS_PER_S : TIME_NONE;
}

static void check_searches(struct str s)
{
    const char *end = s.ptr + s.len;
    for (const char *at = s.ptr; at < end; at += 1 + (end - at) / 64) {
        assert(json_find_quote(at, end) == json_find_quote_scalar(at, end));
        assert(json_find_bracket(at, end) == json_find_bracket_scalar(at, end));
    }
}

static void check_members(struct str s)
{
    struct json_scan scan;
    struct json_member m;
    if (!json_open(&scan, s))
        return;
    while (json_next(&scan, &m)) {
        assert(m.key.ptr > s.ptr && m.key.ptr + m.key.len < s.ptr + s.len);
        assert(m.value.ptr > m.key.ptr && m.value.ptr + m.value.len <= s.ptr + s.len);
    }
    assert(scan.bad != scan.done);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str line = str_of(data, size);
    struct line_context first = {.file_time_ns = INT64_C(1795166521000000000)}, second = first;
    struct line_facts a, b;
    second.local_to_utc = first.local_to_utc = one_hour_east;
    line_facts_of(line, &first, &a);
    line_facts_of(line, &second, &b);
    assert(a.level == b.level && a.time_ns == b.time_ns && a.kind == b.kind);
    assert(a.level < LEVEL_COUNT && (!a.level_derived || a.level >= LEVEL_WARN));
    check_searches(line);
    check_members(line);
    return 0;
}
