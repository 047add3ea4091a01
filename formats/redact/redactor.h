/*
 * What a redactor is made of; for redact.c, hunt.c and replace.c.
 */
#ifndef FORMATS_REDACT_REDACTOR_H
#define FORMATS_REDACT_REDACTOR_H

#include "base/arena.h"
#include "base/literal.h"
#include "base/match.h"
#include "base/required.h"
#include "formats/redact/forms.h"
#include "formats/redact/paths.h"
#include "formats/redact/scan.h"
#include "formats/redact/token_formats.h"

struct own_pattern {
    struct str name;
    enum redact_action action;
    struct regex *regex;
    struct literal literals[REQUIRED_MAX]; /* one of them is in all that it matches */
    size_t n_literals;                     /* 0: nothing is known */
};

struct redactor {
    struct arena arena;
    enum redact_action actions[REDACT_RULES];
    bool wanted[REDACT_RULES];
    struct scan_finders finders, encoded; /* of lines, and of what is decoded (encoded.h) */
    struct redact_paths paths;
    struct number_index numbers;
    struct token_index tokens;
    struct own_pattern *patterns;
    size_t n_patterns;
    struct str *allow;
    size_t n_allow;
    struct str key_id;
    uint64_t (*sign)(void *context, struct str text);
    void *sign_context;
};

#endif
