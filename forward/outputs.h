/*
 * The outputs of a shipper or a collector, as its configuration has them: opened, replaced when it changes, told about
 * in the log, in metrics and in `status`.
 *
 * Where an output reads is its owner's: open_queue gives the place in the spool, or among the journals, that
 * belongs to a name, and close_queue lets it go; for good (its position is forgotten) when the configuration
 * does not have that name any more.
 */
#ifndef FORWARD_OUTPUTS_H
#define FORWARD_OUTPUTS_H

#include "base/metrics.h"
#include "forward/output_report.h"

struct outputs;

struct outputs_options {
    uv_loop_t *loop;
    struct http_client *client;
    const char *rejects; /* folder */
    const char *section; /* "outputs", "collector.outputs": for messages */
    bool (*open_queue)(void *data, const struct config_other_output *config,
                       struct output_queue *queue, struct err *err);
    void (*close_queue)(void *data, struct str name, bool for_good);
    void (*moved)(void *data); /* a position did; optional */
    void *data;
};

/* Entries are good as far as that can be told without the other side. */
bool outputs_check(const struct config_outputs *config, const char *section, struct err *err);
/* What cannot be opened is said in the log, and tried again by outputs_tick. */
void outputs_open(struct outputs **o, const struct outputs_options *options,
                  const struct config_outputs *config);
/* Their threads end; positions stay. Accepts a NULL variable. */
void outputs_close(struct outputs **o);
/* Closes those that are gone, opens new ones, and those whose entry has changed anew. */
void outputs_reload(struct outputs *o, const struct config_outputs *config);

void outputs_kick(struct outputs *o);
void outputs_hurry(struct outputs *o);
size_t outputs_count(const struct outputs *o);
/* Every few seconds: what fails, goes on or was refused is said in the log; secrets are looked at. */
void outputs_tick(struct outputs *o);

/* sluice_output_* of each. */
void outputs_put_metrics(struct outputs *o, struct metrics *m);
/* What `status` tells, in the order of the names; lives in the arena, texts as long as the outputs. */
const struct output_row *outputs_rows(const struct outputs *o, struct arena *arena, size_t *n);

#endif
