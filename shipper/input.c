#include "shipper/input.h"

#include "base/mem.h"
#include "shipper/tailer.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { READ_BYTES = 64 << 10, POLL_MS = 200 };

struct input {
    struct work work;
    struct input_sink sink;
    int fd;
    struct err err;  /* of the thread, read when it is done */
    struct buf held; /* not yet given */
    size_t given;    /* of held */
    bool in_line;    /* a part of the present line was given */
    bool is_waiting; /* the sink had no room */
    bool has_ended;  /* everything is in held */
    bool is_over;    /* ended was called */
};

/* True when there is something to read, or the end. */
static bool wait_for_bytes(struct input *i)
{
    struct pollfd p = {.fd = i->fd, .events = POLLIN};
    while (!work_is_canceled(&i->work)) {
        int n = poll(&p, 1, POLL_MS);
        if (n > 0 || (n < 0 && errno != EINTR))
            return true;
    }
    return false;
}

static void run(struct work *work)
{
    struct input *i = container_of(work, struct input, work);
    while (wait_for_bytes(i)) {
        defer(buf_free) struct buf chunk = {.max = READ_BYTES};
        ssize_t n = read(i->fd, buf_reserve(&chunk, READ_BYTES), READ_BYTES);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            err_sys(&i->err, "standard input");
        if (n <= 0)
            return;
        chunk.len = (size_t)n;
        if (!work_emit(work, &chunk))
            return;
    }
}

static bool give(struct input *i, size_t len, unsigned flags)
{
    if (!i->sink.line(str_of(i->held.ptr + i->given, len), flags, i->sink.data)) {
        i->is_waiting = true;
        work_pause(&i->work);
        return false;
    }
    return true;
}

static unsigned part_flag(const struct input *i, bool is_last)
{
    if (is_last)
        return i->in_line ? TAIL_LAST : 0;
    return i->in_line ? TAIL_MIDDLE : TAIL_FIRST;
}

/* Gives the next line or part; false if there is none, or no room for it. */
static bool give_next(struct input *i)
{
    struct str rest = str_slice(buf_str(&i->held), i->given, SIZE_MAX);
    size_t newline = str_find_byte(str_slice(rest, 0, INPUT_LINE_MAX + 1), '\n');
    if (newline != SIZE_MAX) {
        if (!give(i, newline, part_flag(i, true)))
            return false;
        i->given += newline + 1;
        i->in_line = false;
        return true;
    }
    if (rest.len > INPUT_LINE_MAX) {
        if (!give(i, INPUT_LINE_MAX, part_flag(i, false)))
            return false;
        i->given += INPUT_LINE_MAX;
        i->in_line = true;
        return true;
    }
    if (!i->has_ended || (rest.len == 0 && !i->in_line))
        return false;
    if (!give(i, rest.len, part_flag(i, true) | TAIL_NO_NEWLINE))
        return false;
    i->given += rest.len;
    i->in_line = false;
    return true;
}

static void give_all(struct input *i)
{
    while (!i->is_waiting && give_next(i))
        continue;
    buf_remove_front(&i->held, i->given);
    i->given = 0;
    if (i->has_ended && !i->is_waiting && !i->is_over) {
        i->is_over = true;
        i->sink.ended(i->err.code ? &i->err : NULL, i->sink.data);
    }
}

static void take_chunk(struct work *work, struct str bytes)
{
    struct input *i = container_of(work, struct input, work);
    buf_add(&i->held, bytes);
    assert(!i->held.over); /* paused while something is held back */
    if (!i->is_waiting)
        give_all(i);
}

static void done(struct work *work)
{
    struct input *i = container_of(work, struct input, work);
    i->has_ended = true;
    if (!i->is_waiting)
        give_all(i);
}

struct input *input_open(struct workers *workers, int fd, const struct input_sink *sink)
{
    struct input *i = mem_new(struct input);
    i->sink = *sink;
    i->fd = fd;
    i->held.max = 4 * INPUT_LINE_MAX;
    i->work = (struct work){.run = run, .chunk = take_chunk, .done = done};
    work_start(workers, &i->work);
    return i;
}

void input_resume(struct input *i)
{
    if (!i->is_waiting)
        return;
    i->is_waiting = false;
    give_all(i);
    if (!i->is_waiting && !i->has_ended)
        work_resume(&i->work);
}

void input_close(struct input **i)
{
    if (!*i)
        return;
    buf_free(&(*i)->held);
    mem_free(i);
}
