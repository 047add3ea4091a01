/*
 * The configuration of a program that runs, and its replacement by what the files say now.
 *
 *     live_config_open ─▶ first, now ──── live_config_reload ─▶ read whole ─┬─ wrong: nothing changed
 *                                                                           └─ apply(next) ─▶ now = next
 *
 * Invariants
 *  1. `first` lives as long as the program: what the parts were opened with points into it.
 *  2. `now` is replaced only after apply has returned. Nothing may point into the one before by then,
 *     unless that is `first`: whoever keeps something of a reloaded configuration takes it from the
 *     next one in apply.
 *  3. A wrong file changes nothing, whatever part of it is wrong.
 *  4. Keys without .live in base/config_table.c keep the value that the program was started with; the
 *     report names them once they have another one in the files.
 */
#ifndef BASE_CONFIG_LIVE_H
#define BASE_CONFIG_LIVE_H

#include "base/config.h"

struct live_config {
    const char *path;                                              /* of the file, or NULL */
    bool (*adjust)(struct config *c, void *data, struct err *err); /* flags win; may be NULL */
    void (*apply)(const struct config *next, void *data);          /* to the parts */
    void *data;                                                    /* for both */
    const char *const *sections; /* the keys that matter here begin so ("log."); ends with NULL */
    struct config *first, *now;
};

/* The fields above `first` are set. False: nothing is kept. */
bool live_config_open(struct live_config *l, struct warnings *w, struct err *err);
void live_config_close(struct live_config *l);
/* The report is one line: "shipper.flush is now 2s; collector.listen needs a restart". */
bool live_config_reload(struct live_config *l, struct warnings *w, struct buf *report,
                        struct err *err);
/* For a program as a whole: what came of it, and the warnings, are logged. */
bool live_config_reload_logged(struct live_config *l, struct buf *report, struct err *err);

#endif
