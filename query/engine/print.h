/*
 * Results as text for people, as raw lines, or as JSON for programs. Pure: bytes go to a buffer.
 *
 *     text    2026-11-20T09:22:01.123Z api the line          without context a space,
 *             2026-11-20T09:22:01.123Z api:a match           with context ":" and "-",
 *             2026-11-20T09:22:01.124Z api-a line beside it  "--" between groups
 *     raw     the line only; the parts of a long line are put together again
 *     json    one object a line, with the keys below, in this order
 *
 *  1. Without .terminal the bytes of a line are not changed, whatever they are.
 *  2. With it no control byte of a line reaches the terminal: they are shown as ^[ and so on, bytes
 *     that are not UTF-8 as \xff. Line feed and tab stay; a CR at the end of a line is left out;
 *     colours (ESC [ numbers m) stay if .colour is on, and are ended with the line.
 *  3. JSON is always valid UTF-8: a line that is not has "line_base64" instead of "line".
 *  4. With only_matching each match is a line of its own, and lines of context are not printed.
 */
#ifndef QUERY_ENGINE_PRINT_H
#define QUERY_ENGINE_PRINT_H

#include "base/zone.h"
#include "query/engine/pattern.h"
#include "query/engine/results.h"

/* Keys of JSON objects; those without a value are left out:
 *  time time_ns service host labels level level_derived requestId id_kind fields ref part no_newline context
 *  line|line_base64 */

enum print_output { PRINT_TEXT, PRINT_RAW, PRINT_JSON };
enum print_time {
    TIME_ISO,
    TIME_SHORT,
    TIME_NS,
    TIME_UNIX,
    TIME_OFFSET /* "+0.012345" */,
    TIME_OFF
};

struct print_options {
    enum print_output output;
    enum print_time time;
    const struct zone *zone; /* NULL: UTC */
    int64_t origin_ns;       /* of TIME_OFFSET */
    bool with_id_kind;       /* text: "(inherited)" in front of a line whose id is */
    bool with_host;          /* -H: host and stdout/stderr too */
    bool with_reference;     /* -n */
    bool only_matching;      /* -o */
    bool with_context;       /* context was asked for */
    bool terminal;
    bool colour;
    bool nul_ends;                /* -z: NUL instead of newline */
    struct str match_colour;      /* SGR numbers; empty: 01;31 */
    struct pattern *pattern;      /* for only_matching and colour; NULL: none. Not owned. */
    struct tally_options tallies; /* what they are of */
};

struct printer {
    struct print_options options;
    bool has_printed;
    struct str end; /* of a line */
    bool is_open;   /* raw: the last line has no end yet, as more parts may follow */
    struct hash128 open_stream;
    uint64_t open_sequence;
    uint32_t open_position;
};

void printer_init(struct printer *p, struct print_options options);
void printer_add(struct printer *p, const struct result *result, struct buf *out);
/* After the last result. */
void printer_end(struct printer *p, struct buf *out);

/* From the value of GREP_COLORS ("ms=01;31:..."): the numbers for matches, or the default. */
struct str print_match_colour(struct str grep_colors);
/* service, else container, pod, unit, file. */
struct str print_service(const struct labels *labels);
/* What stands in the column of services: the same, with the number of a replica behind it ("api/2"). */
void put_service_name(struct buf *out, const struct labels *labels);
/* A string of JSON; what is not UTF-8 is escaped. */
void print_json_text(struct buf *out, struct str text);
/* As .time says, with a blank behind. */
void print_time(const struct print_options *o, struct buf *out, int64_t ns);
/* Text that is no line: with .terminal as in invariant 2. */
void print_text(const struct printer *p, struct buf *out, struct str text);

#endif
