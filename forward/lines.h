/*
 * Records as lines of text: for standard output, and for what another system refused.
 *
 *     json      as `sluice grep --output json` has them, one object a line (query/engine/print.h)
 *     logfmt    time=2026-11-20T09:22:01.123456789Z level=error service=api host=web-1 id=req-17 line="the line"
 *     raw       the line
 */
#ifndef FORWARD_LINES_H
#define FORWARD_LINES_H

#include "base/config_outputs.h"
#include "formats/push/push.h"

/* One record with a newline behind it. */
void put_record_line(enum output_form form, const struct block *block, uint32_t row,
                     struct buf *out);

/* A body is such lines; read takes every row. */
void lines_open(struct push_format **f, enum output_form form);

#endif
