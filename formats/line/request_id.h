/*
 * The request id that a line shows, and the worker that wrote it: views of the line, each found in one pass over bit sets
 * (byte_sets.h).
 *
 *     names    {"requestId":"4f1c9a7e","req":{"id":12}}   request_id=…   X-Request-Id: …   TraceID: …   dd.trace_id=…
 *     forms    traceparent: 00-ID-span-01    b3: ID-span-1    X-Amzn-Trace-Id: Root=ID;Parent=…    TRACE/SPAN;o=1
 *     places   [ID] Started GET    [None req-ID …]    [application,ID,span]    an access log's field
 *
 * A line may show several. The one with the least rank is the request's, of the same rank the first:
 *
 *     rank      what it is
 *     OWN       under a name that the configuration adds
 *     TRACE     trace id of W3C, B3, X-Ray, Google, Sentry, SkyWalking: the same in all services
 *     REQUEST   request id, correlation id: what a proxy hands on and a person quotes; of some only in one service
 *     VENDOR    what only one vendor understands: CF-Ray, Datadog's decimal half of a trace id
 *     PLACE     by where it stands: tags in brackets, OpenStack's req-…, diagnostic contexts
 *     FIELD     a field of an access log that is nothing but 32 hex digits or a UUID
 *     COUNTER   short: of these, numbers are what a process counts up
 *
 *  1. An id has 1 to REQUEST_ID_MAX bytes, of letters, digits and "-_.+/=@:|~#"; one of them is a digit, or it has 16 letters.
 *     So "unknown", "-", "null", "[REDACTED]" are none; neither are trace ids that are all zeros.
 *  2. Of a form, the id is the part that all services of the request have: without version, span, flags.
 *  3. Linear: at each place a bounded number of bytes is looked at, and once at all of them for what an access log has.
 *  4. A worker is what does one request after the other: a thread, a numbered process of a pool. It has a digit, and stands
 *     under a name (thread, tid, worker) or in brackets. A pid is none: where there are many requests to a process, it says
 *     nothing.
 *  5. Names: the last words decide (names.h). In JSON the name of an object counts with that of its first member: req, id.
 */
#ifndef FORMATS_LINE_REQUEST_ID_H
#define FORMATS_LINE_REQUEST_ID_H

#include "base/arena.h"
#include "formats/line/names.h"

enum { REQUEST_ID_MAX = 128, ID_NAMES_MAX = 64 /* of the configuration */ };

struct id_name {
    struct str words; /* lower case, joined */
    uint8_t rank;     /* enum id_rank */
    uint8_t form;     /* enum id_form */
};

struct id_names {
    struct name_ends ends;
    struct id_name *items; /* in the order of their ranks; in the arena given */
    size_t n;
};

/* keys: beside the built-in names; what is beyond ID_NAMES_MAX, or has one letter only, is left out. */
void id_names_init(struct id_names *names, const struct str *keys, size_t n, struct arena *arena);
void worker_names_init(struct id_names *names, struct arena *arena);
void process_names_init(struct id_names *names, struct arena *arena);

struct request_id {
    struct str text; /* empty: the line shows none */
    bool is_number;  /* of rank COUNTER, and nothing but digits */
};

struct request_id request_id_find(const struct id_names *names, struct str line);
/* The pid that it names. */
struct str process_find(const struct id_names *processes, struct str line);
struct str worker_find(const struct id_names *workers, struct str line);

#endif
