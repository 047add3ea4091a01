/*
 * An HTTP/1.1 server on a libuv loop: unix sockets and TCP, keep-alive, pipelining, chunks both
 * ways.
 *
 *   accept ─▶ idle ─▶ head ─▶ authorize ─▶ body ─▶ handler ─▶ answered ─▶ idle
 *              │75 s   │10 s     │refuse    │30 s     │ may answer later     └▶ close: what is
 *              ▼       ▼         ▼          ▼         ▼                         unsent, FIN, then
 *            closed   408    its answer    408   client leaves: closed          2 s of discarding
 *
 * Invariants
 *  1. One exchange at a time per connection; pipelined requests wait and are answered in order.
 *     Behind 64 KiB of them nothing more is read, and leaving is noticed within a second.
 *  2. handler, closed and drained are never called from inside an http_reply* call.
 *  3. An exchange lives until its answer is ended (http_reply, http_reply_end, http_reply_abort),
 * or until its closed callback has returned; it must not be touched afterwards.
 *  4. A handler that returns before the answer is ended has set http_on_closed. closed is called at
 *     most once, and only if the answer is not ended: the client left, the server stops, or it did
 *     not read for write_ms.
 *  5. authorize sees each well-formed request before its body is read and before a 404 is given.
 * When it refuses, the body is not read and the connection closes.
 *  6. No length is trusted: a body grows with the bytes that came, to body_max (else 413).
 *  7. Malformed requests (base/io/http_wire.h, 2 to 6) get 400, 431, 501 or 505 and are closed.
 *
 * An end of input counts as leaving. HEAD is answered by the GET route, without the body. A `Host`
 * or `Origin` that is not our own is policy: authorize sees the headers. SIGPIPE is ignored by the
 * program. Peers are plain text; TLS would sit in connection_send and connection_received.
 */
#ifndef BASE_IO_HTTP_SERVER_H
#define BASE_IO_HTTP_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>
#include <uv.h>

struct http_server;
struct http_exchange;

enum {
    HTTP_UNSENT_MAX = 256 << 10
}; /* http_reply_write says false above; drained below a quarter */

struct http_route {
    const char *method; /* "GET" takes HEAD too */
    const char *path;   /* exact, or "/static/" "*" at the end: all below */
    size_t body_max;    /* bytes of the request's body */
    void (*handle)(struct http_exchange *x, void *data);
    unsigned access; /* the caller's own, for its authorize hook */
};

struct http_server_options {
    uv_loop_t *loop;
    const struct http_route *routes; /* kept by the caller */
    size_t n_routes;
    /* True: go on. False: it has answered (http_reply). route is NULL for unknown paths. Headers it
     * adds stay on whatever answer follows. Optional. */
    bool (*authorize)(struct http_exchange *x, const struct http_route *route, void *data);
    void *data;               /* for authorize and the handlers */
    size_t bodies_max;        /* bytes of all bodies that are held, then 503; 0 = any number */
    unsigned connections_max; /* 0 = 1024; idle ones are closed for new ones, else those wait */
    unsigned head_ms;         /* 0 = 10 s, from the first byte or from accept */
    unsigned body_ms;         /* 0 = 30 s without a byte of the body */
    unsigned idle_ms;         /* 0 = 75 s between requests */
    unsigned write_ms;        /* 0 = 15 min without the client taking a byte of the answer */
    unsigned stop_ms;         /* 0 = 5 s for answers under way at http_server_stop */
};

bool http_server_open(struct http_server **out, const struct http_server_options *options,
                      struct err *err);
/* Any number of each. A socket file that nobody answers on is replaced; ERR_CONFLICT if somebody
 * does. The file is removed at the end. */
bool http_listen_unix(struct http_server *s, const char *path, mode_t mode, struct err *err);
/* "127.0.0.1", "::1", a name (all its addresses) or "" (all interfaces). Port 0: any free one. */
bool http_listen_tcp(struct http_server *s, const char *host, uint16_t port, struct err *err);
uint16_t http_server_port(const struct http_server *s); /* of the last TCP address */
/* Stops accepting, closes idle connections, lets answers under way end (at most stop_ms), then
 * frees the server and calls done (may be NULL) with all handles closed. */
void http_server_stop(struct http_server **s, void (*done)(void *data), void *data);

/* The request. What these return lives as long as the exchange. */
struct str http_method(const struct http_exchange *x);
struct str http_path(const struct http_exchange *x);  /* as it came, without the query */
struct str http_query(const struct http_exchange *x); /* after '?', raw: base/form.h */
struct str http_header(const struct http_exchange *x, const char *name); /* .ptr NULL: none */
struct str http_body(const struct http_exchange *x);
/* The body, which is the caller's from now on. */
struct buf http_take_body(struct http_exchange *x);
/* Decoded; .ptr is NULL if the name is not there. take_query_pair gives repeated names. */
struct str http_query_value(const struct http_exchange *x, const char *name, struct arena *arena);

struct http_peer {
    bool is_unix;
    uid_t uid;     /* unix: who connected (SO_PEERCRED); (uid_t)-1 = unknown */
    char text[64]; /* "unix" or "192.0.2.1:40312" or "[2001:db8::1]:40312" */
};
void http_peer(const struct http_exchange *x, struct http_peer *peer);

/* Before the answer. Control bytes in the value become spaces; beyond 8 KiB a header is left out.
 */
void http_add_header(struct http_exchange *x, const char *name, struct str value);
/* The whole answer; content_type may be NULL. The bytes are copied. */
void http_reply(struct http_exchange *x, unsigned status, const char *content_type,
                struct str body);
/* text/plain, with a line end added: for refusals. */
void http_reply_text(struct http_exchange *x, unsigned status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A streamed answer, in chunks. Pieces of some KiB are best: each is one write. */
void http_reply_start(struct http_exchange *x, unsigned status, const char *content_type);
/* The bytes are taken in any case; false: more than HTTP_UNSENT_MAX wait, go on in drained. */
bool http_reply_write(struct http_exchange *x, struct str bytes);
void http_reply_end(struct http_exchange *x);
/* Closes without the last chunk, so that the client sees that the answer is not whole. */
void http_reply_abort(struct http_exchange *x);

void http_on_closed(struct http_exchange *x, void (*closed)(struct http_exchange *x, void *data),
                    void *data);
void http_on_drained(struct http_exchange *x, void (*drained)(struct http_exchange *x, void *data),
                     void *data);

#endif
