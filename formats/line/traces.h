/*
 * Records of several lines: what the open one is, and whether a line goes on with it. For
 * formats/line/multiline.c, whose header has the rules of the whole.
 *
 * What the open record is, as far as it decides what may follow:
 *
 *     TEXT ──header, frame──▶ TRACE ◀─┐ frames, causes
 *       │                       └─────┘
 *       ├── Traceback ─▶ PYTHON ── error line ─▶ PYTHON_ERROR ── blank ─▶ PYTHON_GAP ── chain ─▶ PYTHON
 *       ├── goroutine ─▶ GO            ├── {"a":  ─▶ JSON ── depth 0 ─▶ WHOLE
 *       └── Stack trace: ─▶ PHP
 *     begins as   x.js:10 ─▶ NODE_SOURCE ─▶ NODE_CARET ─▶ NODE ─▶ TRACE
 *                 thread 'x' panicked at ─▶ RUST_MESSAGE ─▶ RUST
 */
#ifndef FORMATS_LINE_TRACES_H
#define FORMATS_LINE_TRACES_H

#include "formats/line/multiline.h"
#include "formats/line/trace_line.h"

enum trace_record {
    RECORD_NONE,
    RECORD_TEXT,
    RECORD_WHOLE, /* nothing follows */
    RECORD_TRACE,
    RECORD_PYTHON, /* in a traceback: indented lines, then one that names the error */
    RECORD_PYTHON_ERROR,
    RECORD_PYTHON_GAP,
    RECORD_GO,
    RECORD_NODE_SOURCE, /* the place was given; the line of source comes */
    RECORD_NODE_CARET,
    RECORD_NODE,
    RECORD_RUST_MESSAGE,
    RECORD_RUST,
    RECORD_PHP,
    RECORD_DOTNET_LOG, /* "info: Shop.Api[0]" of the console logger: the message is indented */
    RECORD_JSON,
};

enum trace_flag {
    FLAG_BRACE = 1, /* its last line ends in an opening bracket */
    FLAG_GAP = 2,   /* an empty line came last */
};

/* The line goes on by a rule for one of these kinds (enum multiline_kind, as bits); *s is then what the
 * record is with it. */
bool trace_goes_on(uint32_t kinds, const struct trace_line *l, struct multiline_state *s);
/* What a record is that begins with the line; *depth of JSON that it leaves open. */
enum trace_record record_that_begins(const struct trace_line *l, uint32_t *depth);

static inline bool in_trace(const struct multiline_state *s)
{
    return s->state == RECORD_TRACE || s->state == RECORD_NODE;
}

#endif
