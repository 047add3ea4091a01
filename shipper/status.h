/*
 * The shipper's own small HTTP server on its unix socket. Without it the shipper works all the same.
 *
 *     GET /health /healthz    the loop turns
 *     GET /ready              it reads, and its state can be written
 *     GET /metrics
 *     GET /api/v1/status      ?output=text|json|problems   (base/report.h)
 *     POST /api/v1/reload     for root and the shipper's own user
 */
#ifndef SHIPPER_STATUS_H
#define SHIPPER_STATUS_H

#include "base/err.h"
#include "base/metrics.h"
#include "base/report.h"

#include <uv.h>

struct status_server;

struct status_options {
    uv_loop_t *loop;
    const char *path; /* of the socket */
    /* NULL if reading and writing go on; else why not. */
    const char *(*trouble)(void *data);
    /* Brings the numbers up to date. */
    struct metrics *(*metrics)(void *data);
    void (*report)(enum report_form form, struct buf *out, void *data);
    /* The report is a line for who asks. */
    bool (*reload)(struct buf *report, struct err *err, void *data);
    void *data;
};

bool status_open(struct status_server **s, const struct status_options *options, struct err *err);
void status_close(struct status_server **s); /* the memory goes when the loop has run once more */

#endif
