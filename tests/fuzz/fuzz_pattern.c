/* Any bytes as a pattern of each kind, over lines; skipping by literals must never lose a match. */
#include "query/engine/pattern.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(struct pattern *p, struct str line, const struct pattern_options *options)
{
    struct span s, last = {0, 0};
    enum match selected = pattern_matches(p, line);
    if (selected == MATCH_FOUND && !options->invert)
        assert(pattern_may_match(p, line));
    for (size_t n = 0; n < 64 && pattern_next_span(p, line, last.to, &s); n++) {
        assert(s.from < s.to && s.to <= line.len && s.from >= last.from);
        assert(options->invert || selected != MATCH_NONE);
        last = s;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    struct pattern_options options = {.kind = data[0] & 3,
                                      .ignore_case = data[0] & 4,
                                      .whole_word = data[0] & 8,
                                      .whole_line = data[0] & 16,
                                      .invert = data[0] & 32,
                                      .lines = data[0] & 64};
    size_t len = data[1] < size - 2 ? data[1] : size - 2;
    struct str text = str_of(data + 2, len), lines = str_of(data + 2 + len, size - 2 - len), line;
    struct err err;
    struct pattern *p = NULL;
    if (!pattern_compile(&p, &text, 1, options, &err))
        return 0;
    if (!options.lines)
        check_line(p, lines, &options);
    while (options.lines && take_until(&lines, '\n', &line))
        check_line(p, line, &options);
    pattern_close(&p);
    return 0;
}
