/*
 * One HTTP client with two ways out, chosen by the URL:
 *
 *     unix:///run/x.sock        our own small client: one connection per request
 *     http://...  https://...   libcurl, opened at run time when the first such URL is used (it
 * costs 3 ms of start); connections are kept and used again
 *
 *     http_send ─▶ headers ─▶ body* ─▶ done(NULL)        the whole answer has come
 *                └────────────────────▶ done(err)         refused, cut short, too long, late
 *
 * Invariants
 *  1. done is called exactly once for each http_send, always last, never from inside http_send or
 *     http_call_cancel; not after http_call_cancel or http_client_close.
 *  2. The bytes of the request's body are kept by the caller until done or cancel; the rest of the
 *     request is copied.
 *  3. An answer that ends before its declared end is an error, never a short success.
 *  4. A status like 500 is no error here: the caller looks at it. Redirects are not followed.
 *
 * Error codes: ERR_INPUT (the URL), ERR_SYSTEM (no connection, cut, time-out), ERR_CORRUPT (not
 * HTTP), ERR_LIMIT (the answer is too long), ERR_CANCELED (a callback said false), and NOT_FOUND or
 * DENIED for a socket file that is missing or not ours to use.
 */
#ifndef BASE_IO_HTTP_CLIENT_H
#define BASE_IO_HTTP_CLIENT_H

#include "base/buf.h"
#include "base/err.h"

#include <uv.h>

struct http_client;
struct http_call; /* one request under way */

struct http_request_header {
    const char *name;
    const char *value;
};

struct http_request {
    const char *method; /* NULL = "GET" */
    const char *url;    /* unix:///socket/file or http(s)://host[:port][/prefix] */
    const char *path;   /* with query, percent-encoded; put behind the URL; NULL = none */
    const struct http_request_header *headers;
    size_t n_headers;
    struct str body;       /* sent if .ptr is not NULL, or the method is POST or PUT */
    const char *token;     /* "Authorization: Bearer <token>"; NULL or empty = none */
    const char *ca_file;   /* https: trust these; NULL = the system's */
    const char *cert_file; /* https: own certificate (PEM); NULL = none */
    const char *key_file;  /* its key */
    unsigned connect_ms;   /* 0 = 10 s */
    unsigned idle_ms;      /* without a byte either way; 0 = 60 s */
    unsigned total_ms;     /* 0 = no limit */
    uint64_t response_max; /* bytes of the answer's body; 0 = no limit (streams) */
};

struct http_events {
    /* The status and headers are here. Optional. False: stop, done(ERR_CANCELED) follows. */
    bool (*headers)(struct http_call *call, unsigned status, void *data);
    /* A piece of the body. Optional. False: as above. */
    bool (*body)(struct http_call *call, struct str bytes, void *data);
    /* err is NULL if all went well. The call is gone when it returns. */
    void (*done)(struct http_call *call, const struct err *err, void *data);
};

void http_client_open(struct http_client **out, uv_loop_t *loop);
/* Cancels everything; the memory goes when the loop has run once more. Accepts a NULL variable. */
void http_client_close(struct http_client **client);

struct http_call *http_send(struct http_client *client, const struct http_request *request,
                            const struct http_events *events, void *data);
void http_call_cancel(struct http_call *call);

unsigned http_call_status(const struct http_call *call); /* 0 until headers */
/* From headers until done has returned; .ptr is NULL if there is none. */
struct str http_call_header(const struct http_call *call, const char *name);

/* For programs without a loop: returns when done. The callbacks may block (the peer is held back);
 * events->done is not used. *status is set when headers came, also when the rest failed. */
bool http_fetch(const struct http_request *request, const struct http_events *events, void *data,
                unsigned *status, struct err *err);

#endif
