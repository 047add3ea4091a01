/* What `sluice grep` was asked to do: flags, operands, configuration and terminal, resolved. */
#ifndef QUERY_GREP_OPTIONS_H
#define QUERY_GREP_OPTIONS_H

#include "query/show.h"

struct grep_flags {
    struct str config;
    struct str_list patterns, pattern_files;
    int kind; /* index of enum pattern_kind + 1; 0: not said */
    bool ignore_case, smart_case, whole_word, whole_line, invert, lines;
    bool count, list, list_others, quiet, no_messages, follow;
    struct show_flags show;
    struct str max;
    int64_t after, before, context;
    struct str since, until;
    int64_t last;
    bool newest, stats, explain, help, no_effect;
    struct str_list collector;
    struct str store;
};

struct grep_options {
    struct grep_flags flags;
    struct query query;
    struct str_list files; /* operands; in the query's arena */
    struct print_options print;
    struct pattern *pattern; /* for -o and colours; owned */
    struct arena arena;
};

/* False: help was printed or something is wrong (said on stderr); *status is the exit status. */
bool grep_options_read(struct grep_options *o, struct config *config, int argc, char **argv,
                       int *status);
void grep_options_free(struct grep_options *o);

#endif
