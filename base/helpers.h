/*
 * Threads that help: whoever has several independent things to do offers them, and does himself what
 * nobody has begun when he needs it.
 *
 *      task_offer ─▶ begun by a helper ─▶ done           task_take_back: false; task_wait
 *           └──────▶ taken back by its owner             true: the owner runs it, or lets it be
 *
 * So all goes on without any helper, nothing waits for one that is busy elsewhere, and however many
 * owners there are, there are never more helpers than were said: many searches at the same time have one
 * thread each, and one that is alone has all of them.
 *
 *  1. A task is run at most once after it was offered, by one helper. Before it is offered again, or its
 *     memory goes, its owner has taken it back or seen that it is done.
 *  2. What the task's run has written is seen by who has waited for it, and what the owner has written
 *     before the offer by run.
 *  3. The first offered is the first begun. Threads start when they are needed for the first time; if one
 *     cannot start, there are fewer.
 */
#ifndef BASE_HELPERS_H
#define BASE_HELPERS_H

#include <stdbool.h>

enum { HELPERS_MAX = 16 };

struct helpers;

struct task {
    void (*run)(struct task *);
    struct task *next; /* in the queue */
    enum { TASK_IDLE, TASK_OFFERED, TASK_BEGUN, TASK_DONE } state;
};

/* most: 0 is allowed, and more than HELPERS_MAX are so many. */
void helpers_open(struct helpers **out, unsigned most);
/* Waits for the threads. Nothing is offered any more, but what was may be done. Accepts a NULL variable. */
void helpers_close(struct helpers **helpers);
unsigned helpers_most(const struct helpers *helpers);
/* As many as there are processors for, besides the thread that asks. */
unsigned helpers_of_machine(void);

void task_offer(struct helpers *helpers, struct task *task);
/* True: nobody has begun it and nobody will. */
bool task_take_back(struct helpers *helpers, struct task *task);
bool task_is_done(struct helpers *helpers, const struct task *task);
/* Of one that was begun. */
void task_wait(struct helpers *helpers, const struct task *task);

#endif
