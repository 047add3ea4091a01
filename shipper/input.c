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
    struct err err; /* of the thread, read when it is done */
    const struct multiline *rule;
    struct multiline_state multiline; /* of the open record */
    struct buf held;                  /* not yet given */
    size_t given;                     /* of held */
    size_t open; /* bytes of the open record behind them, if it is open: its whole lines, with the
                         newlines between them */
    int64_t since_ns; /* its last line came */
    bool is_open;
    bool in_record;  /* a part of the present record was given */
    bool in_line;    /* one that ended within a line */
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

static unsigned part_flag(const struct input *i, bool is_last)
{
    if (is_last)
        return i->in_record ? TAIL_LAST : 0;
    return i->in_record ? TAIL_MIDDLE : TAIL_FIRST;
}

/* Gives len bytes, and passes over so many behind them. False: no room. */
static bool give(struct input *i, size_t len, size_t behind, bool is_last, unsigned flags)
{
    if (!i->sink.line(str_of(i->held.ptr + i->given, len), part_flag(i, is_last) | flags,
                      i->sink.data)) {
        i->is_waiting = true;
        work_pause(&i->work);
        return false;
    }
    i->given += len + behind;
    i->in_record = !is_last;
    i->in_line = i->is_open = false;
    return true;
}

static bool give_open(struct input *i)
{
    return give(i, i->open, 1, true, 0);
}

static bool goes_on(const struct input *i, struct multiline_state *state, struct str line)
{
    struct str open = str_of(i->held.ptr + i->given, i->is_open ? i->open : 0);
    *state = i->is_open ? i->multiline : (struct multiline_state){0};
    return i->rule && multiline_continues(i->rule, state, open, line) && i->is_open;
}

/* A line, with its newline or the end of all behind it, is added to the open record or begins one. */
static bool take_line(struct input *i, struct str line, bool has_newline)
{
    struct multiline_state state;
    bool is_more = goes_on(i, &state, line);
    if (i->is_open && !is_more)
        return give_open(i);
    bool is_too_long = is_more && i->open + 1 + line.len > INPUT_LINE_MAX;
    size_t len = line.len + (is_more && !is_too_long ? i->open + 1 : 0);
    if (is_too_long && !give(i, i->open + 1, 0, false, 0))
        return false;
    if (!has_newline)
        return give(i, len, 0, true, TAIL_NO_NEWLINE);
    if (!i->rule || !multiline_expects(i->rule, &state))
        return give(i, len, 1, true, 0);
    i->open = len;
    i->is_open = true;
    i->multiline = state;
    i->since_ns = time_monotonic();
    return true;
}

/* Takes or gives what comes next; false if there is nothing to do, or no room. */
static bool take_next(struct input *i)
{
    size_t from = i->given + (i->is_open ? i->open + 1 : 0);
    struct str rest = str_slice(buf_str(&i->held), from, SIZE_MAX);
    size_t newline = str_find_byte(str_slice(rest, 0, INPUT_LINE_MAX + 1), '\n');
    bool is_whole = newline != SIZE_MAX, is_long = !is_whole && rest.len > INPUT_LINE_MAX;
    if (i->in_line && is_whole)
        return give(i, newline, 1, true, 0);
    if (is_whole)
        return take_line(i, str_slice(rest, 0, newline), true);
    if (is_long && i->is_open)
        return give_open(i);
    if (is_long) {
        bool is_given = give(i, INPUT_LINE_MAX, 0, false, 0);
        i->in_line |= is_given;
        return is_given;
    }
    if (!i->has_ended)
        return false;
    if (i->in_line)
        return give(i, rest.len, 0, true, TAIL_NO_NEWLINE);
    if (rest.len > 0)
        return take_line(i, rest, false);
    return i->is_open && give_open(i);
}

static void give_all(struct input *i)
{
    while (!i->is_waiting && take_next(i))
        continue;
    buf_remove_front(&i->held, i->given);
    i->given = 0;
    if (i->has_ended && !i->is_waiting && !i->is_over) {
        i->is_over = true;
        i->sink.ended(i->err.code ? &i->err : NULL, i->sink.data);
    }
}

int64_t input_next_wakeup(const struct input *i)
{
    return i->is_open && !i->is_waiting ? i->since_ns + INPUT_WAIT_NS : INT64_MAX;
}

void input_give_open(struct input *i, bool at_once)
{
    bool is_due = at_once || time_monotonic() >= input_next_wakeup(i);
    if (is_due && i->is_open && !i->is_waiting && give_open(i))
        give_all(i);
}

static void take_chunk(struct work *work, struct str bytes)
{
    struct input *i = container_of(work, struct input, work);
    i->sink.bytes(bytes, i->sink.data);
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

struct input *input_open(struct workers *workers, int fd, const struct multiline *rule,
                         const struct input_sink *sink)
{
    struct input *i = mem_new(struct input);
    i->sink = *sink;
    i->rule = rule;
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
