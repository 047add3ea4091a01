#include "shipper/identity.h"

#include "base/hash.h"
#include "base/mem.h"

static const uint64_t older_distance[IDENTITY_OLDER] = {0, 0, 4096, 65536};

uint64_t sample_hash(struct str bytes)
{
    return bytes.len ? hash64(bytes) : 0;
}

static uint16_t block_hash(const char *bytes)
{
    return (uint16_t)hash64(str_of(bytes, IDENTITY_BLOCK));
}

static void set_head(struct identity *i, struct str head)
{
    i->head_hash = sample_hash(head);
    for (size_t k = 0; k < head.len / IDENTITY_BLOCK; k++)
        i->blocks[k] = block_hash(head.ptr + k * IDENTITY_BLOCK);
}

bool is_head_of(const struct identity *i, struct str head)
{
    size_t n = identity_head(i);
    if (head.len >= n)
        return sample_hash(str_of(head.ptr, n)) == i->head_hash;
    for (size_t k = 0; k < head.len / IDENTITY_BLOCK; k++)
        if (i->blocks[k] != block_hash(head.ptr + k * IDENTITY_BLOCK))
            return false;
    return head.len >= IDENTITY_BLOCK;
}

/* Reads exactly n bytes; *whole is false where the file ends before. */
static bool read_whole(const struct file *f, uint64_t at, char *out, size_t n, bool *whole,
                       struct err *err)
{
    size_t got;
    if (!file_read_at(f, at, out, n, &got, err))
        return false;
    *whole = got == n;
    return true;
}

static bool sample_check(struct sample s, const struct file *f, bool *same, struct err *err)
{
    char tail[IDENTITY_TAIL];
    size_t n = sample_size(s.end);
    if (!read_whole(f, s.end - n, tail, n, same, err))
        return false;
    *same = *same && sample_hash(str_of(tail, n)) == s.hash;
    return true;
}

bool identity_check(const struct identity *i, const struct file *f, struct identity_bytes *bytes,
                    bool *same, struct err *err)
{
    size_t head = identity_head(i), tail = sample_size(i->at.end);
    char *at = bytes->tail + IDENTITY_TAIL - tail;
    *same = true;
    if (head && !read_whole(f, 0, bytes->head, head, same, err))
        return false;
    if (*same && tail && !read_whole(f, i->at.end - tail, at, tail, same, err))
        return false;
    *same = *same && sample_hash(str_of(bytes->head, head)) == i->head_hash &&
            sample_hash(str_of(at, tail)) == i->at.hash;
    return true;
}

static void remember_older(struct identity *i)
{
    struct sample next = i->at;
    for (size_t k = 0; k < IDENTITY_OLDER && next.end; k++) {
        struct sample former = i->older[k];
        if (former.end && next.end - former.end < older_distance[k])
            return;
        i->older[k] = next;
        next = former;
    }
}

void identity_advance(struct identity *i, struct identity_bytes *bytes, const char *data, size_t n)
{
    size_t head = identity_head(i);
    if (n == 0)
        return;
    remember_older(i);
    if (head < IDENTITY_HEAD) {
        size_t more = min_of(n, IDENTITY_HEAD - head);
        memcpy(bytes->head + head, data, more);
        set_head(i, str_of(bytes->head, head + more));
    }
    i->at.end += n;
    size_t tail = sample_size(i->at.end);
    i->at.hash = sample_hash(str_of(data + n - tail, tail));
}

bool identity_of_file(struct identity *i, const struct file *f, uint64_t end, struct err *err)
{
    struct identity made = {.at = {.end = end}};
    char head[IDENTITY_HEAD], tail[IDENTITY_TAIL];
    size_t head_size = identity_head(&made), tail_size = sample_size(end);
    bool whole, whole_tail;
    if (!read_whole(f, 0, head, head_size, &whole, err) ||
        !read_whole(f, end - tail_size, tail, tail_size, &whole_tail, err))
        return false;
    if (!whole || !whole_tail)
        return err_set(err, ERR_NOT_FOUND, "the file has fewer than %llu bytes",
                       (unsigned long long)end);
    set_head(&made, str_of(head, head_size));
    made.at.hash = sample_hash(str_of(tail, tail_size));
    *i = made;
    return true;
}

/* The last sample at or before size; {0, 0} if there is none. */
static struct sample identity_sample_before(const struct identity *i, uint64_t size)
{
    if (i->at.end <= size)
        return i->at;
    for (size_t k = 0; k < IDENTITY_OLDER; k++)
        if (i->older[k].end <= size)
            return i->older[k];
    return (struct sample){0};
}

static bool is_equal_at(const struct file *a, const struct file *b, uint64_t at, size_t n,
                        bool *equal, struct err *err)
{
    char of_a[IDENTITY_HEAD], of_b[IDENTITY_HEAD];
    bool whole_a, whole_b;
    assert(n <= IDENTITY_HEAD);
    if (!read_whole(a, at, of_a, n, &whole_a, err) || !read_whole(b, at, of_b, n, &whole_b, err))
        return false;
    *equal = whole_a && whole_b && memcmp(of_a, of_b, n) == 0;
    return true;
}

bool is_front(const struct identity *i, const struct file *f, bool *front, struct err *err)
{
    char head[IDENTITY_HEAD];
    size_t got;
    uint64_t size;
    if (!file_size(f, &size, err) || !file_read_at(f, 0, head, sizeof head, &got, err))
        return false;
    struct sample last = identity_sample_before(i, size);
    bool has_block = got >= IDENTITY_BLOCK;
    *front = has_block ? is_head_of(i, str_of(head, got)) : last.end > 0;
    return !*front || !last.end || sample_check(last, f, front, err);
}

void identity_set(struct identity *i, uint64_t end, struct str head, struct str tail)
{
    *i = (struct identity){.at = {end, sample_hash(tail)}};
    set_head(i, head);
}

bool is_copy_of_front(const struct file *a, const struct file *b, bool *copy, struct err *err)
{
    uint64_t size;
    bool same_head;
    *copy = false;
    if (!file_size(a, &size, err))
        return false;
    size_t n = (size_t)min_of(size, (uint64_t)IDENTITY_HEAD);
    if (n == 0)
        return true;
    if (!is_equal_at(a, b, 0, n, &same_head, err))
        return false;
    return !same_head || is_equal_at(a, b, size - n, n, copy, err);
}
