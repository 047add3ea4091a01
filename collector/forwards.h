/*
 * What the collector stores goes on to other systems, as collector.outputs has them: outputs (forward/outputs.h) that
 * read the store's journals, each from its own position (collector/store/forwarding.h).
 *
 *     commit ─▶ publish ─▶ forwards_published ─▶ each output takes what is new
 */
#ifndef COLLECTOR_FORWARDS_H
#define COLLECTOR_FORWARDS_H

#include "base/config.h"
#include "collector/store/store.h"
#include "forward/outputs.h"

struct forwards;

/* The entries of collector.outputs are good. */
bool forwards_check(const struct config *config, struct err *err);
/* Before anything is committed. config lives until the next reload or the end. If it fails, it is closed all the same. */
bool forwards_open(struct forwards **f, uv_loop_t *loop, struct store *store,
                   const struct config *config, struct err *err);
/* Outputs end where they are; the store may still be written. */
void forwards_stop(struct forwards *f);
/* Behind stop; nobody writes. Accepts a NULL variable. */
void forwards_close(struct forwards **f);

void forwards_published(struct forwards *f); /* nobody writes */
void forwards_reload(struct forwards *f, const struct config *config);
void forwards_tick(struct forwards *f); /* once a second */

const struct output_row *forwards_rows(const struct forwards *f, struct arena *arena, size_t *n);
void forwards_put_metrics(struct forwards *f, struct metrics *m);

#endif
