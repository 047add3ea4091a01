#include "base/io/work.h"
#include "base/mem.h"
#include "base/time.h"
#include "tests/test.h"

#include <unistd.h>

enum { PIECE = 10000, PIECES = 300 };

struct job {
    struct work work;
    int runs, dones; /* runs: written by the thread, read after done */
    size_t emitted, got;
    size_t emitted_now; /* atomic: bytes emitted so far */
    unsigned next;      /* number expected in the next chunk */
    bool order_broken;
    bool pause_at_first;
    bool cancel_at_first;
    bool emit_failed;
};

struct pool {
    uv_loop_t loop;
    struct workers *workers;
};

static void pool_open(struct pool *p, unsigned threads)
{
    struct err err;
    REQUIRE(uv_loop_init(&p->loop) == 0);
    REQUIRE_OK(workers_open(&p->workers, &p->loop, threads, &err));
}

static void pool_close(struct pool *p)
{
    workers_close(&p->workers);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&p->loop), 0);
}

static void count_done(struct work *work)
{
    container_of(work, struct job, work)->dones++;
}

static void count_run(struct work *work)
{
    container_of(work, struct job, work)->runs++;
}

static void run_until_done(struct pool *p, const struct job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        while (jobs[i].dones == 0)
            uv_run(&p->loop, UV_RUN_ONCE);
    }
}

TEST(io_work_runs_each_once_and_calls_done)
{
    struct pool p;
    pool_open(&p, 3);
    static struct job jobs[200];
    for (size_t i = 0; i < countof(jobs); i++) {
        jobs[i].work = (struct work){.run = count_run, .done = count_done};
        work_start(p.workers, &jobs[i].work);
        CHECK_INT(jobs[i].dones, 0);
    }
    run_until_done(&p, jobs, countof(jobs));
    for (size_t i = 0; i < countof(jobs); i++)
        CHECK(jobs[i].runs == 1 && jobs[i].dones == 1);
    pool_close(&p);
}

static void emit_numbers(struct work *work)
{
    struct job *job = container_of(work, struct job, work);
    for (unsigned i = 0; i < PIECES; i++) {
        struct buf chunk = {0};
        put_u32(&chunk, i);
        memset(buf_reserve(&chunk, PIECE - 4), 'x', PIECE - 4);
        chunk.len = PIECE;
        if (!work_emit(work, &chunk)) {
            job->emit_failed = true;
            return;
        }
        assert(chunk.ptr == NULL && chunk.len == 0);
        job->emitted += PIECE;
        __atomic_store_n(&job->emitted_now, job->emitted, __ATOMIC_SEQ_CST);
    }
}

static void take_numbers(struct work *work, struct str bytes)
{
    struct job *job = container_of(work, struct job, work);
    uint32_t number;
    memcpy(&number, bytes.ptr, 4);
    job->order_broken |= number != job->next++ || bytes.len != PIECE;
    job->got += bytes.len;
    if (job->pause_at_first)
        work_pause(work);
    if (job->cancel_at_first)
        work_cancel(work);
}

TEST(io_work_streams_in_order)
{
    struct pool p;
    pool_open(&p, 2);
    static struct job jobs[2];
    for (size_t i = 0; i < countof(jobs); i++) {
        jobs[i].work =
            (struct work){.run = emit_numbers, .chunk = take_numbers, .done = count_done};
        work_start(p.workers, &jobs[i].work);
    }
    run_until_done(&p, jobs, countof(jobs));
    for (size_t i = 0; i < countof(jobs); i++) {
        CHECK_INT(jobs[i].got, PIECE * PIECES);
        CHECK(!jobs[i].order_broken && jobs[i].dones == 1);
    }
    pool_close(&p);
}

static void run_for(struct pool *p, int ms)
{
    int64_t until = time_monotonic() + ms * NS_PER_MS;
    while (time_monotonic() < until) {
        uv_run(&p->loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
}

TEST(io_work_holds_a_fast_emitter_back)
{
    struct pool p;
    pool_open(&p, 1);
    static struct job job = {.pause_at_first = true};
    job.work = (struct work){.run = emit_numbers, .chunk = take_numbers, .done = count_done};
    work_start(p.workers, &job.work);
    run_for(&p, 100);
    CHECK_INT(job.got, PIECE);
    CHECK(__atomic_load_n(&job.emitted_now, __ATOMIC_SEQ_CST) <= WORK_QUEUE_MAX + 2 * PIECE);
    CHECK_INT(job.dones, 0);
    job.pause_at_first = false;
    work_resume(&job.work);
    run_until_done(&p, &job, 1);
    CHECK_INT(job.got, PIECE * PIECES);
    CHECK(!job.order_broken);
    pool_close(&p);
}

static void emit_while_there_is_room(struct work *work)
{
    struct job *job = container_of(work, struct job, work);
    while (work_has_room(work, 50)) {
        struct buf chunk = {0};
        put_u32(&chunk, (uint32_t)(job->emitted / PIECE));
        memset(buf_reserve(&chunk, PIECE - 4), 'x', PIECE - 4);
        chunk.len = PIECE;
        REQUIRE(work_emit(work, &chunk));
        job->emitted += PIECE;
    }
}

TEST(io_work_says_when_nobody_reads)
{
    struct pool p;
    pool_open(&p, 1);
    static struct job job = {.pause_at_first = true}, other;
    job.work =
        (struct work){.run = emit_while_there_is_room, .chunk = take_numbers, .done = count_done};
    other.work = (struct work){.run = count_run, .done = count_done};
    work_start(p.workers, &job.work);
    work_start(p.workers, &other.work);
    run_until_done(&p, &other, 1); /* the one thread is free again */
    CHECK_INT(job.dones, 0);
    CHECK_INT(job.got, PIECE);
    job.pause_at_first = false;
    work_resume(&job.work);
    run_until_done(&p, &job, 1);
    CHECK(job.got == job.emitted && job.got > WORK_QUEUE_MAX && !job.order_broken);
    pool_close(&p);
}

TEST(io_work_cancel_ends_a_blocked_emitter)
{
    struct pool p;
    pool_open(&p, 1);
    static struct job job = {.cancel_at_first = true};
    job.work = (struct work){.run = emit_numbers, .chunk = take_numbers, .done = count_done};
    work_start(p.workers, &job.work);
    run_until_done(&p, &job, 1);
    CHECK(job.emit_failed && work_is_canceled(&job.work));
    CHECK_INT(job.got, PIECE); /* nothing after the cancel */
    pool_close(&p);
}

static void run_until_canceled(struct work *work)
{
    count_run(work);
    while (!work_is_canceled(work))
        usleep(500);
}

TEST(io_work_cancel_skips_what_no_thread_has_begun)
{
    struct pool p;
    pool_open(&p, 1);
    static struct job jobs[3];
    for (size_t i = 0; i < countof(jobs); i++) {
        jobs[i].work = (struct work){.run = run_until_canceled, .done = count_done};
        work_start(p.workers, &jobs[i].work);
    }
    work_cancel(&jobs[1].work);
    work_cancel(&jobs[1].work);
    CHECK_INT(jobs[1].dones, 0); /* never from inside */
    run_until_done(&p, &jobs[1], 1);
    CHECK(jobs[1].runs == 0 && jobs[0].dones == 0);
    work_cancel(&jobs[0].work);
    run_until_done(&p, &jobs[0], 1);
    work_cancel(&jobs[2].work);
    run_until_done(&p, &jobs[2], 1);
    for (size_t i = 0; i < countof(jobs); i++)
        CHECK_INT(jobs[i].dones, 1);
    pool_close(&p);
}

TEST(io_work_close_cancels_and_joins)
{
    struct pool p;
    pool_open(&p, 2);
    static struct job jobs[6];
    for (size_t i = 0; i < countof(jobs); i++) {
        jobs[i].work =
            i % 2 ? (struct work){.run = emit_numbers, .chunk = take_numbers, .done = count_done}
                  : (struct work){.run = run_until_canceled, .done = count_done};
        jobs[i].pause_at_first = true;
        work_start(p.workers, &jobs[i].work);
    }
    run_for(&p, 20);
    workers_close(&p.workers);
    for (size_t i = 0; i < countof(jobs); i++)
        CHECK_INT(jobs[i].dones, 1);
    pool_close(&p);
}
