/*
 * What the two ways out of the HTTP client (http_client_unix.c, http_client_curl.c) share with
 * http_client.c, which owns calls, their time-outs and limits. Nobody else includes this.
 *
 *     start ──▶ call_head, call_body* ──▶ call_end(call, err or NULL)
 *     release: the way forgets the call, closes what is its own, then says call_released
 */
#ifndef BASE_IO_HTTP_CALL_H
#define BASE_IO_HTTP_CALL_H

#include "base/io/http_client.h"

struct http_way {
    bool (*start)(struct http_call *call, struct err *err);
    void (*release)(struct http_call *call); /* whether it was started or not */
};

extern const struct http_way http_way_unix;
extern const struct http_way http_way_curl;

struct curl_pool;
void curl_pool_close(struct curl_pool **pool); /* says client_released when all is closed */

struct http_call {
    struct http_client *client;
    struct http_call *next, *previous;
    const struct http_way *way;
    struct http_request request; /* strings are copies in .text */
    char *url;                   /* owned: socket file (unix), or URL and path (curl) */
    char *path;                  /* owned: the target (unix) */
    struct buf head;             /* the request's header lines, CR LF each */
    char *files[3];              /* owned: ca_file, cert_file, key_file */
    char method[16];
    struct http_events events;
    void *data;

    void *state;         /* of the way; NULL before start */
    struct err refusal;  /* found before the start; ERR_NONE = none */
    uv_timer_t timer;    /* start, connect, idle and total time-outs */
    uint64_t started_ms; /* loop time */
    bool is_connected;   /* bytes have moved: the idle time-out counts */
    bool is_over;        /* done was called or never will be */
    unsigned closing;    /* handles and ways still to be closed */
    unsigned status;
    uint64_t received; /* bytes of body */
    struct buf fields; /* "Name: value\n" each, of the answer */
};

struct http_client {
    uv_loop_t *loop;
    struct http_call *calls;
    struct curl_pool *pool; /* NULL until the first http(s) URL */
    unsigned open;          /* calls and pool that are not freed yet */
    bool is_closing;
};

void call_touch(struct http_call *call); /* bytes moved: the idle time-out starts again */
/* The answer's status; fields are in call->fields. False: stop, the call is over. */
bool call_head(struct http_call *call, unsigned status);
void call_add_field(struct http_call *call, struct str name, struct str value);
bool call_body(struct http_call *call, struct str bytes); /* false as above */
/* The URL for messages: without a user and password. */
const char *call_where(const struct http_call *call);
void call_end(struct http_call *call, const struct err *err);
void call_released(struct http_call *call);
void client_released(struct http_client *client);

#endif
