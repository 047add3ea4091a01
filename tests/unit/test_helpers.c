/* Tasks that are offered are done once, by whoever has time. */
#include "base/helpers.h"

#include "base/mem.h"
#include "tests/test.h"

enum { TASKS = 300 };

struct job {
    struct task task;
    int runs; /* atomic */
    int input, result;
};

static void square(struct task *task)
{
    struct job *job = container_of(task, struct job, task);
    __atomic_add_fetch(&job->runs, 1, __ATOMIC_RELAXED);
    job->result = job->input * job->input;
}

/* As an owner does: what nobody has begun, it does itself. */
static void settle(struct helpers *h, struct job *job)
{
    if (task_take_back(h, &job->task))
        job->task.run(&job->task);
    else
        task_wait(h, &job->task);
}

/* helpers.h, invariants 1 and 2 */
TEST(helpers_do_what_is_offered_once)
{
    for (unsigned most = 0; most < 4; most++) {
        defer(helpers_close) struct helpers *h = NULL;
        helpers_open(&h, most);
        struct job *jobs = mem_array(struct job, TASKS);
        for (int round = 1; round < 20; round++) {
            for (int i = 0; i < TASKS; i++) {
                jobs[i].task.run = square;
                jobs[i].input = i * round;
                task_offer(h, &jobs[i].task);
            }
            for (int i = 0; i < TASKS; i++) {
                int at = round % 2 ? i : TASKS - 1 - i;
                settle(h, &jobs[at]);
                CHECK_INT(jobs[at].result, jobs[at].input * jobs[at].input);
                CHECK_INT(jobs[at].runs, round);
                CHECK(!task_take_back(h, &jobs[at].task));
            }
        }
        mem_free(&jobs);
    }
}

/* What was taken back is never done by others, and may be gone. */
TEST(helpers_leave_alone_what_is_taken_back)
{
    defer(helpers_close) struct helpers *h = NULL;
    helpers_open(&h, 2);
    for (int round = 0; round < 300; round++) {
        struct job jobs[8] = {0};
        for (size_t i = 0; i < countof(jobs); i++) {
            jobs[i].task.run = square;
            task_offer(h, &jobs[i].task);
        }
        for (size_t i = countof(jobs); i-- > 0;) {
            bool is_back = task_take_back(h, &jobs[i].task);
            if (!is_back)
                task_wait(h, &jobs[i].task);
            CHECK(is_back || task_is_done(h, &jobs[i].task));
            CHECK_INT(jobs[i].runs, is_back ? 0 : 1);
        }
    }
}

/* Owners that are threads themselves share the helpers. */
static void own(struct task *task)
{
    struct job *job = container_of(task, struct job, task);
    struct helpers *h = NULL;
    helpers_open(&h, 1);
    struct job inner[20] = {0};
    for (int i = 0; i < (int)countof(inner); i++) {
        inner[i].task.run = square;
        inner[i].input = i;
        task_offer(h, &inner[i].task);
    }
    for (size_t i = 0; i < countof(inner); i++) {
        settle(h, &inner[i]);
        job->result += inner[i].result;
    }
    helpers_close(&h);
}

TEST(helpers_have_helpers)
{
    defer(helpers_close) struct helpers *h = NULL;
    helpers_open(&h, 3);
    struct job jobs[6] = {0};
    for (size_t i = 0; i < countof(jobs); i++) {
        jobs[i].task.run = own;
        task_offer(h, &jobs[i].task);
    }
    for (size_t i = 0; i < countof(jobs); i++) {
        settle(h, &jobs[i]);
        CHECK_INT(jobs[i].result, 2470);
    }
}

TEST(helpers_close_without_work)
{
    struct helpers *h = NULL;
    helpers_close(&h);
    helpers_open(&h, 1000);
    CHECK_INT(helpers_most(h), HELPERS_MAX);
    helpers_close(&h);
    CHECK(h == NULL);
    CHECK(helpers_of_machine() <= HELPERS_MAX);
}
