/*
 * Any bytes as a file of Docker's local driver, read as the shipper does: whole frames one by one,
 * and behind what is none the next place where one may stand. No crash, always forward, payloads
 * inside the file, and what may come next is never said to be no frame.
 */
#include "base/mem.h"
#include "formats/line/docker_local.h"
#include "formats/line/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_resync(struct str file, size_t to)
{
    struct str payload;
    assert(to > 0 && to <= file.len);
    assert(to == file.len ||
           docker_local_frame(str_slice(file, to, file.len), &payload) != SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    defer(buf_free) struct buf scratch = {0};
    struct str file = str_of(data, size), payload;
    while (file.len) {
        size_t n = docker_local_frame(file, &payload);
        if (n == 0 || n == SIZE_MAX) {
            n = docker_local_resync(file);
            check_resync(file, n);
        } else {
            struct enveloped e;
            assert(n <= file.len && n <= DOCKER_LOCAL_FRAME_MAX && payload.len == n - 8);
            assert(payload.ptr == file.ptr + 4);
            if (envelope_open(ENVELOPE_DOCKER_LOCAL, payload, &scratch, &e))
                assert(e.text.ptr >= payload.ptr &&
                       e.text.ptr + e.text.len <= payload.ptr + payload.len);
        }
        file = str_slice(file, n, file.len);
    }
    return 0;
}
