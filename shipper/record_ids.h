/*
 * Which request id a record gets, and why (docs/request-ids.md).
 *
 *     the line shows one                                                        exact
 *     it is a further part of a long line                                       inherited from its first
 *     its worker wrote a line that shows one, at most a second before, in the
 *     same stream, and no other line of that worker with another id since       inherited from that
 *     it is asked for                                                           generated: a UUID of version 7
 *
 *  1. Never by time alone: a line without a worker (formats/line/request_id.h) inherits nothing.
 *  2. A name that comes back to an id after it had another one serves several requests at a time: it is no worker, and nothing
 *     is inherited by it again in this stream.
 *  3. What is inherited does not count as shown: a second is that from a line with an exact or a generated id.
 *  4. A number that a process counts up is scoped by the process: 17 becomes 17@5f1c9a7e, a hash of where it runs, since when, and of
 *     the pid that the line names.
 *  5. Per stream WORKERS_KEPT workers are known, those that wrote last.
 */
#ifndef SHIPPER_RECORD_IDS_H
#define SHIPPER_RECORD_IDS_H

#include "base/config.h"
#include "formats/block/record.h"
#include "formats/line/request_id.h"

/* Rules, of a configuration; it does not change. */
struct id_rules {
    struct arena arena;
    struct id_names names, workers, processes;
    bool inherits, generates;
};

struct id_rules *id_rules_open(const struct config_request_id *config);
void id_rules_close(struct id_rules **rules);

/* What is remembered of one stream. */
struct stream_ids;

void stream_ids_close(struct stream_ids **ids);

/* Gives record, whose line and event time are set, its id, which is good until the next call. *ids may be NULL: made when it is
 * needed. place: a hash of the container, or the file, and of when it was started, as far as known. */
void record_ids_attach(const struct id_rules *rules, struct stream_ids **ids, uint64_t place,
                       bool is_continuation, struct record *record);

#endif
