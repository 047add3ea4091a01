/* What `sluice ship` was asked to do: flags, operands, configuration and environment, resolved. */
#ifndef SHIPPER_SHIP_OPTIONS_H
#define SHIPPER_SHIP_OPTIONS_H

#include "base/config_live.h"
#include "formats/block/record.h"
#include "shipper/tailer.h"

struct ship_options {
    const char *state; /* folder */
    const char *keys;  /* folder of redact.key: the state of the shipper that is no pipe */
    const char *url;   /* of the collector; NULL: nothing goes to one */
    const char *token; /* or NULL */
    struct str host;
    struct str service;      /* of stdin, and of operands; empty: by the rule */
    struct labels labels;    /* put on every stream */
    struct tail_glob *globs; /* files that the command line names */
    size_t n_globs;
    struct str *exclude;
    size_t n_exclude;
    bool has_operands; /* files or -; then no containers are read */
    bool reads_stdin, tee;
    bool may_be_idle;      /* nothing to read is no error */
    struct buf token_text; /* owned; wiped */
    struct arena arena;
};

/* The patterns, time zones and rules of a configuration are good. */
bool ship_sources_check(const struct config *config, struct err *err);
/* What it sends to is good, and there is something, with the collector that was given. */
bool ship_outputs_check(const struct ship_options *o, const struct config *config, struct err *err);
bool ship_takes_containers(const struct ship_options *o, const struct config_shipper *config);
/* Opens live, whose .path is set here. False: help was printed or something is wrong (said on stderr);
 * *status is the exit status. */
bool ship_options_read(struct ship_options *o, struct live_config *live, int argc, char **argv,
                       int *status);
/* By the configuration alone, which may name nothing to read. */
bool ship_options_of(struct ship_options *o, struct config *config, struct warnings *w,
                     struct err *err);
void ship_options_free(struct ship_options *o);

#endif
