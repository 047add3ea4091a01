/* shipper/checkpoint on hostile bytes: what is taken comes back as the same bytes, and the tailer
 * takes it, too. */
#include "base/mem.h"
#include "shipper/checkpoint.h"
#include "shipper/tailer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(struct checkpoint_reader *r, struct buf *out)
{
    struct err err;
    checkpoint_begin(out, r->form);
    for (;;) {
        if (!checkpoint_next(r, &err))
            abort();
        if (r->operation == CHECKPOINT_END)
            break;
        if (r->operation == CHECKPOINT_PUT)
            checkpoint_put(out, &r->entry);
        else
            checkpoint_forget(out, r->entry.id);
    }
    checkpoint_end(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct str in = str_of(data, size);
    struct checkpoint_reader r;
    defer(buf_free) struct buf out = {0}, full = {0};
    bool good = checkpoint_check(in, &err);
    if (good && checkpoint_open(&r, in, &err)) {
        write_again(&r, &out);
        if (!str_equal(buf_str(&out), in))
            abort();
    }
    defer(tailer_close) struct tailer *t = NULL;
    struct tailer_options options = {.max_line = 1024, .quantum = 1024};
    if (!tailer_open(&t, &options, &err) || tailer_restore(t, in, &err) != good)
        abort();
    tailer_scan(t, 1);
    tailer_put_full(t, &full);
    if (!checkpoint_check(buf_str(&full), &err))
        abort();
    return 0;
}
