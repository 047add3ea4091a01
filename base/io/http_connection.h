/*
 * What the three files of the HTTP server share: http_server.c (life of the server, time-outs),
 * http_listen.c (addresses) and http_connection.c (bytes in, requests) with http_exchange.c
 * (answers). Nobody else includes this.
 *
 * Memory of an idle connection: this struct; heads, bodies and exchanges come and go with requests,
 * and all connections share the server's read buffer, which libuv fills and hands over in one turn.
 */
#ifndef BASE_IO_HTTP_CONNECTION_H
#define BASE_IO_HTTP_CONNECTION_H

#include "base/io/http_server.h"
#include "base/io/http_wire.h"

enum {
    HTTP_READ_SIZE = 64 << 10,
    HTTP_PENDING_MAX = 64 << 10, /* pipelined bytes; above, reading stops */
    HTTP_REPLY_HEADERS_MAX = 8 << 10,
    HTTP_LINGER_MS = 2000,
};

enum connection_state {
    CONNECTION_IDLE,    /* between requests */
    CONNECTION_HEAD,    /* a part of a head has come */
    CONNECTION_BODY,    /* exchange is set; its body comes */
    CONNECTION_HANDLER, /* exchange is set and waits for its answer */
    CONNECTION_LINGER,  /* answered for the last time; input is thrown away */
    CONNECTION_CLOSED,  /* uv_close was called */
};

struct http_connection {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_pipe_t pipe;
        uv_tcp_t tcp;
    } uv;
    uv_shutdown_t shutdown;
    struct http_server *server;
    struct http_connection *next, *previous; /* all of the server */
    struct http_connection *next_ready;      /* the ready list */
    struct http_exchange *exchange;          /* owned */
    struct http_wire wire;
    struct buf pending; /* input that waits for the exchange to end */
    enum connection_state state;
    bool is_ready; /* in the ready list */
    bool is_reading;
    bool is_eating;       /* connection_received is at work and will see what changes */
    bool is_broken;       /* a write could not be begun; closed at the next tick */
    bool saw_end;         /* the client will send nothing more */
    bool wants_drained;   /* http_reply_write said false */
    size_t unsent;        /* bytes given to libuv and not yet taken by the kernel */
    uint64_t deadline_ms; /* of the state, in loop time; 0 = none */
    uint64_t progress_ms; /* when the kernel last took some of what is unsent */
    size_t queue_len;     /* what libuv held then */
};

struct http_exchange {
    struct http_connection *connection; /* NULL after the answer */
    const struct http_route *route;
    struct str path, query; /* in the wire's head */
    struct buf body;
    struct buf reply_headers;
    bool is_head;   /* HEAD: no body in the answer */
    bool has_input; /* the request is not read to its end */
    bool started, ended, chunked, close_after;
    void (*closed)(struct http_exchange *x, void *data);
    void *closed_data;
    void (*drained)(struct http_exchange *x, void *data);
    void *drained_data;
};

struct http_listener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_pipe_t pipe;
        uv_tcp_t tcp;
    } uv;
    struct http_server *server;
    struct http_listener *next;
    char *path; /* of a socket file to remove, or NULL; owned */
    uint64_t device, inode;
    bool is_waiting; /* somebody knocks and all connections are taken */
};

struct http_server {
    struct http_server_options options;
    struct http_listener *listeners;
    struct http_connection *connections;
    size_t n_connections;
    size_t body_bytes; /* of the bodies of all exchanges */
    struct http_connection *ready_first, *ready_last;
    size_t n_ready;
    uv_timer_t tick;
    uv_idle_t turn; /* runs while the ready list is not empty */
    void (*on_turn)(uv_idle_t *turn);
    unsigned handles; /* open ones, all kinds; the server goes with the last */
    uint16_t port;
    bool stopping;
    uint64_t stop_ms; /* loop time at which the rest is closed */
    void (*done)(void *data);
    void *done_data;
    char read_buffer[HTTP_READ_SIZE];
};

/* http_server.c */
void server_handle_closed(struct http_server *s); /* one of .handles is gone */
void server_accept(struct http_listener *listener);
void server_connection_gone(struct http_connection *c); /* closed by libuv; frees it */
void server_make_ready(struct http_connection *c);      /* connection_turn soon, from the loop */
void server_drop_ready(struct http_connection *c);
uint64_t server_now(const struct http_server *s); /* ms of the loop */

/* http_listen.c */
void listener_close(struct http_listener *listener);

/* http_connection.c */
void connection_begin(struct http_connection *c); /* accepted: start reading */
void connection_turn(struct http_connection *c);  /* what http_reply* and writes left to do */
void connection_check(struct http_connection *c); /* time-outs; called every tick */
void connection_end(struct http_connection *c);   /* sends what is unsent, then closes */
void connection_close(struct http_connection *c); /* calls closed if the exchange is not ended */
/* The door out; takes the content over. */
void connection_send(struct http_connection *c, struct buf *bytes);

/* http_exchange.c */
struct http_exchange *exchange_new(struct http_connection *c);
void exchange_free(struct http_exchange **x);

#endif
