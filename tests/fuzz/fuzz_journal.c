/*
 * Any bytes (and frames.h) as a journal file: read to the end with and without payloads, and gone on
 * with.
 */
#include "tests/fuzz/frames.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_BYTES = 1 << 20 };

static struct file memory_file(struct str bytes)
{
    struct err err;
    struct file f = {.fd_plus_1 = memfd_create("journal", 0) + 1};
    assert(is_file_open(&f));
    bool is_written = file_write_at(&f, 0, bytes, &err);
    assert(is_written);
    return f;
}

static void check_health(const struct journal_health *h, uint64_t size)
{
    assert(h->end + h->torn_bytes == size && h->rotten_bytes <= h->end);
    assert((h->rotten_parts == 0) == (h->rotten_bytes == 0));
    assert(h->rotten_parts == 0 || h->first_rotten + h->rotten_bytes <= h->end);
}

/* The number of frames; false if there is no journal in it. */
static bool read_all(const struct file *f, uint64_t size, bool with_payload, size_t *n,
                     struct journal_health *health)
{
    struct err err;
    struct frame frame;
    uint64_t behind = 0, bytes = 0;
    defer(journal_reader_free) struct journal_reader r = {0};
    if (!journal_reader_open(&r, f, UINT64_MAX, &err))
        return false;
    for (*n = 0; journal_next(&r, with_payload, &frame, &err); ++*n) {
        assert(frame.offset >= behind && frame.next <= size);
        assert(frame.next == frame.offset + FRAME_HEADER + frame.length);
        assert(!with_payload || r.payload.len == frame.length);
        behind = frame.next;
        bytes += frame.next - frame.offset;
    }
    assert(err.code == ERR_NONE);
    check_health(&r.health, size);
    assert(bytes + r.health.rotten_bytes <= r.health.end);
    *health = r.health;
    return true;
}

/* Opened for writing, a frame appended: the same frames and this one. */
static void go_on(const struct file *f, size_t n, const struct journal_health *before)
{
    struct err err;
    struct frame frame;
    struct journal *j = NULL;
    struct journal_health health;
    char path[64];
    size_t after;
    uint64_t size;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file_fd(f));
    bool good = journal_open(&j, path, &health, &err);
    assert(good && health.end == before->end);
    good = journal_append(j, 9, STR("more"), STR(""), 1, &frame, &err) && journal_sync(j, &err);
    assert(good && frame.offset == before->end);
    journal_close(&j, 2);
    good = file_size(f, &size, &err) && read_all(f, size, true, &after, &health);
    assert(good && after == n + 1 && health.torn_bytes == 0);
    assert(health.rotten_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal_health with, without;
    size_t n, n_headers;
    if (size > SIZE_MAX_BYTES)
        return 0;
    defer(buf_free) struct buf bytes = {0};
    buf_add(&bytes, str_of(data, size));
    improve_frames(&bytes);
    defer(file_close) struct file f = memory_file(buf_str(&bytes));
    bool good = read_all(&f, size, false, &n_headers, &without);
    assert(read_all(&f, size, true, &n, &with) == good);
    if (good && with.rotten_parts == 0)
        go_on(&f, n, &with);
    return 0;
}
