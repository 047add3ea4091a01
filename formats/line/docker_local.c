#include "formats/line/docker_local.h"

enum { SIZE_LEN = 4, PAYLOAD_MAX = DOCKER_LOCAL_FRAME_MAX - 2 * SIZE_LEN };

static uint32_t size_at(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

size_t docker_local_frame(struct str data, struct str *payload)
{
    if (data.len < SIZE_LEN)
        return 0;
    uint32_t size = size_at(data.ptr);
    if (size == 0 || size > PAYLOAD_MAX)
        return SIZE_MAX;
    size_t whole = (size_t)size + 2 * SIZE_LEN;
    if (data.len < whole)
        return 0;
    if (size_at(data.ptr + SIZE_LEN + size) != size)
        return SIZE_MAX;
    *payload = str_of(data.ptr + SIZE_LEN, size);
    return whole;
}

/* Field 1 of 6 bytes, of which the first three are those of both lanes. */
#define BEGINNING "\n\6std"
enum { BEGINNING_LEN = sizeof BEGINNING - 1 };

/* data ends before the beginning of a payload is complete: could it be one as far as it goes? */
static bool may_begin(struct str data)
{
    size_t seen = data.len > SIZE_LEN ? data.len - SIZE_LEN : 0;
    if (data.len >= 1 && data.ptr[0] != 0)
        return false;
    if (data.len >= SIZE_LEN && (size_at(data.ptr) == 0 || size_at(data.ptr) > PAYLOAD_MAX))
        return false;
    return seen == 0 || memcmp(data.ptr + SIZE_LEN, BEGINNING, seen) == 0;
}

size_t docker_local_resync(struct str data)
{
    size_t first_open = data.len, at = 1 + SIZE_LEN;
    struct str payload;
    while (at < data.len) {
        size_t found = str_find(str_slice(data, at, data.len), STR(BEGINNING));
        if (found == SIZE_MAX)
            break;
        at += found;
        size_t from = at - SIZE_LEN,
               whole = docker_local_frame(str_slice(data, from, data.len), &payload);
        if (whole == 0 && first_open == data.len)
            first_open = from;
        else if (whole != 0 && whole != SIZE_MAX)
            return from;
        at++;
    }
    if (first_open < data.len)
        return first_open;
    size_t from = data.len > SIZE_LEN + BEGINNING_LEN ? data.len - SIZE_LEN - BEGINNING_LEN + 1 : 1;
    while (from < data.len && !may_begin(str_slice(data, from, data.len)))
        from++;
    return from < data.len ? from : data.len;
}
