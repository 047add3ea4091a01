/*
 * What container runtimes put around each piece that an application writes: lane and time.
 *
 *     DOCKER_JSON   {"log":"ready\n","stream":"stdout","time":"2026-01-02T03:04:05.123456789Z"}
 *     CRI           2026-01-02T03:04:05.123456789+01:00 stderr F ready
 *     DOCKER_LOCAL  protobuf, the payload of a frame (docker_local.h):
 *                     1 source: string    2 time_nano: int64    3 line: bytes    4 partial: bool
 *                     5 partial_log_metadata: {1 last: bool  2 id: string  3 ordinal: int32}
 *                     6 attrs, left alone
 *
 * One piece comes without the newline that ends it in the file (a frame has none). A long line
 * comes in several pieces, cut by the runtime (Docker: every 16 KiB) or because the process ended
 * without a newline: all but the last are partial.
 *
 *  1. DOCKER_JSON: members in any order; those that are not known are passed over, and of two with
 *     one name the later counts. There must be a "log", all three must be strings or null, and
 *     json.h's fourth rule is how strict the rest is. The piece is partial if the text does not
 *     end in a newline, which is taken off. A CR before it stays.
 *  2. DOCKER_JSON: the text is what the escapes mean (json_text.h). For bytes that were not UTF-8
 *     dockerd wrote U+FFFD, and that is what they stay.
 *  3. CRI is what containerd and CRI-O write, and Podman's k8s-file. Behind the first tag, P
 *     (partial) or F, others may stand after colons; text may be empty, its blank missing.
 *  4. DOCKER_LOCAL: partial if there is metadata that does not say "last"; without metadata, by
 *     the field. What comes twice counts the second time. A payload without source is none.
 *  5. A lane that is not named, or has another name, is LANE_OUT; CRI is refused then.
 *  6. Linear in the length of the piece; nothing behind it is read.
 */
#ifndef FORMATS_LINE_ENVELOPE_H
#define FORMATS_LINE_ENVELOPE_H

#include "base/buf.h"
#include "base/time.h"

enum envelope_kind {
    ENVELOPE_NONE, /* the piece is the text */
    ENVELOPE_DOCKER_JSON,
    ENVELOPE_DOCKER_LOCAL,
    ENVELOPE_CRI,
    ENVELOPE_KINDS
};

enum lane { LANE_OUT, LANE_ERR, LANES }; /* stdout, stderr */

struct enveloped {
    struct str text; /* what the application wrote, without its newline; in the piece or scratch */
    int64_t time_ns; /* TIME_NONE if there is none that is valid */
    enum lane lane;
    bool is_partial; /* the line goes on in the next piece of this lane */
};

/* Takes one piece apart. False: it is no such envelope (damaged, foreign), or longer than scratch
 * may become; *out is unchanged. scratch is reset, and used when the text must be unescaped. */
bool envelope_open(enum envelope_kind kind, struct str piece, struct buf *scratch,
                   struct enveloped *out);

#endif
