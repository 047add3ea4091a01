/* Any bytes as a hello: the question, as a collector reads it, and the answer, as a shipper does. */
#include "base/mem.h"
#include "collector/hello.h"
#include "forward/hello.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct str json)
{
    struct err err;
    struct hello_answer answer;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf said = {0};
    defer(origins_close) struct origins *origins = origins_new();
    if (answer_hello(origins, json, 1, &said, &err) &&
        !read_hello_answer(buf_str(&said), &arena, &answer, &err))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct hello_answer answer;
    struct hash128 ids[1] = {{0}};
    defer(arena_free) struct arena arena = {0};
    struct str json = str_of(data, size);
    ask(json);
    if (!read_hello_answer(json, &arena, &answer, &err))
        return 0;
    for (size_t i = 0; i < answer.n_sources; i++)
        ids[0].low ^= answer.sources[i].id.low ^ answer.sources[i].to ^ answer.sources[i].hash;
    defer(buf_free) struct buf question = {0};
    put_hello(&question, answer.last_hash, ids, 1);
    ask(buf_str(&question));
    return 0;
}
