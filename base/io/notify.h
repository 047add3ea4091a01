/*
 * Word to the service manager, without a library of its own: one datagram to the socket that
 * $NOTIFY_SOCKET names (sd_notify(3)). Without that variable nothing is sent.
 *
 *     READY=1  STOPPING=1  WATCHDOG=1  STATUS=...      lines, one message
 *     RELOADING=1 with MONOTONIC_USEC=, then READY=1   around a reload (Type=notify-reload)
 */
#ifndef BASE_IO_NOTIFY_H
#define BASE_IO_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* False: nobody listens. A message that cannot be sent is no error: there is nothing to do about it. */
bool notify_send(const char *lines);
/* How often the manager wants WATCHDOG=1 from this process, in ns; 0: not at all. */
int64_t notify_watchdog_ns(void);

#endif
