/* Any bytes as a line: its shape is within bounds, has no control bytes and is the same a second time; of text with other
 * digits too (invariant 2). */
#include "base/mem.h"
#include "formats/line/skeleton.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 127)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skeleton s;
    defer(buf_free) struct buf first = {0}, other = {0};
    char name[SKELETON_NAME];
    struct str line = str_of(data, size);
    buf_add(&first, skeleton_of(&s, line));
    skeleton_name(buf_str(&first), name);
    assert(first.len <= SKELETON_MAX && !has_control(buf_str(&first)));
    assert(strlen(name) == SKELETON_NAME - 1);
    assert(str_equal(skeleton_of(&s, line), buf_str(&first)));
    if (size == 0 || memchr(data, '{', size) || memchr(data, '\\', size))
        return 0;
    buf_add(&other, line);
    for (size_t i = 0; i < other.len; i++)
        if (other.ptr[i] >= '0' && other.ptr[i] <= '9')
            other.ptr[i] = '7';
    assert(str_equal(skeleton_of(&s, buf_str(&other)), buf_str(&first)));
    return 0;
}
