/* Entries of the lists in the configuration (base/config.h): what is read and how, what is kept. */
#ifndef BASE_CONFIG_SOURCES_H
#define BASE_CONFIG_SOURCES_H

#include "base/options.h"
#include "base/redact_rules.h"

struct config_lines {     /* how the lines of a source are read; empty: nothing is said about it */
    struct str multiline; /* a word, or the pattern of first lines (formats/line/multiline.h) */
    struct str timezone;  /* of times without zone; a name of base/zones.h */
};

struct config_file {    /* an entry of shipper.sources.files */
    struct str path;    /* absolute, may hold * ? [ ] */
    struct str service; /* empty: by the rule of docs/design.md */
    struct config_lines lines;
    const struct yaml *given;
};

struct config_stream {      /* an entry of shipper.streams */
    struct str match_given; /* as written */
    struct str_pair *match; /* labels that a stream has, all of them */
    size_t match_n;         /* at least 1 */
    struct config_lines lines;
    const struct yaml *given;
};

struct config_redact_pattern { /* an entry of shipper.redact.patterns */
    struct str name, match;    /* match is in Perl's syntax */
    int action;                /* enum redact_action */
    const struct yaml *given;
};

struct config_redact {         /* shipper.redact */
    int is_off;                /* `unsafe-false` */
    int actions[REDACT_RULES]; /* enum redact_action */
    struct str_list keys;      /* paths, beside the built-in names */
    struct str_list allow;     /* values that stay; '*' stands for anything */
    const struct yaml *patterns_given;
    struct config_redact_pattern *patterns;
    size_t patterns_n;
    struct str key_file; /* empty: redact.key in shipper.state */
};

struct config_request_id { /* shipper.request_id */
    bool on;               /* whether records get any */
    struct str_list keys;  /* names, beside the built-in ones */
    bool inherits;         /* of the same worker */
    bool generates;
};

struct config_rule {  /* an entry of collector.retention.rules */
    struct str match; /* filters as after the pattern of `sluice grep`, with blanks between */
    int64_t keep_ns;  /* 0: for ever */
    const struct yaml *given;
};

#endif
