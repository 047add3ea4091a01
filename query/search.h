/*
 * A search, or a search that goes on for ever, from where the flags say to standard output.
 *
 *     query ─┬─▶ collector (HTTP) ─┬─▶ results ─▶ printer ─▶ stdout
 *            ├─▶ --store DIR ──────┤
 *            └─▶ files ────────────┘
 *
 *     search_follow:   collector ─▶ results, marks ─▶ stdout at once
 *                          ▲ broken: asks again, where the last mark and result were
 *
 * On standard error: "--- gap of 3 s (the collector was away); nothing was lost ---". A first
 * connection that fails is an error; later ones are tried again for ever, but not what a collector
 * refuses for good.
 */
#ifndef QUERY_SEARCH_H
#define QUERY_SEARCH_H

#include "base/config.h"
#include "query/engine/print.h"
#include "query/engine/tail_form.h"

struct search {
    const char *command; /* for messages */
    const struct config *config;
    const struct str_list *collector; /* what --collector said */
    struct str store;                 /* a folder; empty: a collector is asked */
    const struct str_list *files;     /* if there are some, they are searched instead */
    const struct query *query;
    struct printer printer;
    /* Instead of printing; NULL: prints. False ends the search. */
    bool (*take)(void *context, const struct result *result);
    void *context;
    bool quiet; /* the first match ends it, and nothing is printed */
    bool no_notes;
    bool has_match;
    struct buf out;
};

/* Of operands: paths, which begin with / or ./ or ../, and - for standard input, go to *files in the query's arena; what
 * else there is becomes its filters. ERR_INPUT: paths, and a collector or a store beside them. */
bool take_operands(struct query *q, const struct str_list *operands, struct str_list *files,
                   const struct str_list *collector, struct str store, struct err *err);

void search_init(struct search *s, const char *command, const struct print_options *print);
void search_free(struct search *s);

/* false: an error, or -q has found something (.has_match). What came before is printed, or in .out. */
bool search_run(struct search *s, struct summary *summary, struct err *err);
/* Nothing is searched: what would be is printed. The query has .explain, and text or JSON as output. */
bool search_explain(struct search *s, struct err *err);
/* The query's newest .last (all: all) before now, then what comes. Returns false: an error, or as above. */
bool search_follow(struct search *s, bool all, struct err *err);
/* On standard error: what the answer lacks; with stats, what was read for it and why not the rest. */
void search_report(const char *command, const struct summary *summary, bool stats);
/* What is still to be printed. */
void search_end(struct search *s);

#endif
