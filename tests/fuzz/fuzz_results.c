/* Any bytes as the answer of a collector; what can be read is printed in each way. */
#include "query/engine/print.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_all(struct printer printers[3], const struct result *result)
{
    for (int i = 0; i < 3; i++) {
        defer(buf_free) struct buf out = {0};
        printer_add(&printers[i], result, &out);
        assert(printers[i].options.output != PRINT_JSON || is_utf8(buf_str(&out)));
        for (size_t at = 0; printers[i].options.terminal && at < out.len; at++)
            assert((unsigned char)out.ptr[at] >= 0x20 || strchr("\n\t", out.ptr[at]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct printer printers[3];
    for (int i = 0; i < 3; i++)
        printer_init(&printers[i], (struct print_options){.output = (enum print_output)i,
                                                          .with_host = true,
                                                          .with_context = true,
                                                          .terminal = i != PRINT_JSON});
    struct result_reader reader = {0};
    struct summary summary = {0};
    struct str rest = str_of(data, size);
    enum result_kind kind;
    do {
        struct result result;
        if (!result_reader_take(&reader, &rest, &kind, &result, &summary, &err))
            break;
        if (kind == RESULT_RECORD)
            print_all(printers, &result);
    } while (kind == RESULT_RECORD || kind == RESULT_MARK);
    summary_free(&summary);
    result_reader_free(&reader);
    return 0;
}
