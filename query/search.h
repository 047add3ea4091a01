/*
 * A search, or a search that goes on for ever, from where the flags say to standard output.
 *
 *     query ─┬─▶ collector (HTTP) ─┬─▶ results ─▶ printer ─▶ stdout
 *            └─▶ --store DIR ──────┘
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
