#include "collector/forwards.h"

#include "base/log.h"
#include "base/mem.h"
#include "collector/store/forwarding.h"

struct forwards {
    struct http_client *client;
    struct forwarding *forwarding;
    struct outputs *outputs; /* NULL: they have ended */
    struct arena arena;
};

/* ---- queues ---- */

static bool next_block(void *data, struct buf *out, struct err *err)
{
    return forward_next(data, out, err);
}

static void blocks_done(void *data)
{
    forward_done(data);
}

static struct output_lag lag_of(void *data)
{
    struct forward_lag lag = forward_lag(data);
    return (struct output_lag){.blocks = lag.blocks,
                               .bytes = lag.bytes,
                               .oldest_ns = lag.oldest_ns,
                               .skipped = lag.skipped};
}

static bool open_queue(void *data, const struct config_other_output *config,
                       struct output_queue *queue, struct err *err)
{
    struct forwards *f = data;
    struct forward_output *o;
    if (!forwarding_take(f->forwarding, config->name, &o, err))
        return false;
    *queue =
        (struct output_queue){.next = next_block, .done = blocks_done, .lag = lag_of, .data = o};
    return true;
}

static void close_queue(void *data, struct str name, bool for_good)
{
    if (for_good)
        forwarding_forget(((struct forwards *)data)->forwarding, name);
}

static void tell(void *context, const char *text)
{
    (void)context;
    log_warn("collector.outputs: %s", text);
}

/* ---- outside ---- */

bool forwards_check(const struct config *config, struct err *err)
{
    return outputs_check(&config->collector.outputs, "collector.outputs", err);
}

bool forwards_open(struct forwards **out, uv_loop_t *loop, struct store *store,
                   const struct config *config, struct err *err)
{
    const struct config_outputs *configured = &config->collector.outputs;
    struct forwards *f = mem_new(struct forwards);
    struct str names[OUTPUTS_MAX];
    for (size_t i = 0; i < configured->n; i++)
        names[i] = configured->items[i].name;
    const struct forwarding_options options = {.names = names, .n = configured->n, .tell = tell};
    http_client_open(&f->client, loop);
    const struct outputs_options outputs = {
        .loop = loop,
        .client = f->client,
        .rejects = arena_print(&f->arena, "%s/rejects", config->collector.data.ptr).ptr,
        .section = "collector.outputs",
        .open_queue = open_queue,
        .close_queue = close_queue,
        .data = f,
    };
    *out = f;
    if (!forwarding_open(&f->forwarding, store, &options, err))
        return err_wrap(err, "collector.outputs");
    outputs_open(&f->outputs, &outputs, configured);
    outputs_kick(f->outputs);
    return true;
}

void forwards_stop(struct forwards *f)
{
    outputs_close(&f->outputs);
    http_client_close(&f->client);
}

void forwards_close(struct forwards **address)
{
    struct forwards *f = *address;
    if (!f)
        return;
    forwarding_close(&f->forwarding);
    arena_free(&f->arena);
    mem_free(address);
}

void forwards_published(struct forwards *f)
{
    forwarding_publish(f->forwarding);
    if (f->outputs)
        outputs_kick(f->outputs);
}

void forwards_reload(struct forwards *f, const struct config *config)
{
    if (f->outputs)
        outputs_reload(f->outputs, &config->collector.outputs);
}

void forwards_tick(struct forwards *f)
{
    if (f->outputs)
        outputs_tick(f->outputs);
}

const struct output_row *forwards_rows(const struct forwards *f, struct arena *arena, size_t *n)
{
    *n = 0;
    return f->outputs ? outputs_rows(f->outputs, arena, n) : NULL;
}

void forwards_put_metrics(struct forwards *f, struct metrics *m)
{
    metric_set(m, METRIC_STORE_BYTES, LABELS("forward"), (double)forwarding_bytes(f->forwarding));
    if (f->outputs)
        outputs_put_metrics(f->outputs, m);
}
