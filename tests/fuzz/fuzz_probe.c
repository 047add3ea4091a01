/* Any bytes as what other systems answer to the questions of `check --connect`: one verdict, on lines without control
 * characters, after a few questions. The first line has the kind, the statuses (a letter each) and whether there is a
 * login; NUL bytes part the answers. */
#include "base/mem.h"
#include "forward/probe.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { QUESTIONS_MAX = 10 };

static void check_lines(struct str text, bool may_break)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < ' ' && !(may_break && c == '\n'))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned statuses[] = {200, 204, 0, 302, 400, 401, 403, 404, 422, 429, 503};
    struct str rest = str_of(data, size), plan = {0}, body = {0};
    struct probe_request request;
    struct probe probe;
    take_until(&rest, '\n', &plan);
    struct config_other_output output = {.url = STR("http://x"), .data_stream = STR("logs-a-b")};
    output.kind = plan.len ? (unsigned char)plan.ptr[0] % OUTPUT_STDOUT : 0;
    probe_begin(&probe, &output, plan.len > 1 && plan.ptr[1] == 'l', INT64_C(1764547200000000000));
    for (size_t i = 0; probe_next(&probe, &request); i++) {
        if (i == QUESTIONS_MAX)
            abort();
        unsigned char letter = i + 2 < plan.len ? (unsigned char)plan.ptr[i + 2] : 'a';
        take_until(&rest, '\0', &body);
        const struct probe_answer answer = {.status = statuses[letter % countof(statuses)],
                                            .error = STR("refused"),
                                            .body = body,
                                            .product =
                                                letter & 0x20 ? STR("Elasticsearch") : STR("")};
        probe_take(&probe, &answer);
    }
    if (probe.text.len == 0)
        abort();
    check_lines(buf_str(&probe.text), false);
    check_lines(buf_str(&probe.hints), true);
    probe_free(&probe);
    return 0;
}
