/*
 * The batcher's stream for a stream of the tailer: found out by its labels when its first line comes, and
 * attached to it.
 *
 *     container    service container project ... stream=stdout|stderr      shipper/discover.h
 *     file         service, file (its path)
 */
#ifndef SHIPPER_ATTACH_H
#define SHIPPER_ATTACH_H

#include "shipper/batcher.h"
#include "shipper/stream_rules.h"

/* d: NULL if no containers are read. NULL if a label breaks a bound (and *err says which). */
struct batch_stream *attached_stream(struct batcher *b, struct discover *d,
                                     struct stream_rules *rules, struct tail_stream *from,
                                     enum lane lane, struct err *err);
/* Standard input. */
bool input_stream(struct batcher *b, struct str service, struct batch_stream **stream,
                  struct err *err);

#endif
