#include "collector/forwards.h"

#include "base/log.h"
#include "base/mem.h"
#include "collector/store/forwarding.h"

struct forwards {
    uv_loop_t *loop;
    struct store *store;
    const struct config *config;
    struct http_client *client;
    struct forwarding *forwarding;
    struct outputs *outputs;
    struct arena arena; /* of what follows */
    const char *names[OUTPUTS_MAX];
    size_t n_names;
    const char *rejects;
    bool wants_names; /* those of the configuration are others */
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
    (void)err;
    size_t i = 0;
    while (!str_equal(config->name, str_from(f->names[i])))
        i++;
    *queue = (struct output_queue){
        .next = next_block,
        .done = blocks_done,
        .lag = lag_of,
        .data = forwarding_output(f->forwarding, i),
    };
    return true;
}

/* Positions of names that are gone are forgotten by forwarding_open. */
static void close_queue(void *data, struct str name, bool for_good)
{
    (void)data, (void)name, (void)for_good;
}

static void tell(void *context, const char *text)
{
    (void)context;
    log_warn("collector.outputs: %s", text);
}

/* ---- names ---- */

static bool has_other_names(const struct forwards *f, const struct config_outputs *config)
{
    bool same = f->n_names == config->n;
    for (size_t i = 0; same && i < config->n; i++)
        same = str_equal(config->items[i].name, str_from(f->names[i]));
    return !same;
}

static bool open_names(struct forwards *f, struct err *err)
{
    const struct config_outputs *config = &f->config->collector.outputs;
    arena_reset(&f->arena);
    f->rejects = arena_print(&f->arena, "%s/rejects", f->config->collector.data.ptr).ptr;
    for (f->n_names = 0; f->n_names < config->n; f->n_names++)
        f->names[f->n_names] = arena_text(&f->arena, config->items[f->n_names].name);
    const struct forwarding_options options = {.names = f->names, .n = f->n_names, .tell = tell};
    if (!forwarding_open(&f->forwarding, f->store, &options, err))
        return err_wrap(err, "collector.outputs");
    const struct outputs_options outputs = {
        .loop = f->loop,
        .client = f->client,
        .rejects = f->rejects,
        .section = "collector.outputs",
        .open_queue = open_queue,
        .close_queue = close_queue,
        .data = f,
    };
    outputs_open(&f->outputs, &outputs, config);
    return true;
}

static void close_names(struct forwards *f)
{
    outputs_close(&f->outputs);
    forwarding_close(&f->forwarding);
}

/* ---- outside ---- */

bool forwards_check(const struct config *config, struct err *err)
{
    return outputs_check(&config->collector.outputs, "collector.outputs", err);
}

bool forwards_open(struct forwards **out, uv_loop_t *loop, struct store *store,
                   const struct config *config, struct err *err)
{
    struct forwards *f = mem_new(struct forwards);
    f->loop = loop;
    f->store = store;
    f->config = config;
    http_client_open(&f->client, loop);
    *out = f;
    if (!open_names(f, err))
        return false;
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
    struct err err;
    if (f->wants_names) {
        f->wants_names = false;
        close_names(f);
        if (!open_names(f, &err)) {
            log_error("%s; tried again", err.text);
            close_names(f);
            f->wants_names = true;
            return;
        }
    }
    if (!f->outputs)
        return;
    forwarding_publish(f->forwarding);
    outputs_kick(f->outputs);
}

void forwards_reload(struct forwards *f, const struct config *config)
{
    f->config = config;
    f->wants_names = !f->outputs || has_other_names(f, &config->collector.outputs);
    if (!f->wants_names)
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
    if (f->outputs)
        outputs_put_metrics(f->outputs, m);
}
