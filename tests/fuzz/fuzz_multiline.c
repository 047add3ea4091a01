/*
 * Any bytes as lines: whatever stands in them, each rule says the same twice, bytes behind the prefix
 * do not count, and what expects nothing is not gone on with.
 */
#include "base/mem.h"
#include "formats/line/multiline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rule(const struct multiline *rule, struct str text)
{
    struct multiline_state state = {0};
    struct str line, open = {0};
    while (take_until(&text, '\n', &line)) {
        struct multiline_state again = state, longer = state;
        bool expects = multiline_expects(rule, &state);
        bool is_open = state.state != 0;
        bool goes_on = multiline_continues(rule, &state, open, line);
        assert(!goes_on || (expects && is_open));
        assert(multiline_continues(rule, &again, open, line) == goes_on);
        assert(memcmp(&again, &state, sizeof state) == 0);
        if (line.len > MULTILINE_PREFIX) {
            char *copy = mem_alloc(line.len);
            memcpy(copy, line.ptr, line.len);
            memset(copy + MULTILINE_PREFIX, '{', line.len - MULTILINE_PREFIX);
            assert(multiline_continues(rule, &longer, open, str_of(copy, line.len)) == goes_on);
            mem_free(&copy);
        }
        if (!goes_on)
            open = line;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct multiline *rules[MULTILINE_KIND_COUNT];
    static const struct str names[MULTILINE_KIND_COUNT] = {
#define X(id, name) STR_INIT(name),
        MULTILINE_KINDS(X)
#undef X
    };
    struct err err;
    for (size_t i = 0; i < MULTILINE_KIND_COUNT; i++) {
        bool good =
            rules[i] || multiline_open(&rules[i], names[i].len ? names[i] : STR("^[a-z]+ "), &err);
        assert(good);
        check_rule(rules[i], str_of(data, size));
    }
    return 0;
}
