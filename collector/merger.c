#include "collector/merger.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "collector/store/merging.h"

#define RETRY_NS (60 * NS_PER_S)

struct merger {
    struct store *store;
    struct workers *workers;
    struct work work;
    struct store_merge *merge; /* NULL: none is under way */
    bool has_ended;
    int64_t failed_ns; /* monotonic; 0: the last one did not */
    void (*ended)(void *data);
    void *data;
};

static bool is_canceled(void *context)
{
    return work_is_canceled(context);
}

static void run(struct work *work)
{
    struct merger *m = container_of(work, struct merger, work);
    work_give_way();
    store_run_merge(m->merge, is_canceled, work);
}

static void done(struct work *work)
{
    struct merger *m = container_of(work, struct merger, work);
    m->has_ended = true;
    if (!work_is_canceled(work))
        m->ended(m->data);
}

bool merger_open(struct merger **out, uv_loop_t *loop, struct store *store,
                 void (*ended)(void *data), void *data, struct err *err)
{
    struct merger *m = mem_new(struct merger);
    m->store = store;
    m->ended = ended;
    m->data = data;
    m->work = (struct work){.run = run, .done = done};
    if (!workers_open(&m->workers, loop, 1, err)) {
        mem_free(&m);
        return false;
    }
    *out = m;
    return true;
}

static bool end_merge(struct merger *m)
{
    struct err err = {.code = ERR_NONE};
    m->has_ended = false;
    m->failed_ns = 0;
    if (store_end_merge(m->store, &m->merge, &err))
        return true;
    if (err.code != ERR_CANCELED) {
        m->failed_ns = time_monotonic();
        log_error("merging journals: %s", err.text);
    }
    return false;
}

void merger_close(struct merger **address)
{
    struct merger *m = *address;
    if (!m)
        return;
    workers_close(&m->workers); /* runs done */
    if (m->merge)
        end_merge(m);
    mem_free(address);
}

bool merger_is_busy(const struct merger *m)
{
    return m->merge != NULL;
}

bool merger_turn(struct merger *m)
{
    bool has_merged = m->merge && m->has_ended && end_merge(m);
    if (!m->merge && (!m->failed_ns || time_monotonic() - m->failed_ns > RETRY_NS))
        m->merge = store_plan_merge(m->store);
    else
        return has_merged;
    if (m->merge)
        work_start(m->workers, &m->work);
    return has_merged;
}
