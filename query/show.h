/*
 * How records are shown: the flags that all commands share which print some, and what follows from
 * them, from the configuration and from the terminal.
 */
#ifndef QUERY_SHOW_H
#define QUERY_SHOW_H

#include "base/config.h"
#include "query/engine/print.h"
#include "query/engine/query.h"

struct show_flags {
    int output, time, color; /* indexes of the words below */
    bool utc, with_host, without_names, reference, nul_ends, only_matching;
};

extern const char *const show_output_words[], *const show_time_words[], *const show_color_words[];

/* clang-format off */
/* Rows of a table of flags, where `part` of `of` is the struct show_flags. */
#define SHOW_ROWS(of, part)                                                                              \
    {.flag = "with-filename", .letter = 'H', .type = OPTION_BOOLEAN,                                         \
     .field = offsetof(of, part.with_host), .help = "host, and stream or file, too"},                              \
    {.flag = "no-filename", .letter = 'h', .type = OPTION_BOOLEAN,                                           \
     .field = offsetof(of, part.without_names), .help = "the line only, byte for byte (--output raw)"},  \
    {.flag = "output", .type = OPTION_WORD, .field = offsetof(of, part.output),                          \
     .words = show_output_words, .initial = "text", .value_name = "FORM", .help = "text, raw or json"},      \
    {.flag = "time", .type = OPTION_WORD, .field = offsetof(of, part.time), .words = show_time_words,    \
     .initial = "auto", .value_name = "FORM",                                                                \
     .help = "short, iso, ns, unix or none; short on a terminal, else iso"},                                 \
    {.flag = "utc", .type = OPTION_BOOLEAN, .field = offsetof(of, part.utc), .help = "times in UTC"},    \
    {.flag = "color", .type = OPTION_WORD, .field = offsetof(of, part.color),                            \
     .words = show_color_words, .initial = "auto", .optional_value = true, .implied = "always",              \
     .value_name = "WHEN", .help = "auto, always or never"}
/* ... where `of` has .since and .until. */
#define SPAN_ROWS(of)                                                                                    \
    {.flag = "since", .type = OPTION_STRING, .field = offsetof(of, since), .value_name = "TIME",         \
     .help = "from this time on: 2h, today, 14:03, 2026-11-19, RFC 3339, @seconds"},                     \
    {.flag = "until", .type = OPTION_STRING, .field = offsetof(of, until), .value_name = "TIME",         \
     .help = "before this time"}
/* ... where `of` has .collector and .store. */
#define WHERE_ROWS(of)                                                                                   \
    {.flag = "collector", .type = OPTION_STRINGS, .field = offsetof(of, collector), .value_name = "URL", \
     .help = "unix:///path, http://host:port or https://host:port"},                                     \
    {.flag = "store", .type = OPTION_PATH, .field = offsetof(of, store), .value_name = "DIR",            \
     .help = "read this store folder, without a collector"}
/* clang-format on */

/* Of this machine (TZ, else /etc/localtime), opened once; NULL is UTC. */
const struct zone *show_zone(bool utc);
/* *pattern is made if colours or -o need one; the caller closes it after the last use of p. */
bool show_resolve(const struct show_flags *f, const struct config *config,
                  const struct query *query, struct print_options *p, struct pattern **pattern,
                  struct err *err);
/* The value of --since or --until, if there is one. A time that was there twice (the clock was set back)
 * gets a note if loud. */
bool time_flag(const char *flag, struct str text, const struct zone *zone, bool loud, int64_t *ns,
               struct err *err);

#endif
