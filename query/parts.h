/*
 * The parts of the program that can be asked about themselves: the collector, which is found as for a
 * search (query/client.h), and the shipper of this machine, by its socket:
 *
 *     shipper.socket, if the configuration sets it; shipper.sock beside the collector's socket, if it is
 *     there; else the default of shipper.socket
 *
 * Without names all parts whose sockets exist are meant, and a collector that was named; if there is
 * none of them, the collector.
 */
#ifndef QUERY_PARTS_H
#define QUERY_PARTS_H

#include "query/client.h"

enum { PARTS_MAX = 2 };

struct part {
    const char *name; /* "collector", "shipper" */
    struct client client;
};

struct parts {
    struct part items[PARTS_MAX];
    size_t n;
    struct client unused; /* not asked; kept until parts_free */
};

/* names: operands; collector: what --collector said. */
bool parts_find(struct parts *p, const struct str_list *names, const struct str_list *collector,
                const struct config *config, struct warnings *w, struct err *err);
void parts_free(struct parts *p);

#endif
