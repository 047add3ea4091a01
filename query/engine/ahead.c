#include "query/engine/ahead.h"

#include "base/mem.h"

/* What one takes, as long as none was opened. */
enum { USUAL_CHUNK = 16 << 20, USUAL_BLOCK = 1 << 20 };

void ahead_init(struct ahead *a, const struct snapshot *snapshot, const struct query *query,
                struct helpers *helpers, size_t limit)
{
    unsigned most = helpers ? helpers_most(helpers) : 0;
    *a = (struct ahead){.helpers = most ? helpers : NULL, .limit = limit};
    a->n = most ? min_of(2 * (size_t)most + 1, (size_t)AHEAD_MAX) : 1;
    a->slots = mem_array(struct ahead_slot, a->n);
    for (size_t i = 0; i < a->n; i++) {
        struct opener *o = &a->slots[i].opener;
        o->task.run = opener_run;
        o->snapshot = snapshot;
        o->query = query;
        o->is_first = i == 0;
    }
}

static struct ahead_slot *find(const struct ahead *a, size_t index)
{
    for (size_t i = 0; i < a->n; i++)
        if ((a->slots[i].use == SLOT_OFFERED || a->slots[i].use == SLOT_OPEN) &&
            a->slots[i].opener.opened.index == index)
            return &a->slots[i];
    return NULL;
}

bool ahead_has(const struct ahead *a, size_t index)
{
    return find(a, index) != NULL;
}

/* The free one that has the most memory already. */
static struct ahead_slot *free_slot(const struct ahead *a, size_t *n_free)
{
    struct ahead_slot *best = NULL;
    *n_free = 0;
    for (size_t i = 0; i < a->n; i++) {
        struct ahead_slot *slot = &a->slots[i];
        if (slot->use != SLOT_FREE)
            continue;
        if (!best || opened_size(&slot->opener.opened) > opened_size(&best->opener.opened))
            best = slot;
        ++*n_free;
    }
    return best;
}

static bool has_room(const struct ahead *a, size_t n_used, size_t chunks)
{
    size_t usual = chunks ? chunks * USUAL_CHUNK : USUAL_BLOCK;
    size_t each = a->largest ? a->largest : usual;
    return n_used < 2 || (n_used + 1) * each <= a->limit;
}

bool ahead_offer(struct ahead *a, size_t index, size_t chunks, const struct selector *selector)
{
    size_t n_free;
    struct ahead_slot *slot = free_slot(a, &n_free);
    /* One stays free for blocks that are asked for out of turn. */
    if (!a->helpers || n_free < 2 || !has_room(a, a->n - n_free, chunks))
        return false;
    opener_set(&slot->opener, index, chunks, selector);
    slot->use = SLOT_OFFERED;
    slot->turn = ++a->turn;
    task_offer(a->helpers, &slot->opener.task);
    return true;
}

/* The next one that was offered, behind that turn; NULL: there is none. */
static struct ahead_slot *next_offered(const struct ahead *a, uint64_t behind)
{
    struct ahead_slot *next = NULL;
    for (size_t i = 0; i < a->n; i++) {
        struct ahead_slot *slot = &a->slots[i];
        if (slot->use == SLOT_OFFERED && slot->turn > behind && (!next || slot->turn < next->turn))
            next = slot;
    }
    return next;
}

/* While a helper is busy with what is needed now: what is needed next. False: there is nothing. */
static bool run_another(struct ahead *a)
{
    struct ahead_slot *slot = NULL;
    while ((slot = next_offered(a, slot ? slot->turn : 0))) {
        if (!task_take_back(a->helpers, &slot->opener.task))
            continue;
        opener_run(&slot->opener.task);
        slot->use = SLOT_OPEN;
        return true;
    }
    return false;
}

static void settle(struct ahead *a, struct ahead_slot *slot)
{
    struct task *task = &slot->opener.task;
    if (slot->use == SLOT_OPEN)
        return;
    if (task_take_back(a->helpers, task)) {
        opener_run(task);
        return;
    }
    while (!task_is_done(a->helpers, task))
        if (!run_another(a))
            task_wait(a->helpers, task);
}

struct opener *ahead_take(struct ahead *a, size_t index, size_t chunks,
                          const struct selector *selector)
{
    size_t n_free;
    ahead_release(a);
    struct ahead_slot *slot = find(a, index);
    if (slot) {
        settle(a, slot);
    } else {
        slot = free_slot(a, &n_free);
        opener_set(&slot->opener, index, chunks, selector);
        opener_run(&slot->opener.task);
    }
    slot->use = SLOT_HELD;
    return &slot->opener;
}

void ahead_release(struct ahead *a)
{
    for (size_t i = 0; i < a->n; i++) {
        struct ahead_slot *slot = &a->slots[i];
        if (slot->use != SLOT_HELD)
            continue;
        slot->use = SLOT_FREE;
        a->largest = max_of(a->largest, opened_size(&slot->opener.opened));
        batch_free(&slot->opener.batch);
    }
}

void ahead_drop(struct ahead *a)
{
    for (size_t i = 0; i < a->n; i++) {
        struct ahead_slot *slot = &a->slots[i];
        struct task *task = &slot->opener.task;
        if (slot->use == SLOT_OFFERED && !task_take_back(a->helpers, task))
            task_wait(a->helpers, task);
        slot->use = SLOT_FREE;
        batch_free(&slot->opener.batch);
    }
}

void ahead_free(struct ahead *a)
{
    ahead_drop(a);
    for (size_t i = 0; i < a->n; i++)
        opener_free(&a->slots[i].opener);
    mem_free(&a->slots);
    a->n = 0;
}
