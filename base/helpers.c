#include "base/helpers.h"

#include "base/mem.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

enum { STACK = 1 << 20 };

struct helpers {
    pthread_mutex_t lock;
    pthread_cond_t todo; /* something was offered, or closing */
    pthread_cond_t done; /* some task is done */
    struct task *first, *last;
    unsigned most, n, idle;
    bool closing;
    pthread_t threads[HELPERS_MAX];
};

unsigned helpers_of_machine(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 0;
    int n = CPU_COUNT(&set);
    return n > 1 ? min_of((unsigned)n - 1, (unsigned)HELPERS_MAX) : 0;
}

/* The lock is held. */
static struct task *take_first(struct helpers *h)
{
    struct task *task = h->first;
    h->first = task->next;
    h->last = h->first ? h->last : NULL;
    return task;
}

static void *help(void *data)
{
    struct helpers *h = data;
    pthread_mutex_lock(&h->lock);
    while (!h->closing) {
        if (!h->first) {
            h->idle++;
            pthread_cond_wait(&h->todo, &h->lock);
            h->idle--;
            continue;
        }
        struct task *task = take_first(h);
        task->state = TASK_BEGUN;
        pthread_mutex_unlock(&h->lock);
        task->run(task);
        pthread_mutex_lock(&h->lock);
        task->state = TASK_DONE;
        pthread_cond_broadcast(&h->done);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* One more, if there may be. Signals stay with the thread that has them. The lock is held. */
static void start_thread(struct helpers *h)
{
    if (h->n == h->most)
        return;
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    h->n += pthread_create(&h->threads[h->n], &attributes, help, h) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

void helpers_open(struct helpers **out, unsigned most)
{
    struct helpers *h = mem_new(struct helpers);
    h->most = min_of(most, (unsigned)HELPERS_MAX);
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->todo, NULL);
    pthread_cond_init(&h->done, NULL);
    *out = h;
}

void helpers_close(struct helpers **helpers)
{
    struct helpers *h = *helpers;
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->closing = true;
    pthread_cond_broadcast(&h->todo);
    pthread_mutex_unlock(&h->lock);
    for (unsigned i = 0; i < h->n; i++)
        pthread_join(h->threads[i], NULL);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->todo);
    pthread_cond_destroy(&h->done);
    mem_free(helpers);
}

unsigned helpers_most(const struct helpers *h)
{
    return h->most;
}

void task_offer(struct helpers *h, struct task *task)
{
    pthread_mutex_lock(&h->lock);
    assert(task->state == TASK_IDLE || task->state == TASK_DONE);
    task->state = TASK_OFFERED;
    task->next = NULL;
    if (h->last)
        h->last->next = task;
    else
        h->first = task;
    h->last = task;
    if (h->idle == 0)
        start_thread(h);
    pthread_cond_signal(&h->todo);
    pthread_mutex_unlock(&h->lock);
}

bool task_take_back(struct helpers *h, struct task *task)
{
    pthread_mutex_lock(&h->lock);
    bool is_back = task->state == TASK_OFFERED;
    if (is_back) {
        struct task *before = NULL;
        for (struct task *at = h->first; at != task; at = at->next)
            before = at;
        if (before)
            before->next = task->next;
        else
            h->first = task->next;
        h->last = h->last == task ? before : h->last;
        task->state = TASK_IDLE;
    }
    pthread_mutex_unlock(&h->lock);
    return is_back;
}

bool task_is_done(struct helpers *h, const struct task *task)
{
    pthread_mutex_lock(&h->lock);
    bool is_done = task->state == TASK_DONE;
    pthread_mutex_unlock(&h->lock);
    return is_done;
}

void task_wait(struct helpers *h, const struct task *task)
{
    pthread_mutex_lock(&h->lock);
    while (task->state == TASK_BEGUN)
        pthread_cond_wait(&h->done, &h->lock);
    pthread_mutex_unlock(&h->lock);
}
