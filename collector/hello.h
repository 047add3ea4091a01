/* The JSON of hello, on the collector's side; see docs/formats.md. */
#ifndef COLLECTOR_HELLO_H
#define COLLECTOR_HELLO_H

#include "collector/store/origins.h"

/* Reads the question and puts the answer. ERR_INPUT: the question cannot be read. */
bool answer_hello(const struct origins *origins, struct str question, int64_t now_ns,
                  struct buf *answer, struct err *err);

#endif
