/*
 * HTTP/1.0 and 1.1 messages from bytes: a pull parser without sockets, used by the server
 * (requests) and by the client for unix sockets (responses). It never copies a body and keeps at
 * most one head.
 *
 *     while ((step = http_wire_next(&w, &in, &piece)) != HTTP_STEP_MORE)
 *
 *     HEAD ──▶ HTTP_STEP_HEAD ─▶ body: length, chunks, none, or until the end of input
 *      ▲                           │  HTTP_STEP_BODY (piece)*
 *      └────── HTTP_STEP_END ◀─────┘            anything wrong: HTTP_STEP_BAD, for good
 *
 * The request line and the header fields are parsed by the library (llhttp, or http-parser where
 * the distribution has no llhttp). The ends of lines and the framing of bodies are checked here,
 * because the libraries differ and bookworm's http-parser is built without its strict checks.
 *
 * Invariants
 *  1. The steps and the bytes of the pieces are the same however the input is cut.
 *  2. A head has at most HTTP_HEAD_MAX bytes and HTTP_FIELDS_MAX fields (else BAD, 431).
 *  3. Each line of a head ends in CR LF; CR and LF stand nowhere else; no control byte but tabs; no
 *     folded line; no space before the colon; no empty name; single spaces in the request line. The
 *     HTTP version is 1.0 or 1.1 (else 505).
 *  4. At most one Content-Length, of digits only; not together with Transfer-Encoding, which is
 *     "chunked" and in HTTP/1.1 only (another coding: 501).
 *  5. A request of HTTP/1.1 has exactly one Host, one of HTTP/1.0 at most one.
 *  6. Chunk sizes are 1 to 15 hex digits; extensions and trailers are bounded and skipped.
 */
#ifndef BASE_IO_HTTP_WIRE_H
#define BASE_IO_HTTP_WIRE_H

#include "base/buf.h"

enum {
    HTTP_HEAD_MAX = 16 << 10, /* bytes, request line and last empty line included */
    HTTP_FIELDS_MAX = 100,
    HTTP_CHUNK_LINE_MAX = 1 << 10, /* bytes of a chunk's size line */
};

struct http_field {
    struct str name, value; /* in .bytes of the wire; the value is trimmed */
};

struct http_head {
    struct str method, target; /* of a request */
    unsigned status;           /* of a response */
    unsigned minor;            /* HTTP/1.minor */
    bool keep_alive;
    bool is_chunked;
    bool has_length;
    uint64_t length;           /* bytes of body, if has_length */
    struct http_field *fields; /* owned */
    size_t n, capacity;
};

enum http_step {
    HTTP_STEP_MORE, /* all input is used up */
    HTTP_STEP_HEAD, /* w->head is valid until the next message begins */
    HTTP_STEP_BODY, /* *piece points into the input */
    HTTP_STEP_END,  /* of this message; the rest of the input is the next one's */
    HTTP_STEP_BAD,  /* w->bad_status and w->bad_text say why */
};

struct http_wire {
    bool is_response; /* set before the first byte */
    bool no_body;     /* responses: the request was HEAD */
    struct http_head head;
    unsigned bad_status;  /* 400, 431, 501, 505 */
    const char *bad_text; /* static */

    /* Private to http_wire.c. */
    struct buf bytes; /* the head as it came */
    unsigned phase;
    uint64_t left;    /* bytes of the body or of the chunk */
    size_t line_len;  /* bytes of the chunk line or of the trailers so far */
    unsigned at_line; /* of trailers: bytes in this line */
};

void http_wire_free(struct http_wire *w); /* back to the zero value, keeping .is_response */
/* Takes from the front of *in; *piece is set for HTTP_STEP_BODY. */
enum http_step http_wire_next(struct http_wire *w, struct str *in, struct str *piece);
/* The input has ended: true if that ends the message (a response without length) or nothing was
 * under way. */
bool http_wire_finish(const struct http_wire *w);
/* Nothing of a next message has come. */
bool http_wire_is_idle(const struct http_wire *w);

/* The first field of that name, ignoring case; .ptr is NULL if there is none. */
struct str http_head_field(const struct http_head *head, const char *name);

#endif
