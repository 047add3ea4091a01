/*
 * The records of one file as the shipper would see them, and what is recognised in each:
 *
 *     line ─▶ envelope ─▶ pieces joined ─▶ multi-line ─▶ level and time, format, fields
 *
 * Without waiting: what ends a record here is the next line, or the end of the file. The lanes of an
 * envelope (stdout, stderr) have a record open each, so records come in the order in which they end.
 */
#ifndef FORMATS_LINE_LINE_PARSE_H
#define FORMATS_LINE_LINE_PARSE_H

#include "base/zone.h"
#include "formats/line/envelope.h"
#include "formats/line/facts.h"
#include "formats/line/format.h"
#include "formats/line/multiline.h"

enum { PARSE_LINE_MAX = 1 << 20, PARSE_FIELDS = 512 };

struct parsed {
    size_t line, lines; /* the first, from 1; how many lines of the file there are in it */
    bool is_cut;        /* longer than PARSE_LINE_MAX: the rest was not looked at */
    unsigned part;      /* with .gives_parts: 0 or RECORD_PART_FIRST, _MIDDLE, _LAST */
    bool has_envelope;
    enum lane lane;    /* of the envelope */
    struct str text;   /* the record */
    struct str format; /* empty: none */
    struct line_facts facts;
    struct fields fields;
};

typedef void parsed_record(void *context, const struct parsed *record);

struct parse_options {
    const struct line_formats *formats; /* NULL: neither format nor fields are asked for */
    const struct multiline *rule;
    const struct zone *zone; /* NULL = UTC */
    struct str format;       /* that the user named, or empty */
    bool is_sniffed; /* the first line says which envelope it is, and .envelope is not asked */
    enum envelope_kind envelope;
    /* A record longer than PARSE_LINE_MAX comes in parts and nothing is cut: between its lines, of which the
     * newlines end parts, or within a line that alone is longer, which is joined to no other. */
    bool gives_parts;
    bool without_facts;   /* but for the time of an envelope */
    int64_t file_time_ns; /* for times without a year */
    parsed_record *record;
    void *context;
};

struct line_parse;

struct line_parse *line_parse_open(const struct parse_options *options);
/* At most PARSE_LINE_MAX bytes. is_cut: there is more of it; with .gives_parts that comes in the next call. */
void line_parse_line(struct line_parse *p, struct str line, bool is_cut);
/* Gives what is open, and closes. */
void line_parse_close(struct line_parse **p);

#endif
