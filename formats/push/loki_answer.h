/*
 * What Loki's answers mean (versions 2.9 to 3.7: pkg/validation/validate.go, pkg/distributor, pkg/ingester).
 *
 *     200 .. 204           all taken
 *     400, refused entries "5 errors like: entry for stream '{...}' has timestamp too old: ...; 1 errors like: ..."
 *                          "entry with timestamp ... ignored, reason: 'entry too far behind, ...', total ignored: 2
 *                          out of 5 for stream: {...}"            the others are stored: READ, all TAKEN
 *     400, no metadata     "includes structured metadata, but this feature is disallowed": OTHER_FORM
 *     400, settings        "tenant ID 'a/b' contains unsupported character '/'" and such: RETRY
 *     400, 413, 422        anything else: SMALLER, then REJECTED
 *     429                  rates and the number of streams: RETRY; SMALLER if it is more than a second may have
 *     all else             RETRY: 401, 403 and 404 are settings that somebody mends; 260 is "ingestion blocked"
 *
 *  1. Which entries are refused is not told, only how many; of labels that it refuses not even that: one a stream. So
 *     rows are taken unless there is but one.
 */
#ifndef FORMATS_PUSH_LOKI_ANSWER_H
#define FORMATS_PUSH_LOKI_ANSWER_H

#include "formats/push/push.h"

void loki_read_answer(const struct push_reply *reply, bool has_metadata,
                      struct push_answer *answer);

#endif
