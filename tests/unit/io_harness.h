/*
 * A server of base/io on a thread of its own, with routes that tests need, and a raw client that
 * blocks: it sends any bytes, well formed or not, and reads what comes.
 */
#ifndef TESTS_UNIT_IO_HARNESS_H
#define TESTS_UNIT_IO_HARNESS_H

#include "base/buf.h"
#include "base/io/http_server.h"

#include <pthread.h>

/*
 *   GET  /hello    "hello\n", header X-Test: 1            GET  /later  after 40 ms "later\n"
 *   POST /echo     the body, at most 1 MiB                GET  /never  no answer
 *   POST /small    the same, at most 10 bytes             GET  /cut    10 bytes of an answer, abort
 *   GET  /stream   "n" bytes in chunks, held back         GET  /secret authorize answers 401
 *   GET  /query    the values of "a", joined with "|"     GET  /peer   uid and address
 *   GET  /under/x  any path below /under/                 POST /busy   503 "fails" times, then echo
 */
struct io_harness {
    uv_loop_t loop;
    struct http_server *server;
    uv_async_t stop;
    uv_timer_t later;
    pthread_t thread;
    char path[128];
    char url_unix[160], url_tcp[64];
    uint16_t port;
    struct http_exchange *waiting; /* of /later */
    struct http_exchange *stream;
    size_t stream_left;
    int closed;               /* atomic: closed callbacks so far */
    int handled;              /* atomic: handlers called */
    int fails;                /* atomic: answers of 503 still to give */
    long long stream_written; /* atomic: bytes given to http_reply_write */
    bool stopped;
};

void io_harness_start(struct io_harness *h, const struct http_server_options *options);
/* With all handles closed: uv_loop_close says 0. */
void io_harness_stop(struct io_harness *h);
void io_harness_ask_stop(struct io_harness *h); /* returns at once */
void io_harness_join(struct io_harness *h);

int io_connect_unix(const struct io_harness *h);
int io_connect_tcp(const struct io_harness *h);
void io_send(int fd, struct str bytes);
/* Until the peer closes or nothing comes for ms. True if it closed. */
bool io_read_all(int fd, struct buf *out, int ms);
/* Until that text has come; false after 2 s or when the peer closes. */
bool io_read_until(int fd, struct buf *out, const char *text);
bool io_wait_for(const int *value, int want, int ms); /* an atomic */

#endif
