/* `sluice check --connect`: what the outputs of a configuration are, and whether they take what is sent. */
#ifndef CHECK_CONNECT_H
#define CHECK_CONNECT_H

#include "base/config.h"

/* Puts a line for each (forward/connect.h). False: one fails at least. */
bool check_connect(const struct config *c, struct warnings *w, struct buf *lines);

#endif
