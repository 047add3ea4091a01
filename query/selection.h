/* The flags by which commands that count are told what of: patterns, how they are meant, a span of time. */
#ifndef QUERY_SELECTION_H
#define QUERY_SELECTION_H

#include "query/show.h"

struct selection_flags {
    struct str_list patterns;
    int kind; /* index of enum pattern_kind + 1; 0: not said */
    bool ignore_case, invert;
};

extern const char *const selection_kind_words[];

/* clang-format off */
#define SELECTION_KIND(of, part, word)                                                                   \
    .type = OPTION_WORD, .field = offsetof(of, part.kind), .words = selection_kind_words,                \
    .implied = word, .initial = "usual"
/* Rows of a table of flags, where `part` of `of` is the struct selection_flags, and `of` has .since and .until. */
#define SELECTION_ROWS(of, part, heading)                                                                \
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = heading},                                  \
    {.flag = "regexp", .letter = 'e', .type = OPTION_STRINGS, .field = offsetof(of, part.patterns),      \
     .value_name = "PATTERN", .help = "only what matches; one of several"},                              \
    {.flag = "fixed-strings", .letter = 'F', SELECTION_KIND(of, part, "text"),                           \
     .help = "patterns are plain text (the default)"},                                                   \
    {.flag = "extended-regexp", .letter = 'E', SELECTION_KIND(of, part, "extended"),                     \
     .help = "... extended regular expressions"},                                                        \
    {.flag = "basic-regexp", .letter = 'G', SELECTION_KIND(of, part, "basic"),                           \
     .help = "... basic regular expressions"},                                                           \
    {.flag = "perl-regexp", .letter = 'P', SELECTION_KIND(of, part, "perl"),                             \
     .help = "... Perl regular expressions"},                                                            \
    {.flag = "ignore-case", .letter = 'i', .type = OPTION_BOOLEAN,                                       \
     .field = offsetof(of, part.ignore_case), .help = "letters of either case match"},                   \
    {.flag = "invert-match", .letter = 'v', .type = OPTION_BOOLEAN,                                      \
     .field = offsetof(of, part.invert), .help = "what does not match"},                                 \
    SPAN_ROWS(of)
/* clang-format on */

/* Puts them into the query, but for the span. */
void selection_resolve(const struct selection_flags *f, const struct config *config,
                       struct query *q);

#endif
