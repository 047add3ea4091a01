#include "base/io/work.h"

#include "base/io/loop.h"
#include "base/mem.h"
#include "base/time.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

struct work_chunk {
    struct work_chunk *next;
    struct buf bytes;
};

struct workers {
    uv_async_t wake;
    struct work *live; /* started and not done; loop only */
    bool is_closed;    /* loop only: the callbacks under way must not go on */

    pthread_mutex_t lock;
    pthread_cond_t todo; /* the queue has something, or closing */
    pthread_cond_t room; /* some work's chunks were delivered, or it was canceled */
    struct work *queue_first, *queue_last;
    struct work *ready_first, *ready_last;
    size_t n_ready;
    bool closing;

    unsigned n_threads;
    pthread_t threads[];
};

bool work_is_canceled(const struct work *work)
{
    return __atomic_load_n(&work->is_canceled, __ATOMIC_ACQUIRE);
}

/* The lock is held. */
static void make_ready(struct workers *workers, struct work *work)
{
    if (work->is_ready)
        return;
    work->is_ready = true;
    work->next_ready = NULL;
    if (workers->ready_last)
        workers->ready_last->next_ready = work;
    else
        workers->ready_first = work;
    workers->ready_last = work;
    workers->n_ready++;
    uv_async_send(&workers->wake);
}

static struct work *pop_ready(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    struct work *work = workers->ready_first;
    if (work) {
        workers->ready_first = work->next_ready;
        if (!workers->ready_first)
            workers->ready_last = NULL;
        workers->n_ready--;
        work->is_ready = false;
    }
    pthread_mutex_unlock(&workers->lock);
    return work;
}

/* The lock is held. */
static struct work *pop_queued(struct workers *workers)
{
    struct work *work = workers->queue_first;
    if (!work)
        return NULL;
    workers->queue_first = work->next_queued;
    if (!workers->queue_first)
        workers->queue_last = NULL;
    return work;
}

static void *run_thread(void *data)
{
    struct workers *workers = data;
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        while (!workers->queue_first && !workers->closing)
            pthread_cond_wait(&workers->todo, &workers->lock);
        struct work *work = pop_queued(workers);
        if (!work)
            break;
        pthread_mutex_unlock(&workers->lock);
        if (!work_is_canceled(work))
            work->run(work);
        pthread_mutex_lock(&workers->lock);
        work->is_finished = true;
        make_ready(workers, work);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

bool work_emit(struct work *work, struct buf *chunk)
{
    struct workers *workers = work->workers;
    struct work_chunk *item = mem_new(struct work_chunk);
    item->bytes = *chunk;
    *chunk = (struct buf){.max = chunk->max};
    pthread_mutex_lock(&workers->lock);
    while (work->queued > WORK_QUEUE_MAX && !work_is_canceled(work))
        pthread_cond_wait(&workers->room, &workers->lock);
    bool taken = !work_is_canceled(work);
    if (taken) {
        if (work->last)
            work->last->next = item;
        else
            work->first = item;
        work->last = item;
        work->queued += item->bytes.len;
        make_ready(workers, work);
    }
    pthread_mutex_unlock(&workers->lock);
    if (!taken) {
        buf_free(&item->bytes);
        mem_free(&item);
    }
    return taken;
}

bool work_has_room(struct work *work, unsigned wait_ms)
{
    struct workers *workers = work->workers;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + (int64_t)wait_ms * NS_PER_MS;
    until.tv_sec += (time_t)(ns / NS_PER_S);
    until.tv_nsec = (long)(ns % NS_PER_S);
    int status = 0;
    pthread_mutex_lock(&workers->lock);
    while (status == 0 && work->queued > WORK_QUEUE_MAX && !work_is_canceled(work))
        status = pthread_cond_timedwait(&workers->room, &workers->lock, &until);
    bool has_room = work->queued <= WORK_QUEUE_MAX;
    pthread_mutex_unlock(&workers->lock);
    return has_room;
}

static struct work_chunk *pop_chunk(struct workers *workers, struct work *work)
{
    pthread_mutex_lock(&workers->lock);
    struct work_chunk *item = work->first;
    if (item) {
        work->first = item->next;
        if (!work->first)
            work->last = NULL;
        work->queued -= item->bytes.len;
        pthread_cond_broadcast(&workers->room);
    }
    pthread_mutex_unlock(&workers->lock);
    return item;
}

static void drop_chunks(struct workers *workers, struct work *work)
{
    struct work_chunk *item;
    while ((item = pop_chunk(workers, work))) {
        buf_free(&item->bytes);
        mem_free(&item);
    }
}

static void unlink_live(struct workers *workers, struct work *work)
{
    if (work->previous)
        work->previous->next = work->next;
    else
        workers->live = work->next;
    if (work->next)
        work->next->previous = work->previous;
}

static void finish(struct workers *workers, struct work *work)
{
    drop_chunks(workers, work);
    unlink_live(workers, work);
    work->done(work);
}

/* False: the pool was closed by a callback, and the work is gone. */
static bool deliver_chunks(struct workers *workers, struct work *work)
{
    size_t given = 0;
    while (!work->is_paused && !work_is_canceled(work) && given <= WORK_QUEUE_MAX) {
        struct work_chunk *item = pop_chunk(workers, work);
        if (!item)
            break;
        given += item->bytes.len;
        work->chunk(work, buf_str(&item->bytes));
        buf_free(&item->bytes);
        mem_free(&item);
        if (workers->is_closed)
            return false;
    }
    return true;
}

static void deliver(struct workers *workers, struct work *work)
{
    if (!deliver_chunks(workers, work))
        return;
    pthread_mutex_lock(&workers->lock);
    bool finished = work->is_finished;
    bool more = work->first != NULL;
    if (more && !work->is_paused && !work_is_canceled(work))
        make_ready(workers, work);
    /* A finished work that something made ready again meanwhile ends in its next turn. */
    bool waits = work->is_ready;
    pthread_mutex_unlock(&workers->lock);
    if (finished && !waits && (work_is_canceled(work) || (!more && !work->is_paused)))
        finish(workers, work);
}

static void on_wake(uv_async_t *wake)
{
    struct workers *workers = wake->data;
    pthread_mutex_lock(&workers->lock);
    size_t n = workers->n_ready;
    pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < n && !workers->is_closed; i++) {
        struct work *work = pop_ready(workers);
        if (work)
            deliver(workers, work);
    }
}

static void join_all(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->closing = true;
    pthread_cond_broadcast(&workers->todo);
    pthread_cond_broadcast(&workers->room);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->n_threads; i++)
        pthread_join(workers->threads[i], NULL);
    workers->n_threads = 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct workers *workers = handle->data;
    pthread_mutex_destroy(&workers->lock);
    pthread_cond_destroy(&workers->todo);
    pthread_cond_destroy(&workers->room);
    mem_free(&workers);
}

void work_give_way(void)
{
    setpriority(PRIO_PROCESS, 0, 15); /* on Linux: of this thread */
}

void workers_close(struct workers **variable)
{
    struct workers *workers = move(*variable);
    if (!workers)
        return;
    assert(!workers->is_closed);
    workers->is_closed = true;
    for (struct work *work = workers->live; work; work = work->next)
        __atomic_store_n(&work->is_canceled, true, __ATOMIC_RELEASE);
    join_all(workers);
    while (workers->live)
        finish(workers, workers->live);
    uv_close((uv_handle_t *)&workers->wake, on_closed);
}

/* Signals stay with the loop's thread. */
static int start_thread(struct workers *workers)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, WORK_STACK);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status =
        pthread_create(&workers->threads[workers->n_threads], &attributes, run_thread, workers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    workers->n_threads += status == 0;
    return status;
}

/* Its time-outs do not follow the wall clock. */
static void init_monotonic(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool workers_open(struct workers **out, uv_loop_t *loop, unsigned threads, struct err *err)
{
    assert(threads > 0);
    struct workers *workers = mem_alloc(sizeof *workers + threads * sizeof *workers->threads);
    int status = uv_async_init(loop, &workers->wake, on_wake);
    if (status < 0) {
        mem_free(&workers);
        return loop_err(err, status, "start threads");
    }
    workers->wake.data = workers;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->todo, NULL);
    init_monotonic(&workers->room);
    for (unsigned i = 0; i < threads; i++) {
        errno = start_thread(workers);
        if (errno == 0)
            continue;
        err_sys(err, "start thread %u of %u", i + 1, threads);
        workers_close(&workers);
        return false;
    }
    *out = workers;
    return true;
}

void work_start(struct workers *workers, struct work *work)
{
    assert(!workers->is_closed);
    *work = (struct work){.run = work->run,
                          .chunk = work->chunk,
                          .done = work->done,
                          .workers = workers,
                          .next = workers->live};
    if (workers->live)
        workers->live->previous = work;
    workers->live = work;
    pthread_mutex_lock(&workers->lock);
    if (workers->queue_last)
        workers->queue_last->next_queued = work;
    else
        workers->queue_first = work;
    workers->queue_last = work;
    pthread_cond_signal(&workers->todo);
    pthread_mutex_unlock(&workers->lock);
}

/* Takes a work that no thread has begun out of the queue. The lock is held. */
static bool unqueue(struct workers *workers, struct work *work)
{
    struct work *before = NULL;
    struct work *at = workers->queue_first;
    for (; at && at != work; at = at->next_queued)
        before = at;
    if (!at)
        return false;
    if (before)
        before->next_queued = work->next_queued;
    else
        workers->queue_first = work->next_queued;
    if (workers->queue_last == work)
        workers->queue_last = before;
    return true;
}

void work_cancel(struct work *work)
{
    struct workers *workers = work->workers;
    __atomic_store_n(&work->is_canceled, true, __ATOMIC_RELEASE);
    pthread_mutex_lock(&workers->lock);
    if (unqueue(workers, work))
        work->is_finished = true;
    if (work->is_finished)
        make_ready(workers, work);
    pthread_cond_broadcast(&workers->room);
    pthread_mutex_unlock(&workers->lock);
}

void work_pause(struct work *work)
{
    work->is_paused = true;
}

void work_resume(struct work *work)
{
    work->is_paused = false;
    pthread_mutex_lock(&work->workers->lock);
    make_ready(work->workers, work);
    pthread_mutex_unlock(&work->workers->lock);
}
