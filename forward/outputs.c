#include "forward/outputs.h"

#include "base/log.h"
#include "base/mem.h"
#include "forward/output_form.h"

#include <stdio.h>

struct outputs_item {
    struct output *output;        /* NULL: it could not be opened */
    char failure[252];            /* why */
    char said[252];               /* the error that the log has; empty: none */
    uint64_t rejected;            /* that the log has */
    struct output_counts counts;  /* of the output that was closed last */
    struct output_counts counted; /* that metrics have */
    uint64_t counted_skipped;
    char name[OUTPUT_NAME_MAX + 1];
    int kind;
};

struct outputs {
    struct outputs_options options;
    const struct config_outputs *config;
    struct outputs_item items[OUTPUTS_MAX]; /* by name, as in the configuration */
    size_t n;
};

bool outputs_check(const struct config_outputs *config, const char *section, struct err *err)
{
    struct err inner;
    for (size_t i = 0; i < config->n; i++) {
        const struct config_other_output *entry = &config->items[i];
        if (!output_config_check(entry, &inner))
            return place_err(entry->given->at, err, "%s.%.*s: %s", section, STR_ARG(entry->name),
                             inner.text);
    }
    return true;
}

/* item: as it was when it was closed, else zero; what it has counted goes on. Its secrets may not be there yet, or a position cannot be read: others go on, and outputs_tick tries again. */
static bool open_item(struct outputs *o, struct outputs_item *item,
                      const struct config_other_output *config, struct err *err)
{
    struct output_options options = {
        .loop = o->options.loop,
        .client = o->options.client,
        .config = config,
        .counts = &item->counts,
        .section = o->options.section,
        .rejects = o->options.rejects,
        .user_agent = "sluice/" SLUICE_VERSION,
        .moved = o->options.moved,
        .data = o->options.data,
    };
    item->kind = config->kind;
    item->failure[0] = item->said[0] = '\0';
    memcpy(item->name, config->name.ptr, config->name.len);
    if (!o->options.open_queue(o->options.data, config, &options.queue, err) ||
        !output_open(&item->output, &options, err)) {
        snprintf(item->failure, sizeof item->failure, "%s", err->text);
        return err_wrap(err, "%s.%s", o->options.section, item->name);
    }
    return true;
}

static void close_item(struct outputs *o, struct outputs_item *item, bool for_good)
{
    if (item->output)
        item->counts = output_count(item->output).counts;
    output_close(&item->output);
    o->options.close_queue(o->options.data, str_from(item->name), for_good);
}

void outputs_open(struct outputs **out, const struct outputs_options *options,
                  const struct config_outputs *config)
{
    struct err err;
    struct outputs *o = mem_new(struct outputs);
    o->options = *options;
    o->config = config;
    for (; o->n < config->n; o->n++) {
        if (!open_item(o, &o->items[o->n], &config->items[o->n], &err))
            log_error("%s; tried again", err.text);
    }
    *out = o;
}

void outputs_close(struct outputs **address)
{
    struct outputs *o = *address;
    if (!o)
        return;
    for (size_t i = 0; i < o->n; i++)
        close_item(o, &o->items[i], false);
    mem_free(address);
}

static const struct config_other_output *entry_of(const struct config_outputs *config,
                                                  const char *name)
{
    for (size_t i = 0; i < config->n; i++) {
        if (str_equal(config->items[i].name, str_from(name)))
            return &config->items[i];
    }
    return NULL;
}

static bool has_changed(const struct outputs_item *item, const struct config_other_output *entry)
{
    return !item->output || !str_equal(output_config(item->output)->text, entry->text);
}

/* The item with that name, closed or not, which is taken out of the former ones; false if there is none. */
static bool take_former(struct outputs_item *former, size_t n, const char *name,
                        struct outputs_item *item)
{
    for (size_t i = 0; i < n; i++) {
        if (former[i].name[0] && strcmp(former[i].name, name) == 0) {
            *item = former[i];
            former[i].name[0] = '\0';
            return true;
        }
    }
    return false;
}

void outputs_reload(struct outputs *o, const struct config_outputs *config)
{
    struct outputs_item former[OUTPUTS_MAX];
    size_t n_former = o->n;
    struct err err;
    memcpy(former, o->items, sizeof former);
    for (size_t i = 0; i < n_former; i++) {
        const struct config_other_output *entry = entry_of(config, former[i].name);
        if (!entry || has_changed(&former[i], entry))
            close_item(o, &former[i], !entry);
        if (!entry)
            former[i].name[0] = '\0';
    }
    o->config = config;
    for (o->n = 0; o->n < config->n; o->n++) {
        const struct config_other_output *entry = &config->items[o->n];
        struct outputs_item *item = &o->items[o->n];
        if (!take_former(former, n_former, entry->name.ptr, item))
            *item = (struct outputs_item){0};
        if (!item->output && !open_item(o, item, entry, &err))
            log_error("%s; tried again", err.text);
    }
    outputs_kick(o);
}

void outputs_kick(struct outputs *o)
{
    for (size_t i = 0; i < o->n; i++) {
        if (o->items[i].output)
            output_kick(o->items[i].output);
    }
}

void outputs_hurry(struct outputs *o)
{
    for (size_t i = 0; i < o->n; i++) {
        if (o->items[i].output)
            output_hurry(o->items[i].output);
    }
}

size_t outputs_count(const struct outputs *o)
{
    return o->n;
}

/* ---- what is said ---- */

static void say_failure(struct outputs *o, struct outputs_item *item,
                        const struct output_numbers *n)
{
    if (n->is_failing && strcmp(item->said, n->last_error) != 0) {
        log_warn("%s.%s: %s; trying again", o->options.section, item->name, n->last_error);
        snprintf(item->said, sizeof item->said, "%s", n->last_error);
    } else if (!n->is_failing && n->is_up && item->said[0]) {
        log_info("%s.%s: it goes on", o->options.section, item->name);
        item->said[0] = '\0';
    }
}

static void say_rejects(struct outputs *o, struct outputs_item *item, const struct output_counts *n)
{
    if (n->rejected > item->rejected)
        log_warn("%s.%s refused %llu records (%llu in all); the last time: %s", o->options.section,
                 item->name, (unsigned long long)(n->rejected - item->rejected),
                 (unsigned long long)n->rejected, n->last_reject);
    item->rejected = n->rejected;
}

static void open_again(struct outputs *o, size_t i)
{
    struct err err;
    const struct config_other_output *entry = entry_of(o->config, o->items[i].name);
    close_item(o, &o->items[i], false);
    if (open_item(o, &o->items[i], entry, &err)) {
        log_info("%s.%s: it is open now", o->options.section, o->items[i].name);
        output_kick(o->items[i].output);
    }
}

void outputs_tick(struct outputs *o)
{
    for (size_t i = 0; i < o->n; i++) {
        struct outputs_item *item = &o->items[i];
        if (!item->output) {
            open_again(o, i);
            continue;
        }
        output_tick(item->output);
        struct output_numbers n = output_count(item->output);
        say_failure(o, item, &n);
        say_rejects(o, item, &n.counts);
    }
}

static void count_more(struct outputs_item *item, const struct output_counts *n,
                       const struct output_lag *lag, struct metrics *m)
{
    const struct output_counts *before = &item->counted;
    struct str name = str_from(item->name);
    metric_count(m, METRIC_OUTPUT_RECORDS, LABELS_OF(name, {0}), n->records - before->records);
    metric_count(m, METRIC_OUTPUT_SKIPPED, LABELS_OF(name, {0}),
                 lag->skipped - item->counted_skipped);
    for (size_t i = 0; i < n->n_rejects; i++)
        metric_count(m, METRIC_OUTPUT_REJECTED, LABELS_OF(name, str_from(n->rejects[i].reason)),
                     n->rejects[i].rows - before->rejects[i].rows);
    item->counted = *n;
    item->counted_skipped = lag->skipped;
}

void outputs_put_metrics(struct outputs *o, struct metrics *m)
{
    int64_t now = time_now();
    for (size_t i = 0; i < o->n; i++) {
        struct outputs_item *item = &o->items[i];
        const struct metric_labels labels = LABELS_OF(str_from(item->name), {0});
        metric_set(m, METRIC_OUTPUT_UP, labels, 0);
        if (!item->output)
            continue;
        struct output_numbers n = output_count(item->output);
        struct output_lag lag = output_lag(item->output);
        metric_set(m, METRIC_OUTPUT_UP, labels, n.is_up);
        metric_set(m, METRIC_OUTPUT_LAG_BLOCKS, labels, (double)lag.blocks);
        metric_set(m, METRIC_OUTPUT_LAG_SECONDS, labels,
                   (double)output_lag_ns(&lag, now) / NS_PER_S);
        count_more(item, &n.counts, &lag, m);
    }
}

const struct output_row *outputs_rows(const struct outputs *o, struct arena *arena, size_t *n)
{
    struct output_row *rows = arena_array(arena, struct output_row, o->n);
    for (size_t i = 0; i < o->n; i++) {
        const struct outputs_item *item = &o->items[i];
        rows[i] = (struct output_row){.name = str_from(item->name), .kind = item->kind};
        if (item->output) {
            rows[i].numbers = output_count(item->output);
            rows[i].lag = output_lag(item->output);
        } else {
            rows[i].numbers.counts = item->counts;
            rows[i].failure = str_from(item->failure);
        }
    }
    *n = o->n;
    return rows;
}
