/*
 * Asks outputs what they are and take (forward/probe.h), all at once, and tells it in a line for each:
 *
 *     outputs.loki     ok   Loki 3.6.2, structured metadata accepted
 *     outputs.eu       FAIL https://eu.example: Connection refused
 *
 * An output has CONNECT_MS for all of its questions.
 */
#ifndef FORWARD_CONNECT_H
#define FORWARD_CONNECT_H

#include "base/buf.h"
#include "base/config_outputs.h"
#include "base/err.h"

enum { CONNECT_MS = 10000 };

struct connect_target {
    const char *path; /* in the configuration: "outputs.loki" */
    const struct config_other_output *config;
    struct str login; /* for Authorization; empty: none */
    bool hides_url;   /* it came from a file, and is told as *** */
    const char
        *obstacle; /* why it cannot be asked, such as a secret that cannot be read; or NULL */
};

/* Puts the lines, in the order of the targets. Returns how many fail, or SIZE_MAX with an error. */
size_t connect_ask(const struct connect_target *targets, size_t n, struct buf *lines,
                   struct err *err);

#endif
