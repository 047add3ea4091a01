/*
 * What a search gives, and its bytes between collector and command line.
 *
 *     answer  := "SLQR" version:u8 entry*               the last entry is the trailer
 *     entry   := kind:u8 length:varint payload          lengths are below RESULT_ENTRY_MAX
 *
 *     stream  (1)  labels                               gets the next number, from 0
 *     record  (2)  stream:varint origin:16 sequence:varint position:varint line_number:varint
 *                  order:zigzag event - order:zigzag level:u8 id_kind:u8 marks:u8 flags:varint
 *                  id:str fields:str line:str           marks: 1 match, 2 goes on
 *     listed  (3)  stream:varint                        an answer to want=streams or others
 *     tally   (6)                                       tally.h; an answer to want=tallies
 *     mark    (5)  place:str problems:varint str*       only in the answer of a tail (tail_form.h)
 *     trailer (4)  matched streams blocks_read blocks_skipped blocks_sifted bytes records, each
 *                  varint
 *                  complete:u8 more_problems:varint problems:varint str*
 *
 *  1. A stream stands before what refers to it.
 *  2. An answer without its trailer is incomplete, whatever it holds. That of a tail has none.
 *  3. The reader takes whole entries from the front of what has arrived and bounds everything; what
 *     it cannot read is ERR_CORRUPT.
 *  4. A mark with an empty place only says that the collector is there. Behind any other one streams are numbered from 0 again: what an endless answer needs stays bounded.
 */
#ifndef QUERY_ENGINE_RESULTS_H
#define QUERY_ENGINE_RESULTS_H

#include "query/engine/tally.h"

enum {
    RESULT_VERSION = 3,
    RESULT_ENTRY_MAX = 2 << 20, /* bytes of one entry */
    RESULT_STREAMS_MAX = 200000,
    RESULT_LABELS_MAX = 128 << 20, /* bytes of all streams of an answer */
    RESULT_PROBLEMS_MAX = 16,      /* texts that are kept; more are counted */
    RESULT_PLACE_MAX = 200,        /* bytes of a place */
};

struct result_stream {
    struct hash128 id;
    struct labels labels; /* owned by who made it */
    uint32_t number;      /* in the answer */
};

/* One record (with --lines one physical line), with want=streams one stream, or a tally. Owns nothing. */
struct result {
    const struct tally *tally; /* NULL: it is none; else nothing else counts */
    size_t n_names;            /* of the tally */
    const struct result_stream *stream;
    struct hash128 origin;
    uint64_t sequence;
    uint32_t position;    /* in its block */
    uint32_t line_number; /* in its record, from 0; for --lines */
    int64_t order_ns, event_ns;
    uint16_t flags; /* enum record_flag */
    uint8_t level, id_kind;
    bool is_listed; /* a stream: nothing below or beside .stream counts */
    bool is_match;  /* else a line of context */
    bool goes_on;   /* its neighbour in the stream was printed just before */
    struct str id, fields, line;
};

struct summary {
    uint64_t matched; /* records (lines) */
    uint64_t streams; /* with a match; counted for want=streams and others only */
    uint64_t blocks_read, blocks_skipped;
    uint64_t blocks_sifted; /* of those that were skipped: cannot have what is looked for */
    uint64_t bytes;         /* of lines that were looked at */
    uint64_t records;       /* that were looked at */
    bool complete;          /* everything was searched */
    struct str problems[RESULT_PROBLEMS_MAX]; /* in .arena; why it is not complete */
    size_t n_problems, more_problems;
    struct arena arena;
};

void summary_free(struct summary *s);
/* Not complete, and why. */
void summary_problem(struct summary *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- writing ---- */

struct result_writer {
    uint32_t streams; /* numbers given so far */
};

void put_results_start(struct buf *out);
/* Streams are numbered in the order in which they are met first (struct result_stream.number is set
 * by query/engine/run.h); the entry of a new one goes before its first result. */
void put_result(struct result_writer *w, const struct result *result, struct buf *out);
void put_summary(const struct summary *summary, struct buf *out);
/* The problems are those of the summary; NULL: none. */
void put_mark(struct result_writer *w, struct str place, const struct summary *summary,
              struct buf *out);

/* ---- reading ---- */

enum result_kind { RESULT_MORE, RESULT_RECORD, RESULT_TRAILER, RESULT_MARK };

struct result_reader {
    struct arena arena;             /* owns the streams */
    struct result_stream **streams; /* owned */
    size_t n_streams, streams_capacity;
    struct tally tally; /* the last one */
    struct str place;   /* RESULT_MARK: what it says, in the bytes that were given */
    bool started, ended;
};

void result_reader_free(struct result_reader *r);
/*
 * Takes the next result from the front of *bytes. RESULT_MORE: what is left is no whole entry, keep
 * it and come again with more behind it. RESULT_RECORD: *result is filled (records, tallies and listed
 * streams) and points into *bytes and the reader. RESULT_TRAILER: *summary is filled; nothing may
 * follow. RESULT_MARK: r->place and the problems of *summary are filled; streams that were given
 * before are gone.
 */
bool result_reader_take(struct result_reader *r, struct str *bytes, enum result_kind *kind,
                        struct result *result, struct summary *summary, struct err *err);

/* "4f9c…:17:3": origin, sequence and position; with a line number behind if it is not 0. */
void put_result_reference(struct buf *out, const struct result *result);

#endif
