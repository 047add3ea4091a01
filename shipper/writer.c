#include "shipper/writer.h"

#include "base/io/work.h"
#include "base/log.h"
#include "base/mem.h"

enum { RETRY_MS = 1000 };

struct writer {
    struct writer_options options;
    struct workers *workers;
    uv_timer_t retry;
    struct work work;
    bool is_busy, is_failing, is_closing;

    /* What is being written; the thread's while it runs. */
    struct block_builder *builder;
    struct buf change, whole;
    struct buf block; /* encoded */
    bool is_appended; /* to the present file; only the sync is missing */
    bool good;
    struct err err;
};

/* ---- on the thread ---- */

static bool append(struct writer *w, int64_t now_ns)
{
    struct spool *s = w->options.spool;
    buf_reset(&w->block);
    if (w->builder && !block_builder_finish(w->builder, spool_origin(s), spool_next_sequence(s),
                                            w->options.unit, &w->block, &w->err))
        return false;
    return spool_append(s, buf_str(&w->change), buf_str(&w->block), now_ns, &w->err);
}

static bool write_once(struct writer *w)
{
    struct spool *s = w->options.spool;
    int64_t now = time_now();
    bool recovers = is_spool_failed(s);
    if (recovers) {
        w->is_appended = false;
        if (!spool_recover(s, now, &w->err))
            return false;
    }
    w->is_appended = w->is_appended || append(w, now);
    if (!w->is_appended || !spool_sync(s, &w->err))
        return false;
    struct err later; /* the file goes on growing if there is no room for a new one */
    if (w->whole.len && !recovers)
        spool_rotate(s, buf_str(&w->whole), now, &later);
    return true;
}

static void run(struct work *work)
{
    struct writer *w = container_of(work, struct writer, work);
    w->good = write_once(w);
}

/* ---- on the loop ---- */

static void on_retry(uv_timer_t *timer)
{
    struct writer *w = timer->data;
    work_start(w->workers, &w->work);
}

static void done(struct work *work)
{
    struct writer *w = container_of(work, struct writer, work);
    spool_publish(w->options.spool, time_now());
    if (w->is_closing)
        return;
    if (!w->good) {
        log_error("spool: %s; trying again", w->err.text);
        w->is_failing = true;
        uv_timer_start(&w->retry, on_retry, RETRY_MS, 0);
        return;
    }
    if (w->is_failing)
        log_info("spool: writing again");
    w->is_failing = w->is_busy = false;
    if (w->builder)
        block_builder_reset(w->builder);
    w->options.written(w->options.data);
}

void writer_start(struct writer *w, struct block_builder *builder, struct buf *change,
                  struct buf *whole)
{
    assert(!w->is_busy && !change->over && !whole->over);
    buf_free(&w->change);
    buf_free(&w->whole);
    w->builder = builder;
    w->change = *change;
    w->whole = *whole;
    *change = (struct buf){.max = change->max};
    *whole = (struct buf){.max = whole->max};
    w->is_busy = true;
    w->is_appended = false;
    work_start(w->workers, &w->work);
}

bool is_writer_busy(const struct writer *w)
{
    return w->is_busy;
}
bool is_writer_failing(const struct writer *w)
{
    return w->is_failing;
}

bool writer_open(struct writer **out, const struct writer_options *options, struct err *err)
{
    struct writer *w = mem_new(struct writer);
    w->options = *options;
    w->block.max = BLOCK_MAX;
    w->work = (struct work){.run = run, .done = done};
    if (!workers_open(&w->workers, options->loop, 1, err)) {
        mem_free(&w);
        return false;
    }
    uv_timer_init(options->loop, &w->retry);
    w->retry.data = w;
    *out = w;
    return true;
}

static void closed(uv_handle_t *handle)
{
    struct writer *w = handle->data;
    buf_free(&w->change);
    buf_free(&w->whole);
    buf_free(&w->block);
    mem_free(&w);
}

void writer_close(struct writer **address)
{
    struct writer *w = move(*address);
    if (!w)
        return;
    w->is_closing = true;
    workers_close(&w->workers);
    uv_close((uv_handle_t *)&w->retry, closed);
}
